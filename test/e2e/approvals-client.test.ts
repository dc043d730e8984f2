import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  type ElicitRequest,
  ElicitRequestSchema,
  type ElicitResult,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, test } from 'vitest';
import { READING_MS } from '../../src/approval/prompt-form.js';
import { ASKING, approvalId, approveHere, command, waiting } from '../support/asking.js';
import { BIN, type Message, RECORDER, Rig, refusalCode, type Wrapper } from '../support/rig.js';

const TAG = { name: 'v1' };
const INVOICE = { amount_total: 121000.5, cuit: '20-12345678-9' };
/** Longer than the time in which no person reads a form: sooner answers count for nothing. */
const reading = () => new Promise((resolve) => setTimeout(resolve, READING_MS + 100));

type Answer = (request: ElicitRequest) => Promise<ElicitResult> | ElicitResult;

/** An SDK client of the handshake era that answers questions with `answer`, as late as a person would. */
async function sdkClient(
  rig: Rig,
  answer: Answer,
  elicitation: Record<string, object> = {},
): Promise<Client> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [
      ...[BIN, '--policy', rig.file('p.json', ASKING), '--db', rig.db, '--server', 'recorder', '--'],
      ...[process.execPath, RECORDER, JSON.stringify({ journal: rig.journal })],
    ],
    env: rig.env() as Record<string, string>,
    stderr: 'pipe',
  });
  const client = new Client({ name: 'test', version: '1' }, { capabilities: { elicitation } });
  client.setRequestHandler(ElicitRequestSchema, async (request) => {
    await reading();
    return answer(request);
  });
  await client.connect(transport);
  return client;
}

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<Message> {
  return { result: await client.callTool({ name, arguments: args }) };
}

const allow = { action: 'accept', content: { decision: 'allow_once' } } as const;

describe('an SDK client of the handshake era', () => {
  test('G10: allow_once lets the call through once; what was asked shows it whole', async () => {
    await using rig = new Rig();
    const asked: ElicitRequest['params'][] = [];
    const client = await sdkClient(rig, ({ params }) => {
      asked.push(params);
      return allow;
    });
    const answer = await call(client, 'tag', { name: 'v1\u202e', n: 1 });
    expect(refusalCode(answer)).toBeUndefined();
    expect(answer.result.content[0].text).toBe('tag done');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.message).toContain('recorder wants to call tag');
    expect(asked[0]?.message).toContain('{"n":1,"name":"v1\\u{202e}"}');
    await call(client, 'tag', { name: 'v1\u202e', n: 1 });
    expect(asked).toHaveLength(2);
    expect(rig.receivedCalls()).toEqual(['tag', 'tag']);
    expect(await waiting(rig, '--all')).toMatchObject([
      { state: 'consumed', decidedBy: 'client' },
      { state: 'consumed', decidedBy: 'client' },
    ]);
    await client.close();
  });

  test.each<[string, ElicitResult['content'], string | undefined]>([
    ['the amount typed', { confirm: ' 121000.5 ' }, undefined],
    ['another amount typed', { confirm: '121000' }, 'APPROVAL_REQUIRED'],
    ['nothing typed', { confirm: '' }, 'APPROVAL_REQUIRED'],
    ['deny typed', { confirm: 'deny' }, 'APPROVAL_REJECTED'],
  ])('G10: a severe call with %s', async (_, content, code) => {
    await using rig = new Rig();
    const client = await sdkClient(rig, () => ({ action: 'accept', content: content ?? {} }));
    const answer = await call(client, 'create_invoice', INVOICE);
    expect(refusalCode(answer)).toBe(code);
    expect(rig.receivedCalls()).toEqual(code === undefined ? ['create_invoice'] : []);
    await client.close();
  });

  test.each<[string, Answer, Record<string, object>, string]>([
    ['declines', () => ({ action: 'decline' }), {}, 'APPROVAL_REJECTED'],
    ['cancels the question', () => ({ action: 'cancel' }), {}, 'APPROVAL_REQUIRED'],
    ['chooses deny', () => ({ action: 'accept', content: { decision: 'deny' } }), {}, 'APPROVAL_REJECTED'],
    // Forms that a client accepts by itself are nobody's word.
    ['accepts an empty form', () => ({ action: 'accept', content: {} }), {}, 'APPROVAL_REQUIRED'],
    ['accepts without a form', () => ({ action: 'accept' }), {}, 'APPROVAL_REQUIRED'],
    [
      'fills in defaults',
      () => ({ action: 'accept', content: {} }),
      { form: { applyDefaults: true } },
      'APPROVAL_REQUIRED',
    ],
    [
      'takes the first choice',
      ({ params }: Message) => ({
        action: 'accept',
        content: { decision: params.requestedSchema.properties.decision.enum[0] },
      }),
      {},
      'APPROVAL_REQUIRED',
    ],
    ['answers with an error', () => Promise.reject(new Error('no form here')), {}, 'APPROVAL_REQUIRED'],
  ])('G10: one that %s', async (_, answer, elicitation, code) => {
    await using rig = new Rig();
    const client = await sdkClient(rig, answer, elicitation);
    const refused = await call(client, 'tag', TAG);
    expect(refusalCode(refused)).toBe(code);
    expect(rig.receivedCalls()).toEqual([]);
    const state = code === 'APPROVAL_REQUIRED' ? 'pending' : 'rejected';
    expect(await waiting(rig, '--all')).toMatchObject([{ state }]);
    if (state === 'pending') {
      await approveHere(rig, approvalId(refused));
      expect(refusalCode(await call(client, 'tag', TAG))).toBeUndefined();
    }
    await client.close();
  });

  test('one that shows no forms is told of the queue at once', async () => {
    await using rig = new Rig();
    let asked = 0;
    const count: Answer = () => {
      asked += 1;
      return allow;
    };
    const client = await sdkClient(rig, count, { url: {} });
    expect(refusalCode(await call(client, 'tag', TAG))).toBe('APPROVAL_REQUIRED');
    expect(asked).toBe(0);
    await client.close();
  });
});

/** A raw client that declared forms; questions are answered by hand. */
async function rawClient(rig: Rig, changes: object = {}): Promise<Wrapper> {
  const wrapper = rig.wrap({ policy: { ...ASKING, ...changes } });
  await wrapper.request('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'raw', version: '1' },
  });
  return wrapper;
}

const question = (wrapper: Wrapper, count = 1): Promise<Message> =>
  wrapper.next(
    (message) =>
      message.method === 'elicitation/create' &&
      wrapper.messages.filter(({ method }) => method === 'elicitation/create').indexOf(message) === count - 1,
  );
const withdrawal = (wrapper: Wrapper, asked: Message): Promise<Message> =>
  wrapper.next(({ method, params }) => method === 'notifications/cancelled' && params.requestId === asked.id);
async function reply(wrapper: Wrapper, asked: Message, result: object): Promise<void> {
  await reading();
  wrapper.send({ jsonrpc: '2.0', id: asked.id, result });
}

describe('a call that is held', () => {
  test('G10: nobody answers: after `wait` the question is withdrawn and the queue named', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig, { approvals: { wait: '1s', expires: '10m' } });
    const before = performance.now();
    const answer = await wrapper.call('tag', TAG);
    expect(refusalCode(answer)).toBe('APPROVAL_REQUIRED');
    expect(performance.now() - before).toBeGreaterThan(950);
    const asked = await question(wrapper);
    await withdrawal(wrapper, asked);
    await reply(wrapper, asked, allow);
    expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
    expect(rig.receivedCalls()).toEqual(['echo']);
    expect(await waiting(rig)).toMatchObject([{ id: approvalId(answer), state: 'pending' }]);
  });

  test('G7: everything else flows meanwhile, and our question and its answer never reach the server', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    const held = wrapper.call('tag', TAG);
    const asked = await question(wrapper);
    expect((await wrapper.request('ping')).result).toEqual({ echoed: 'ping' });
    expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
    await reply(wrapper, asked, allow);
    expect(refusalCode(await held)).toBeUndefined();
    expect(rig.received().map(({ method }) => method)).toEqual([
      'initialize',
      'ping',
      'tools/call',
      'tools/call',
    ]);
  });

  test('G10: approved in the queue meanwhile: it goes on, and the question is withdrawn', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    const held = wrapper.call('tag', TAG);
    const asked = await question(wrapper);
    const [{ id }] = await waiting(rig);
    await approveHere(rig, id);
    expect(refusalCode(await held)).toBeUndefined();
    await withdrawal(wrapper, asked);
  });

  test('G10: the first decision wins: rejected in the queue, then allowed in the client', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    const held = wrapper.call('tag', TAG);
    const asked = await question(wrapper);
    const [{ id }] = await waiting(rig);
    await command(rig, ['reject', id]);
    await reply(wrapper, asked, allow);
    expect(refusalCode(await held)).toBe('APPROVAL_REJECTED');
    expect(rig.receivedCalls()).toEqual([]);
  });

  test('G10: several are asked about one at a time, in their order', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    const held = [1, 2, 3].map((n) => wrapper.call('tag', { n }));
    for (const n of [1, 2, 3]) {
      const asked = await question(wrapper, n);
      expect(asked.params.message).toContain(`{"n":${n}}`);
      expect(wrapper.messages.filter(({ method }) => method === 'elicitation/create')).toHaveLength(n);
      await reply(wrapper, asked, n === 2 ? { action: 'accept', content: { decision: 'deny' } } : allow);
    }
    const codes = (await Promise.all(held)).map(refusalCode);
    expect(codes).toEqual([undefined, 'APPROVAL_REJECTED', undefined]);
  });

  test('G10: of many held calls those that find no turn within `wait` are told of the queue, and none waits longer', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig, { approvals: { wait: '1s', expires: '10m' } });
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => wrapper.call('tag', { n })));
    expect(new Set(answers.map(refusalCode))).toEqual(new Set(['APPROVAL_REQUIRED']));
    expect(wrapper.messages.filter(({ method }) => method === 'elicitation/create')).toHaveLength(1);
    expect(new Set(answers.map(approvalId)).size).toBe(12);
  });

  test('G10: one that waits its turn goes on when it is approved elsewhere, and is not asked about', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    void wrapper.call('tag', { n: 1 }).catch(() => {});
    const second = wrapper.call('tag', { n: 2 });
    const asked = await question(wrapper);
    const [, { id }] = (await waiting(rig)).sort((a, b) => a.arguments.n - b.arguments.n) as [
      Message,
      Message,
    ];
    await approveHere(rig, id);
    expect(refusalCode(await second)).toBeUndefined();
    expect(wrapper.messages.filter(({ method }) => method === 'elicitation/create')).toEqual([asked]);
  });

  test('G10: of two equal calls that are held an approval serves one; the other is asked about anew', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    const both = [wrapper.call('tag', TAG), wrapper.call('tag', TAG)];
    const first = await question(wrapper);
    await reply(wrapper, first, allow);
    const answers = await Promise.all(both);
    const other = answers.filter((answer) => refusalCode(answer) !== undefined);
    expect(other.map(refusalCode)).toEqual(['APPROVAL_REQUIRED']);
    expect(approvalId(other[0])).toMatch(/^[a-z0-9]{6}$/);
    expect(rig.receivedCalls()).toEqual(['tag']);
    expect(await waiting(rig, '--all')).toMatchObject([{ state: 'consumed' }, { state: 'pending' }]);
  });

  test('G10: cancelled by the client, the question is withdrawn and the server hears of nothing', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    wrapper.send({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'tag', arguments: TAG } });
    const asked = await question(wrapper);
    wrapper.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } });
    await withdrawal(wrapper, asked);
    await reply(wrapper, asked, allow);
    expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
    expect(rig.received().map(({ method }) => method)).toEqual(['initialize', 'tools/call']);
    expect(await waiting(rig)).toMatchObject([{ state: 'pending' }]);
    expect(wrapper.messages.some(({ id }) => id === 7)).toBe(false);
  });

  test('G10: called and cancelled in one breath, nobody is asked in the client and nothing is forwarded', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    const lines = [
      { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'tag', arguments: TAG } },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } },
    ];
    wrapper.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const asked = await question(wrapper);
    await withdrawal(wrapper, asked);
    reply(wrapper, asked, allow);
    expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
    expect(rig.received().map(({ method }) => method)).toEqual(['initialize', 'tools/call']);
  });

  test('G5: a call is refused by no fault in the question about another that came with it', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    const calls = [
      { name: 'create_invoice', arguments: { amount_total: '+5' } },
      { name: 'echo', arguments: {} },
    ];
    const line = (params: object, id: number) =>
      `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n`;
    wrapper.write(calls.map(line).join(''));
    expect(refusalCode(await wrapper.next(({ id }) => id === 1))).toBeUndefined();
    expect((await question(wrapper)).params.message).toContain('{"amount_total":"+5"}');
  });

  test('G10: allowed and cancelled in one breath, it is not forwarded', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    wrapper.send({ jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'tag', arguments: TAG } });
    const asked = await question(wrapper);
    await reading();
    const lines = [
      { jsonrpc: '2.0', id: asked.id, result: allow },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } },
    ];
    wrapper.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
    expect(rig.received().map(({ method }) => method)).toEqual(['initialize', 'tools/call']);
  });

  test('G10: the client dies while it is asked: the call is not made, the question stays', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig);
    void wrapper.call('tag', TAG).catch(() => {});
    await question(wrapper);
    expect(await wrapper.end()).toBe(0);
    expect(rig.receivedCalls()).toEqual([]);
    const [{ id }] = await waiting(rig);
    await approveHere(rig, id);
    const next = rig.wrap({ policy: ASKING });
    expect(refusalCode(await next.call('tag', TAG))).toBeUndefined();
  });

  test("an answer of the server to a call that it never got is nobody's", async () => {
    await using rig = new Rig();
    const spoof = { jsonrpc: '2.0', id: 'held', result: { content: [{ type: 'text', text: 'spoofed' }] } };
    const wrapper = rig.wrap({
      policy: { ...ASKING, approvals: { wait: '1s', expires: '10m' } },
      recorder: { sayOn: { method: 'ping', lines: [`${JSON.stringify(spoof)}\n`] } },
    });
    await wrapper.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: { elicitation: {} },
      clientInfo: { name: 'raw', version: '1' },
    });
    wrapper.send({
      jsonrpc: '2.0',
      id: 'held',
      method: 'tools/call',
      params: { name: 'tag', arguments: TAG },
    });
    await question(wrapper);
    await wrapper.request('ping');
    const answer = await wrapper.next(({ id }) => id === 'held');
    expect(refusalCode(answer)).toBe('APPROVAL_REQUIRED');
    expect(wrapper.messages.filter(({ id }) => id === 'held')).toHaveLength(1);
  });

  test('G10: with channels ["queue"] no client is asked, whatever it can show', async () => {
    await using rig = new Rig();
    const wrapper = await rawClient(rig, { approvals: { channels: ['queue'] } });
    expect(refusalCode(await wrapper.call('tag', TAG))).toBe('APPROVAL_REQUIRED');
    expect(wrapper.messages.some(({ method }) => method === 'elicitation/create')).toBe(false);
  });
});
