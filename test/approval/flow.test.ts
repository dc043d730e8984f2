import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { READING_MS } from '../../src/approval/prompt-form.js';
import { Between } from '../proxy/support.js';
import { tempDir } from '../store/support.js';
import { type Message, refusalCode } from '../support/rig.js';

const temp = tempDir();
afterAll(temp.remove);
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

const POLICY = {
  version: '1',
  default: 'allow',
  approvals: { wait: '30s', expires: '10m' },
  tools: { tag: { action: 'approve' }, create_invoice: { action: 'approve' } },
};
const TAG = { name: 'v1' };
const ALLOW = { action: 'accept', content: { decision: 'allow_once' } };
const DENY = { action: 'accept', content: { decision: 'deny' } };
const MODERN = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  },
};
const later = (ms = READING_MS) => vi.advanceTimersByTimeAsync(ms);

/** A session of the handshake era. */
function handshake(changes: object = {}, capabilities: object = { elicitation: {} }): Between {
  const between = new Between(temp, { ...POLICY, ...changes });
  between.client({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { capabilities } });
  between.server({ jsonrpc: '2.0', id: 0, result: { capabilities: {} } });
  return between;
}

async function reply(between: Between, result: object = ALLOW, question = between.questions.at(-1)) {
  await later();
  between.client({ jsonrpc: '2.0', id: question?.id, result });
  await later(0);
}

const states = (between: Between) =>
  between.read((store) =>
    store.approvals(true).map(({ state, decidedBy }) => `${state} ${decidedBy ?? '-'}`),
  );

describe('G10: in the handshake era', () => {
  test('a call is held while a person is asked, goes on once allowed, and is consumed', async () => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    expect(between.calls).toEqual([]);
    expect(between.answer(1)).toBeUndefined();
    await reply(between);
    expect(between.calls).toEqual(['tag']);
    expect(states(between)).toEqual(['consumed client']);
    between.call(2, 'tag', TAG);
    expect(between.questions).toHaveLength(2);
    expect(between.calls).toEqual(['tag']);
  });

  test('denied, it is refused; and the answer never reaches the server', async () => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    await reply(between, DENY);
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REJECTED');
    expect(states(between)).toEqual(['rejected client']);
    expect(between.toServer.map(({ method }) => method)).toEqual(['initialize']);
  });

  test.each([
    ['declined', { action: 'decline' }],
    ['denied', DENY],
    ['allowed', ALLOW],
  ])('%s sooner than a form can be read: nobody decided, and the question stays open', async (_, result) => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    await later(READING_MS - 1);
    between.client({ jsonrpc: '2.0', id: between.questions[0].id, result });
    await later(0);
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REQUIRED');
    expect(states(between)).toEqual(['pending -']);
    expect(between.calls).toEqual([]);
  });

  test('nobody answers: it is refused with the approval named, and a late answer changes nothing', async () => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    await later(29_999);
    expect(between.answer(1)).toBeUndefined();
    await later(1);
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REQUIRED');
    await reply(between);
    expect(states(between)).toEqual(['pending -']);
    expect(between.calls).toEqual([]);
    between.call(1, 'other');
    expect(between.calls).toEqual(['other']);
  });

  test('nobody answered: its id is free, and giving up the next call under it is for the server to hear', async () => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    await later(30_000);
    between.call(1, 'other');
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    between.client(cancel);
    expect(between.toServer.slice(1).map(({ method }) => method)).toEqual(['tools/call', cancel.method]);
  });

  test('approved elsewhere, it goes on without an answer; rejected elsewhere, an allow comes too late', async () => {
    using between = handshake();
    const decide = (state: 'approved' | 'rejected') =>
      between.read((store) => {
        const [open] = store.approvals();
        store.decideApproval(open?.id ?? '', state, 'cli');
      });
    between.call(1, 'tag', TAG);
    decide('approved');
    await later(1000);
    expect(between.calls).toEqual(['tag']);
    between.call(2, 'tag', { name: 'v2' });
    await later();
    decide('rejected');
    between.client({ jsonrpc: '2.0', id: between.questions[1].id, result: ALLOW });
    await later(0);
    expect(refusalCode(between.answer(2))).toBe('APPROVAL_REJECTED');
    expect(between.calls).toEqual(['tag']);
  });

  test('given up by the client, nothing is sent and the question is withdrawn', async () => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
    await later();
    between.client({ jsonrpc: '2.0', id: between.questions[0].id, result: ALLOW }, cancel);
    await later(0);
    expect(between.toServer.map(({ method }) => method)).toEqual(['initialize']);
    expect(between.answer(1)).toBeUndefined();
    between.call(1, 'other');
    expect(between.calls).toEqual(['other']);
  });

  test('an approval serves one of two equal calls', async () => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    between.call(2, 'tag', TAG);
    await reply(between);
    await later(1000);
    expect(between.calls).toEqual(['tag']);
    const refused = [1, 2].flatMap((id) => between.answer(id) ?? []);
    expect(refused.map(refusalCode)).toEqual(['APPROVAL_REQUIRED']);
    expect(states(between)).toEqual(['consumed client', 'pending -']);
  });

  test.each<[string, object, object, object]>([
    ['shows no forms', {}, {}, {}],
    ['shows links only', {}, { elicitation: { url: {} } }, {}],
    ['may not be asked', { approvals: { channels: ['queue'] } }, { elicitation: {} }, {}],
    ['is not waited for', { approvals: { wait: 0 } }, { elicitation: {} }, {}],
  ])('a client that %s is told of the queue at once', (_, changes, capabilities, more) => {
    using between = handshake(changes, capabilities);
    between.call(1, 'tag', TAG, more);
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REQUIRED');
    expect(between.questions).toEqual([]);
    expect(vi.getTimerCount()).toBeLessThan(3);
  });

  test.each([
    ['a text', 'tok', ['tok']],
    ['a number', 0, [0]],
    ['neither', { a: 1 }, []],
    ['missing', undefined, []],
  ])(
    'the client hears that the call waits under its token, where that is one: %s',
    (_, progressToken, told) => {
      using between = handshake();
      between.call(1, 'tag', TAG, { _meta: { progressToken } });
      const progress = between.toClient.filter(({ method }) => method === 'notifications/progress');
      expect(progress.map(({ params }) => params.progressToken)).toEqual(told);
      expect(between.questions).toHaveLength(1);
    },
  );

  test('of more calls than are held at once the rest is told of the queue, and their ids are free', async () => {
    using between = handshake();
    for (let id = 1; id <= 9; id++) between.call(id, 'tag', { name: `v${id}` });
    expect(refusalCode(between.answer(9))).toBe('APPROVAL_REQUIRED');
    expect(between.answer(8)).toBeUndefined();
    between.call(9, 'other');
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } };
    between.client(cancel);
    expect(between.toServer.slice(1).map(({ method }) => method)).toEqual(['tools/call', cancel.method]);
  });

  test('an answer to none of our questions is the server’s to judge', () => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    between.server({ jsonrpc: '2.0', id: 'theirs', method: 'elicitation/create', params: {} });
    const answer = { jsonrpc: '2.0', id: 'theirs', result: ALLOW };
    between.client(answer);
    expect(between.toServer.at(-1)).toEqual(answer);
    expect(between.calls).toEqual([]);
  });

  test('while the record cannot be read nobody has decided elsewhere', async () => {
    using between = handshake();
    between.call(1, 'tag', TAG);
    vi.spyOn(between.gate, 'approvalState').mockReturnValue(undefined);
    await later(2000);
    expect(between.answer(1)).toBeUndefined();
    await reply(between);
    expect(between.calls).toEqual(['tag']);
  });

  test('a call of the other era is not held, whatever the client said at the handshake', () => {
    using between = handshake();
    between.call(1, 'tag', TAG, { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } });
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REQUIRED');
    expect(between.questions).toEqual([]);
  });

  test('the form names what "except" lets a retry change', () => {
    using between = handshake({ approvals: { ...POLICY.approvals, except: ['args.key'] } });
    between.call(1, 'tag', { ...TAG, key: 'k1' });
    expect(between.questions[0].params.message).toMatch(
      /only args\.key may be different when it is tried again\.$/,
    );
  });

  test('a call that waits for a task is not held', () => {
    using between = handshake();
    const capabilities = { tasks: { requests: { tools: { call: {} } } } };
    between.client({
      jsonrpc: '2.0',
      id: 'again',
      method: 'initialize',
      params: { capabilities: { elicitation: {} } },
    });
    between.server({ jsonrpc: '2.0', id: 'again', result: { capabilities } });
    between.call(1, 'tag', TAG, { task: {} });
    expect(between.answer(1).error).toMatchObject({ code: 40100, data: { code: 'APPROVAL_REQUIRED' } });
  });

  test('of a call too long for a form the queue is named', () => {
    using between = handshake();
    between.call(1, 'tag', { name: 'x'.repeat(5000) });
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REQUIRED');
    expect(between.questions).toEqual([]);
  });

  test('a severe call takes a value that is typed', async () => {
    using between = handshake();
    between.call(1, 'create_invoice', { amount_total: 5 });
    expect(between.questions[0].params.requestedSchema.properties.confirm.title).toContain('amount_total');
    await reply(between, ALLOW);
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REQUIRED');
    between.call(3, 'create_invoice', { amount_total: 5 });
    await reply(between, { action: 'accept', content: { confirm: '6' } });
    expect(between.answer(3).result.content[0].text).toMatch(
      /another value was typed .* nothing was approved\. Expected the value of amount_total: a number of 1 digit, with no decimals\. The question stays open until \S+ as approval \w{6}/,
    );
    between.call(2, 'create_invoice', { amount_total: 5 });
    await reply(between, { action: 'accept', content: { confirm: '5' } });
    expect(between.calls).toEqual(['create_invoice']);
  });
});

describe('G10: in 2026-07-28', () => {
  const modern = (changes: object = {}) => new Between(temp, { ...POLICY, ...changes });
  const retry = ({ result }: Message, answer: unknown = ALLOW) => ({
    ...MODERN,
    requestState: result.requestState,
    inputResponses: { 'pw.approval': answer },
  });

  test('the question goes back as the answer; the retry that allows passes once, without what is ours', async () => {
    using between = modern();
    between.call(1, 'tag', TAG, MODERN);
    const question = between.answer(1);
    expect(question.result).toMatchObject({ resultType: 'input_required' });
    await later();
    between.call(2, 'tag', TAG, retry(question));
    await later(0);
    expect(between.calls).toEqual(['tag']);
    expect(Object.keys(between.toServer[0].params).sort()).toEqual(['_meta', 'arguments', 'name']);
    between.call(3, 'tag', TAG, retry(question));
    await later(0);
    expect(between.calls).toEqual(['tag']);
    expect(states(between)).toEqual(['consumed client', 'pending -']);
  });

  test('denied, too soon, or nothing said: refused for good, and not asked again under the same retry', async () => {
    using between = modern();
    between.call(1, 'tag', TAG, MODERN);
    const question = between.answer(1);
    between.call(2, 'tag', TAG, retry(question, DENY));
    await later(0);
    expect(refusalCode(between.answer(2))).toBe('APPROVAL_REQUIRED');
    await later();
    between.call(3, 'tag', TAG, retry(question, { action: 'cancel' }));
    await later(0);
    expect(refusalCode(between.answer(3))).toBe('APPROVAL_REQUIRED');
    between.call(4, 'tag', TAG, retry(question, DENY));
    await later(0);
    expect(refusalCode(between.answer(4))).toBe('APPROVAL_REJECTED');
    expect(between.calls).toEqual([]);
  });

  test('what is answered by nothing but an answer or an error asks nobody: a subscription', () => {
    using between = modern({ resources: { 'memo://**': { action: 'approve' } } });
    const request = (id: number, method: string) =>
      between.client({ jsonrpc: '2.0', id, method, params: { uri: 'memo://a', ...MODERN } });
    request(1, 'resources/read');
    expect(between.answer(1).result.resultType).toBe('input_required');
    request(2, 'resources/subscribe');
    expect(between.answer(2).error.data.code).toBe('APPROVAL_REQUIRED');
  });

  test('an answer without a question of ours makes the call a new one, without what is ours', async () => {
    using between = modern();
    const bare = { ...MODERN, inputResponses: { 'pw.approval': ALLOW, theirs: 1 } };
    between.call(1, 'other', TAG, bare);
    between.call(2, 'tag', TAG, bare);
    between.call(3, 'other', TAG, { ...MODERN, requestState: 'pw1.x.y' });
    await later();
    expect(between.toServer.map(({ params }) => params.inputResponses)).toEqual([{ theirs: 1 }, undefined]);
    expect(between.toServer.every(({ params }) => params.requestState === undefined)).toBe(true);
    expect(between.answer(2).result.resultType).toBe('input_required');
  });

  test('an answer of a client of the handshake era is no retry: its call goes on as it came', () => {
    using between = modern({ approvals: { wait: 0 } });
    const more = { requestState: 'pw1.x.y', inputResponses: { 'pw.approval': ALLOW } };
    between.call(1, 'other', TAG, more);
    expect(between.toServer[0].params).toMatchObject(more);
  });

  test('where the policy waits for nobody, nobody is asked', () => {
    using between = modern({ approvals: { wait: 0 } });
    between.call(1, 'tag', TAG, MODERN);
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REQUIRED');
  });

  test('given up while its answer is recorded, nothing is sent', async () => {
    using between = modern();
    between.call(1, 'tag', TAG, MODERN);
    await later();
    between.call(2, 'tag', TAG, retry(between.answer(1)));
    between.client({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } });
    await later(0);
    expect(between.toServer).toEqual([]);
    expect(between.answer(2)).toBeUndefined();
  });

  test('for a client that shows no forms, or where none is to be asked, the queue is named', () => {
    using between = modern();
    const { _meta } = MODERN;
    between.call(1, 'tag', TAG, { _meta: { ..._meta, 'io.modelcontextprotocol/clientCapabilities': {} } });
    expect(refusalCode(between.answer(1))).toBe('APPROVAL_REQUIRED');
    using queue = modern({ approvals: { channels: ['queue'] } });
    queue.call(1, 'tag', TAG, MODERN);
    expect(refusalCode(queue.answer(1))).toBe('APPROVAL_REQUIRED');
  });

  test("G5: the server's own question: its retry is not charged again, one with other arguments is", async () => {
    using between = modern({
      tools: { tag: { limits: [{ counter: 'c', window: 'day', max: 2 }] } },
    });
    const ask = { resultType: 'input_required', inputRequests: { q: {} }, requestState: 's' };
    const more = { ...MODERN, requestState: 's', inputResponses: { q: {} } };
    between.call(1, 'tag', TAG, MODERN);
    between.server({ jsonrpc: '2.0', id: 1, result: ask });
    between.call(2, 'tag', TAG, more);
    between.server({ jsonrpc: '2.0', id: 2, result: { resultType: 'complete', content: [] } });
    const used = () => between.read((store) => store.counters().map((counter) => counter.used.toString()));
    expect(between.calls).toEqual(['tag', 'tag']);
    expect(used()).toEqual(['1']);
    between.call(3, 'tag', TAG, more);
    expect(used()).toEqual(['2']);
    between.call(4, 'tag', { name: 'v2' }, more);
    expect(refusalCode(between.answer(4))).toBe('LIMIT');
  });
});
