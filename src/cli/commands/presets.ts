import * as z from 'zod';
import { ownCopy } from '../../catalog/own-copy.js';
import { PRESETS } from '../../catalog/servers.js';
import { namedPreset } from '../../config/shipped-policies.js';
import { EXIT } from '../../errors.js';
import { printJson } from '../json-output.js';
import * as parts from '../output-parts.js';
import { bold, table } from '../table.js';
import type { Terminal } from '../terminal.js';

/** What `presets --json` prints. */
export const OUTPUT = z.union([
  parts.result({ presets: z.array(z.object({ name: z.string(), title: parts.text('what it is for') })) }),
  parts.result({
    name: z.string(),
    title: parts.text('what it is for'),
    text: parts.text('the policy, as a file of your own'),
  }),
]);

/**
 * Lists the shipped policies, or prints one as it stands in a file of one's own: `policy-wrap presets afip > my.json`.
 *
 * @throws PolicyWrapError USAGE for a name that is none
 */
export async function presets(
  name: string | undefined,
  { json }: { readonly json?: boolean },
  io: Terminal,
): Promise<number> {
  if (name === undefined) {
    const list = PRESETS.map((each) => ({ name: each.name, title: each.title }));
    const rows = [[bold('preset'), bold('for')], ...list.map((each) => [each.name, each.title])];
    if (json) await printJson(io, OUTPUT, { presets: list });
    else await io.out.write(table(io.out, rows, { columns: ['whole', 'prose'] }));
    return EXIT.done;
  }
  const { title, text: shipped } = namedPreset(name);
  const text = ownCopy(shipped);
  if (json) await printJson(io, OUTPUT, { name, title, text });
  else await io.out.write(text);
  return EXIT.done;
}
