import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  approveCall,
  bounded,
  type FurtherTyped,
  furtherCalls,
  latestBudget,
  waitingCall,
} from '../../src/cli/approving.js';
import { approvals } from '../../src/cli/commands/approvals.js';
import { approve } from '../../src/cli/commands/approve.js';
import { log } from '../../src/cli/commands/log.js';
import { status } from '../../src/cli/commands/status.js';
import { readPolicy } from '../../src/config/policy-files.js';
import type { PolicyWrapError } from '../../src/errors.js';
import { FakeTerminal, State } from './commands/support.js';

const MINUTE = 60_000;

describe('what is typed about further calls', () => {
  test.each<[FurtherTyped, { calls: number; forMs: number; max?: string; amount?: string }]>([
    [{ also: 'next 10' }, { calls: 10, forMs: 30 * MINUTE }],
    [{ also: ' NEXT  3 ' }, { calls: 3, forMs: 30 * MINUTE }],
    [
      { also: '1', for: '1s' },
      { calls: 1, forMs: 1000 },
    ],
    [
      { also: '1000', for: '24h' },
      { calls: 1000, forMs: 24 * 60 * MINUTE },
    ],
    [
      { also: '2', maxAmount: ' 200000.50 ', amount: 'args.total' },
      { calls: 2, forMs: 30 * MINUTE, max: '200000.5', amount: 'args.total' },
    ],
    [
      { also: '2', maxAmount: '0' },
      { calls: 2, forMs: 30 * MINUTE, max: '0' },
    ],
  ])('%j', (typed, meant) => {
    expect(furtherCalls(typed)).toEqual({ max: undefined, amount: undefined, ...meant });
  });

  test('nothing typed, nothing granted', () => {
    expect(furtherCalls({})).toBeUndefined();
  });

  test.each<[typed: FurtherTyped, message: RegExp]>([
    // Left aside, they would be a bound that somebody believes in.
    [{ for: '30m' }, /--for and --max-amount say how far --also goes/],
    [{ maxAmount: '5' }, /--for and --max-amount say how far --also goes/],
    [{ amount: 'args.total' }, /--amount says which number --max-amount is for/],
    [{ also: '3', amount: 'args.total' }, /--amount says which number --max-amount is for/],
    [{ also: '0' }, /at most 1000 calls/],
    [{ also: '1001' }, /at most 1000 calls/],
    [{ also: 'next' }, /at most 1000 calls/],
    [{ also: '1.5' }, /at most 1000 calls/],
    [{ also: '-1' }, /at most 1000 calls/],
    [{ also: '3', for: '999ms' }, /write 90s, 30m or 2h/],
    [{ also: '3', for: '25h' }, /write 90s, 30m or 2h/],
    [{ also: '3', for: 'soon' }, /write 90s, 30m or 2h/],
    [{ also: '3', maxAmount: '-1' }, /write a number without separators/],
    [{ also: '3', maxAmount: '1,000' }, /write a number without separators/],
    [{ also: '3', maxAmount: '' }, /write a number without separators/],
  ])('is refused: %j', (typed, message) => {
    expect(() => furtherCalls(typed)).toThrow(message);
  });
});

describe('the number that further calls are bound by', () => {
  const ARGS = '{"total":10,"count":2,"to":{"fee":1}}';
  const boundOf = (args: string, typed: FurtherTyped) => {
    using state = new State();
    const id = state.ask(state.session(), 'pay', args);
    const approval = state.store.approval(id);
    const further = furtherCalls({ also: '3', maxAmount: '100', ...typed });
    if (!approval || !further) throw new Error('nothing to bind');
    return bounded(further, approval, state.store);
  };

  test('that which is named, by its path with or without args.', () => {
    for (const amount of ['args.total', 'total'])
      expect(boundOf(ARGS, { amount }).bound).toEqual({ path: 'args.total', max: '100' });
    expect(boundOf(ARGS, { amount: 'to.fee' }).bound).toEqual({ path: 'args.to.fee', max: '100' });
  });

  test('the only one that there is', () => {
    expect(boundOf('{"total":10,"to":"x"}', {}).bound).toEqual({ path: 'args.total', max: '100' });
  });

  test('is asked for where it could be another, and is none where the call has none', () => {
    expect(() => boundOf(ARGS, { amount: 'fee' })).toThrow('which number of pay is meant?');
    expect(() => boundOf('{"a":1,"b":2}', {})).toThrow('which number of pay is meant?');
    expect(() => boundOf('{"to":"x"}', {})).toThrow('was called without a number to bound');
  });
});

describe('a call that waits', () => {
  const hintOf = async (run: Promise<unknown>) => {
    const error = await run.then(
      () => undefined,
      (thrown: PolicyWrapError) => thrown,
    );
    return [error?.code, error?.hint];
  };

  test('is found by its id as people type it; another is not there', async () => {
    using state = new State();
    const id = state.ask(state.session(), 'read_page', '{}');
    expect(await waitingCall(` ${id.toLowerCase()} `, state.store)).toMatchObject({
      approval: { id, tool: 'read_page' },
    });
    expect(await hintOf(waitingCall('NONE', state.store))).toEqual([
      'NOT_FOUND',
      'policy-wrap approvals lists what waits.',
    ]);
  });

  test('waits no longer: only of one that has expired a person is asked again', async () => {
    using state = new State();
    const session = state.session();
    const [rejected = '', expired = ''] = ['{}', '{"n":1}'].map((args) =>
      state.ask(session, 'read_page', args),
    );
    state.store.decideApproval(rejected, 'rejected', 'cli');
    state.at += 3_600_000;
    expect(await hintOf(waitingCall(rejected, state.store))).toEqual(['REFUSED', undefined]);
    expect(await hintOf(waitingCall(expired, state.store))).toEqual([
      'REFUSED',
      'Have the call made again; you will be asked again.',
    ]);
  });

  test('asked for under a policy by which no running wrapper decides any more: a yes would let nothing through', async () => {
    using state = new State();
    const session = state.session();
    const id = state.ask(session, 'read_page', '{}');
    state.store.describePolicy(session, {
      hash: 'b'.repeat(64),
      source: '/home/ana/policy.json',
      problem: undefined,
    });
    expect(await hintOf(waitingCall(id, state.store))).toEqual([
      'REFUSED',
      'Have the call made again; you will be asked again.',
    ]);
    expect(state.store.approval(id)?.state).toBe('pending');
    const io = new FakeTerminal();
    expect(await approvals({ db: state.db }, io)).toBe(0);
    expect(io.out.text).toContain('Its server has another policy since: have the call made again');
    expect(io.out.text).not.toContain('policy-wrap approve');
    const watching = new FakeTerminal(['a']);
    expect(await approvals({ db: state.db, watch: true }, watching)).toBe(0);
    expect(watching.questions).toEqual([]);
    // Another wrapper of the server still decides by it.
    state.session();
    expect(await waitingCall(id, state.store)).toMatchObject({ approval: { id }, askedBy: 'this policy' });
  });

  test('with no wrapper running it goes by the file as it is now, and says so where that cannot be known', async () => {
    using state = new State();
    const file = join(state.folder, 'shop.json');
    const text = (max: number) =>
      `{ "version": "1", "default": "allow", "tools": { "pay": { "rate_limit": "${max}/hour" } } }`;
    writeFileSync(file, text(1));
    const found = readPolicy(file);
    if (found.kind !== 'policy') throw new Error('no policy');
    const { hash } = found.policy;
    const ended = (policySource: string, policyHash: string, args: string) => {
      const session = state.session({ policySource, policyHash });
      const ask = {
        code: 'APPROVAL_REQUIRED',
        rule: '/x',
        authorText: undefined,
        explanation: 'look',
      } as const;
      const approval = { argumentsHash: args, argumentsText: args, expiresMs: 600_000 };
      const admitted = state.admit(
        session,
        { kind: 'open', charges: [], ask },
        { tool: 'read_page', policyHash, approval },
      );
      state.store.endSession(session);
      return admitted.kind === 'asked' ? admitted.approval.id : '';
    };
    const same = ended(file, hash, '{"n":1}');
    const gone = ended(join(state.folder, 'gone.json'), hash, '{"n":2}');
    const unknown = 'No wrapper of it runs: it passes once if the policy is still the same.';
    const listed = async () => {
      const io = new FakeTerminal();
      await approvals({ db: state.db }, io);
      return Object.fromEntries(
        io.out.text
          .split(/(?=Approval )/)
          .map((each) => [
            /^Approval (\S+)/.exec(each)?.[1] ?? '',
            [
              each.includes('policy-wrap approve'),
              each.includes(unknown),
              each.includes('another policy since'),
            ],
          ]),
      );
    };
    expect(await listed()).toEqual({ [same]: [true, false, false], [gone]: [true, true, false] });
    const io = new FakeTerminal(['n']);
    expect(await approve(gone, { db: state.db }, io)).toBe(1);
    expect(io.err.text).toContain(unknown);

    const seen = async (how: typeof status | typeof log) => {
      const io = new FakeTerminal();
      await how({ db: state.db, denied: true, limit: 100 }, io);
      return [same, gone].map((id) => io.out.text.includes(`policy-wrap approve ${id}`));
    };
    expect([await seen(status), await seen(log)]).toEqual([
      [true, true],
      [true, true],
    ]);

    writeFileSync(file, text(2));
    expect([await seen(status), await seen(log)]).toEqual([
      [false, true],
      [false, true],
    ]);
    expect(await listed()).toEqual({ [same]: [false, false, true], [gone]: [true, true, false] });
    expect(await hintOf(approve(same, { db: state.db, yes: true }, new FakeTerminal([])))).toEqual([
      'REFUSED',
      'Have the call made again; you will be asked again.',
    ]);
    expect(state.store.approval(same)?.state).toBe('pending');
    writeFileSync(file, text(1));
    expect(await approve(same, { db: state.db, yes: true }, new FakeTerminal([]))).toBe(0);
  });

  test('G10: one that is rejected while it is read is not approved, and grants nothing', async () => {
    using state = new State();
    const id = state.ask(state.session(), 'read_page', '{}');
    const { approval } = await waitingCall(id, state.store);
    state.store.decideApproval(id, 'rejected', 'cli');
    const budget = { calls: 3, forMs: MINUTE };
    expect(await hintOf(approveCall(approval, state.store, 'cli', budget))).toEqual(['REFUSED', undefined]);
    expect(state.store.approval(id)?.state).toBe('rejected');
    expect(await latestBudget(approval, state.store)).toBeUndefined();
  });

  test('the budget that was granted last for its tool, and for no other', async () => {
    using state = new State();
    const session = state.session();
    const asked = [
      ['read_page', 5],
      ['read_page', 3],
      ['read_more', 7],
    ] as const;
    // All of them first: what is granted lets the next call of its tool pass.
    const ids = asked.map(([tool, n]) => state.ask(session, tool, `{"n":${n}}`));
    for (const [index, [, calls]] of asked.entries()) {
      state.at += 1;
      const { approval } = await waitingCall(ids[index] ?? '', state.store);
      await approveCall(approval, state.store, 'cli', { calls, forMs: MINUTE });
    }
    const first = state.store.approval(ids[0] ?? '');
    if (!first) throw new Error('no approval');
    expect(await latestBudget(first, state.store)).toMatchObject({ tool: 'read_page', callsLeft: 3 });
  });
});
