import { expect, test } from 'vitest';
import { splice } from '../../../src/clients/change/rewrite-entry.js';
import { verify } from '../../../src/clients/change/verify.js';
import { containersAt, entriesIn } from '../../../src/clients/entries.js';
import { SHAPES } from '../../../src/clients/file-shapes.js';
import { parseDocument } from '../../../src/clients/text/document.js';
import type { Splice } from '../../../src/clients/text/nodes.js';

const TEXT = `{
  // note
  "n": 1e3, "s": "\\u0061",
  "mcpServers": {
    "a": { "command": "x", /* own */ "args": ["y"], "env": { "K": "v" } },
    "b": { "command": "x", "args": ["y"] }
  }
}
`;

/**
 * Whether a change from one text to another, each found once, passes as one of entry `a` alone.
 *
 * @param admitted the changes are told, too; otherwise the two texts are all there is to go by
 */
function passes(
  changes: readonly [from: string, to: string][],
  words: readonly string[],
  admitted = true,
): boolean {
  const before = parseDocument('f', TEXT, 'json');
  const [entry] = containersAt(before, ['mcpServers'])
    .flatMap((container) => entriesIn(before, container, SHAPES.mcpServers))
    .filter((found) => found.kind === 'stdio');
  if (entry === undefined) throw new Error('no entry');
  const splices = changes.map(([from, to]): Splice => {
    const start = TEXT.indexOf(from);
    return { start, end: start + from.length, text: to };
  });
  const after = parseDocument('f', splice(TEXT, splices), 'json');
  return verify(before, admitted ? splices : [], after, SHAPES.mcpServers, [{ entry, words }]) !== undefined;
}

test.each<[title: string, changes: [string, string][], words: string[], expected: boolean]>([
  ['nothing', [], ['x', 'y'], true],
  [
    'the two values',
    [
      ['"x"', '"w"'],
      ['"y"', '"x", "y"'],
    ],
    ['w', 'x', 'y'],
    true,
  ],
  ['other words than were meant', [['"x"', '"w"']], ['v', 'y'], false],
  ['too little', [], ['w', 'y'], false],
  ['the environment', [['"v"', '"w"']], ['x', 'y'], false],
  ['another entry', [['"b": { "command": "x"', '"b": { "command": "w"']], ['x', 'y'], false],
  ['a value elsewhere', [['1e3', '1e4']], ['x', 'y'], false],
  ['the spelling of a number', [['1e3', '1000']], ['x', 'y'], false],
  ['the spelling of a string', [['"\\u0061"', '"a"']], ['x', 'y'], false],
  ['a comment', [['// note', '// nota']], ['x', 'y'], false],
  ['a comment between the two values', [['/* own */', '/* new */']], ['x', 'y'], false],
  ['white space', [['  // note', '\t// note']], ['x', 'y'], false],
  ['a new key', [['"env":', '"cwd": "/", "env":']], ['x', 'y'], false],
  ['a key that goes', [['"n": 1e3, ', '']], ['x', 'y'], false],
])('a change of %s', (title, changes, words, expected) => {
  expect(passes(changes, words)).toBe(expected);
  // The parsers find out by themselves, but for what they do not see.
  const unseen = /comment|white space/.test(title);
  expect(passes(changes, words, false)).toBe(unseen || expected);
});

test('what only the second parser sees is compared as well, but for the two values', () => {
  const before = parseDocument('f', TEXT, 'json');
  const [entry] = containersAt(before, ['mcpServers'])
    .flatMap((container) => entriesIn(before, container, SHAPES.mcpServers))
    .filter((found) => found.kind === 'stdio');
  if (entry === undefined) throw new Error('no entry');
  const readAs = (text: string) =>
    verify(before, [], { ...before, plain: JSON.parse(text) }, SHAPES.mcpServers, [
      { entry, words: ['x', 'y'] },
    ]) !== undefined;
  const plain = TEXT.replace(/\/\/ note|\/\*.*?\*\//g, '');
  expect(readAs(plain)).toBe(true);
  expect(readAs(plain.replace('"args": ["y"], "env"', '"args": ["other"], "env"'))).toBe(true);
  expect(readAs(plain.replace('1e3', '1e4'))).toBe(false);
  expect(readAs(plain.replace('"v"', '"w"'))).toBe(false);
  expect(readAs(plain.replace('"args": ["y"] }', '"args": ["other"] }'))).toBe(false);
});
