import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { READING_MS } from '../../src/approval/prompt-form.js';
import { ASKING, approvalId, approveHere, command, waiting } from '../support/asking.js';
import { type Message, Rig, refusalCode, type Wrapper } from '../support/rig.js';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
};
const TAG = { name: 'v1' };
const ALLOW = { action: 'accept', content: { decision: 'allow_once' } };

let count = 0;

/** A call of revision 2026-07-28; each try is a request of its own. */
async function call(wrapper: Wrapper, name: string, args: object, more: object = {}): Promise<Message> {
  const id = `call-${count++}`;
  // A person takes longer: sooner answers count for nothing.
  if (JSON.stringify(more).includes('pw.approval'))
    await new Promise((resolve) => setTimeout(resolve, READING_MS + 100));
  wrapper.send({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: args, ...more, _meta: META },
  });
  return wrapper.next((message) => message.id === id);
}

const isQuestion = (answer: Message) => answer.result?.resultType === 'input_required';

/** Calls and expects our question. */
async function asked(wrapper: Wrapper, name: string, args: object): Promise<Message> {
  const answer = await call(wrapper, name, args);
  expect(answer.result, JSON.stringify(answer)).toMatchObject({
    resultType: 'input_required',
    inputRequests: { 'pw.approval': { method: 'elicitation/create', params: { mode: 'form' } } },
    requestState: expect.stringMatching(/^pw1\./),
  });
  return answer.result;
}

const answered = ({ requestState }: Message, result: object = ALLOW) => ({
  requestState,
  inputResponses: { 'pw.approval': result },
});

describe('revision 2026-07-28', () => {
  test('G10: our question comes back instead of an answer; the retry that allows passes, once', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const question = await asked(wrapper, 'tag', TAG);
    expect(rig.receivedCalls()).toEqual([]);
    expect(refusalCode(await call(wrapper, 'tag', TAG, answered(question)))).toBeUndefined();
    expect(rig.receivedCalls()).toEqual(['tag']);
    const again = await call(wrapper, 'tag', TAG, answered(question));
    expect(refusalCode(again) === 'APPROVAL_REQUIRED' || isQuestion(again)).toBe(true);
    expect(rig.receivedCalls()).toEqual(['tag']);
    expect(await waiting(rig, '--all')).toMatchObject([
      { state: 'consumed', decidedBy: 'client' },
      { state: 'pending' },
    ]);
  });

  test.each<[string, string, string]>([
    [
      'ours alone',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{ "name":"tag",STATE, "arguments" : {"n":1.0, "t":"\\u00f1"},"_meta":META,ANSWER}}',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{ "name":"tag", "arguments" : {"n":1.0, "t":"\\u00f1"},"_meta":META}}',
    ],
    [
      'ours first',
      '{"params":{STATE , ANSWER ,"name":"tag","arguments":{"n":1.0,"t":"ñ"},"_meta":META} , "jsonrpc":"2.0","id":9,"method":"tools/call" }',
      '{"params":{ "name":"tag","arguments":{"n":1.0,"t":"ñ"},"_meta":META} , "jsonrpc":"2.0","id":9,"method":"tools/call" }',
    ],
    [
      'ours among others',
      ' {"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"tag","arguments":{"n":1.0,"t":"ñ"},STATE,"inputResponses":{"a": 1, "pw.approval":ALLOW, "b" :2},"_meta":META}}',
      ' {"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"tag","arguments":{"n":1.0,"t":"ñ"},"inputResponses":{"a": 1, "b" :2},"_meta":META}}',
    ],
  ])('G2 G7: of the retry the server gets every byte but ours: %s', async (_, sent, received) => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const { requestState } = await asked(wrapper, 'tag', { n: 1, t: 'ñ' });
    const meta = JSON.stringify(META);
    const filled = sent
      .replace('STATE', `"requestState":"\\u0070${requestState.slice(1)}"`)
      .replace('ANSWER', '"inputResponses":{"pw.approval":ALLOW}')
      .replace('ALLOW', JSON.stringify(ALLOW))
      .replace('META', meta);
    await new Promise((resolve) => setTimeout(resolve, READING_MS + 100));
    wrapper.write(`${filled}\n`);
    expect(refusalCode(await wrapper.next(({ id }) => id === 9))).toBeUndefined();
    expect(readFileSync(rig.journal, 'utf8')).toBe(`${received.replace('META', meta)}\n`);
  });

  test.each<[string, (question: Message, other: Message) => object]>([
    ['a forged state', ({ requestState }) => answered({ requestState: `${requestState.slice(0, -4)}AAAA` })],
    ['a state that is no state', () => answered({ requestState: 'pw1.' })],
    ['no state', () => ({ inputResponses: { 'pw.approval': ALLOW } })],
    ['the state of another call', (_, other) => answered(other)],
  ])('G10: %s asks anew, and nothing of ours goes through', async (_, retry) => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const other = await asked(wrapper, 'tag', { name: 'v2' });
    const question = await asked(wrapper, 'tag', TAG);
    expect(isQuestion(await call(wrapper, 'tag', TAG, retry(question, other)))).toBe(true);
    expect(refusalCode(await call(wrapper, 'echo', {}, retry(question, other)))).toBeUndefined();
    const [received] = rig.received();
    expect(rig.receivedCalls()).toEqual(['echo']);
    expect(Object.keys(received.params)).toEqual(['name', 'arguments', '_meta']);
  });

  test('G10: a state of another wrapper, or one that has expired, asks anew', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: { ...ASKING, approvals: { wait: '1s', expires: '1s' } } });
    const question = await asked(wrapper, 'tag', TAG);
    const other = rig.wrap({ policy: ASKING });
    expect(isQuestion(await call(other, 'tag', TAG, answered(question)))).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(isQuestion(await call(wrapper, 'tag', TAG, answered(question)))).toBe(true);
    expect(rig.receivedCalls()).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['deny', { action: 'accept', content: { decision: 'deny' } }, 'APPROVAL_REJECTED'],
    ['an empty form', { action: 'accept', content: {} }, 'APPROVAL_REQUIRED'],
    ['a default form', { action: 'accept', content: { decision: 'not_now' } }, 'APPROVAL_REQUIRED'],
    ['a decline', { action: 'decline' }, 'APPROVAL_REJECTED'],
    ['a cancelled question', { action: 'cancel' }, 'APPROVAL_REQUIRED'],
    ['no result', [], 'APPROVAL_REQUIRED'],
  ])('G10: %s is no approval', async (_, result, code) => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const question = await asked(wrapper, 'tag', TAG);
    const answer = await call(wrapper, 'tag', TAG, answered(question, result));
    expect(refusalCode(answer)).toBe(code);
    expect(answer.result.resultType).toBe('complete');
    expect(rig.receivedCalls()).toEqual([]);
  });

  test('G10: a severe call takes the typed value', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const invoice = { amount_total: 121000.5 };
    const question = await asked(wrapper, 'create_invoice', invoice);
    const allow = (confirm: string) => ({ action: 'accept', content: { confirm } });
    expect(
      refusalCode(await call(wrapper, 'create_invoice', invoice, answered(question, allow('121000.5')))),
    ).toBeUndefined();
    const next = await asked(wrapper, 'create_invoice', { amount_total: 5 });
    expect(
      refusalCode(
        await call(wrapper, 'create_invoice', { amount_total: 5 }, answered(next, allow('121000.5'))),
      ),
    ).toBe('APPROVAL_REQUIRED');
  });

  test('a client that shows no forms is told of the queue; a retry after that passes', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const request = {
      name: 'tag',
      arguments: TAG,
      _meta: { ...META, 'io.modelcontextprotocol/clientCapabilities': {} },
    };
    const answer = await wrapper.request('tools/call', request);
    expect(refusalCode(answer)).toBe('APPROVAL_REQUIRED');
    expect(answer.result.resultType).toBe('complete');
    await approveHere(rig, approvalId(answer));
    expect(refusalCode(await wrapper.request('tools/call', request))).toBeUndefined();
  });

  test('approved in the queue while the client is asked: the retry passes, whatever it answers', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const question = await asked(wrapper, 'tag', TAG);
    const [{ id }] = await waiting(rig);
    await approveHere(rig, id);
    expect(
      refusalCode(await call(wrapper, 'tag', TAG, answered(question, { action: 'cancel' }))),
    ).toBeUndefined();
  });

  const LIMITED = {
    ...ASKING,
    tools: { tag: { action: 'approve', limits: [{ counter: 'tags', window: 'day', max: 5 }] } },
  };
  const used = async (rig: Rig) => {
    const { stdout } = await command(rig, ['status', '--json']);
    return JSON.parse(stdout).counters[0]?.used;
  };

  test.each<[string, (string | null)[]]>([
    ['with a state', ['theirs-1']],
    ['without a state', [null]],
    ['twice', ['theirs-1', 'theirs-2']],
  ])(
    "G5 G10: the server's own question, %s: its retry is neither asked about nor charged again, once",
    async (_, states) => {
      await using rig = new Rig();
      const wrapper = rig.wrap({ policy: LIMITED, recorder: { asks: { tool: 'tag', states } } });
      const ours = await asked(wrapper, 'tag', TAG);
      let answer = await call(wrapper, 'tag', TAG, answered(ours));
      let retry = {};
      for (const state of states) {
        expect(answer.result).toMatchObject({ resultType: 'input_required', inputRequests: { theirs: {} } });
        expect(answer.result.requestState).toBe(state ?? undefined);
        retry = {
          ...(state !== null && { requestState: state }),
          inputResponses: { theirs: { action: 'accept' } },
        };
        answer = await call(wrapper, 'tag', TAG, retry);
      }
      expect(answer.result.content[0].text).toBe('tag done');
      expect(rig.received().at(-1).params).toMatchObject(retry);
      expect(await used(rig)).toBe('1');
      expect(isQuestion(await call(wrapper, 'tag', TAG, retry))).toBe(true);
      expect(await used(rig)).toBe('1');
      expect(rig.receivedCalls()).toHaveLength(1 + states.length);
    },
  );

  test('G10: a retry to the server with other arguments, or to another tool, is a call of its own', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: LIMITED, recorder: { asks: { tool: 'tag', states: ['theirs-1'] } } });
    const ours = await asked(wrapper, 'tag', TAG);
    await call(wrapper, 'tag', TAG, answered(ours));
    const retry = { requestState: 'theirs-1', inputResponses: { theirs: { action: 'accept' } } };
    expect(isQuestion(await call(wrapper, 'tag', { name: 'v2' }, retry))).toBe(true);
    expect(isQuestion(await call(wrapper, 'tag', TAG, { ...retry, requestState: 'theirs-2' }))).toBe(true);
    expect(await used(rig)).toBe('1');
    expect(rig.receivedCalls()).toHaveLength(1);
    expect((await call(wrapper, 'tag', TAG, retry)).result.content[0].text).toBe('tag done');
  });
});
