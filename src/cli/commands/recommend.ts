import { resolve } from 'node:path';
import * as z from 'zod';
import { readLogged } from '../../advice/logged-call.js';
import { recommend as recommended } from '../../advice/recommend.js';
import { recommendationText } from '../../advice/recommendation-file.js';
import { Usage } from '../../advice/usage.js';
import { isAmount } from '../../catalog/arguments.js';
import { classify } from '../../catalog/classify.js';
import { createFile } from '../../clients/files/atomic-write.js';
import { EXIT } from '../../errors.js';
import { history, loggedServer } from '../../store/history.js';
import { count } from '../../text/count.js';
import { printable } from '../../text/escape.js';
import { printJson } from '../json-output.js';
import { openOne } from '../open-state.js';
import * as parts from '../output-parts.js';
import { askNow, type StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';
import { isoTime, sinceOf } from '../time.js';

export interface RecommendOptions extends StoreOptions {
  /** In a team's store, only what this login has made on this machine. */
  readonly mine?: boolean;
  readonly db?: string;
  readonly server?: string;
  /** `7d`, or a date; all that the log keeps when absent. */
  readonly since?: string;
  /** A file to make; standard output when absent. */
  readonly output?: string;
  readonly json?: boolean;
}

const proposed = z.object({ rule: parts.members, evidence: z.string() });

/** What `recommend --json` prints. */
export const OUTPUT = parts.result({
  server: parts.server,
  calls: parts.count('in the log'),
  passed: parts.count('of them'),
  from: parts.time('the first'),
  to: parts.time('the last'),
  notes: z.array(z.string()),
  tools: z.array(
    z.object({
      tool: parts.tool,
      class: z.string(),
      calls: parts.count('that passed'),
      asks: z.boolean().describe('a person allowed each, and is asked again'),
      evidence: z.array(z.string()),
      largest: z.array(proposed),
      limits: z.array(proposed),
    }),
  ),
  unlisted: z.array(z.object({ tool: parts.tool, why: z.string() })).describe('refused by not being listed'),
  text: parts.text('the policy'),
});

/**
 * Writes a policy that would have let pass what the decision log says has passed, with headroom, every line with its
 * evidence.
 *
 * @returns 0
 * @throws PolicyWrapError NOT_FOUND without a log, USAGE, or CONFIG_CONFLICT when the file already exists
 */
export async function recommend(options: RecommendOptions, io: Terminal): Promise<number> {
  const store = await openOne(options, io);
  let server: string;
  const usage = new Usage(isAmount);
  try {
    server = await loggedServer(store, options.server, options);
    const since = sinceOf(options.since, await askNow(store, io));
    for await (const page of history(store, { server, since, mine: options.mine }))
      for (const row of page) usage.add(readLogged(row));
  } finally {
    await store.close();
  }
  const recommendation = recommended(usage);
  const { calls, passed, period } = usage;
  const notes = notesOf(usage);
  const text = recommendationText(recommendation, { server, calls, passed, ...period, notes }, (tool) =>
    classText(tool),
  );
  // Never over a file that is there: it may be the policy in force.
  if (options.output !== undefined)
    createFile(resolve(options.output), text, 'name another file, or remove this one');
  if (options.json) {
    const { listed, unlisted } = recommendation;
    const tools = listed.map((tool) => ({ ...tool, class: classify({ name: tool.tool }).class }));
    const from = isoTime(period.from);
    const to = isoTime(period.to);
    await printJson(io, OUTPUT, { server, calls, passed, from, to, notes, tools, unlisted, text });
  } else if (options.output === undefined) await io.out.write(text);
  else {
    const { length } = recommendation.listed;
    const file = printable(options.output);
    const name = printable(server);
    await io.out.write(
      `${file}: ${count(length, 'tool')}, from ${count(passed, 'call')} of ${name}.\n` +
        `Next: policy-wrap replay ${file} --server ${name}\n`,
    );
  }
  return EXIT.done;
}

function classText(tool: string): string {
  const { class: toolClass, reason } = classify({ name: tool });
  return `${toolClass} (${reason})`;
}

function notesOf({ tools, unjudged, beyond }: Usage): string[] {
  const notes: string[] = [];
  if (tools.some(({ passed }) => passed > 0) && !tools.some(({ amounts }) => amounts.hasValues))
    notes.push(
      'Amounts are unknown: the log keeps them with "audit": { "arguments": "full" } in the policy.',
    );
  if (unjudged > 0)
    notes.push(`Left out: ${unjudged} of the calls, which could not be read or came during a pause.`);
  if (beyond > 0) notes.push(`Left out: ${beyond} of the calls, to more tools than are counted separately.`);
  return notes;
}
