import { describe, expect, test } from 'vitest';
import { NotSent } from '../../../src/upstream/http/not-sent.js';
import {
  linesOf,
  mirroredArguments,
  mirroringHeaders,
  readOutgoing,
} from '../../../src/upstream/http/outgoing.js';

import { RemoteSession } from '../../../src/upstream/http/session.js';

const text = (parts: string[]) => [...linesOf(parts.map((part) => Buffer.from(part)))].map(String);

describe('lines', () => {
  test.each<[string[], string[]]>([
    [['{"a":1}\n'], ['{"a":1}']],
    [['{"a":1}\r\n{"b":2}\n'], ['{"a":1}', '{"b":2}']],
    [
      ['{"a"', ':1}\n{"b":2}'],
      ['{"a":1}', '{"b":2}'],
    ],
    [['\n\r\n{"a":1}\n'], ['{"a":1}']],
    [[''], []],
  ])('%j', (parts, lines) => {
    expect(text(parts)).toEqual(lines);
  });
});

const modern = (method: string, params: object) =>
  readOutgoing(
    Buffer.from(
      JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method,
        params: { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
      }),
    ),
  );

describe('headers of 2026-07-28', () => {
  test.each<[string, object, string | undefined]>([
    ['tools/call', { name: 'act' }, 'act'],
    ['prompts/get', { name: 'greet' }, 'greet'],
    ['resources/read', { uri: 'file:///a b' }, 'file:///a b'],
    ['tasks/get', { taskId: 't1' }, 't1'],
    ['tools/list', { name: 'not this' }, undefined],
    ['constructor', { name: 'not this' }, undefined],
    ['tools/call', { name: ' padded' }, '=?base64?IHBhZGRlZA==?='],
    ['tools/call', { name: '' }, '=?base64??='],
    [
      'tools/call',
      { name: 'a\r\nx-evil: 1' },
      `=?base64?${Buffer.from('a\r\nx-evil: 1').toString('base64')}?=`,
    ],
    [
      'tools/call',
      { name: '=?base64?YQ==?=' },
      `=?base64?${Buffer.from('=?base64?YQ==?=').toString('base64')}?=`,
    ],
  ])('%s %j: name %s', (method, params, name) => {
    const headers = mirroringHeaders(modern(method, params), []);
    expect(headers['mcp-method']).toBe(method);
    expect(headers['mcp-name']).toBe(name);
  });

  test('earlier revisions have none, and neither has what waits for no answer', () => {
    const old = readOutgoing(
      Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"act"}}'),
    );
    expect(mirroringHeaders(old, [])).toEqual({});
    const note = readOutgoing(Buffer.from('{"jsonrpc":"2.0","method":"notifications/x"}'));
    expect([note.id, note.method]).toEqual([undefined, 'notifications/x']);
    const answer = readOutgoing(Buffer.from('{"jsonrpc":"2.0","id":5,"result":{}}'));
    expect([answer.id, answer.method]).toEqual([undefined, undefined]);
  });

  test('arguments that the schema wants in headers, along properties only', () => {
    const schema = {
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        deep: { properties: { zone: { type: 'boolean', 'x-mcp-header': 'Zone' } } },
        list: { items: { properties: { x: { 'x-mcp-header': 'Nope' } } } },
      },
    };
    const mirrored = mirroredArguments(schema) ?? [];
    expect(mirrored.map(({ header }) => header)).toEqual(['Region', 'Zone']);
    const call = modern('tools/call', { name: 'act', arguments: { region: 'eü', deep: { zone: true } } });
    expect(mirroringHeaders(call, mirrored)).toMatchObject({
      'mcp-param-region': `=?base64?${Buffer.from('eü').toString('base64')}?=`,
      'mcp-param-zone': 'true',
    });
    expect(
      mirroringHeaders(modern('tools/call', { name: 'act', arguments: { region: null } }), mirrored),
    ).toEqual({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'act',
    });
  });

  test.each([
    ['no token', { a: { type: 'string', 'x-mcp-header': 'no header: at all' } }],
    ['empty', { a: { type: 'string', 'x-mcp-header': '' } }],
    ['no text', { a: { type: 'string', 'x-mcp-header': true } }],
    ['another type', { a: { type: 'number', 'x-mcp-header': 'A' } }],
    [
      'twice',
      {
        a: { type: 'string', 'x-mcp-header': 'A' },
        b: { properties: { c: { type: 'string', 'x-mcp-header': 'a' } } },
      },
    ],
  ])('a header that is %s makes the tool one that no client of 2026-07-28 may call', (_title, properties) => {
    expect(mirroredArguments({ properties })).toBeUndefined();
    const session = new RemoteSession();
    session.learn({ result: { tools: [{ name: 'act', inputSchema: { properties } }] } }, 'tools/list');
    expect(() => session.headersOf(modern('tools/call', { name: 'act' }))).toThrow(NotSent);
    const old = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"act"}}';
    expect(session.headersOf(readOutgoing(Buffer.from(old)))).toEqual({});
  });
});

describe('what is remembered of a session', () => {
  const initialized = (result: object) => {
    const session = new RemoteSession();
    session.learn({ result }, 'initialize');
    return session;
  };

  test.each([
    ['s1', 's1'],
    ['x'.repeat(4096), 'x'.repeat(4096)],
    ['x'.repeat(4097), undefined],
    ['a b', undefined],
    ['', undefined],
    [['a', 'b'], undefined],
    [undefined, undefined],
  ])('its id %j', (id, expected) => {
    const session = initialized({ protocolVersion: '2025-06-18' });
    session.begin(id);
    expect(session.headers()).toEqual(expected === undefined ? {} : { 'mcp-session-id': expected });
  });

  test('the revision that was agreed on, where it is one, in every request but the first', () => {
    const revision = (protocolVersion: unknown) => initialized({ protocolVersion }).revision;
    expect(revision('2025-06-18')).toBe('2025-06-18');
    for (const none of ['', 'x'.repeat(33), 'a b', 'a\r\nx: y', 20250618, undefined])
      expect(revision(none)).toBeUndefined();
    const session = initialized({ protocolVersion: '2025-06-18' });
    const first = readOutgoing(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"initialize"}'));
    const next = readOutgoing(Buffer.from('{"jsonrpc":"2.0","id":2,"method":"tools/list"}'));
    expect(session.headersOf(first)).toEqual({});
    expect(session.headersOf(next)).toEqual({ 'mcp-protocol-version': '2025-06-18' });
    // An answer to something else, and one without a result, say nothing of it.
    session.learn({ result: { protocolVersion: 'x' } }, 'tools/list');
    session.learn({ error: { protocolVersion: 'x' } }, 'initialize');
    expect(session.revision).toBe('2025-06-18');
  });

  test.each([
    [{ tools: { listChanged: true } }, true],
    [{ tools: { listChanged: 'yes' } }, false],
    [{ tools: { listChanged: false } }, false],
    [{ tools: {} }, false],
    [{ tools: true }, false],
    [{ prompts: { listChanged: true } }, false],
    [undefined, false],
  ])('whether changes of its tools are announced: %j', (capabilities, expected) => {
    expect(initialized({ capabilities }).announcesTools).toBe(expected);
  });

  test('what tools want in headers, as they were listed last', () => {
    const session = new RemoteSession();
    const list = (properties: object, to = 'tools/list') =>
      session.learn(
        { result: { tools: [null, { name: 7 }, { name: 'act', inputSchema: { properties } }] } },
        to,
      );
    const sent = () => session.headersOf(modern('tools/call', { name: 'act', arguments: { region: 'eu' } }));
    const region = { region: { type: 'string', 'x-mcp-header': 'Region' } };
    list(region, 'prompts/list');
    expect(sent()).not.toHaveProperty('mcp-param-region');
    list(region);
    expect(sent()).toHaveProperty('mcp-param-region', 'eu');
    // Of another tool, and of another method, nothing is repeated.
    expect(
      session.headersOf(modern('prompts/get', { name: 'act', arguments: { region: 'eu' } })),
    ).not.toHaveProperty('mcp-param-region');
    list({ region: { type: 'string', 'x-mcp-header': 'no header' } });
    expect(sent).toThrow(NotSent);
    list({});
    expect(sent()).not.toHaveProperty('mcp-param-region');
  });
});

describe('arguments in headers', () => {
  const header = (value: unknown) => {
    const mirrored = [{ path: ['a'], header: 'A' }];
    return mirroringHeaders(modern('tools/call', { name: 'act', arguments: { a: value } }), mirrored)[
      'mcp-param-a'
    ];
  };

  test.each([
    ['x', 'x'],
    ['a b\tc', 'a b\tc'],
    [true, 'true'],
    [false, 'false'],
    [0, '0'],
    [-7, '-7'],
    [2 ** 53, undefined],
    [1.5, undefined],
    [null, undefined],
    [{}, undefined],
    [['x'], undefined],
    [undefined, undefined],
    ['=?base64?x', '=?base64?x'],
  ])('%j', (value, expected) => {
    expect(header(value)).toBe(expected);
  });

  test('are looked for as deep, and as many, as a schema may have', () => {
    const nested = (depth: number): object =>
      depth === 1 ? { a: { 'x-mcp-header': 'A' } } : { a: { properties: nested(depth - 1) } };
    expect(mirroredArguments({ properties: nested(16) })).toHaveLength(1);
    expect(mirroredArguments({ properties: nested(17) })).toEqual([]);
    const wide = (count: number) => ({
      properties: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`a${i}`, { 'x-mcp-header': `A${i}` }]),
      ),
    });
    expect(mirroredArguments(wide(64))).toHaveLength(64);
    expect(mirroredArguments(wide(65))).toHaveLength(64);
    for (const type of ['string', 'integer', 'boolean', undefined])
      expect(mirroredArguments({ properties: { a: { type, 'x-mcp-header': 'A' } } })).toHaveLength(1);
    for (const type of [['string'], 'object'])
      expect(mirroredArguments({ properties: { a: { type, 'x-mcp-header': 'A' } } })).toBeUndefined();
    for (const schema of [undefined, [], { properties: [] }, { properties: { a: 1 } }])
      expect(mirroredArguments(schema)).toEqual([]);
  });
});

test.each([
  ['{"id":1,"method":"x"}', 1, 'x'],
  ['{"id":"a","method":"x"}', 'a', 'x'],
  ['{"id":1.5,"method":"x"}', undefined, 'x'],
  ['{"id":null,"method":"x"}', undefined, 'x'],
  ['{"id":1,"method":7}', undefined, undefined],
  ['[1]', undefined, undefined],
])('%s as a message', (line, id, method) => {
  expect(readOutgoing(Buffer.from(line))).toMatchObject({ id, method, params: {}, revision: undefined });
});
