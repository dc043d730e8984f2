import { describe, expect, test } from 'vitest';
import { Conversation } from '../../src/proxy/conversation.js';
import { FromServer } from '../../src/proxy/from-server.js';
import type { Gate } from '../../src/proxy/gate.js';
import { RoundTrips } from '../../src/proxy/round-trips.js';

/** One server line after a request with id 1 of this method; what of it goes on, and whether it was taken for noise. */
function pass(line: string, method: string, hidden: string[] = ['delete_repo']) {
  const conversation = new Conversation();
  conversation.ask(1, method, 'legacy');
  conversation.ask(2, 'ping', 'legacy');
  let stray = false;
  const shows = (tool: string) => !hidden.includes(tool);
  const list = ({ name }: { name: string }) => (shows(name) ? 'keep' : 'drop');
  const gate = { shows, list, listed: () => {}, settle: () => {} } as unknown as Gate;
  const fromServer = new FromServer(conversation, gate, {
    roundTrips: new RoundTrips(Date.now),
    maxLine: 1 << 26,
    warn: () => {},
    stray: () => {
      stray = true;
    },
  });
  return { passed: fromServer.push(Buffer.from(`${line}\n`)).join(''), stray };
}

const HIDDEN = '{"name":"delete_repo"}';

describe('what is no message of the protocol', () => {
  test.each([
    ['text', 'Server started'],
    ['another JSON value', '["a"]'],
    ['another version', '{"jsonrpc":"1.0","id":1,"result":{}}'],
    ['neither request, notification nor answer', '{"jsonrpc":"2.0","id":1}'],
    ['a key in another case', '{"jsonrpc":"2.0","id":1,"Result":{}}'],
    ['both a request and an answer', '{"jsonrpc":"2.0","id":1,"method":"x","result":{}}'],
    ['a method that is no string', '{"jsonrpc":"2.0","id":1,"method":{"toString":1,"valueOf":1}}'],
    ['megabytes of brackets', '['.repeat(3 << 20)],
  ])('G8: does not reach the client: %s', (_, line) => {
    expect(pass(line, 'ping')).toEqual({ passed: '', stray: true });
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
    ['a key in another case beside the right one', '{"jsonrpc":"2.0","id":1,"result":{},"Result":{}}'],
  ])('G7: but so does %s', (_, line) => {
    expect(pass(line, 'ping')).toEqual({ passed: `${line}\n`, stray: false });
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
    ['the id as a string', `{"jsonrpc":"2.0","id":"1","result":{"tools":[${HIDDEN}]}}`],
    ['tools twice', `{"jsonrpc":"2.0","id":1,"result":{"tools":[${HIDDEN}],"tools":[]}}`],
  ])('G6: %s', (_, line) => {
    const { passed } = pass(line, 'tools/list');
    expect(passed).not.toContain('delete_repo');
    expect(JSON.parse(passed)).toMatchObject({ jsonrpc: '2.0' });
  });

  test('G7: where nothing is hidden, keys of the same look are left alone', () => {
    const line = `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","NAME":"b"}],"Tools":[${HIDDEN}]}}`;
    expect(pass(line, 'tools/list', []).passed).toBe(`${line}\n`);
  });
});
