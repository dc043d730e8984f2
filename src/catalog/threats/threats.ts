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
        ...((had?.hide || part.hide) && { hide: [...(had?.hide ?? []), ...(part.hide ?? [])] }),
        // A reader of one opening is the sender of another: what asks for more stays.
        ...((had?.tools || part.tools) && { tools: { ...had?.tools, ...keep(had?.tools, part.tools) } }),
      };
    }
  return all;
}

/** Entries of `next`, with the limits that the same tool has already. */
function keep(had: PolicyPart['tools'], next: PolicyPart['tools']): PolicyPart['tools'] {
  return Object.fromEntries(
    Object.entries(next ?? {}).map(([tool, members]) => {
      const [before = [], now = []] = [had?.[tool]?.limits, members.limits] as readonly (
        | unknown[]
        | undefined
      )[];
      const limits = [...before, ...now.filter((limit) => !before.some((other) => same(other, limit)))];
      return [tool, limits.length === 0 ? members : { ...members, limits }];
    }),
  );
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
