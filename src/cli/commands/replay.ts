import { resolve } from 'node:path';
import * as z from 'zod';
import { type Comparison, whyNotText } from '../../advice/comparison.js';
import { problemsError, readPolicy } from '../../config/policy-files.js';
import { declaredArguments } from '../../draft/known-tools.js';
import { recorded, replayed } from '../../draft/replay.js';
import { EXIT } from '../../errors.js';
import { canonicalJson } from '../../json/canonical.js';
import { type Layers, stack } from '../../policy/evaluate/layers.js';
import { loggedServer } from '../../store/history.js';
import { printable } from '../../text/escape.js';
import { type Printed, printJson } from '../json-output.js';
import { openOne } from '../open-state.js';
import * as parts from '../output-parts.js';
import { askNow, type StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';
import { isoTime, sinceOf } from '../time.js';

export interface ReplayOptions extends StoreOptions {
  /** In a team's store, only what this login has made on this machine. */
  readonly mine?: boolean;
  readonly db?: string;
  readonly server?: string;
  /** `7d`, or a date; all that the log keeps when absent. */
  readonly since?: string;
  readonly json?: boolean;
  /** Exit with 4 when anything changes. */
  readonly check?: boolean;
}

/** What `replay --json` prints. */
export const OUTPUT = parts.result({
  policy: parts.policy,
  server: parts.server,
  from: parts.time('the first call').optional(),
  to: parts.time('the last').optional(),
  calls: parts.count('that were replayed'),
  unchanged: parts.count('of them'),
  changes: z.array(
    z.object({
      change: z.enum(['newly refused', 'newly allowed', 'newly asked']),
      tool: parts.tool,
      rule: parts.rule,
      code: parts.code,
      calls: parts.count('of this change'),
      examples: z.array(
        z.object({
          auditId: z.string(),
          at: parts.time('decided'),
          logged: z.object({ fate: z.string(), code: parts.code.optional(), rule: parts.rule.optional() }),
          arguments: parts.members.optional(),
        }),
      ),
    }),
  ),
  notJudged: z.array(z.object({ why: z.string(), calls: parts.count('for this reason') })),
});

/**
 * Runs a draft over the calls of the decision log at their own times, and shows what it would change.
 *
 * @param file the draft
 * @returns 0, or with `check` 4 when anything changes
 * @throws PolicyWrapError NOT_FOUND without a log, USAGE, POLICY_INVALID, POLICY_NOT_FOUND
 */
export async function replay(file: string, options: ReplayOptions, io: Terminal): Promise<number> {
  const found = readPolicy(resolve(file));
  if (found.kind === 'problems') throw problemsError(found);
  if (found.kind === 'none') throw new Error('a file that was named holds a policy or problems');
  const store = await openOne(options, io);
  try {
    const server = await loggedServer(store, options.server, options);
    const since = sinceOf(options.since, await askNow(store, io));
    const layers = stack(found.policy, found.extended);
    const declared = (tool: string) => declaredArguments(tool, server, options.db);
    const calls = recorded(store, layers, server, { since, mine: options.mine });
    const comparison = await replayed(calls, layers, { server, since, declared });
    if (options.json) await printJson(io, OUTPUT, asJson(comparison, layers, server));
    else await io.out.write(`${asText(comparison, file, server)}\n`);
    return options.check && comparison.changes.length > 0 ? EXIT.denied : EXIT.done;
  } finally {
    await store.close();
  }
}

const SHOWN = 200;

function asText(comparison: Comparison, file: string, server: string): string {
  const { calls, unchanged, changes, notJudged } = comparison;
  const lines = [`${file} over ${calls} calls of ${server}${periodOf(comparison)}`];
  for (const { change, tool, rule, code, calls: count, examples } of changes) {
    const was = change === 'newly allowed' ? 'was ' : '';
    lines.push(`  ${change}: ${count} of ${tool}  ${was}${code} ${rule}`);
    for (const example of examples) {
      const args = example.kept.kind === 'values' ? `  ${canonicalJson(example.kept.args)}` : '';
      lines.push(`      ${isoTime(example.at)}  #${example.auditId}${args}`);
    }
  }
  if (changes.length === 0) lines.push('  nothing changes');
  lines.push(`  unchanged: ${unchanged}`);
  for (const { why, calls: count } of notJudged)
    lines.push(`  not judged: ${count}, because ${whyNotText(why)}`);
  return lines.map((line) => printable(line, SHOWN)).join('\n');
}

function asJson(comparison: Comparison, { source, hash }: Layers, server: string): Printed<typeof OUTPUT> {
  const { calls, unchanged, changes, notJudged, from, to } = comparison;
  return {
    policy: { source, hash },
    server,
    ...(from !== undefined && to !== undefined && { from: isoTime(from), to: isoTime(to) }),
    calls,
    unchanged,
    changes: changes.map(({ examples, ...group }) => ({
      ...group,
      examples: examples.map(({ auditId, at, disposition, code, rule, kept }) => ({
        ...{ auditId, at: isoTime(at), logged: { fate: disposition, code, rule } },
        ...(kept.kind === 'values' && { arguments: kept.args }),
      })),
    })),
    notJudged: notJudged.map(({ why, calls: count }) => ({ why: whyNotText(why), calls: count })),
  };
}

function periodOf({ from, to }: Comparison): string {
  return from === undefined || to === undefined ? '' : `, ${isoTime(from)} to ${isoTime(to)}`;
}
