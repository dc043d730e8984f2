import * as z from 'zod';
import type { PolicyOptions } from '../../config/policy-files.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { EXIT } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { CHECKS } from '../doctor/checks.js';
import { contextOf } from '../doctor/context.js';
import { EXAMINED, type Examined, examine, type Status } from '../doctor/runner.js';
import { printJson } from '../json-output.js';
import * as parts from '../output-parts.js';
import { type Cell, type Style, table } from '../table.js';
import type { Terminal } from '../terminal.js';

export interface DoctorOptions extends PolicyOptions, RemoteOptions {
  readonly db?: string;
  readonly store?: string;
  readonly server?: string;
  readonly json?: boolean;
}

/** What `doctor --json` prints. */
export const OUTPUT = parts.result({
  healthy: z.boolean().describe('nothing fails'),
  checks: z.array(EXAMINED),
});

const STYLE_OF: Readonly<Record<Status, Style>> = { ok: 'green', info: 'dim', warn: 'yellow', fail: 'red' };

/**
 * Looks at everything that a wrapper needs, and says for each fault how to mend it. Creates and changes nothing.
 *
 * @param argv the server's command and its arguments; it is started once. Without it, what needs a server is left out.
 * @returns 0 when nothing fails
 */
export async function doctor(argv: readonly string[], options: DoctorOptions, io: Terminal): Promise<number> {
  const examined = await examine(contextOf(argv, options, io), CHECKS);
  const healthy = examined.every(({ status }) => status !== 'fail');
  if (options.json) await printJson(io, OUTPUT, { healthy, checks: examined });
  else await io.out.write(asText(examined, healthy, io));
  return healthy ? EXIT.done : EXIT.failed;
}

function asText(examined: readonly Examined[], healthy: boolean, { out }: Terminal): string {
  const shown = examined.flatMap(({ number, id, findings }) =>
    findings.map(({ status, message, fix }, at) => {
      const [line = '', ...more] = message.split('\n').map((part) => printable(part));
      const head = at === 0 ? { number: String(number).padStart(2), id } : { number: '  ', id: '' };
      const row: Cell[] = [head.number, { text: status, style: STYLE_OF[status] }, head.id, line];
      return { rows: [row, ...more.map((each) => ['  ', '', '', each])], fix };
    }),
  );
  const widths: number[] = [];
  const text = (rows: readonly (readonly Cell[])[]) =>
    table(out, rows, { columns: ['whole', 'whole', 'whole', 'prose'], widths });
  text(shown.flatMap(({ rows }) => rows));
  // A fix has commands to copy: it is the terminal that breaks a long one, not a line end of ours.
  const lines = shown.map(
    ({ rows, fix }) => text(rows) + (fix === undefined ? '' : `    fix: ${printable(fix)}\n`),
  );
  return `${lines.join('')}\n${healthy ? 'Nothing fails.' : 'Something fails: see above.'}\n`;
}
