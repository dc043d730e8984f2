import { expect, test } from 'vitest';
import { type Message, Rig, refusalCode } from '../support/rig.js';

const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
};

/** Acts on every call, and asks for more each time. */
const GREEDY = `
  let acted = 0;
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id } = JSON.parse(line);
    const result = { resultType: 'input_required', inputRequests: { more: { method: 'roots/list', params: {} } }, requestState: 's', acted: ++acted };
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });`;

test('G4: a server that asks for more each time cannot make one charge serve without end', async () => {
  await using rig = new Rig();
  const policy = {
    version: '1',
    default: 'deny',
    tools: { pay: { limits: [{ counter: 'pay', window: 'day', max: 1 }] } },
  };
  const wrapper = rig.wrap({ policy, argv: [process.execPath, '-e', GREEDY] });
  const params = { name: 'pay', arguments: { amount: 1 }, _meta: MODERN };
  let answer: Message = await wrapper.request('tools/call', params);
  const retry = { ...params, requestState: 's', inputResponses: { more: { roots: [] } } };
  let rounds = 0;
  while (refusalCode(answer) === undefined && rounds < 100) {
    answer = await wrapper.request('tools/call', retry);
    rounds++;
  }
  expect(refusalCode(answer)).toBe('LIMIT');
  // As many as the SDK's client goes through before it gives up.
  expect(rounds).toBe(11);
});
