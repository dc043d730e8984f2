import fc from 'fast-check';
import { expect, test } from 'vitest';
import { elements, mapMembers, whole } from '../../src/json/members.js';

const object = fc
  .tuple(
    fc.dictionary(fc.string(), fc.jsonValue()),
    fc.constantFrom(undefined, 1, '\t'),
    fc.constantFrom('', '\n ', '\r\n\t'),
  )
  .map(([value, indent, around]) => `${around}${JSON.stringify(value, null, indent)}${around}`);

test('members that nobody edits keep every byte, and each is seen as a parser sees it', () => {
  fc.assert(
    fc.property(object, (text) => {
      const seen = new Map<string, unknown>();
      const edited = mapMembers(text, whole(text), (key, member, value) => {
        seen.set(key, JSON.parse(text.slice(...value)));
        expect(JSON.parse(`{${member}}`)).toEqual(Object.fromEntries([[key, seen.get(key)]]));
        return member;
      });
      expect(edited).toBe(text.trim());
      expect(seen).toEqual(new Map(Object.entries(JSON.parse(text))));
    }),
  );
});

test('what is left is what a parser would have kept, whichever members go', () => {
  fc.assert(
    fc.property(object, fc.func(fc.boolean()), (text, stays) => {
      const edited = mapMembers(text, whole(text), (key, member) => (stays(key) ? member : undefined));
      const kept = Object.entries(JSON.parse(text)).filter(([key]) => stays(key));
      expect(JSON.parse(edited)).toEqual(Object.fromEntries(kept));
    }),
  );
});

test.each([
  ['the first', '{ "a": 1, "b": [2, "}"], "c": {} }', ['a'], '{ "b": [2, "}"], "c": {} }'],
  ['one in the middle', '{ "a": 1,\n "b": 2,\n "c": 3 }', ['b'], '{ "a": 1,\n "c": 3 }'],
  ['the last', '{"a":"\\\\","b":"\\""}', ['b'], '{"a":"\\\\"}'],
  ['all', '{\n  "a": 1,\n  "b": 2\n}', ['a', 'b'], '{}'],
  ['none of none', '{ \t}', [], '{ \t}'],
])('%s that is left out takes its separator along', (_, text, gone, expected) => {
  const edit = (key: string, member: string) => (gone.includes(key) ? undefined : member);
  expect(mapMembers(text, whole(text), edit)).toBe(expected);
});

test('a value ends where it ends, also at the end of the text', () => {
  expect(['5', ' 5 ', '"a"', ' "a\\"" ', '[1] ', '{}'].map(whole)).toEqual([
    [0, 1],
    [1, 2],
    [0, 3],
    [1, 6],
    [0, 3],
    [0, 2],
  ]);
});

test('an object inside a text is edited where it stands', () => {
  const text = '[{"a":1},{"a":2}]';
  expect(mapMembers(text, [9, 16], (_, member) => `${member}0`)).toBe('{"a":20}');
});

test('elements are found as a parser finds them', () => {
  const array = fc
    .tuple(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2))
    .map(([value, indent]) => ` ${JSON.stringify(value, null, indent)}\n`);
  fc.assert(
    fc.property(array, (text) => {
      const found = elements(text, whole(text)[0]).map((span) => text.slice(...span));
      for (const each of found) expect(each).toBe(each.trim());
      expect(found.map((each) => JSON.parse(each))).toEqual(JSON.parse(text));
    }),
  );
});
