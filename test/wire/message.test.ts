import { describe, expect, test, vi } from 'vitest';
import { scan } from '../../src/json/strict.js';
import { calledIn, parseClientMessage } from '../../src/wire/message.js';

const read = (text: string) => parseClientMessage(scan(Buffer.from(text)));
const call = (params: string, rest = '"id":1') =>
  read(`{"jsonrpc":"2.0",${rest},"method":"tools/call","params":${params}}`);

describe('parseClientMessage tells what a line is', () => {
  test('a call', () => {
    expect(call('{"name":"pay","arguments":{"a":1},"x":2}')).toMatchObject({
      kind: 'call',
      id: 1,
      name: 'pay',
      args: { names: ['a'], values: { a: 1 } },
      era: 'legacy',
      task: false,
    });
  });

  test.each([
    ['no arguments', '{"name":"pay"}'],
    ['an escaped method is the same method', '{"name":"pay"}'],
  ])('a call with %s', (_, params) => {
    expect(read(`{"jsonrpc":"2.0","id":"a","method":"tools\\/call","params":${params}}`)).toMatchObject({
      kind: 'call',
      id: 'a',
      args: { names: [], values: {} },
    });
  });

  test.each([
    ['legacy without a version', '{}', 'legacy'],
    ['modern by its own _meta', '{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}', 'modern'],
    ['modern in later revisions', '{"io.modelcontextprotocol/protocolVersion":"2027-01-01"}', 'modern'],
    ['legacy by an older version', '{"io.modelcontextprotocol/protocolVersion":"2025-11-25"}', 'legacy'],
    ['legacy by nonsense', '{"io.modelcontextprotocol/protocolVersion":20260728}', 'legacy'],
  ])('the era: %s', (_, meta, era) => {
    expect(call(`{"name":"pay","_meta":${meta}}`)).toMatchObject({ kind: 'call', era });
  });

  test('a task-augmented call', () => {
    expect(call('{"name":"pay","task":{"ttl":1}}')).toMatchObject({ kind: 'call', task: true });
  });

  test.each([
    [
      'a request',
      '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
      { kind: 'request', method: 'tools/list' },
    ],
    [
      'an unknown request',
      '{"jsonrpc":"2.0","id":1,"method":"x/y","more":1}',
      { kind: 'request', method: 'x/y' },
    ],
    ['a notification', '{"jsonrpc":"2.0","method":"notifications/x"}', { kind: 'notification' }],
    ['an answer', '{"jsonrpc":"2.0","id":0,"result":{}}', { kind: 'response', id: 0 }],
    [
      'an error without id',
      '{"jsonrpc":"2.0","error":{"code":1,"message":""}}',
      { kind: 'response', id: undefined },
    ],
    ['an error with null', '{"jsonrpc":"2.0","id":null,"error":{}}', { kind: 'response', id: undefined }],
    [
      'a method that is none of ours, in whatever letters',
      '{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}',
      { kind: 'request', method: 'sampling/createMessage' },
    ],
  ])('%s', (_, text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });
});

describe('G2: parseClientMessage refuses what cannot be judged', () => {
  test.each<[string, string, number, object?]>([
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}]', -32600],
    ['a string', '"tools/call"', -32600],
    ['null', 'null', -32600],
    [
      'a numeric version',
      '{"jsonrpc":2.0,"id":1,"method":"tools/call","params":{"name":"x"}}',
      -32600,
      { call: 'x' },
    ],
    ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600, { id: 1 }],
    ['no version', '{"id":1,"method":"ping"}', -32600, { id: 1, answered: true, call: undefined }],
    ['a hybrid', '{"jsonrpc":"2.0","id":1,"method":"tools/call","result":{},"params":{"name":"x"}}', -32600],
    ['both result and error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', -32600],
    ['an empty message', '{"jsonrpc":"2.0"}', -32600],
    ['a method in other case', '{"jsonrpc":"2.0","id":1,"Method":"ping","method":"tools/call"}', -32600],
    ['METHOD', '{"jsonrpc":"2.0","id":1,"METHOD":"ping","method":"tools/list"}', -32600],
    ['a full-width key', '{"jsonrpc":"2.0","id":1,"\uff4dethod":"ping","method":"tools/list"}', -32600],
    [
      'a key with a zero width space',
      '{"jsonrpc":"2.0","id":1,"me\u200bthod":"ping","method":"tools/list"}',
      -32600,
    ],
    ['a long s', '{"jsonrpc":"2.0","id":1,"param\u017f":{},"method":"tools/list"}', -32600],
    ['a method that is no string', '{"jsonrpc":"2.0","id":1,"method":["tools/call"]}', -32600],
    ['Tools/Call', '{"jsonrpc":"2.0","id":1,"method":"Tools/Call","params":{"name":"x"}}', -32600],
    [
      'a method with a space',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call ","params":{"name":"x"}}',
      -32600,
    ],
    ['params as an array', '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}', -32600],
    ['params as null', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":null}', -32602],
    [
      'an id beyond 2^53',
      '{"jsonrpc":"2.0","id":9007199254740993,"method":"tools/list"}',
      -32600,
      { id: undefined },
    ],
    ['a broken id', '{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}', -32600, { id: undefined }],
    [
      'a null id',
      '{"jsonrpc":"2.0","id":null,"method":"tools/list"}',
      -32600,
      { id: undefined, answered: true },
    ],
    [
      'an object as the id of an answer',
      '{"jsonrpc":"2.0","id":{},"result":{}}',
      -32600,
      { answered: false },
    ],
  ])('%s', (_, text, code, more = {}) => {
    expect(read(text)).toMatchObject({ kind: 'refused', code, ...more });
  });

  test.each<[string, string, number, object?]>([
    ['an array', '{"name":"x","arguments":[]}', -32602, { call: 'x' }],
    ['a string', '{"name":"x","arguments":"x"}', -32602],
    ['null', '{"name":"x","arguments":null}', -32602],
  ])('arguments that are %s', (_, params, code, more = {}) => {
    expect(call(params)).toMatchObject({ kind: 'refused', code, id: 1, ...more });
  });

  test.each([
    ['Name', '{"name":"x","Name":"y"}'],
    ['ARGUMENTS', '{"name":"x","arguments":{"a":1},"ARGUMENTS":{"a":2}}'],
    ['Task', '{"name":"x","Task":{}}'],
    ['_META', '{"name":"x","_META":{}}'],
    ['a twin alone', '{"Name":"x"}'],
    ['a name that is no string', '{"name":["x"]}'],
    ['no name', '{"arguments":{}}'],
    ['a name of the prototype', '{"__proto__":{"name":"x"}}'],
  ])('%s', (_, params) => {
    expect(call(params)).toMatchObject({ kind: 'refused', code: -32602, id: 1 });
  });

  test.each([
    ['no id', '"x":1'],
    ['a null id', '"id":null'],
    ['a broken id', '"id":1.5'],
    ['an object as id', '"id":{}'],
    ['true as id', '"id":true'],
  ])('a call with %s, which is not answered but logged', (_, id) => {
    expect(call('{"name":"x"}', id)).toMatchObject({
      kind: 'refused',
      answered: false,
      call: 'x',
      id: undefined,
    });
  });
});

test('G2: a hundred characters can still be a key or a method of ours', () => {
  const hidden = (text: string, length: number) => text + '\u200b'.repeat(length - text.length);
  for (const [length, kinds] of [
    [100, ['refused', 'refused']],
    [101, ['request', 'request']],
  ] as const) {
    const key = read(`{"jsonrpc":"2.0","id":1,"method":"x","${hidden('params', length)}":{}}`);
    const method = read(`{"jsonrpc":"2.0","id":1,"method":"${hidden('tools/call', length)}"}`);
    expect([key.kind, method.kind]).toEqual(kinds);
  }
});

test.each([
  ['a key of the message', `{"jsonrpc":"2.0","id":1,"method":"x","LONG":1}`],
  [
    'a key of the parameters',
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","LONG":1}}`,
  ],
  ['a method', `{"jsonrpc":"2.0","id":1,"method":"LONG"}`],
  ['a method of blanks', `{"jsonrpc":"2.0","id":1,"method":"LONG${' '.repeat(100_000)}"}`],
])('G9: no long text is normalised, which can take many seconds: %s', (_, line) => {
  const normalize = vi.spyOn(String.prototype, 'normalize');
  try {
    const long = '\u0301\u0323'.repeat(40_000);
    expect(read(line.replace('LONG', long)).kind).toMatch(/request|call/);
    const lengths = normalize.mock.contexts.map((text) => String(text).length);
    expect(Math.max(0, ...lengths)).toBeLessThan(1000);
  } finally {
    normalize.mockRestore();
  }
});

describe('what a peer that ends lines at a lone CR could have called', () => {
  const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"drop"}}';
  test.each([
    ['a call of its own', `{"x":\r${CALL}\r}`, 'drop'],
    ['the line itself', CALL.replace(',"id"', ',\r"id"'), 'drop'],
    [
      'the one inside before the line itself',
      CALL.replace('"drop"', `"read","_meta":{"x":\r${CALL}\r}`),
      'drop',
    ],
    ['a call without a name', '\r{"method":"tools/call"}', ''],
    ['one that cannot be read', '{"x":\r{"method":"tools/call",\r}}', ''],
    ['one that an escape could spell', '{"x":\r{"method":"\\u0074ools/call",\r}}', ''],
    ['one in the longest piece that is read', `\r${CALL.padEnd(65_536)}\r`, 'drop'],
    ['one in a longer piece', `\r${CALL.padEnd(65_537)}\r`, ''],
    ['one behind more pieces than are looked at', `${'\r'.repeat(1_000_000)}${CALL}\r`, ''],
    ['none', '{"jsonrpc":"2.0","id":1,"method":"ping"\r}', undefined],
  ])('%s', (_, line, tool) => {
    expect(calledIn(line)).toBe(tool);
  });
});
