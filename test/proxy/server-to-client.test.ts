import { describe, expect, test } from 'vitest';
import { RoundTrips } from '../../src/approval/retry-state.js';
import type { Gate } from '../../src/proxy/gate.js';
import { ServerToClient } from '../../src/proxy/server-to-client.js';
import { McpSession } from '../../src/wire/mcp-session.js';
import type { JudgedCall } from '../../src/wire/message.js';

interface Passed {
  /** What of the line goes on. */
  readonly passed: string;
  /** It was taken for noise. */
  readonly stray: boolean;
  readonly settled: readonly string[];
  readonly leftOut: readonly (string | undefined)[];
}

/** One server line after a request with id 1 of this method, and a call with id 2. */
function pass(
  line: string | Buffer,
  method: string,
  { hidden = ['delete_repo'], maxLine = 1 << 26, clientIsGone = false } = {},
): Passed {
  const session = new McpSession();
  session.addRequest(1, method, 'legacy');
  session.addRequest(2, 'tools/call', 'legacy');
  for (const id of [1, 2]) session.callSent({ id, era: 'legacy' } as JudgedCall, id, 0);
  let stray = false;
  const settled: string[] = [];
  const leftOut: (string | undefined)[] = [];
  const shows = (tool: string) => !hidden.includes(tool);
  const gate = {
    lists: {
      beginPage: () => {},
      edit: ({ name }: { name: string }) => (shows(name) ? 'keep' : 'drop'),
      leaveOut: ({ name }: { name: string | undefined }) => leftOut.push(name),
      endPage: () => {},
    },
    settle: (row: number, outcome: string) => settled.push(`${row} ${outcome}`),
    judges: () => false,
    filters: () => false,
  } as unknown as Gate;
  const serverToClient = new ServerToClient(session, gate, {
    roundTrips: new RoundTrips(Date.now),
    maxLine,
    warn: () => {},
    stray: () => {
      stray = true;
    },
    toServer: () => {},
    later: () => {},
  });
  if (clientIsGone) serverToClient.clientGone();
  const parts = serverToClient.push(Buffer.concat([Buffer.from(line), Buffer.from('\n')]));
  return { passed: parts.join(''), stray, settled, leftOut };
}

const HIDDEN = '{"name":"delete_repo"}';
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('what is no message of the protocol', () => {
  test.each([
    ['text', 'Server started'],
    ['another JSON value', '["a"]'],
    ['another version', '{"jsonrpc":"1.0","id":1,"result":{}}'],
    ['neither request, notification nor answer', '{"jsonrpc":"2.0","id":3}'],
    ['a key in another case', '{"jsonrpc":"2.0","id":3,"Result":{}}'],
    ['both a request and an answer', '{"jsonrpc":"2.0","id":3,"method":"x","result":{}}'],
    [
      'a request with members that say nothing',
      '{"jsonrpc":"2.0","id":1,"method":"roots/list","result":null,"error":null}',
    ],
    ['two answers', '{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":""},"result":{}}'],
    ['a message with a lone CR', '{"jsonrpc":"2.0","method":"x"\r}'],
    ['the beginning of a request', '{"jsonrpc":"2.0","id":1,"method":"roots/list","params":{'],
    ['a log line that looks like an answer', '{"level":"debug","id":1,"result":{}}'],
    ['one that is cut off', '[debug] {"jsonrpc":"2.0","id":1,"result":{}}'],
    ['a method that is no string', '{"jsonrpc":"2.0","id":1,"method":{"toString":1,"valueOf":1}}'],
    ['megabytes of brackets', '['.repeat(3 << 20)],
  ])('G8: does not reach the client: %s', (_, line) => {
    expect(pass(line, 'ping')).toMatchObject({ passed: '', stray: true, settled: [] });
  });

  test.each([
    ['a result without id', '{"jsonrpc":"2.0","result":{}}'],
    ['a result with id null, which some clients read as 0', '{"jsonrpc":"2.0","id":null,"result":{}}'],
    ['an answer with an object as id', '{"jsonrpc":"2.0","id":{},"error":{"code":1,"message":""}}'],
    ['an answer to nothing', '{"jsonrpc":"2.0","id":3,"result":{}}'],
  ])('G8: nor does %s', (_, line) => {
    expect(pass(line, 'ping').passed).toBe('');
  });

  test.each([
    ['an error without id', '{"jsonrpc":"2.0","error":{"code":-32700,"message":""}}'],
    ['an error with id null', '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":""}}'],
    ['a result that is null', '{"jsonrpc":"2.0","id":1,"result":null}'],
    ['great depth in a short line', `{"jsonrpc":"2.0","id":1,"result":${'['.repeat(900)}${']'.repeat(900)}}`],
    ['greater depth in a short line', `{"jsonrpc":"2.0","id":1,"result":${deep(10_001)}}`],
    ['a long line', `{"jsonrpc":"2.0","id":1,"result":"${'x'.repeat(1 << 20)}"}`],
    ['a key in another case beside the right one', '{"jsonrpc":"2.0","id":1,"result":{},"Result":{}}'],
  ])('G7: but so does %s', (_, line) => {
    expect(pass(line, 'ping')).toMatchObject({ passed: `${line}\n`, stray: false });
  });
});

describe('a server that helps to get a hidden tool past the filter', () => {
  test.each([
    ['a second id', `{"jsonrpc":"2.0","id":2,"id":1,"result":{"tools":[${HIDDEN}]}}`],
    ['a second id in another case', `{"jsonrpc":"2.0","id":2,"ID":1,"result":{"tools":[${HIDDEN}]}}`],
    ['a second result', `{"jsonrpc":"2.0","id":1,"result":{"tools":[${HIDDEN}]},"result":{"tools":[]}}`],
    [
      'a second result in another case',
      `{"jsonrpc":"2.0","id":1,"result":{},"Result":{"tools":[${HIDDEN}]}}`,
    ],
    ['Tools beside tools', `{"jsonrpc":"2.0","id":1,"result":{"tools":[],"Tools":[${HIDDEN}]}}`],
    ['Tools alone', `{"jsonrpc":"2.0","id":1,"result":{"Tools":[${HIDDEN}]}}`],
    [
      'Name beside name',
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read","Name":"delete_repo"}]}}',
    ],
    ['Name alone', '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"Name":"delete_repo"}]}}'],
    ['tools as an object', `{"jsonrpc":"2.0","id":1,"result":{"tools":{"0":${HIDDEN}}}}`],
    ['tools as one tool', `{"jsonrpc":"2.0","id":1,"result":{"tools":${HIDDEN}}}`],
    ['a list inside of the list', `{"jsonrpc":"2.0","id":1,"result":{"tools":[[${HIDDEN}]]}}`],
    ['a name in a list', '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":["delete_repo"]}]}}'],
    [
      'a name in a list beside a name',
      '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read","Name":["delete_repo"]}]}}',
    ],
    ['a text in the list', '{"jsonrpc":"2.0","id":1,"result":{"tools":["delete_repo"]}}'],
    ['a result that is a list', `{"jsonrpc":"2.0","id":1,"result":[{"tools":[${HIDDEN}]}]}`],
    ['a result that is a list of tools', `{"jsonrpc":"2.0","id":1,"result":[${HIDDEN}]}`],
    [
      'Tools as an object beside tools',
      `{"jsonrpc":"2.0","id":1,"result":{"tools":[],"Tools":{"0":${HIDDEN}}}}`,
    ],
    [
      'a result beside an error',
      `{"jsonrpc":"2.0","id":1,"result":{"tools":[${HIDDEN}]},"error":{"code":1,"message":""}}`,
    ],
    [
      'a list after a CR',
      `{"jsonrpc":"2.0","id":1,"result":{"x":\r{"jsonrpc":"2.0","id":1,"result":{"tools":[${HIDDEN}]}}\r}}`,
    ],
    ['a list in what is odd', `{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2,"tools":[${HIDDEN}]}}`],
    [
      'a list twice, one of them with what is odd',
      `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"x","a":1,"a":2}],"tools":[${HIDDEN},{"name":"x","a":1,"a":2}]}}`,
    ],
    ['the id as a string', `{"jsonrpc":"2.0","id":"1","result":{"tools":[${HIDDEN}]}}`],
    ['tools twice', `{"jsonrpc":"2.0","id":1,"result":{"tools":[${HIDDEN}],"tools":[]}}`],
  ])('G6: %s', (_, line) => {
    const { passed } = pass(line, 'tools/list');
    expect(passed).not.toContain('delete_repo');
    expect(JSON.parse(passed)).toMatchObject({ jsonrpc: '2.0' });
  });

  test.each([
    [
      'id of bytes that a decoder may leave out',
      Buffer.from('{"jsonrpc":"2.0","id":"l\xff","result":{}}', 'latin1'),
    ],
    ['key of such bytes', Buffer.from('{"jsonrpc":"2.0","method":"x","resu\xfflt":{},"id":9}', 'latin1')],
  ])('G6: while a list is pending, nothing passes with an %s', (_, line) => {
    expect(pass(line, 'tools/list').passed).toBe('');
  });

  test.each([
    ['a key twice', '{"jsonrpc":"2.0","id":2,"result":{"a":1,"a":2}}'],
    ['a number out of range', '{"jsonrpc":"2.0","id":2,"result":{"a":1e999}}'],
    ['great depth', `{"jsonrpc":"2.0","id":2,"result":${'['.repeat(900)}${']'.repeat(900)}}`],
    ['a byte that is no UTF-8', Buffer.from('{"jsonrpc":"2.0","id":2,"result":{"a":"\xe9"}}', 'latin1')],
  ])('G7: while a list is pending, the answer to a call passes with %s in its result', (_, line) => {
    const { passed, settled } = pass(line, 'tools/list');
    expect(passed).toBe(`${line}\n`);
    expect(settled).toEqual(['2 ok']);
  });
});

describe('one odd tool does not take the others with it', () => {
  const list = (odd: string) =>
    Buffer.from(
      `{"jsonrpc":"2.0","id":1, "result":{"ttlMs":1.0,"tools":[{"name":"read"} ,${odd}, {"name":"wr\xc3\xafte"}],"cacheScope":"public"}}`,
      'latin1',
    );
  test.each([
    ['a cp1252 byte in its description', '{"name":"odd","description":"caf\xe9"}', 'odd'],
    ['a byte that takes the quote behind it with it', '{"name":"odd","description":"caf\xc3"}', 'odd'],
    ['a key twice in its schema', '{"name":"odd","inputSchema":{"a":1,"a":2}}', 'odd'],
    ['its name twice', '{"name":"delete_repo","name":"odd"}', 'odd'],
    ['a number out of range', '{"name":"odd","inputSchema":{"maximum":1e999}}', 'odd'],
    ['great depth', `{"name":"odd","x":${'['.repeat(126)}${']'.repeat(126)}}`, 'odd'],
    ['a name in two forms', '{"name":"odd","NAME":"odder"}', 'odd'],
    ['a name that is a list', '{"name":["x"]}', undefined],
    ['a text', '"odd"', undefined],
    ['a list', '[{"name":"odd"}]', undefined],
  ])('G6 G7: %s', (_, odd, name) => {
    const { passed, leftOut } = pass(list(odd), 'tools/list');
    expect(passed).toBe(
      '{"jsonrpc":"2.0","id":1, "result":{"ttlMs":1.0,"tools":[{"name":"read"},{"name":"wrïte"}],"cacheScope":"private"}}\n',
    );
    expect(leftOut).toEqual([name]);
  });

  test('G6: a hidden tool beside it stays hidden', () => {
    const { passed } = pass(list(`${HIDDEN},{"name":"odd","a":"\xe9"}`), 'tools/list');
    expect(passed).toContain('wrïte');
    expect(passed).not.toMatch(/odd|delete_repo/);
  });
});

describe('an answer that does not reach the client settles its call as unanswered, and the client need not wait', () => {
  const DEEP = `${'['.repeat(20_000)}`;
  test.each<[string, string, object?]>([
    ['no JSON', `{"jsonrpc":"2.0","id":2,"result":${DEEP}}`],
    [
      'too deep for its length',
      `{"jsonrpc":"2.0","id":2,"result":[${deep(10_001)},"${'x'.repeat(1 << 20)}"]}`,
    ],
    ['an end too early', '{"jsonrpc":"2.0","id":2,"result":{"content":['],
    ['a lone CR', '{"jsonrpc":"2.0","id":2,"result":{"content":[\r]}}'],
    ['a lone CR, and the id last', '{"result":{"content":[\r]},"jsonrpc":"2.0","id":2}'],
    ['neither result nor error', '{"jsonrpc":"2.0","id":2}'],
    ['Result', '{"jsonrpc":"2.0","id":2,"Result":{}}'],
    ['a method too', '{"jsonrpc":"2.0","id":2,"method":"tools/call","result":{"isError":true}}'],
    ['a result and an error', '{"jsonrpc":"2.0","id":2,"result":{},"error":{"code":1,"message":""}}'],
    [
      'a line too long',
      `{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":"${'x'.repeat(2000)}"}}`,
      { maxLine: 1000 },
    ],
  ])('G5: %s', (_, line, options = {}) => {
    const { passed, settled } = pass(line, 'ping', options);
    expect(JSON.parse(passed)).toMatchObject({ id: 2, error: { code: -32603 } });
    expect(settled).toEqual(['2 unanswered']);
  });

  test.each([
    ['a second id', '{"jsonrpc":"2.0","id":2,"id":2,"result":{}}'],
    ['a key in another case', '{"jsonrpc":"2.0","id":2,"ID":2,"error":{"code":1,"message":""}}'],
  ])('G5: %s while a list is pending', (_, line) => {
    const { passed, settled } = pass(line, 'tools/list');
    expect(JSON.parse(passed)).toMatchObject({ id: 2, error: { code: -32603 } });
    expect(settled).toEqual(['2 unanswered']);
  });

  test('G5: nobody is there to read it', () => {
    const line = '{"jsonrpc":"2.0","id":2,"error":{"code":1,"message":""}}';
    expect(pass(line, 'ping', { clientIsGone: true }).settled).toEqual(['2 unanswered']);
  });

  test.each([
    ['a null error beside a result', '{"jsonrpc":"2.0","id":2,"result":{},"error":null}', 'ok'],
    [
      'a null result beside an error',
      '{"jsonrpc":"2.0","id":2,"result":null,"error":{"code":1,"message":""}}',
      'error',
    ],
  ])('G5: what reaches the client has the outcome that it shows: %s', (_, line, outcome) => {
    const { passed, settled } = pass(line, 'ping');
    expect(passed).toBe(`${line}\n`);
    expect(settled).toEqual([`2 ${outcome}`]);
  });

  test('a line too long names the option that raises the limit', () => {
    const line = `{"jsonrpc":"2.0","id":2,"result":"${'x'.repeat(2000)}"}`;
    expect(pass(line, 'ping', { maxLine: 1000 }).passed).toContain('--max-server-line');
  });
});

describe('a batch', () => {
  const BATCH = [
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"delete_repo"}]}}',
    '{"jsonrpc":"2.0","id":"2","error":{"code":1,"message":""}}',
    '{"jsonrpc":"2.0","id":2,"result":{}}',
    '{"jsonrpc":"2.0","id":3,"result":{}}',
    '{"jsonrpc":"2.0","id":1,"method":"roots/list"}',
    '{"jsonrpc":"2.0","id":{},"result":{}}',
    'null',
    '[{"jsonrpc":"2.0","id":1,"result":{}}]',
  ];

  test('G6 G7: of the server does not pass, and whoever waits for an answer in it hears so, once', () => {
    const { passed, stray, settled } = pass(`[${BATCH.join(',')}]`, 'tools/list');
    const answers = passed
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(answers).toEqual(
      [1, 2].map((id) => ({
        jsonrpc: '2.0',
        id,
        error: { code: -32603, message: expect.stringContaining('it is a batch') },
      })),
    );
    expect(settled).toEqual(['1 unanswered', '2 unanswered']);
    expect(stray).toBe(true);
  });

  test('with no answer in it is nothing', () => {
    expect(pass('[{"jsonrpc":"2.0","id":1,"method":"roots/list"}]', 'ping').passed).toBe('');
    expect(pass('[]', 'ping')).toMatchObject({ passed: '', stray: true });
  });
});
