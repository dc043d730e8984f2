import { describe, expect, test } from 'vitest';
import { ASKING, approvalId, approveHere, command, inTerminal, PYTHON, waiting } from '../support/asking.js';
import { type Message, Rig, refusalCode, type Wrapper } from '../support/rig.js';

const TAG = { name: 'v1', note: 'release' };
const INVOICE = { point_of_sale: 3, amount_total: 121000.5, cuit: '20-12345678-9' };

/** Calls once and expects to be asked. */
async function asked(wrapper: Wrapper, tool: string, args: object): Promise<string> {
  const answer = await wrapper.call(tool, args);
  expect(refusalCode(answer)).toBe('APPROVAL_REQUIRED');
  expect(approvalId(answer)).toMatch(/^[a-z0-9]{6}$/);
  return approvalId(answer);
}

async function approve(rig: Rig, id: string, ...more: string[]): Promise<void> {
  const ran = await approveHere(rig, id, ...more);
  expect(ran, ran.stderr).toMatchObject({ code: 0 });
}

const passed = (answer: Message) => refusalCode(answer) === undefined && answer.result?.isError !== true;

describe('the queue', () => {
  test('G10: an approved call passes once, and the second asks anew under another id', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const first = await wrapper.call('tag', TAG);
    const id = approvalId(first);
    // The id, and no command that a model with a shell could run.
    expect(first.result.content[0].text).toContain(`approval ${id}`);
    expect(first.result.content[0].text).not.toMatch(/policy-wrap \w/);
    expect(first.result._meta['policy-wrap/decision']).toMatchObject({
      decision: 'ask',
      rule: '/tools/tag/action',
    });
    expect(rig.receivedCalls()).toEqual([]);
    await approve(rig, id);
    expect(passed(await wrapper.call('tag', TAG))).toBe(true);
    expect(await asked(wrapper, 'tag', TAG)).not.toBe(id);
    expect(rig.receivedCalls()).toEqual(['tag']);
    const again = await approveHere(rig, id);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('consumed') });
  });

  test('G10: one changed digit, grant or policy needs its own; another spelling of the same does not', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const id = await asked(wrapper, 'tag', { n: 9007199254740992, s: 'x' });
    const spelt = (n: string, extra = '') =>
      `{"jsonrpc":"2.0","id":"${n}${extra}","method":"tools/call","params":{"name":"tag","arguments":{"s":"x","n":${n}${extra}}}}\n`;
    const call = async (n: string, extra = '') => {
      wrapper.write(spelt(n, extra));
      return wrapper.next((message) => message.id === `${n}${extra}`);
    };
    expect(approvalId(await call('9007199254740992'))).toBe(id);
    expect(approvalId(await call('9007199254740992', '.0'))).toBe(id);
    expect(approvalId(await call('9007199254740990'))).not.toBe(id);
    await approve(rig, id);
    // A double cannot hold it: the server might read the number that was approved.
    const rounded = await call('9007199254740993');
    expect(refusalCode(rounded)).toBe('APPROVAL_REQUIRED');
    expect(approvalId(rounded)).toBeUndefined();
    expect(rounded.result.content[0].text).toContain('args.n is 9007199254740993');
    const grant = rig.wrap({ policy: ASKING, args: ['--grant', 'other'] });
    expect(await asked(grant, 'tag', { n: 9007199254740992, s: 'x' })).not.toBe(id);
    const policy = rig.wrap({ policy: { ...ASKING, description: 'changed' } });
    expect(await asked(policy, 'tag', { n: 9007199254740992, s: 'x' })).not.toBe(id);
    expect(rig.receivedCalls()).toEqual([]);
    expect(passed(await call('9007199254740992', '.00'))).toBe(true);
  });

  test('G10: what "except" names may change in a retry, and nothing else; all of it is shown', async () => {
    await using rig = new Rig();
    const policy = { ...ASKING, approvals: { ...ASKING.approvals, except: ['args.idempotency_key'] } };
    const wrapper = rig.wrap({ policy });
    const id = await asked(wrapper, 'tag', { ...TAG, idempotency_key: 'k1' });
    expect(await waiting(rig)).toMatchObject([{ id, arguments: { ...TAG, idempotency_key: 'k1' } }]);
    await approve(rig, id);
    expect(await asked(wrapper, 'tag', { ...TAG, name: 'v2', idempotency_key: 'k1' })).not.toBe(id);
    expect(await asked(wrapper, 'tag', { ...TAG, Idempotency_Key: 'k1' })).not.toBe(id);
    expect(rig.receivedCalls()).toEqual([]);
    expect(passed(await wrapper.call('tag', { ...TAG, idempotency_key: 'k2' }))).toBe(true);
    expect(await asked(wrapper, 'tag', { ...TAG, idempotency_key: 'k2' })).not.toBe(id);
    expect(rig.receivedCalls()).toEqual(['tag']);
  });

  test('G10: a limit that asks beyond its max refuses what nobody can be shown', async () => {
    await using rig = new Rig();
    const limits = [{ counter: 'c', window: 'hour', max: 0, scope: 'grant', on_exceed: 'approve' }];
    const wrapper = rig.wrap({ policy: { ...ASKING, tools: { tag: { limits } } } });
    await asked(wrapper, 'tag', { n: 1 });
    wrapper.write(
      '{"jsonrpc":"2.0","id":"big","method":"tools/call","params":{"name":"tag","arguments":{"n":1.00000000000000000001}}}\n',
    );
    const answer = await wrapper.next((message) => message.id === 'big');
    expect(refusalCode(answer)).toBe('LIMIT');
    expect(rig.receivedCalls()).toEqual([]);
  });

  test('G10: the same call has the same id while it waits, in every wrapper', async () => {
    await using rig = new Rig();
    const [one, two] = [rig.wrap({ policy: ASKING }), rig.wrap({ policy: ASKING })];
    const id = await asked(one, 'tag', TAG);
    expect(await asked(two, 'tag', { note: TAG.note, name: TAG.name })).toBe(id);
    expect(await waiting(rig)).toMatchObject([{ id, tool: 'tag', severe: false, arguments: TAG }]);
  });

  test('G10: a rejected call stays refused with the reason', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const id = await asked(wrapper, 'tag', TAG);
    expect(await command(rig, ['reject', id.toUpperCase(), '--reason', 'not on Friday'])).toMatchObject({
      code: 0,
    });
    const answer = await wrapper.call('tag', TAG);
    expect(refusalCode(answer)).toBe('APPROVAL_REJECTED');
    expect(answer.result.content[0].text).toContain('not on Friday');
    expect(await approveHere(rig, id)).toMatchObject({ code: 1 });
    expect(rig.receivedCalls()).toEqual([]);
  });

  test('G10: neither a question nor an approval outlives its time', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: { ...ASKING, approvals: { wait: 0, expires: '1s' } } });
    const late = await asked(wrapper, 'tag', TAG);
    const used = await asked(wrapper, 'tag', { name: 'v2' });
    await approve(rig, used);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await approveHere(rig, late)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('expired'),
    });
    expect(await asked(wrapper, 'tag', TAG)).not.toBe(late);
    expect(await asked(wrapper, 'tag', { name: 'v2' })).not.toBe(used);
    expect(rig.receivedCalls()).toEqual([]);
  });

  test.skipIf(!PYTHON)(
    'G5 G10: a severe call takes a value typed in a terminal, and is charged when it passes',
    async () => {
      await using rig = new Rig();
      const wrapper = rig.wrap({ policy: ASKING });
      const used = async () => {
        const { stdout } = await command(rig, ['status', '--json']);
        return JSON.parse(stdout).counters.map((counter: Message) => counter.used);
      };
      const id = await asked(wrapper, 'create_invoice', INVOICE);
      expect(await used()).toEqual([]);
      const refused = await command(rig, ['approve', id, '--yes']);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('terminal') });
      const child = await inTerminal(rig, ['approve', id], [], { CLAUDE_CODE_CHILD_SESSION: '1' });
      expect(child).toMatchObject({ code: 1, stdout: expect.stringContaining('Claude Code') });
      const wrong = await inTerminal(rig, ['approve', id], [['type the value of amount_total:', '121000\n']]);
      expect(wrong).toMatchObject({ code: 1 });
      expect(await asked(wrapper, 'create_invoice', INVOICE)).toBe(id);

      const right = await inTerminal(
        rig,
        ['approve', id],
        [['type the value of amount_total:', '121000.5\n']],
        {
          CLAUDECODE: '1',
        },
      );
      expect(right.code, right.stdout).toBe(0);
      expect(right.stdout).toContain('"cuit": "20-12345678-9"');
      expect(await used()).toEqual([]);
      expect(passed(await wrapper.call('create_invoice', INVOICE))).toBe(true);
      expect(await used()).toEqual(['1']);
      expect(await asked(wrapper, 'create_invoice', INVOICE)).not.toBe(id);
      expect(await used()).toEqual(['1']);
    },
  );

  test('G10: kill -9 and a restart forget neither the question nor the answer', async () => {
    await using rig = new Rig();
    const before = rig.wrap({ policy: ASKING });
    const id = await asked(before, 'tag', TAG);
    before.child.kill('SIGKILL');
    await before.exit;
    expect(await waiting(rig)).toMatchObject([{ id }]);
    await approve(rig, id);
    const after = rig.wrap({ policy: ASKING });
    expect(passed(await after.call('tag', TAG))).toBe(true);
  });

  test('G10: of 1,000 calls at once in four wrappers one consumes the approval', async () => {
    await using rig = new Rig();
    const wrappers = Array.from({ length: 4 }, () => rig.wrap({ policy: ASKING }));
    await Promise.all(wrappers.map((wrapper) => wrapper.initialize()));
    const id = await asked(wrappers[0] as Wrapper, 'tag', TAG);
    await approve(rig, id);
    const answers = await Promise.all(
      wrappers.flatMap((wrapper) => Array.from({ length: 250 }, () => wrapper.call('tag', TAG))),
    );
    expect(answers.filter(passed)).toHaveLength(1);
    const others = answers.filter((answer) => !passed(answer));
    expect(new Set(others.map(refusalCode))).toEqual(new Set(['APPROVAL_REQUIRED']));
    expect(new Set(others.map(approvalId)).size).toBe(1);
    expect(rig.receivedCalls()).toEqual(['tag']);
    expect(await waiting(rig, '--all')).toMatchObject([{ id, state: 'consumed' }, { state: 'pending' }]);
  });

  test('every step stands in the log with the channel that decided', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const id = await asked(wrapper, 'tag', TAG);
    await approve(rig, id);
    await wrapper.call('tag', TAG);
    const { stdout } = await command(rig, ['log', '--json']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(
      lines.map(({ decision, kind, approval, detail, who }) => [
        decision ?? kind,
        approval ?? detail.approval,
        who,
      ]),
    ).toEqual([
      ['ask', id, undefined],
      ['approval.asked', id, 'wrapper'],
      ['approval.approved', id, 'cli'],
      ['allow', id, undefined],
      ['approval.consumed', id, 'wrapper'],
    ]);
  });
});

describe('who may approve', () => {
  test('G10: without a terminal nobody, not even with --yes', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const id = await asked(wrapper, 'tag', TAG);
    for (const args of [
      ['approve', id, '--yes'],
      ['resume'],
      ['reset', 'tags', '--yes'],
      ['trust', 'recorder'],
    ])
      expect(await command(rig, args), args[0]).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('no terminal'),
      });
    expect(await waiting(rig)).toMatchObject([{ id, state: 'pending' }]);
  });

  test('G10: under channels ["client"] nobody outside of the client; it can still be rejected', async () => {
    await using rig = new Rig();
    const approvals = { wait: '2s', expires: '10m', channels: ['client'] };
    const wrapper = rig.wrap({ policy: { ...ASKING, approvals } });
    const id = await asked(wrapper, 'tag', TAG);
    const refused = await approveHere(rig, id);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('in the client alone') });
    expect(await waiting(rig)).toMatchObject([{ id, state: 'pending', channels: ['client'] }]);
    const listed = (await command(rig, ['approvals'])).stdout;
    expect(listed).toContain('in the client alone');
    expect(listed).not.toContain('policy-wrap approve');
    expect(refusalCode(await wrapper.call('tag', TAG))).toBe('APPROVAL_REQUIRED');
    expect(await command(rig, ['reject', id])).toMatchObject({ code: 0 });
    expect(refusalCode(await wrapper.call('tag', TAG))).toBe('APPROVAL_REJECTED');
    expect(rig.receivedCalls()).toEqual([]);
  });
});

describe('budgets', () => {
  test('G10: further calls pass within their number and amount, and nothing passes after a revocation', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const pay = (amount: unknown, more = {}) => wrapper.call('tag', { amount, ...more });
    const id = await asked(wrapper, 'tag', { amount: 5000 });
    await approve(rig, id, '--also', 'next 3', '--for', '5m', '--max-amount', '200.50');
    expect(passed(await pay(5000))).toBe(true);
    for (const amount of [200.51, -1, '100', undefined, [100]])
      expect(refusalCode(await pay(amount))).toBe('APPROVAL_REQUIRED');
    expect(passed(await pay(200.5))).toBe(true);
    expect(passed(await pay(0))).toBe(true);
    const { stdout } = await command(rig, ['status', '--json']);
    const [budget] = JSON.parse(stdout).budgets;
    expect(budget).toMatchObject({ callsLeft: 1, bound: { path: 'args.amount', max: '200.5' } });
    expect(await command(rig, ['reject', budget.id])).toMatchObject({ code: 0 });
    expect(refusalCode(await pay(1))).toBe('APPROVAL_REQUIRED');
    expect(rig.receivedCalls()).toHaveLength(3);
  });

  test('G10: a bound is not passed by a second argument that reads like the first', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const id = await asked(wrapper, 'tag', { pay: { amount: 5000 } });
    await approve(rig, id, '--also', '10', '--max-amount', '200');
    for (const args of [
      { pay: { amount: 9000 }, 'pay.amount': 1 },
      { 'pay.amount': 1, pay: { amount: 9000 } },
      { 'pay.amount': 1 },
      { pay: { amount: 1, Amount: 9000 } },
      { pay: { amount: 1 }, PAY: { amount: 9000 } },
    ]) {
      expect(refusalCode(await wrapper.call('tag', args)), JSON.stringify(args)).toBe('APPROVAL_REQUIRED');
    }
    expect(passed(await wrapper.call('tag', { pay: { amount: 200 } }))).toBe(true);
  });

  test('G10: every amount of a call lies within the bound, whatever it is called and wherever it stands', async () => {
    await using rig = new Rig();
    const amount_total = { type: 'number' };
    const tag = {
      name: 'tag',
      inputSchema: { type: 'object', properties: { amount_total, n: amount_total } },
    };
    const wrapper = rig.wrap({ policy: ASKING, recorder: { tools: [tag] } });
    await wrapper.request('tools/list');
    const id = await asked(wrapper, 'tag', { amount_total: 150, a_total: 1 });
    await approve(rig, id, '--also', '10', '--max-amount', '200');
    const { stdout } = await command(rig, ['status', '--json']);
    expect(JSON.parse(stdout).budgets).toMatchObject([{ bound: { path: 'args.amount_total', max: '200' } }]);
    for (const args of [
      { amount_total: 9000, a_total: 1 },
      { amount_total: 1, a_total: 9000 },
      { amount_total: 1, items: [{ price: 150 }, { price: 150 }] },
      { amount_total: 1, importe: '9000' },
      { a_total: 1 },
    ])
      expect(refusalCode(await wrapper.call('tag', args)), JSON.stringify(args)).toBe('APPROVAL_REQUIRED');
    expect(passed(await wrapper.call('tag', { amount_total: 200, a_total: 2, account_consumer: 9000 }))).toBe(
      true,
    );
  });

  test('which of several numbers is bound is for a person to say', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const id = await asked(wrapper, 'tag', { points: 3, weight: 9 });
    const unclear = await approveHere(rig, id, '--also', '2', '--max-amount', '10');
    expect(unclear).toMatchObject({ code: 2, stderr: expect.stringContaining('which number') });
    await approve(rig, id, '--also', '2', '--max-amount', '10', '--amount', 'weight');
    expect(passed(await wrapper.call('tag', { points: 99, weight: 10 }))).toBe(true);
    expect(refusalCode(await wrapper.call('tag', { points: 1, weight: 11 }))).toBe('APPROVAL_REQUIRED');
  });

  test.each([
    [['--for', '30m'], 2],
    [['--also', 'all'], 2],
    [['--also', 'next 0'], 2],
    [['--also', '5', '--for', '2d'], 2],
    [['--also', '5', '--max-amount', '1.000,00'], 2],
    [['--also', '5', '--max-amount', '10'], 2],
  ])('approve %j is refused and approves nothing', async (more, code) => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ASKING });
    const id = await asked(wrapper, 'tag', { name: 'no number' });
    expect(await approveHere(rig, id, ...more)).toMatchObject({ code });
    expect(await waiting(rig)).toMatchObject([{ id, state: 'pending' }]);
  });
});
