import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/policy/read/load.js';
import { Store } from '../../src/store/store.js';
import { command } from '../support/command.js';
import { PASTED } from '../support/policies.js';
import { BIN, type Message, Rig, refusalCode, type Wrapper } from '../support/rig.js';

const STAND_IN = [process.execPath, BIN, 'stand-in', 'demo'];
const INVOICE = {
  point_of_sale: 1,
  invoice_type: 11,
  amount_total: 500_000,
  concept: 1,
  doc_type: 99,
  doc_number: '0',
};

function wrapStandIn(rig: Rig, args: string[]): Wrapper {
  return rig.spawn(['--db', rig.db, '--server', 'demo', ...args, '--', ...STAND_IN], {
    env: { POLICY_STAND_IN_JOURNAL: rig.journal },
  });
}

/** What the demo does: 35 calls in a row, and an invoice. */
async function work(wrapper: Wrapper): Promise<Message[]> {
  await wrapper.initialize();
  const logouts = Array.from({ length: 35 }, () => wrapper.call('track_logout', { account_id: 'demo' }));
  return [...(await Promise.all(logouts)), await wrapper.call('create_invoice', INVOICE)];
}

const tools = async (wrapper: Wrapper): Promise<string[]> =>
  (await wrapper.request('tools/list')).result.tools.map((tool: { name: string }) => tool.name);

describe.each([
  ['without a policy, everything that was done passes again', undefined, 35, undefined],
  ['under the pasted policy, what it would have refused stays refused', PASTED, 30, 'NOT_LISTED'],
])('watch, propose, replay, enforce: %s', (_, policy, passing, invoice) => {
  test('the walk', async () => {
    await using rig = new Rig();

    // Watch: everything passes.
    const options = policy ? ['--policy', rig.file('first.json', policy)] : [];
    const watching = wrapStandIn(rig, [...options, '--observe']);
    const seen = await work(watching);
    expect(seen.map(refusalCode)).toEqual(Array(36).fill(undefined));
    expect(rig.received()).toHaveLength(36);
    expect(await watching.end()).toBe(0);

    // Propose.
    const draft = join(rig.folder, 'draft.json');
    expect(await command(rig, ['recommend', '--db', rig.db, '-o', draft])).toMatchObject({
      code: 0,
      stderr: '',
    });
    const { policy: loaded, problems } = loadPolicy(readFileSync(draft, 'utf8'), draft);
    expect(problems).toEqual([]);
    expect([...(loaded?.tools.keys() ?? [])]).toEqual([
      'track_logout',
      ...(invoice ? [] : ['create_invoice']),
    ]);

    // Check: it means what it says, and the server has the tools.
    expect(await command(rig, ['check', draft, '--strict'])).toMatchObject({ code: 0 });
    const checked = await command(rig, ['check', draft, '--json', '--', ...STAND_IN]);
    const found = JSON.parse(checked.stdout).problems.map(({ code }: { code: string }) => code);
    expect([checked.code, new Set(found)]).toEqual([0, new Set(['TOOL_UNPLACED'])]);

    // Replay: nothing changes.
    const replay = await command(rig, ['replay', draft, '--db', rig.db, '--check']);
    expect(replay.stdout).toContain('nothing changes\n  unchanged: 36\n');
    expect(replay.code).toBe(0);

    // A draft that would refuse more is noticed.
    const tight = rig.file('tight.json', {
      ...PASTED,
      tools: { track_logout: { rate_limit: '20/minute' }, create_invoice: {} },
    });
    const noticed = await command(rig, ['replay', tight, '--db', rig.db, '--check', '--json']);
    expect(noticed.code).toBe(4);
    expect(JSON.parse(noticed.stdout).changes[0]).toMatchObject({
      change: 'newly refused',
      tool: 'track_logout',
      rule: '/tools/track_logout/rate_limit',
      calls: passing - 20,
    });

    // Enforce: the same work passes, from fresh counters, and what was never done does not.
    const enforcing = wrapStandIn(rig, ['--policy', draft]);
    const codes = (await work(enforcing)).map(refusalCode);
    expect(codes.slice(0, 35)).toEqual([
      ...Array(passing).fill(undefined),
      ...Array(35 - passing).fill('LIMIT'),
    ]);
    expect(codes[35]).toBe(invoice);
    expect(refusalCode(await enforcing.call('cancel_invoice', {}))).toBe('NOT_LISTED');
    expect(await enforcing.end()).toBe(0);
  });
});

describe('--observe', () => {
  const STRICT = {
    version: '1',
    default: 'deny',
    hide: ['delete_repo'],
    list: 'callable',
    tools: {
      track_logout: { limits: [{ counter: 'c', window: 'hour', max: 2 }] },
      track_login: { action: 'approve' },
      echo: { action: 'deny' },
    },
  };

  test('refuses and hides nothing, asks nobody, and logs what would have been', async () => {
    await using rig = new Rig();
    const observing = rig.wrap({ policy: STRICT, args: ['--observe'] });
    await observing.initialize();
    expect(await tools(observing)).toEqual(['track_logout', 'track_login', 'echo', 'delete_repo']);
    const called = [
      'track_logout',
      'track_logout',
      'track_logout',
      'track_login',
      'echo',
      'delete_repo',
      'unknown',
    ];
    for (const tool of called) expect((await observing.call(tool)).result.isError).toBeUndefined();
    expect(rig.receivedCalls()).toEqual(called);
    await observing.end();

    const store = Store.open(rig.db, { mustExist: true });
    const rows = store
      .log()
      .map(({ tool, decision, code, rule, observe, outcome }) =>
        [tool, decision, code, rule, observe, outcome].join(' '),
      );
    const counters = store.counters().map(({ name, used, observe }) => [name, String(used), observe]);
    const approvals = store.approvals(true);
    store.close();
    expect(rows).toEqual([
      'track_logout allow   true ok',
      'track_logout allow   true ok',
      'track_logout deny LIMIT /tools/track_logout/limits/c true ok',
      'track_login ask APPROVAL_REQUIRED /tools/track_login/action true ok',
      'echo deny ACTION_DENY /tools/echo/action true ok',
      'delete_repo hide  (hidden) true ok',
      'unknown deny NOT_LISTED (default deny) true ok',
    ]);
    expect(counters).toEqual([['c', '2', true]]);
    expect(approvals).toEqual([]);
  });

  test('G4: counters are apart: watching uses nothing up, and what is used up does not stop watching', async () => {
    await using rig = new Rig();
    const observing = rig.wrap({ policy: STRICT, args: ['--observe'] });
    for (let i = 0; i < 5; i += 1) await observing.call('track_logout');
    const enforcing = rig.wrap({ policy: STRICT });
    const codes = [];
    for (let i = 0; i < 3; i += 1) codes.push(refusalCode(await enforcing.call('track_logout')));
    expect(codes).toEqual([undefined, undefined, 'LIMIT']);
    expect(refusalCode(await observing.call('track_logout'))).toBeUndefined();
    expect(rig.receivedCalls()).toHaveLength(8);
  });

  test('G2: a call that cannot be judged is refused all the same: two readers could read it differently', async () => {
    await using rig = new Rig();
    const observing = rig.wrap({ policy: STRICT, args: ['--observe'] });
    observing.write(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":1,"a":2}}}\n',
    );
    const { error } = await observing.next((message) => message.error !== undefined);
    expect(error.code).toBe(-32600);
    expect(rig.receivedCalls()).toEqual([]);
  });
});
