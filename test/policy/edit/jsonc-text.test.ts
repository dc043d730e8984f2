import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Decimal } from '../../../src/json/decimal.js';
import { readJsonc } from '../../../src/json/relaxed.js';
import { offsetOf, removeIn, setIn, textAt } from '../../../src/policy/edit/jsonc-text.js';

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
    ['an object with blanks inside', '{  }', '{\n  "k": { "a": 1 }\n  }'],
    [
      'a comment in front of a comma',
      '{ "a": 1 /* one */, "b": 2 }',
      '{ "a": 1 /* one */, "b": 2, "k": { "a": 1 } }',
    ],
    ['one line with a trailing comma', '{ "a": 1, }', '{ "a": 1, "k": { "a": 1 } }'],
    ['a comma on a line of its own', '{\n  "a": 1\n  ,\n}', '{\n  "a": 1\n  ,\n  "k": { "a": 1 },\n}'],
    [
      'a member with another behind it on its line',
      '{\n  "z": 0, "a": 1 }',
      '{\n  "z": 0, "a": 1, "k": { "a": 1 } }',
    ],
    [
      'an object whose last line goes on',
      '{\n  "a": 1 /* one */ }',
      '{\n  "a": 1,\n  "k": { "a": 1 } /* one */ }',
    ],
    [
      'Windows line ends with a comment',
      '{\r\n  "a": 1 // one\r\n}',
      '{\r\n  "a": 1, // one\r\n  "k": { "a": 1 }\r\n}',
    ],
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

  test.each<[title: string, path: (string | number)[], before: string, value: unknown, after: string]>([
    ['an empty object', ['a', 'k'], '{ "a": {} }', 1, '{ "a": { "k": 1 } }'],
    ['an empty list', ['a', 0], '{ "a": [] }', 1, '{ "a": [1] }'],
    ['an empty list in a list', ['a', 0, 0], '{ "a": [[]] }', 1, '{ "a": [[1]] }'],
    ['an empty document', ['a', 0], '{}', 1, '{\n  "a": [1]\n}'],
    [
      'an empty object, up to seventy characters',
      ['a', 'k'],
      '{ "a": {} }',
      'x'.repeat(63),
      `{ "a": { "k": "${'x'.repeat(63)}" } }`,
    ],
    [
      'an empty object, and more',
      ['a', 'k'],
      '{ "a": {} }',
      'x'.repeat(64),
      `{ "a": {\n  "k": "${'x'.repeat(64)}"\n} }`,
    ],
    [
      'a line, whatever its length',
      ['k'],
      '{ "a": 1 }',
      { b: 'x'.repeat(80) },
      `{ "a": 1, "k": { "b": "${'x'.repeat(80)}" } }`,
    ],
    [
      'lines of their own, up to eighty characters',
      ['k'],
      '{\n  "a": 1\n}',
      { b: 'x'.repeat(67) },
      `{\n  "a": 1,\n  "k": { "b": "${'x'.repeat(67)}" }\n}`,
    ],
    [
      'lines of their own, and more',
      ['k'],
      '{\n  "a": 1\n}',
      { b: 'x'.repeat(68) },
      `{\n  "a": 1,\n  "k": {\n    "b": "${'x'.repeat(68)}"\n  }\n}`,
    ],
    [
      'lines of their own, a long list',
      ['k'],
      '{\r\n\t"a": 1\r\n}',
      ['x'.repeat(50), 'y'.repeat(50)],
      `{\r\n\t"a": 1,\r\n\t"k": [\r\n\t\t"${'x'.repeat(50)}",\r\n\t\t"${'y'.repeat(50)}"\r\n\t]\r\n}`,
    ],
    [
      'lines of their own, a text that cannot be broken',
      ['k'],
      '{\n  "a": 1\n}',
      'x'.repeat(90),
      `{\n  "a": 1,\n  "k": "${'x'.repeat(90)}"\n}`,
    ],
    [
      'lines of their own, a number that cannot be broken',
      ['k'],
      '{\n  "a": 1\n}',
      Decimal.from('7'.repeat(90)),
      `{\n  "a": 1,\n  "k": ${'7'.repeat(90)}\n}`,
    ],
    [
      'the place of a text',
      ['a'],
      '{ "a": "x" }',
      { b: {}, c: [], d: null },
      '{ "a": { "b": {}, "c": [], "d": null } }',
    ],
    ['the place of an element', ['a', 1], '{ "a": [1, 2, 3] }', { b: 0 }, '{ "a": [1, { "b": 0 }, 3] }'],
  ])('setting a value in %s', (_, path, before, value, after) => {
    expect(setIn(before, path, value)).toBe(after);
  });

  test('what stands somewhere is told as it is written', () => {
    const text = '\uFEFF{ "a": [1, { "b": /* c */ 1.50 }], "x": {} }';
    expect(textAt(text, ['a', 1, 'b'])).toBe('1.50');
    expect(textAt(text, ['a', 1])).toBe('{ "b": /* c */ 1.50 }');
    expect(textAt(text, ['a', 2])).toBeUndefined();
    expect(textAt(text, ['x', 0])).toBeUndefined();
    expect(textAt(text, ['a', 'length'])).toBeUndefined();
    expect(offsetOf(text, ['a', 1, 'b'])).toBe(text.indexOf('"b"'));
    expect(offsetOf(text, ['a', 1])).toBe(text.indexOf('{ "b"'));
    expect(offsetOf(text, ['y'])).toBeUndefined();
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
    [
      'one of its own line with a comment inside',
      ['a'],
      '{\n  "a": /* one */ 1,\n  "b": 2\n}',
      '{\n /* one */\n  "b": 2\n}',
    ],
    [
      'one with a comment in front of its comma',
      ['a'],
      '{\n  "a": 1 /* one */,\n  "b": 2\n}',
      '{\n /* one */\n  "b": 2\n}',
    ],
    ['one of its own line, its comma on the next', ['a'], '{\n  "a": 1\n  ,\n  "b": 2\n}', '{\n  "b": 2\n}'],
    ['the last line behind a comment', ['b'], '{\n  "a": 1, // one\n  "b": 2\n}', '{\n  "a": 1 // one\n}'],
    [
      'the last line with a comment behind',
      ['b'],
      '{\n  "a": 1,\n  "b": 2 // two\n}',
      '{\n  "a": 1\n // two\n}',
    ],
    ['the first line with another behind it', ['a'], '{\n  "a": 1, "b": 2\n}', '{\n "b": 2\n}'],
    ['the whole of a first line', ['a'], '{ "a": 1,\n  "b": 2\n}', '{\n  "b": 2\n}'],
    ['a line of Windows', ['a'], '{\r\n  "a": 1,\r\n  "b": 2\r\n}', '{\r\n  "b": 2\r\n}'],
    ['an element of its own line', ['hide', 0], '{ "hide": [\n  "x",\n  "y"\n] }', '{ "hide": [\n  "y"\n] }'],
    ['the last element', ['hide', 1], '{ "hide": ["x", "y"] }', '{ "hide": ["x"] }'],
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
