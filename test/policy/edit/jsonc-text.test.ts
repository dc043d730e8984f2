import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readJsonc } from '../../../src/json/relaxed.js';
import { removeIn, setIn } from '../../../src/policy/edit/jsonc-text.js';

const read = (text: string) => readJsonc(text)?.doubles;

describe('an edit leaves every other character as it is', () => {
  test.each<[title: string, before: string, after: string]>([
    ['an empty object', '{}', '{\n  "k": { "a": 1 }\n}'],
    ['an object in one line', '{ "a": 1 }', '{ "a": 1, "k": { "a": 1 } }'],
    ['a member a line', '{\n    "a": 1\n}\n', '{\n    "a": 1,\n    "k": { "a": 1 }\n}\n'],
    ['a trailing comma', '{\n  "a": 1,\n}', '{\n  "a": 1,\n  "k": { "a": 1 },\n}'],
    [
      'a comment behind the last member',
      '{\n  "a": 1 // one\n  // the end\n}',
      '{\n  "a": 1, // one\n  "k": { "a": 1 }\n  // the end\n}',
    ],
    [
      'a comment behind a trailing comma',
      '{\n\t"a": 1, /* one */ // still\n}',
      '{\n\t"a": 1, /* one */ // still\n\t"k": { "a": 1 },\n}',
    ],
    ['Windows line ends', '{\r\n  "a": 1\r\n}', '{\r\n  "a": 1,\r\n  "k": { "a": 1 }\r\n}'],
    ['an object of comments', '{\n  // nothing yet\n}', '{\n  // nothing yet\n  "k": { "a": 1 }\n}'],
    ['a byte order mark', '\uFEFF{ "a": 1 }', '\uFEFF{ "a": 1, "k": { "a": 1 } }'],
    ['the member itself', '{ "k": [1, 2], "z": 0 } // end', '{ "k": { "a": 1 }, "z": 0 } // end'],
  ])('setting a member in %s', (_, before, after) => {
    expect(setIn(before, ['k'], { a: 1 })).toBe(after);
  });

  test('objects and lists on the way are made, long ones over several lines', () => {
    expect(setIn('{ "a": 1 }', ['hide', 0], 'x')).toBe('{ "a": 1, "hide": ["x"] }');
    expect(setIn('{ "hide": ["x"] }', ['hide', 1], 'y')).toBe('{ "hide": ["x", "y"] }');
    const long = { limits: [{ counter: 'a'.repeat(40), window: 'day', max: 5, on_deny: 'b'.repeat(30) }] };
    const text = setIn('{\n  "tools": {\n    "a": {}\n  }\n}', ['tools', 'b'], long);
    expect(text).toBe(
      `{\n  "tools": {\n    "a": {},\n    "b": {\n      "limits": [\n        {\n          "counter": "${'a'.repeat(40)}",\n          "window": "day",\n          "max": 5,\n          "on_deny": "${'b'.repeat(30)}"\n        }\n      ]\n    }\n  }\n}`,
    );
  });

  test.each<[title: string, path: (string | number)[], before: string, after: string]>([
    ['the only member', ['a'], '{ "a": 1 }', '{ }'],
    ['the first', ['a'], '{ "a": 1, "b": 2 }', '{ "b": 2 }'],
    ['the last', ['b'], '{ "a": 1, "b": 2 }', '{ "a": 1 }'],
    ['one of its own line', ['b'], '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}', '{\n  "a": 1,\n  "c": 3\n}'],
    ['the last line', ['b'], '{\n  "a": 1,\n  "b": 2\n}', '{\n  "a": 1\n}'],
    ['the last line with a trailing comma', ['b'], '{\n  "a": 1,\n  "b": 2,\n}', '{\n  "a": 1,\n}'],
    [
      'one with comments, which stay',
      ['b'],
      '{\n  "a": 1, // one\n  // before\n  "b": 2, // two\n  "c": 3\n}',
      '{\n  "a": 1, // one\n  // before\n // two\n  "c": 3\n}',
    ],
    ['an element', ['hide', 1], '{ "hide": ["x", "y", "z"] }', '{ "hide": ["x", "z"] }'],
    ['nothing that is there', ['x', 'y'], '{ "a": 1 }', '{ "a": 1 }'],
  ])('removing %s', (_, path, before, after) => {
    expect(removeIn(before, path)).toBe(after);
  });

  test('whatever the file looks like, it says what was meant afterwards', () => {
    const gap = fc.constantFrom('', ' ', '\n  ', ' // c\n', '/* , } */', '\r\n\t');
    const member = fc.tuple(gap, gap, gap).map(
      ([a, b, c]) =>
        (key: string) =>
          `${a}"${key}"${b}:${c}{ "v": 1 }`,
    );
    const file = fc
      .tuple(fc.array(fc.tuple(member, gap), { maxLength: 4 }), gap, fc.boolean())
      .map(([members, end, trailing]) => {
        const list = members.map(([write, behind], i) => write(`k${i}`) + behind);
        return `{${list.join(',')}${trailing && list.length > 0 ? ',' : ''}${end}}`;
      });
    fc.assert(
      fc.property(file, fc.nat(4), (text, at) => {
        const before = read(text) as Record<string, unknown>;
        expect(read(setIn(text, ['new'], { a: [1] }))).toEqual({ ...before, new: { a: [1] } });
        expect(read(setIn(text, [`k${at}`, 'v'], 2))).toEqual({ ...before, [`k${at}`]: { v: 2 } });
        const { [`k${at}`]: _, ...rest } = before;
        const removed = removeIn(text, [`k${at}`]);
        expect(read(removed)).toEqual(rest);
        for (const comment of text.match(/\/\/ c|\/\* , \} \*\//g) ?? []) expect(removed).toContain(comment);
      }),
      { numRuns: 500 },
    );
  });
});
