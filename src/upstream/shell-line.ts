/** What a line for a shell comes to. */
export interface ShellLine {
  /** The words of its last command that starts something. */
  readonly words: readonly string[];
  /** The folders that it goes to before that. */
  readonly folders: readonly string[];
}

/** Commands that end a line, or wait, and start no server. */
const MINOR = new Set([
  'exit',
  'true',
  'false',
  'wait',
  'echo',
  'sleep',
  'read',
  'pause',
  ':',
  'fi',
  'done',
  '}',
]);

/** What takes the place of the words behind the line: `sh -c 'exec "$0" "$@"' npx weather`. */
const OTHER_WORDS = /^\$(?:[0@*]|\{[0@*]\})$/;

/**
 * Reads a line for a shell, as far as it tells which program runs: `cd /x && exec mcp-afip` runs mcp-afip in /x. Quotes
 * are taken off, and of commands in a pipe the first counts.
 */
export function readShellLine(line: string): ShellLine {
  const commands = commandsOf(line).filter((words) => words.length > 0);
  const folders = commands.flatMap(([name = '', ...args]) => {
    const folder =
      /^(?:cd|pushd|set-location)$/i.test(name) && args.findLast((arg) => !/^(?:\/d|--?\w*)$/i.test(arg));
    return folder ? [folder] : [];
  });
  const last = commands.findLast(([name = '']) => !MINOR.has(name)) ?? [];
  return { words: last.filter((word) => !OTHER_WORDS.test(word)), folders };
}

/** The words of each command; what stands behind a `|` is left out. */
function commandsOf(line: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let isPiped = false;
  const end = (): void => {
    if (word !== undefined && !isPiped) commands.at(-1)?.push(word);
    word = undefined;
  };
  const next = (piped: boolean): void => {
    end();
    isPiped = piped;
    if (!piped) commands.push([]);
  };
  for (let at = 0; at < line.length; at += 1) {
    const sign = line.charAt(at);
    const close = sign === '"' || sign === "'" ? line.indexOf(sign, at + 1) : -1;
    if (close >= 0) {
      word = (word ?? '') + line.slice(at + 1, close);
      at = close;
    } else if (/\s/.test(sign)) {
      if (sign === '\n') next(false);
      else end();
    } else if (sign === ';') next(false);
    else if (sign === '&' || sign === '|') {
      const isDouble = line.charAt(at + 1) === sign;
      // `2>&1` sends output elsewhere, and `& program` runs one in PowerShell.
      if (sign === '&' && !isDouble && (word?.endsWith('>') || word === undefined)) {
        if (word !== undefined) word += sign;
      } else {
        next(sign === '|' && !isDouble);
        if (isDouble) at += 1;
      }
    } else if (sign === '\\' && /[\s"'$\\]/.test(line.charAt(at + 1))) {
      at += 1;
      word = (word ?? '') + line.charAt(at);
    } else word = (word ?? '') + sign;
  }
  end();
  return commands;
}
