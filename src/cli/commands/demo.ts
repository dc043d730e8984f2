import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { EXIT } from '../../errors.js';
import { connect } from '../../store/sqlite/driver.js';
import { showApproval } from '../demo/approval.js';
import { showLimit } from '../demo/limit.js';
import { type Printed, printJson } from '../json-output.js';
import * as parts from '../output-parts.js';
import { assertPerson } from '../person.js';
import type { Terminal } from '../terminal.js';

/** One thing that the demo promises, and whether it was seen. */
const CHECK = z.object({ name: z.string(), held: z.boolean(), seen: z.string() });

/** What `demo --json` prints. */
export const OUTPUT = parts.result({
  held: z.boolean().describe('all of it'),
  checks: z.array(CHECK),
});

/**
 * Wraps the bundled stand-in server and drives it with the SDK's own client, in a temporary folder that is removed
 * afterwards: by the pasted policy, or with `approve` by one that asks the person at this terminal.
 *
 * @returns 0 only if everything that it shows was so
 * @throws PolicyWrapError REFUSED for `approve` where no person sits
 */
export async function demo(
  { json, approve }: { readonly json?: boolean; readonly approve?: boolean },
  io: Terminal,
): Promise<number> {
  if (approve === true) assertPerson('demo --approve', io);
  // Without a database every call is refused, and each of them would say why.
  connect(':memory:', 0).close();
  const folder = await mkdtemp(join(tmpdir(), 'policy-wrap-demo-'));
  const say = async (text: string) => {
    if (!json) await io.out.write(`${text}\n`);
  };
  const checks: Printed<typeof CHECK>[] = [];
  let missing: string | undefined;
  const check = async (name: string, held: boolean, seen: string) => {
    checks.push({ name, held, seen });
    await say(`  ${held ? 'ok  ' : 'FAIL'}  ${name}\n        ${seen}`);
  };
  try {
    const policy = join(folder, 'policy.json');
    const journal = join(folder, 'journal.jsonl');
    await writeFile(journal, '');
    if (approve === true) missing = await showApproval({ folder, policy, journal, say, check }, io);
    else await showLimit({ folder, policy, journal, say, check }, io);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const held = checks.every((one) => one.held);
  if (json) await printJson(io, OUTPUT, { held, checks });
  else
    await say(
      held
        ? `\n${missing ?? 'All of it held.'} Next: policy-wrap setup`
        : '\nSomething did not hold: please report it.',
    );
  return held ? EXIT.done : EXIT.failed;
}
