import { describe, expect, test } from 'vitest';
import { renderDiff } from '../../../src/clients/change/diff.js';
import { maskDocument, typed } from '../../../src/clients/change/masking.js';
import { apply } from '../../../src/clients/change/rewrite-entry.js';
import type { Format } from '../../../src/clients/file-shapes.js';
import { parseDocument } from '../../../src/clients/text/document.js';
import type { Splice } from '../../../src/clients/text/nodes.js';
import { maskWords } from '../../../src/text/masking.js';

describe('renderDiff', () => {
  const diff = (text: string, changes: [string, string][], format: Format = 'json'): string => {
    const document = parseDocument('/f', text, format);
    const splices = changes.map(([from, to]): Splice => {
      const start = document.text.indexOf(from);
      if (start < 0) throw new Error(from);
      return { start, end: start + from.length, text: to };
    });
    return renderDiff(apply(document, splices));
  };
  const numbered = Array.from({ length: 30 }, (_, i) => `  "k${i}": ${i}`).join(',\n');

  test('a change with three lines around it', () => {
    expect(diff(`{\n${numbered}\n}\n`, [['"k10": 10', '"k10": "x",\n  "new": 1']])).toBe(
      '--- /f\n+++ /f\n@@ -9,7 +9,8 @@\n   "k7": 7,\n   "k8": 8,\n   "k9": 9,\n-  "k10": 10,\n+  "k10": "x",\n+  "new": 1,\n   "k11": 11,\n   "k12": 12,\n   "k13": 13,\n',
    );
  });

  test('near changes share a hunk, far ones do not, and line numbers keep count', () => {
    const shown = diff(`{\n${numbered}\n}\n`, [
      ['"k0": 0', '"k0": [\n  1]'],
      ['"k3": 3', '"k3": 4'],
      ['"k25": 25', '"k25": 26'],
    ]);
    expect(shown.split('\n').filter((line) => line.startsWith('@@'))).toEqual([
      '@@ -1,8 +1,9 @@',
      '@@ -24,7 +25,7 @@',
    ]);
  });

  test('two changes on one line are shown as one', () => {
    expect(
      diff('{"a": 1, "b": 2}', [
        ['1', '3'],
        ['2', '4'],
      ]),
    ).toBe('--- /f\n+++ /f\n@@ -1,1 +1,1 @@\n-{"a": 1, "b": 2}\n+{"a": 3, "b": 4}\n');
  });

  test('lines that are taken out one behind the other leave no line twice', () => {
    const taken: [string, string][] = [
      ['"a",\n', ''],
      ['"b",\n', ''],
    ];
    expect(diff('{"x": [\n"a",\n"b",\n"c"]}\n', taken)).toBe(
      '--- /f\n+++ /f\n@@ -1,4 +1,2 @@\n {"x": [\n-"a",\n-"b",\n "c"]}\n',
    );
    expect(diff('{"x": ["a",\n"b",\n"c"]}\n', taken)).toBe(
      '--- /f\n+++ /f\n@@ -1,3 +1,1 @@\n-{"x": ["a",\n-"b",\n-"c"]}\n+{"x": ["c"]}\n',
    );
  });

  test('no change, no diff; line ends of Windows do not show', () => {
    expect(diff('{}', [])).toBe('');
    expect(diff('{\r\n"a": 1\r\n}', [['1', '2']])).not.toContain('\r');
  });

  test('values of environment are masked on both sides, wherever they stand', () => {
    const text =
      '{"mcpServers": {"a": {\n"env": {"X": "hidden-1"},\n"command": "b",\n"env": {"Y": "hidden-2", "N": 77}\n}}}';
    const shown = diff(text, [['"b"', '"c"']]);
    expect(shown).toContain('"env": {"X": "***"}');
    expect(shown).toContain('"N": "***"');
    expect(shown).not.toMatch(/hidden|77/);
  });

  test('a file of one enormous line shows only the part that changes', () => {
    const shown = diff(`{"x": "${'y'.repeat(100_000)}", "command": "before"}`, [['before', 'after']]);
    expect(shown.length).toBeLessThan(1_500);
    expect(shown).toMatch(/-…y+", "command": "before"\}\n\+…y+", "command": "after"\}/);
  });

  test('control and direction characters are escaped', () => {
    const shown = diff('{\n"a\u202e": 1,\n"b": "\u009b31m"\n}', [['1', '2']]);
    expect(shown).toContain('a\\u{202e}');
    expect(shown).toContain('\\u{9b}31m');
  });
});

describe('maskDocument', () => {
  test.each<[format: Format, text: string, expected: string]>([
    [
      'json',
      '{"env": {"A": "s", "B": ["s"], "C": {"D": "s"}}}',
      '{"env": {"A": "***", "B": ["***"], "C": {"D": "***"}}}',
    ],
    [
      'json',
      '{"headers": {"X": "s"}, "environment": {"Y": "s"}}',
      '{"headers": {"X": "***"}, "environment": {"Y": "***"}}',
    ],
    [
      'json',
      '{"primaryApiKey": "s", "oauthToken": 5, "tokens": {"n": 1}}',
      '{"primaryApiKey": "***", "oauthToken": "***", "tokens": {"n": "***"}}',
    ],
    ['json', '{"args": ["--api-key", "s", "--port", "1"]}', '{"args": ["--api-key", "***", "--port", "1"]}'],
    ['json', '{"url": "https://u:s@h/p?api_key=s&x=1"}', '{"url": "https://u:***@h/p?api_key=***&x=1"}'],
    [
      'json',
      '{\n// "TOKEN": "s",\n/* A = \'s\' */ "b": 1}',
      '{\n// "TOKEN": "***",\n/* A = \'***\' */ "b": 1}',
    ],
    [
      'toml',
      'env = { A = "s" }\n# B = "s"\n[x.env]\nC = "s"\n',
      'env = { A = "***" }\n# B = "***"\n[x.env]\nC = "***"\n',
    ],
    ['json', '{\n// KEY=s3cret\n"b": 1}', '{\n// KEY=***\n"b": 1}'],
    ['json', '{\n// api_key: s3cret\n"b": 1}', '{\n// api_key: ***\n"b": 1}'],
    ['json', '{\n// export Foo=s3cret, too\n"b": 1}', '{\n// export Foo=***\n"b": 1}'],
    ['json', '{\n// the password is s3cret\n"b": 1}', '{\n// the password ***\n"b": 1}'],
    ['json', '{\n// run it with --password -s3cret\n"b": 1}', '{\n// run it with --password ***\n"b": 1}'],
    ['json', '{\n// mysql -ps3cret\n"b": 1}', '{\n// mysql -p***\n"b": 1}'],
    [
      'json',
      '{\n// "args": ["--password", "s3cret", "-v"],\n"b": 1}',
      '{\n// "args": ["--password", "***", "-v"],\n"b": 1}',
    ],
    ['json', '{\n/* TOKEN = s3cret */ "b": 1}', '{\n/* TOKEN = *** */ "b": 1}'],
    ['json', '{\n/* a\r\nTOKEN=s3cret\r\n*/ "b": 1}', '{\n/* a\r\nTOKEN=***\r\n*/ "b": 1}'],
    ['json', '{\n// my own servers, see the notes\n"b": 1}', '{\n// my own servers, see the notes\n"b": 1}'],
    ['json', '{\n// https://u:s3cret@host/p\n"b": 1}', '{\n// https://u:***@host/p\n"b": 1}'],
    ['json', '{"command": "API_KEY=s3cret mcp --token s3cret -v"}', '{"command": "API_KEY=***"}'],
    [
      'json',
      '{"args": ["--password", "-s3cret", "--port", "1"]}',
      '{"args": ["--password", "***", "--port", "1"]}',
    ],
    ['json', '{"login": {"user": "ana", "dbPass": "s3cret"}}', '{"login": {"user": "ana", "dbPass": "***"}}'],
    ['json', '{"auth": {"user": "ana", "word": "s3cret"}}', '{"auth": {"user": "***", "word": "***"}}'],
    [
      'json',
      '{"token-vault": {"command": "vault", "env": {"A": "s3cret"}}}',
      '{"token-vault": {"command": "vault", "env": {"A": "***"}}}',
    ],
    ['json', '{"config": "{\\"apiKey\\": \\"s3cret\\"}"}', '{"config": "{\\"apiKey\\": \\"***\\"}"}'],
    ['toml', '# TOKEN = s3cret # note\nb = 1\n', '# TOKEN = ***\nb = 1\n'],
    ['toml', 'env.A = """\ns\ns"""\nb = 1\n', 'env.A = "***"\n\n\nb = 1\n'],
    ['toml', 'bearer_token = "s"\nd = 2026-11-22\n', 'bearer_token = "***"\nd = 2026-11-22\n'],
  ])('%s %j', (format, text, expected) => {
    const masked = maskDocument(parseDocument('f', text, format));
    // Lines stay where they are, or a diff would point at the wrong ones.
    expect(masked.split('\n').length).toBe(text.split('\n').length);
    expect(masked.replace(/"\*\*\*"\n\n\n/, '"***"\n\n\n')).toBe(expected);
  });
});

test('G9: masking takes time in proportion to the text, and no more stack', () => {
  const hostile = ['-a=', '://a:', '?token', ':"x"', "key: '", '-p ', '--header '];
  const once = (text: string) => {
    // What this process was given of the processors: the machine may be busy with others.
    const start = process.cpuUsage();
    maskWords([text]);
    maskDocument(parseDocument('f', `{"a": ${JSON.stringify(text)}}\n// ${text}`, 'json'));
    return process.cpuUsage(start).user / 1000;
  };
  const time = (text: string) => Math.min(once(text), once(text), once(text));
  for (const piece of hostile) {
    time(piece.repeat(2_000));
    // Ten times the text; what grows with the square takes a hundred times as long.
    const small = Math.max(time(piece.repeat(4_000)), 2);
    expect(time(piece.repeat(40_000)) / small, piece).toBeLessThan(50);
  }
});

test.each([
  ['afip', 'afip'],
  ['two words', "'two words'"],
  ["it's", `'it'\\''s'`],
])('typed %s', (name, expected) => {
  expect(typed(name)).toBe(expected);
});
