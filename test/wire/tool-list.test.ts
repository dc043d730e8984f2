import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  annotate,
  editTools,
  listFault,
  replaceId,
  toolFault,
  withoutAmbiguousTools,
} from '../../src/wire/tool-list.js';

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

  test('a list from which nothing is gone may still be cached by all', () => {
    const text = '{"result":{"tools":[{"name":"a"}],"cacheScope":"public"}}';
    const edited = editTools(text, JSON.parse(text), () => ({ text: '{"name":"b"}' }));
    expect(edited).toBe('{"result":{"tools":[{"name":"b"}],"cacheScope":"public"}}');
  });

  test('what is no cache scope of all stays as it is', () => {
    const text = '{"result":{"tools":[{"name":"a"}],"cacheScope":"private"},"cacheScope":"public"}';
    expect(edit(text, ['a'])).toBe('{"result":{"tools":[],"cacheScope":"private"},"cacheScope":"public"}');
  });

  test('only the list of the result is edited', () => {
    const tools = '"tools":[{"name":"a"}]';
    const text = `{"other":{${tools}},"result":{"inner":{${tools}},${tools}},"more":{${tools}}}`;
    expect(edit(text, ['a'])).toBe(
      `{"other":{${tools}},"result":{"inner":{${tools}},"tools":[]},"more":{${tools}}}`,
    );
  });

  test.each([
    ['an error', '{"id":1,"error":{"code":1,"message":"x"}}'],
    ['a result that is a text', '{"id":1,"result":"tools"}'],
    ['a list', '[{"result":{"tools":[{"name":"a"}]}}]'],
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

  test('G6: the list is no longer what all may see', () => {
    const text = '{"result":{"cacheScope":"public","tools":[{"name":"a","name":"a"}]}}';
    expect(String(withoutAmbiguousTools(Buffer.from(text))?.bytes)).toBe(
      '{"result":{"cacheScope":"private","tools":[]}}',
    );
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

describe('G6: a client could find other tools than we do', () => {
  test.each<[object, string | undefined]>([
    [{ result: { tools: [] } }, undefined],
    [{ result: {} }, undefined],
    [{ result: { tools: [], error: 1 } }, undefined],
    [{ error: { code: 1 } }, undefined],
    [{ error: { code: 1 }, result: null }, undefined],
    [{ error: null, result: { tools: [] } }, undefined],
    [{ error: { code: 1 }, result: [] }, 'its result is not an object'],
    [{ error: null }, 'its result is not an object'],
    [{ error: null, result: null }, 'its result is not an object'],
    [{}, 'its result is not an object'],
    [{ result: null }, 'its result is not an object'],
    [{ result: [] }, 'its result is not an object'],
    [{ result: 'tools' }, 'its result is not an object'],
    [{ error: { code: 1 }, result: { tools: {} } }, 'its tools are not a list'],
    [{ result: { tools: {} } }, 'its tools are not a list'],
    [{ result: { tools: null } }, 'its tools are not a list'],
    [
      { result: { tools: [], Tools: [] } },
      'in its result the key "Tools" differs from "tools" only in its letters\' form',
    ],
  ])('in the answer %j: %s', (message, fault) => {
    expect(listFault(message as Record<string, unknown>)).toBe(fault);
  });

  test.each<[unknown, string | undefined, string | undefined]>([
    [{ name: 'a' }, undefined, undefined],
    [{ title: 'a' }, undefined, undefined],
    [{}, undefined, undefined],
    [null, undefined, undefined],
    [5, undefined, undefined],
    ['a', undefined, 'it is not an object'],
    [[{ name: 'a' }], undefined, 'it is not an object'],
    [{ name: 5 }, undefined, 'its name is not a string'],
    [{ name: null, Name: 'a' }, undefined, 'its name is not a string'],
    [{ name: 'a', Name: 'b' }, 'a', 'the key "Name" differs from "name" only in its letters\' form'],
    [{ NAME: 'b' }, undefined, 'the key "NAME" differs from "name" only in its letters\' form'],
  ])('in the tool %j, named %s: %s', (tool, name, reason) => {
    expect(toolFault(tool)).toEqual(reason === undefined ? undefined : { name, reason });
  });
});
