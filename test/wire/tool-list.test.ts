import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { annotate, editTools, replaceId, withoutAmbiguousTools } from '../../src/wire/tool-list.js';

const dropping = (names: string[]) => (tool: unknown) =>
  names.includes((tool as { name: string }).name) ? ('drop' as const) : ('keep' as const);
const edit = (text: string, names: string[]) => editTools(text, JSON.parse(text), dropping(names));

describe('editTools', () => {
  test.each([
    [
      'the first',
      ['a'],
      '{"id":1,"result":{"ttlMs":5,"tools":[{ "name":"b","n":1.0 },{"name":"c"}],"x":[1e2]}}',
    ],
    [
      'the last',
      ['c'],
      '{"id":1,"result":{"ttlMs":5,"tools":[{"name":"a"},{ "name":"b","n":1.0 }],"x":[1e2]}}',
    ],
    ['all', ['a', 'b', 'c'], '{"id":1,"result":{"ttlMs":5,"tools":[],"x":[1e2]}}'],
  ])('G6: leaves out %s and keeps every other byte', (_, names, expected) => {
    const text =
      '{"id":1,"result":{"ttlMs":5,"tools":[{"name":"a"} , { "name":"b","n":1.0 },{"name":"c"}],"x":[1e2]}}';
    expect(edit(text, names)).toBe(expected);
  });

  test('gives the text itself when nothing is left out', () => {
    const text = '{"result" : {"tools":[ {"name":"a"} ],"cacheScope":"public"}, "id":1}\r\n';
    expect(edit(text, ['b'])).toBe(text);
  });

  test('makes a public cache scope private, wherever it stands', () => {
    for (const text of [
      '{"result":{"cacheScope":"public","tools":[{"name":"a"}]}}',
      '{"result":{"tools":[{"name":"a"}],"cacheScope":"public"}}',
    ]) {
      expect(JSON.parse(edit(text, ['a']))).toEqual({ result: { cacheScope: 'private', tools: [] } });
    }
  });

  test.each([
    ['an error', '{"id":1,"error":{"code":1,"message":"x"}}'],
    ['tools that are no array', '{"result":{"tools":{"name":"a"}}}'],
    ['no tools', '{"result":{}}'],
    ['tools outside the result', '{"result":{},"tools":[{"name":"a"}]}'],
  ])('leaves %s alone', (_, text) => {
    expect(edit(text, ['a'])).toBe(text);
  });

  test('puts a text in the place of a tool', () => {
    const text = '{"result":{"tools":[{"name":"a"},{"name":"b"}]}}';
    const edited = editTools(text, JSON.parse(text), (tool, raw) =>
      (tool as { name: string }).name === 'a' ? { text: `${raw.slice(0, -1)},"x":1}` } : 'keep',
    );
    expect(edited).toBe('{"result":{"tools":[{"name":"a","x":1},{"name":"b"}]}}');
  });

  test('G6: of any list, exactly the chosen tools are gone and nothing else has changed', () => {
    const tool = fc.record({ name: fc.constantFrom('a', 'b', 'c]', '{"'), more: fc.jsonValue() });
    const space = fc.constantFrom('', ' ', '\t', '  ');
    fc.assert(
      fc.property(
        fc.array(tool),
        fc.jsonValue(),
        fc.subarray(['a', 'b', 'c]', '{"']),
        space,
        (tools, extra, names, s) => {
          const indent = s;
          const text = JSON.stringify({ extra, result: { extra, tools, tail: extra }, id: 1 }, null, indent);
          const expected = tools.filter(({ name }) => !names.includes(name));
          const edited = edit(text, names);
          expect(JSON.parse(edited)).toEqual(
            JSON.parse(JSON.stringify({ extra, result: { extra, tools: expected, tail: extra }, id: 1 })),
          );
        },
      ),
    );
  });
});

test('replaceId changes the id and nothing else', () => {
  expect(replaceId('{"result":{"id":"5"},"jsonrpc":"2.0", "id" : "5" }\n', 5)).toBe(
    '{"result":{"id":"5"},"jsonrpc":"2.0", "id" : 5 }\n',
  );
});

describe('annotate adds what clients go by when they decide whether to ask', () => {
  const READ = { class: 'Read', severe: false };
  const OTHER = { class: 'Other', severe: false };
  const PERSON = '"anthropic/requiresUserInteraction":true';

  test.each<[string, string, typeof READ, boolean, string]>([
    [
      'hints of a tool that reads',
      '{"name":"a"}',
      READ,
      false,
      '{"name":"a","annotations":{"readOnlyHint":true}}',
    ],
    [
      'hints of a severe tool',
      '{"name":"a"}',
      { class: 'Financial', severe: true },
      false,
      '{"name":"a","annotations":{"readOnlyHint":false,"destructiveHint":true}}',
    ],
    ['nothing where a class is not known', '{"name":"a"}', OTHER, false, '{"name":"a"}'],
    ['nothing where the server has hints', '{"annotations":{}}', READ, false, '{"annotations":{}}'],
    ['to an empty tool', '{ }', OTHER, true, `{ "_meta":{${PERSON}}}`],
    ['the flag', '{"name":"a"}', OTHER, true, `{"name":"a","_meta":{${PERSON}}}`],
    ['the flag beside others', '{"_meta": {"x":1.0}}', OTHER, true, `{"_meta": {${PERSON},"x":1.0}}`],
    ['the flag to an empty _meta', '{"_meta":{ }}', OTHER, true, `{"_meta":{${PERSON}}}`],
    [
      'no flag where the server has it, whatever it says',
      '{"_meta":{"anthropic/requiresUserInteraction":false}}',
      OTHER,
      true,
      '{"_meta":{"anthropic/requiresUserInteraction":false}}',
    ],
    ['no flag to a _meta that is no object', '{"_meta":1}', OTHER, true, '{"_meta":1}'],
  ])('%s', (_, raw, risk, asks, shown) => {
    expect(annotate(raw, JSON.parse(raw), risk, asks)).toBe(shown);
  });
});

describe('withoutAmbiguousTools', () => {
  const answer = (tools: string) =>
    Buffer.from(`{"jsonrpc":"2.0","id":1,"result":{"tools":[${tools}],"nextCursor":"x"}}\n`, 'latin1');

  test.each([
    ['a key twice', '{"name":"bad","name":"bad"}'],
    ['a byte that is no UTF-8', '{"name":"bad","description":"\xff"}'],
    ['a number out of range', '{"name":"bad","x":1e999}'],
    ['great depth', `{"name":"bad","x":${'['.repeat(126)}${']'.repeat(126)}}`],
  ])('G2: a tool with %s costs the client that tool alone', (_, bad) => {
    const left = withoutAmbiguousTools(answer(`{"name":"a"}, ${bad}, {"name":"b"}`));
    expect(left?.odd).toEqual([{ name: 'bad', reason: expect.any(String) }]);
    expect(JSON.parse(String(left?.bytes))).toEqual({
      ...{ jsonrpc: '2.0', id: 1 },
      result: { tools: [{ name: 'a' }, { name: 'b' }], nextCursor: 'x' },
    });
  });

  test.each([
    ['its tools are as they should be', answer('{"name":"a"}')],
    ['it is no JSON', Buffer.from('{"result":{"tools":[}}')],
    ['its tools are no list', Buffer.from('{"result":{"tools":{}}}')],
    ['it has none', Buffer.from('{"result":{}}')],
  ])('G2: an answer is not mended where %s', (_, bytes) => {
    expect(withoutAmbiguousTools(bytes)).toBeUndefined();
  });
});
