import { PRESETS, preset } from '../../catalog/servers.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { printableJson } from '../../text/escape.js';
import { processTerminal, table } from '../terminal.js';

/**
 * Lists the shipped policies, or prints one exactly as it is, so that `policy-wrap presets afip > my.json` is a copy.
 *
 * @throws PolicyWrapError USAGE for a name that is none
 */
export function presets(name: string | undefined, { json }: { readonly json?: boolean }): number {
  if (name === undefined) {
    const list = PRESETS.map((each) => ({ name: each.name, title: each.title }));
    process.stdout.write(
      json
        ? `${printableJson({ version: 1, presets: list }, 2)}\n`
        : table(processTerminal().out, [
            [bold('preset'), bold('for')],
            ...list.map((each) => [each.name, each.title]),
          ]),
    );
    return EXIT.done;
  }
  const found = preset(name);
  if (found === undefined) {
    throw new PolicyWrapError('USAGE', `there is no preset ${printableJson(name)}`, {
      hint: `presets: ${PRESETS.map((each) => each.name).join(', ')}`,
    });
  }
  const { title, text } = found;
  process.stdout.write(json ? `${printableJson({ version: 1, name, title, text }, 2)}\n` : text);
  return EXIT.done;
}

const bold = (text: string) => ({ text, style: 'bold' }) as const;
