import { describe, expect, test } from 'vitest';
import { containersAt, entriesIn, sameFolder, shapeOf } from '../../../src/clients/entries.js';
import { type Format, LENIENT, SHAPES, STRICT, type Tolerance } from '../../../src/clients/file-shapes.js';
import { parseDocument } from '../../../src/clients/text/document.js';
import { PolicyWrapError } from '../../../src/errors.js';

const NO_TRAILING: Tolerance = { comments: true, trailingCommas: false, byteOrderMark: false };

function problem(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (PolicyWrapError.is(error) && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  return 'no problem';
}

test.each<[text: string, format: Format, tolerance: Tolerance, expected: string]>([
  ['', 'json', LENIENT, 'f:1:1: the file is empty'],
  [' \n', 'json', LENIENT, 'f:1:1: the file is empty'],
  ['[]', 'json', LENIENT, 'f:1:1: an object was expected'],
  [
    '{"a": 1,}',
    'json',
    STRICT,
    'f:1:8: a comma before the closing bracket, which this client does not accept',
  ],
  [
    '{"a": [1,\n]}',
    'json',
    NO_TRAILING,
    'f:1:9: a comma before the closing bracket, which this client does not accept',
  ],
  ['{\n  // x\n}', 'json', STRICT, 'f:2:3: a comment, which this client does not accept'],
  ['{\n  // x\n}', 'json', NO_TRAILING, 'no problem'],
  ['{"a": 1,} /* x */', 'json', LENIENT, 'no problem'],
  ['{"a": 1,,}', 'json', LENIENT, 'f:1:9: a key in double quotes was expected'],
  ['{,}', 'json', LENIENT, 'f:1:2: a value was expected'],
  ['{"a": [,]}', 'json', LENIENT, 'f:1:8: a value was expected'],
  ['{\n  "a" 1\n}', 'json', LENIENT, 'f:2:7: a colon was expected'],
  ['{\r\n\t"a": 1\r\n\t"b": 2\r\n}', 'json', LENIENT, 'f:3:2: a comma was expected'],
  ['{"a": tru}', 'json', LENIENT, 'f:1:7: a word that is not JSON'],
  ["{'a': 1}", 'json', LENIENT, 'f:1:2: a word that is not JSON'],
  ['{"a": 01}', 'json', LENIENT, 'f:1:8: a comma was expected'],
  ['{"a": NaN}', 'json', LENIENT, 'f:1:7: a word that is not JSON'],
  ['{"a": "\t"}', 'json', LENIENT, 'f:1:7: a character that may not stand there'],
  ['{"a": "\\x"}', 'json', LENIENT, 'f:1:7: an escape that JSON does not know'],
  ['{"a": "x}', 'json', LENIENT, 'f:1:7: a string that does not end'],
  ['{"a": {', 'json', LENIENT, 'f:1:8: a closing brace was expected'],
  ['{} {}', 'json', LENIENT, 'f:1:4: more text after the end of the document'],
  ['{} /* x', 'json', LENIENT, 'f:1:4: a comment that does not end'],
  // No white space of JSON, though jsonc-parser has been known to take it for some.
  ['{"a":\u00a01}', 'json', LENIENT, 'f:1:6: a word that is not JSON'],
  ['\uFEFF{"a": }', 'json', LENIENT, 'f:1:7: a value was expected'],
  [
    '\uFEFF{}',
    'json',
    STRICT,
    'f:1:1: begins with a byte order mark, with which this client refuses or empties the file',
  ],
  [`${'['.repeat(100_000)}`, 'json', LENIENT, 'f:1:1: nested too deeply to be read'],
  ['a = 1\nb = ', 'toml', LENIENT, 'f:2:5: '],
  ['a = 1\na = 2', 'toml', LENIENT, 'f:2:1: trying to redefine an already defined table or value'],
  ['[a]\nx = 1\n[a]\n', 'toml', LENIENT, 'f:3:'],
  ['a = "\n"', 'toml', LENIENT, 'f:1:'],
  ['a: 1\na: 2\n', 'yaml', LENIENT, 'f:2:1: Map keys must be unique'],
  ['a: [1\nb: 2\n', 'yaml', LENIENT, 'f:2:1: '],
  ['a:\n\t- b\n', 'yaml', LENIENT, 'f:2:'],
  ['- a\n', 'yaml', LENIENT, 'f:1:1: a mapping was expected'],
  ['a: 1\n---\nb: 2\n', 'yaml', LENIENT, 'f:2:1: several documents in one file'],
  ['a: &x 1\nb: *x\n', 'yaml', LENIENT, 'f:1:7: an anchor, which is not edited here'],
  ['a: !!str 1\n', 'yaml', LENIENT, 'f:1:10: a tag, which is not edited here'],
  ['1: a\n', 'yaml', LENIENT, 'f:1:1: a key that is not a text'],
  ['a: {<<: {b: 1}}\n', 'yaml', LENIENT, 'no problem'],
  ['# only a comment\n', 'yaml', LENIENT, 'no problem'],
])('%j', (text, format, tolerance, expected) => {
  const found = problem(() => parseDocument('f', text, format, tolerance));
  expect(found.startsWith(expected) ? expected : found).toBe(expected);
});

describe('entries', () => {
  const read = (text: string, shape = SHAPES.mcpServers, format: Format = 'json') => {
    const document = parseDocument('f', text, format);
    return containersAt(document, shape.at).flatMap((container) => entriesIn(document, container, shape));
  };

  test.each<[entry: string, expected: object]>([
    ['{"command": "a"}', { kind: 'stdio', words: ['a'], disabled: false }],
    ['{"command": "a", "args": ["b"]}', { kind: 'stdio', words: ['a', 'b'] }],
    ['{"command": "a", "cwd": "/x", "disabled": true}', { kind: 'stdio', cwd: '/x', disabled: true }],
    ['{"command": "a", "enabled": false}', { disabled: true }],
    ['{"command": "a", "envFile": ".env"}', { moreEnv: true }],
    [
      '{"command": "a", "env": {"__proto__": "x", "B": 1}}',
      {
        env: new Map([
          ['__proto__', 'x'],
          ['B', ''],
        ]),
      },
    ],
    ['{"url": "https://x"}', { kind: 'remote', url: 'https://x' }],
    ['{"serverUrl": "https://x"}', { kind: 'remote' }],
    ['{"httpUrl": "https://x"}', { kind: 'remote' }],
    ['{}', { kind: 'unusable', reason: 'no `command`' }],
    ['[]', { kind: 'unusable', reason: 'not a table of settings' }],
    ['{"command": ""}', { kind: 'unusable', reason: '`command` is empty' }],
    ['{"command": {"path": "a"}}', { kind: 'unusable', reason: '`command` is not a string' }],
    ['{"command": "a", "args": "b"}', { kind: 'unusable', reason: '`args` is not a list' }],
    ['{"command": "a", "args": null}', { kind: 'unusable', reason: '`args` is not a list' }],
    [
      '{"command": "a", "args": ["b", 1]}',
      { kind: 'unusable', reason: '`args` holds something other than strings' },
    ],
    ['{"command": "a", "command": "b"}', { kind: 'unusable', reason: 'the key "command" is there twice' }],
    [
      '{"command": "a", "args": [], "x": 1, "args": []}',
      { kind: 'unusable', reason: 'the key "args" is there twice' },
    ],
  ])('%s', (entry, expected) => {
    expect(read(`{"mcpServers": {"__proto__": ${entry}}}`)).toMatchObject([
      { name: '__proto__', ...expected },
    ]);
  });

  test.each([
    ['"a b"', { kind: 'stdio', words: ['x', 'a b'] }],
    ["'a'", { kind: 'stdio', words: ['x', 'a'] }],
    ['1', { kind: 'unusable' }],
    ['null', { kind: 'unusable' }],
    // Over several lines a text keeps its meaning in its own place alone.
    ['|\n          a', { kind: 'unusable' }],
    ['>-\n          a\n          b', { kind: 'unusable' }],
    ['"a\n          b"', { kind: 'unusable' }],
  ])('the word %j of YAML', (word, expected) => {
    const text = `extensions:\n  e:\n    cmd: x\n    args:\n      - ${word}\n`;
    expect(read(text, SHAPES.extensions as never, 'yaml')).toMatchObject([expected]);
  });

  test.each<[text: string, expected: string]>([
    ['{"mcpServers": {"a": {}, "a": {}}}', 'f:1:26: the key "a" is there twice'],
    ['{"mcpServers": {},\n "mcpServers": {}}', 'f:2:2: the key "mcpServers" is there twice'],
    ['{"mcpServers": []}', 'f:1:2: "mcpServers" does not hold servers'],
  ])('%s is refused with its place', (text, expected) => {
    expect(problem(() => read(text))).toBe(expected);
  });

  test('a file without the key has no entries', () => {
    expect(read('{"other": {"mcpServers": {"a": {"command": "b"}}}}')).toEqual([]);
  });

  test('the array of words of OpenCode', () => {
    const entries = read(
      '{"mcp": {"a": {"command": ["b", "c"]}, "d": {"command": []}, "e": {"command": "b"}}}',
      SHAPES.mcp as never,
    );
    expect(entries).toMatchObject([
      { words: ['b', 'c'] },
      { reason: '`command` is empty' },
      { reason: '`command` is not a list' },
    ]);
  });

  test.each<[at: string, expected: string[]]>([
    ['/home/ana/shop', ['x']],
    ['/home/ana/shop/', ['x']],
    ['/home/ana', []],
    ['C:\\srv\\shop', ['y']],
    ['c:/srv/shop', ['y']],
  ])('local servers of the project %s', (project, expected) => {
    const document = parseDocument(
      'f',
      '{"projects": {"/home/ana/shop": {"mcpServers": {"x": {}}}, "C:/srv/shop": {"mcpServers": {"y": {}}}, "/z": {}}}',
      'json',
    );
    const at = ['projects', { project }, 'mcpServers'];
    const names = (every: boolean): string[] =>
      containersAt(document, at, every).flatMap((container) =>
        entriesIn(document, container, SHAPES.mcpServers).map(({ name }) => name),
      );
    expect(names(false)).toEqual(expected);
    expect(names(true)).toEqual(['x', 'y']);
  });

  test('folders differ by case where the system tells them apart', () => {
    expect(sameFolder('/A', '/a')).toBe(false);
    expect(sameFolder('/a\\b', '/a/b')).toBe(false);
  });

  test.each<[string, string[] | undefined]>([
    ['{"mcpServers": {}, "servers": {}}', ['mcpServers']],
    ['{"servers": {}, "inputs": []}', ['servers']],
    ['{"mcp_servers": {}}', ['mcp_servers']],
    ['{"context_servers": {}}', ['context_servers']],
    ['{"mcp": {"servers": {}}}', ['mcp', 'servers']],
    ['{"mcp": {"a": {}}}', ['mcp']],
    ['{"extensions": {}}', ['extensions']],
    ['{"mcpServers": []}', undefined],
    ['{}', undefined],
  ])('the shape of %s', (text, at) => {
    expect(shapeOf(parseDocument('f', text, 'json'))?.at).toEqual(at);
  });
});
