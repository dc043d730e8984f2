import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Message, Rig, type Wrapper } from '../support/rig.js';

/**
 * A server that reads lines as Node's readline does, and Python's text streams: a lone CR ends one too. It writes down
 * each tool that it runs. A call of `say` makes it write the bytes in its argument, in hex.
 */
const SERVER = `
const { appendFileSync } = require('node:fs');
const lines = require('node:readline').createInterface({ input: process.stdin });
lines.on('line', (line) => {
  let message;
  try { message = JSON.parse(line); } catch { return; }
  const { id, method, params } = message;
  if (method === 'tools/call') {
    appendFileSync(process.argv[1], params.name + '\\n');
    if (params.name === 'say') return process.stdout.write(Buffer.from(params.arguments.bytes, 'hex'));
  }
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }));
});
`;

const POLICY = { version: '1', default: 'deny', hide: ['wipe'], tools: { read: {}, say: {} } };
const WIPE = '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"wipe","arguments":{}}}';

function wrapped(rig: Rig): { wrapper: Wrapper; ran: () => string[] } {
  const journal = join(rig.folder, 'ran');
  const wrapper = rig.wrap({ policy: POLICY, argv: [process.execPath, '-e', SERVER, journal] });
  const ran = () => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').slice(0, -1) : []);
  return { wrapper, ran };
}

/** Rows of the decision log, oldest first. */
async function logged(rig: Rig): Promise<Message[]> {
  const reader = rig.spawn(['log', '--db', rig.db, '--json']);
  let text = '';
  reader.child.stdout.removeAllListeners('data');
  reader.child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await reader.exit;
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const within = (params: string, rest = '"method":"notifications/x"') =>
  `{"jsonrpc":"2.0",${rest},"params":${params}}`;
const carriers: [string, string][] = [
  ['a notification', within(`{"x":\r${WIPE}\r}`)],
  ['a ping', within(`{"x":\r${WIPE}\r}`, '"id":1,"method":"ping"')],
  [
    'the arguments of an allowed call',
    within(`{"name":"read","arguments":{"x":\r${WIPE}\r}}`, '"id":1,"method":"tools/call"'),
  ],
  [
    'the _meta of an allowed call',
    within(`{"name":"read","_meta":{"x":\r${WIPE}\r}}`, '"id":1,"method":"tools/call"'),
  ],
  ['an answer with id null', `{"jsonrpc":"2.0","id":null,"error":\r${WIPE}\r}`],
  ['a line of over 4 KB', within(`{"pad":"${'x'.repeat(5000)}","x":\r${WIPE}\r}`)],
  ['the end of a line', `{"jsonrpc":"2.0","method":"x","params":[\r${WIPE}\r]}\r\r`],
  ['the beginning of a line', `\r${WIPE}`],
  ['white space beside it', within(`{"x": \r \t${WIPE} \r }`)],
];

describe('a lone CR carries no call to a server that ends lines there', () => {
  test.each(carriers)('G1 G2: %s', async (_, line) => {
    await using rig = new Rig();
    const { wrapper, ran } = wrapped(rig);
    wrapper.write(`${line}\n`);
    const refusal = await wrapper.next((message) => message.error !== undefined);
    expect(refusal.error.code).toBe(-32700);
    expect(refusal.error.message).toContain('carriage return');
    await wrapper.request('ping');
    expect(ran()).toEqual([]);
    await wrapper.end();
    expect(await logged(rig)).toMatchObject([{ decision: 'deny', code: 'MALFORMED', tool: 'wipe' }]);
  });

  test('G7: a CR directly before the LF is a line end like any other, in whatever chunks it comes', async () => {
    await using rig = new Rig();
    const { wrapper, ran } = wrapped(rig);
    const line = within('{"name":"read","arguments":{}}', '"id":1,"method":"tools/call"');
    wrapper.write(`${line}\r`);
    await new Promise((done) => setTimeout(done, 50));
    wrapper.write(`\n${line.replace('"id":1', '"id":2')}\r\n`);
    await wrapper.next(({ id }) => id === 2);
    expect(wrapper.messages.map(({ id, error }) => [id, error])).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
    expect(ran()).toEqual(['read', 'read']);
  });
});

describe('a lone CR of the server', () => {
  const LIST = '{"jsonrpc":"2.0","id":"l","result":{"tools":[{"name":"wipe"}]}}';
  const said = (rig: Rig, line: string) => {
    const { wrapper } = wrapped(rig);
    const bytes = Buffer.from(`${line}\n`).toString('hex');
    wrapper.send({
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'say', arguments: { bytes } },
    });
    return wrapper;
  };

  test.each([
    ['a notification', `{"jsonrpc":"2.0","method":"x","params":{"x":\r${LIST}\r}}`],
    ['a request', `{"jsonrpc":"2.0","id":3,"method":"x","params":{"x":\r${LIST}\r}}`],
  ])('G6: does not carry a hidden tool past the filter in %s', async (_, line) => {
    await using rig = new Rig();
    const wrapper = said(rig, line);
    await expect.poll(() => wrapper.stderr, { timeout: 10_000 }).toContain('not protocol');
    await wrapper.request('ping');
    expect(wrapper.stdout).not.toContain('wipe');
    expect(wrapper.stdout).not.toContain('\r');
  });

  test('G6: does not carry one in the answer to a call, which is answered at once', async () => {
    await using rig = new Rig();
    const wrapper = said(rig, `{"jsonrpc":"2.0","id":7,"result":{"content":[\r${LIST}\r]}}`);
    const answer = await wrapper.next(({ id }) => id === 7);
    expect(answer.error).toMatchObject({
      code: -32603,
      message: expect.stringContaining('carriage return'),
    });
    expect(wrapper.stdout).not.toContain('wipe');
  });
});
