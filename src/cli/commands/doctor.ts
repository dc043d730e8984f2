import type { PolicyOptions } from '../../config/policy-files.js';
import { EXIT } from '../../errors.js';
import { printable, printableJson } from '../../text/escape.js';
import { CHECKS } from '../doctor/checks.js';
import { contextOf } from '../doctor/context.js';
import { examine, type Status } from '../doctor/runner.js';
import { paint, processTerminal, type Style } from '../terminal.js';

export interface DoctorOptions extends PolicyOptions {
  readonly db?: string;
  readonly server?: string;
  readonly json?: boolean;
  /** False with `--no-color`. */
  readonly color?: boolean;
}

const STYLE_OF: Readonly<Record<Status, Style>> = { ok: 'green', info: 'dim', warn: 'yellow', fail: 'red' };

/**
 * Looks at everything that a wrapper needs, and says for each fault how to mend it. Creates and changes nothing.
 *
 * @param argv the server's command and its arguments; it is started once. Without it, what needs a server is left out.
 * @returns 0 when nothing fails
 */
export async function doctor(argv: readonly string[], options: DoctorOptions): Promise<number> {
  const examined = await examine(contextOf(argv, options), CHECKS);
  const healthy = examined.every(({ status }) => status !== 'fail');
  if (options.json) {
    process.stdout.write(`${printableJson({ version: 1, healthy, checks: examined }, 2)}\n`);
  } else {
    const { out } = processTerminal(options);
    const indent = Math.max(...examined.map(({ id }) => id.length));
    for (const { number, id, findings } of examined)
      for (const [at, { status, message, fix }] of findings.entries()) {
        const head = at === 0 ? `${String(number).padStart(2)}  ` : '    ';
        const label = `${paint(out, STYLE_OF[status], status.padEnd(4))}  ${(at === 0 ? id : '').padEnd(indent)}`;
        const [line = '', ...more] = message.split('\n').map((part) => printable(part));
        process.stdout.write(`${head}${label}  ${line}\n`);
        for (const one of more) process.stdout.write(`${' '.repeat(10 + indent)}${one}\n`);
        if (fix !== undefined) process.stdout.write(`${' '.repeat(12 + indent)}fix: ${printable(fix)}\n`);
      }
    process.stdout.write(healthy ? '\nNothing fails.\n' : '\nSomething fails: see above.\n');
  }
  return healthy ? EXIT.done : EXIT.failed;
}
