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
