import { isStricterAction } from '../actions.js';
import { BACKDOORED_SERVER } from './backdoored-server.js';
import { BATCH_AMPLIFICATION } from './batch-amplification.js';
import { BULK_HARVESTING } from './bulk-harvesting.js';
import { COMMAND_INJECTION } from './command-injection.js';
import { CONSENT_FATIGUE } from './consent-fatigue.js';
import { DENIAL_OF_WALLET } from './denial-of-wallet.js';
import { DESTRUCTIVE_GUESS } from './destructive-guess.js';
import { DOUBLE_EFFECT } from './double-effect.js';
import { FRAUD_IN_SLICES } from './fraud-in-slices.js';
import { LETHAL_TRIFECTA } from './lethal-trifecta.js';
import { OUTBOUND_FETCH } from './outbound-fetch.js';
import { PATH_TRAVERSAL } from './path-traversal.js';
import { RUG_PULL } from './rug-pull.js';
import { RUNAWAY_LOOP } from './runaway-loop.js';
import { SECRETS_DUMP } from './secrets-dump.js';
import { SERVER_REQUESTS } from './server-requests.js';
import { SPARE_ARGUMENT } from './spare-argument.js';
import type { Fix, Opening, PolicyPart, Threat } from './threat.js';
import { TOOL_POISONING } from './tool-poisoning.js';
import { TOOL_SHADOWING } from './tool-shadowing.js';
import { TOOL_TO_TOOL } from './tool-to-tool-exfiltration.js';
import { WRONG_ENVIRONMENT } from './wrong-environment.js';

/** The attack patterns, as they are listed: a pattern is a file, and a name here. */
export const THREATS: readonly Threat[] = [
  LETHAL_TRIFECTA,
  TOOL_TO_TOOL,
  OUTBOUND_FETCH,
  SPARE_ARGUMENT,
  SECRETS_DUMP,
  BULK_HARVESTING,
  PATH_TRAVERSAL,
  COMMAND_INJECTION,
  DESTRUCTIVE_GUESS,
  WRONG_ENVIRONMENT,
  FRAUD_IN_SLICES,
  DOUBLE_EFFECT,
  BATCH_AMPLIFICATION,
  DENIAL_OF_WALLET,
  RUNAWAY_LOOP,
  CONSENT_FATIGUE,
  TOOL_POISONING,
  RUG_PULL,
  TOOL_SHADOWING,
  SERVER_REQUESTS,
  BACKDOORED_SERVER,
];

/** What closes several openings of one pattern, together: members of a policy for each server. */
export function closes(openings: readonly Pick<Opening, 'fix'>[]): Fix {
  const all: Record<string, PolicyPart> = {};
  for (const { fix } of openings)
    for (const [server, part] of Object.entries(fix)) {
      const had = all[server];
      all[server] = {
        ...had,
        ...part,
        ...((had?.all_tools || part.all_tools) && {
          all_tools: joinedEntry([had?.all_tools ?? {}, part.all_tools ?? {}]),
        }),
        ...((had?.hide || part.hide) && { hide: [...(had?.hide ?? []), ...(part.hide ?? [])] }),
        // A reader of one opening is the sender of another.
        ...((had?.tools || part.tools) && { tools: joinedTools(had?.tools ?? {}, part.tools ?? {}) }),
      };
    }
  return all;
}

type Entries = NonNullable<PolicyPart['tools']>;
type Entry = Entries[string];

function joinedTools(had: Entries, next: Entries): Entries {
  const joined = Object.entries(next).map(([tool, entry]) => {
    const before = had[tool];
    return [tool, before === undefined ? entry : joinedEntry([before, entry])] as const;
  });
  return { ...had, ...Object.fromEntries(joined) };
}

/**
 * One entry that refuses and asks for whatever one of them does: lists are joined, the stricter action has its reason, and
 * what says less than the action is left out, as a policy must not have it beside it.
 */
export function joinedEntry(entries: readonly Entry[]): Entry {
  const joined = entries.reduce<Entry>((had, next) => {
    const lists = Object.entries(next).flatMap(([key, value]) => {
      const before = had[key];
      if (!Array.isArray(before) || !Array.isArray(value)) return [];
      const more = value.filter((each) => !before.some((other) => same(other, each)));
      return [[key, [...before, ...more]] as const];
    });
    const isStricter = isStricterAction(next.action, had.action);
    const [milder, stricter] = isStricter ? [had, next] : [next, had];
    return { ...milder, ...stricter, ...Object.fromEntries(lists) };
  }, {});
  const { action, reason, approve_if: _, ...others } = joined;
  if (action === 'hide') return { action };
  if (action === 'deny') return { action, ...(reason !== undefined && { reason }) };
  return action === 'approve' ? { action, ...(reason !== undefined && { reason }), ...others } : joined;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
