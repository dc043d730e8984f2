import { printable } from '../text/escape.js';

/** Options of ours that few servers have under the same name; `--db`, `--server` and `-p` are common among them. */
const OURS = ['--policy', '--preset', '--observe', '--grant', '--no-install'];

/**
 * Says that options stand where they go to the server: `policy-wrap -- mcp-afip --policy p.json` runs without that
 * policy.
 *
 * @param server what stood behind `--`
 * @returns a line for people; undefined where all is well
 */
export function misplacedOptions(server: readonly string[]): string | undefined {
  const found = server.filter((word) =>
    OURS.some((option) => word === option || word.startsWith(`${option}=`)),
  );
  const [first] = found;
  if (first === undefined) return undefined;
  const names = [...new Set(found.map((word) => printable(word.replace(/=.*/s, ''))))];
  const them = names.length === 1 ? 'it' : 'them';
  return `${names.join(' and ')} behind -- is the server's own; if policy-wrap is meant, put ${them} before --`;
}
