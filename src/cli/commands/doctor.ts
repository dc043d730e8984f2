import type { PolicyOptions } from '../../config/policy-files.js';
import { EXIT } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { CHECKS } from '../doctor/checks.js';
import { contextOf } from '../doctor/context.js';
import { type Examined, examine, type Status } from '../doctor/runner.js';
import { printJson } from '../json-output.js';
import { paint, type Style } from '../table.js';
import type { Terminal } from '../terminal.js';

export interface DoctorOptions extends PolicyOptions {
  readonly db?: string;
  readonly server?: string;
  readonly json?: boolean;
}

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
  if (options.json) await printJson(io, { healthy, checks: examined });
  else await io.out.write(asText(examined, healthy, io));
  return healthy ? EXIT.done : EXIT.failed;
}

function asText(examined: readonly Examined[], healthy: boolean, { out }: Terminal): string {
  let text = '';
  const indent = Math.max(...examined.map(({ id }) => id.length));
  for (const { number, id, findings } of examined)
    for (const [at, { status, message, fix }] of findings.entries()) {
      const head = at === 0 ? `${String(number).padStart(2)}  ` : '    ';
      const label = `${paint(out, STYLE_OF[status], status.padEnd(4))}  ${(at === 0 ? id : '').padEnd(indent)}`;
      const [line = '', ...more] = message.split('\n').map((part) => printable(part));
      text += `${head}${label}  ${line}\n`;
      for (const one of more) text += `${' '.repeat(10 + indent)}${one}\n`;
      if (fix !== undefined) text += `${' '.repeat(12 + indent)}fix: ${printable(fix)}\n`;
    }
  return `${text}\n${healthy ? 'Nothing fails.' : 'Something fails: see above.'}\n`;
}
