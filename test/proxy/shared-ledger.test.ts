import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SharedLedger } from '../../src/proxy/shared-ledger.js';
import type { StateSession } from '../../src/proxy/state-session.js';
import type { Admitted } from '../../src/store/admission.js';
import type { Settlement } from '../../src/store/decision-log.js';
import type { OfflineRow, Role, SharedAdmission, SharedStore } from '../../src/store/shared-store.js';
import { type Admission, BUSY, Store } from '../../src/store/store.js';
import { tempDir } from '../store/support.js';
import { admission, approvable, charge, INFO, limit, open } from '../store/support-shapes.js';
import { stateSession } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

beforeEach(() => {
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] as const;
  vi.useFakeTimers({ toFake: [...toFake] });
});
afterEach(() => void vi.useRealTimers());

/** What becomes of promises that are settled already. */
const settled = () => vi.advanceTimersByTimeAsync(0);

/** Long enough for this machine's log to have what became of calls. */
const written = () => vi.advanceTimersByTimeAsync(500);

/** A team's engine on the other side of the interface: it answers at once, unless its test says otherwise. */
class Engine {
  readonly shown = 'postgres://alice@db.example/app?team=billing';
  readonly exchanges: { settlements: readonly Settlement[]; admissions: readonly SharedAdmission[] }[] = [];
  readonly offline: OfflineRow[] = [];
  readonly ended: (readonly Settlement[])[] = [];
  readonly said: unknown[] = [];
  failure: Error | undefined;
  trouble: { since: number; reason: string } | undefined;
  roles: Role[] | undefined;
  time: number | undefined;
  tidied = 0;
  /** How often there is more to remove. */
  untidy = 0;
  closed = 0;
  approvals = new Map<string, string>();
  looks: string[] = [];
  #rows = 0;
  /** While it is set, answers wait for it. */
  gate: Promise<void> | undefined;

  startSession = () => 's1';
  describeClient = (...all: unknown[]) => void this.said.push(all);
  describePolicy = (...all: unknown[]) => void this.said.push(all);
  now = () => this.time;

  async exchange(
    _session: string,
    settlements: readonly Settlement[],
    admissions: readonly SharedAdmission[],
  ) {
    this.exchanges.push({ settlements, admissions });
    await this.gate;
    if (this.failure) throw this.failure;
    const admitted = admissions.map(({ stopped }): Admitted => {
      this.#rows += 1;
      const row = this.#rows;
      return stopped ? { kind: 'refused', row, ...stopped } : { kind: 'allowed', row };
    });
    return { admitted, now: 0 };
  }

  async recordOffline(_session: string, rows: readonly OfflineRow[]) {
    this.offline.push(...rows);
  }

  async tidy() {
    if (this.failure) throw this.failure;
    this.tidied += 1;
    this.untidy -= 1;
    return this.untidy > 0;
  }

  async decideApproval(id: string, state: string) {
    if (this.failure) throw this.failure;
    if (!this.approvals.has(id)) return { kind: 'unknown' };
    this.approvals.set(id, state);
    return { kind: 'decided', approval: { id, state } };
  }

  async approval(id: string) {
    this.looks.push(id);
    await this.gate;
    if (this.failure) throw this.failure;
    return this.approvals.has(id) ? { id, state: this.approvals.get(id) } : undefined;
  }

  async endSession(_session: string, settlements: readonly Settlement[]) {
    this.ended.push(settlements);
    if (this.failure) throw this.failure;
  }

  async close() {
    this.closed += 1;
  }
}

interface Rig extends Disposable {
  readonly engine: Engine;
  readonly own: StateSession;
  readonly ledger: SharedLedger;
  readonly warnings: string[];
  readonly path: string;
  decide(...admissions: Admission[]): Promise<readonly Admitted[]>;
}

function rig(options: { uncounted?: boolean } = {}): Rig {
  const engine = new Engine();
  const warnings: string[] = [];
  const path = temp.path();
  const own = stateSession(path, { server: INFO.server, warnings });
  const ledger = new SharedLedger({
    store: engine as unknown as SharedStore,
    own,
    session: INFO,
    uncounted: options.uncounted ?? false,
    warn: (text) => warnings.push(text),
  });
  const decide = async (...admissions: Admission[]) => {
    const decided = ledger.admit(admissions);
    if (decided === BUSY) throw new Error('the database is locked');
    return decided;
  };
  const end = () => {
    void ledger.close();
    own.close();
  };
  return { engine, own, ledger, warnings, path, decide, [Symbol.dispose]: end };
}

const gone = (engine: Engine) => {
  engine.failure = new Error('nobody answers there');
  engine.trouble = { since: 1, reason: 'nobody answers there' };
};

describe('outcomes of calls that a team decided on', () => {
  test('G5: go along with the next call, and else by themselves a moment later', async () => {
    using at = rig();
    at.ledger.open();
    await settled();
    expect(at.engine.exchanges).toEqual([{ settlements: [], admissions: [] }]);
    await at.decide(admission(open()));
    at.ledger.settle(1, 'error', 7);
    await at.decide(admission(open()));
    expect(at.engine.exchanges[2]?.settlements).toMatchObject([
      { first: 1, last: 1, outcome: 'error', latencyMs: 7 },
    ]);
    await vi.advanceTimersByTimeAsync(1000);
    // They went along: nothing is left to be sent.
    expect(at.engine.exchanges).toHaveLength(3);
    at.ledger.settle(2, 'ok', 1);
    await vi.advanceTimersByTimeAsync(90);
    expect(at.engine.exchanges).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(10);
    expect(at.engine.exchanges[3]).toMatchObject({
      settlements: [{ first: 2, outcome: 'ok' }],
      admissions: [],
    });
  });

  test('G5: are kept while it does not answer, and sent again after some seconds', async () => {
    using at = rig();
    await at.decide(admission(open()));
    gone(at.engine);
    at.ledger.settle(1, 'error', 7);
    await vi.advanceTimersByTimeAsync(5099);
    expect(at.engine.exchanges).toHaveLength(2);
    at.engine.failure = undefined;
    await vi.advanceTimersByTimeAsync(1);
    expect(at.engine.exchanges[2]?.settlements).toMatchObject([{ first: 1, outcome: 'error' }]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(at.engine.exchanges).toHaveLength(3);
  });

  test('at the end go with the session, after the last decision; later ones are not waited for', async () => {
    using at = rig();
    let answer = () => {};
    at.engine.gate = new Promise((resolve) => (answer = resolve));
    const decided = at
      .decide(admission(open()))
      .then(([one]) => at.ledger.settle(one?.row ?? 0, 'not_sent', undefined));
    const closed = at.ledger.close();
    await settled();
    expect(at.engine.ended).toEqual([]);
    answer();
    await decided;
    await closed;
    expect(at.engine.ended).toMatchObject([[{ first: 1, outcome: 'not_sent' }]]);
    expect(at.engine.closed).toBe(1);
    at.ledger.settle(1, 'ok', 1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(at.engine.exchanges).toHaveLength(1);
  });

  test('nothing of it goes on after the end', async () => {
    using at = rig();
    await at.decide(admission(open()));
    at.ledger.settle(1, 'ok', 1);
    const before = vi.getTimerCount();
    await at.ledger.close();
    // The outcomes that wait, and the sign of life.
    expect(vi.getTimerCount()).toBe(before - 2);
  });

  test('G9: the end does not fail with a store that does', async () => {
    using at = rig();
    gone(at.engine);
    await at.decide(admission(open()));
    await at.ledger.close();
    expect(at.engine.ended).toHaveLength(1);
  });
});

describe('a team that cannot be reached', () => {
  test('G3: refuses with the reason, says so once, and once that it is back', async () => {
    using at = rig();
    gone(at.engine);
    const refusal = { code: 'REQUIRE', rule: '/x', authorText: undefined, explanation: 'no' } as const;
    const [first, second] = await at.decide(admission(open()), admission({ kind: 'refused', refusal }));
    expect(first).toMatchObject({ kind: 'refused', code: 'STORE', why: 'nobody answers there' });
    expect(second).toMatchObject({ kind: 'refused', code: 'REQUIRE', isPausedHere: false });
    expect(second).not.toHaveProperty('why');
    // Rows of this machine's log must never meet the team's.
    expect([first?.row, second?.row]).toEqual([-1, -2]);
    await at.decide(approvable(1));
    expect(at.warnings).toEqual(['calls are refused: nobody answers there']);
    at.engine.failure = at.engine.trouble = undefined;
    expect(await at.decide(admission(open()))).toMatchObject([{ kind: 'allowed', row: 1 }]);
    await at.decide(admission(open()));
    expect(at.warnings.slice(1)).toEqual([`the store ${at.engine.shown} answers again`]);
    gone(at.engine);
    await at.decide(admission(open()));
    expect(at.warnings).toHaveLength(3);
  });

  test('G4: lets only pass what counts nothing and asks nobody, where that was chosen, and tells it later, once', async () => {
    using at = rig({ uncounted: true });
    gone(at.engine);
    const demands = { hours: [], after: [], before: [] } as never;
    const ask = {
      code: 'APPROVAL_REQUIRED',
      rule: '/x',
      authorText: undefined,
      explanation: 'look',
    } as const;
    const decided = await at.decide(
      admission(open(), { tool: 'look' }),
      admission(open(charge(limit()))),
      admission({ kind: 'open', charges: [], ask }),
      admission({ kind: 'open', charges: [], ask: undefined, demands }),
    );
    expect(decided.map((one) => (one.kind === 'refused' ? one.code : one.kind))).toEqual([
      ...['allowed', 'STORE', 'STORE', 'STORE'],
    ]);
    at.ledger.settle(decided[0]?.row ?? 0, 'ok', 12);
    await written();
    at.engine.failure = at.engine.trouble = undefined;
    await at.decide(admission(open()));
    await settled();
    expect(at.engine.exchanges.flatMap(({ settlements }) => settlements)).toEqual([]);
    expect(at.engine.offline).toMatchObject([
      {
        id: 1,
        tool: 'look',
        argumentsText: '["point_of_sale"]',
        policyHash: INFO.policyHash,
        outcome: 'ok',
        latencyMs: 12,
      },
    ]);
    await at.decide(admission(open()));
    await settled();
    expect(at.engine.offline).toHaveLength(1);
  });

  test('each time that it was gone is told of', async () => {
    using at = rig({ uncounted: true });
    for (const tool of ['one', 'two']) {
      gone(at.engine);
      const [passed] = await at.decide(admission(open(), { tool }));
      at.ledger.settle(passed?.row ?? 0, 'ok', 1);
      await written();
      at.engine.failure = at.engine.trouble = undefined;
      await at.decide(admission(open()));
      await settled();
    }
    expect(at.engine.offline.map(({ tool }) => tool)).toEqual(['one', 'two']);
  });

  test('G3: an answer that refuses is no failure to answer: nothing passes uncounted', async () => {
    using at = rig({ uncounted: true });
    at.engine.failure = new Error('the role was taken away');
    expect(await at.decide(admission(open()))).toMatchObject([{ kind: 'refused', code: 'STORE' }]);
  });

  test('G3: without that choice nothing passes, and nothing is told of later', async () => {
    using at = rig();
    gone(at.engine);
    expect(await at.decide(admission(open()))).toMatchObject([{ kind: 'refused', code: 'STORE' }]);
    at.engine.failure = undefined;
    await at.decide(admission(open()));
    await settled();
    expect(at.engine.offline).toEqual([]);
  });

  test('more than a hundred calls that passed without it are told a part at a time, each once', async () => {
    using at = rig({ uncounted: true });
    gone(at.engine);
    const passed = await at.decide(...Array.from({ length: 250 }, () => admission(open())));
    for (const { row } of passed) at.ledger.settle(row, 'ok', 1);
    await written();
    at.engine.failure = undefined;
    await at.decide(admission(open()));
    await vi.advanceTimersByTimeAsync(10);
    expect(at.engine.offline.map(({ id }) => id)).toEqual(Array.from({ length: 250 }, (_, i) => i + 1));
  });
});

describe('what this machine alone knows', () => {
  test('G3: its pause refuses, is written down there, and says that it is of this machine', async () => {
    using at = rig();
    const people = Store.open(at.path);
    people.pause(undefined, undefined, 'cli');
    people.close();
    expect(await at.decide(admission(open()))).toMatchObject([{ kind: 'refused', code: 'PAUSED' }]);
    expect(at.engine.exchanges[0]?.admissions).toMatchObject([
      { stopped: { code: 'PAUSED' }, pinned: undefined },
    ]);
    gone(at.engine);
    expect(await at.decide(admission(open()))).toMatchObject([{ code: 'PAUSED', isPausedHere: true }]);
  });

  test('outcomes of its own rows stay here', async () => {
    using at = rig();
    gone(at.engine);
    const [refused] = await at.decide(admission(open()));
    at.ledger.settle(refused?.row ?? 0, 'cancelled', 1);
    at.engine.failure = undefined;
    await at.decide(admission(open()));
    await at.ledger.close();
    expect([...at.engine.exchanges.flatMap((one) => one.settlements), ...at.engine.ended.flat()]).toEqual([]);
    at.own.close();
    const store = Store.open(at.path);
    expect(store.log()).toMatchObject([{ outcome: 'cancelled' }]);
    store.close();
  });

  test('both hear who the client is; the policy is the team’s to hear here', () => {
    using at = rig();
    at.ledger.clientIs('Claude', '1.2');
    at.ledger.policyIs({ hash: 'h', source: '/p.json', problem: undefined });
    expect(at.engine.said).toEqual([
      ['s1', 'Claude', '1.2'],
      ['s1', { hash: 'h', source: '/p.json', problem: undefined }],
    ]);
  });

  test('its clock is the engine’s, and this machine’s until that has answered', () => {
    using at = rig();
    const before = Date.now();
    expect(at.ledger.now()).toBeGreaterThanOrEqual(before);
    at.engine.time = 5;
    expect(at.ledger.now()).toBe(5);
  });
});

describe('a wrapper that is silent', () => {
  test('gives a sign of life every twenty seconds, and removes what is too old, a part at a time', async () => {
    using at = rig();
    at.engine.untidy = 3;
    await vi.advanceTimersByTimeAsync(19_999);
    expect(at.engine.exchanges).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(at.engine.exchanges).toEqual([{ settlements: [], admissions: [] }]);
    expect(at.engine.tidied).toBe(3);
    at.engine.untidy = 1000;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(at.engine.tidied).toBe(3 + 20);
    expect(at.engine.exchanges).toHaveLength(2);
  });

  test('one that works needs none, and tidies all the same', async () => {
    using at = rig();
    await vi.advanceTimersByTimeAsync(15_000);
    await at.decide(admission(open()));
    await vi.advanceTimersByTimeAsync(5000);
    expect(at.engine.exchanges).toHaveLength(1);
    expect(at.engine.tidied).toBe(1);
  });

  test('does not tidy what does not answer, and goes on', async () => {
    using at = rig();
    gone(at.engine);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(at.engine.tidied).toBe(0);
    at.engine.failure = undefined;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(at.engine.tidied).toBe(1);
  });
});

describe('approvals that the team keeps', () => {
  test('are given in the client by approvers alone, once the engine has said who that is', () => {
    using at = rig();
    expect(at.ledger.asksHere).toBe(false);
    expect(at.ledger.team).toEqual({ store: at.engine.shown, roles: [] });
    at.engine.roles = ['wrapper'];
    expect(at.ledger.asksHere).toBe(false);
    at.engine.roles = ['wrapper', 'approver'];
    expect(at.ledger.asksHere).toBe(true);
    expect(at.ledger.team.roles).toEqual(['wrapper', 'approver']);
  });

  test('G10: an answer is written there; one that cannot be is no yes, and said', async () => {
    using at = rig();
    at.engine.approvals.set('a', 'pending');
    expect(await at.ledger.decide('a', 'approved')).toMatchObject({ id: 'a', state: 'approved' });
    expect(at.ledger.approvalState('a')).toBe('approved');
    expect(await at.ledger.decide('b', 'approved')).toBeUndefined();
    expect(at.warnings).toEqual([]);
    gone(at.engine);
    expect(await at.ledger.decide('a', 'rejected')).toBeUndefined();
    expect(at.warnings).toEqual(['an answer to approval a could not be recorded: nobody answers there']);
  });

  test('are looked at again with every question, one look at a time', async () => {
    using at = rig();
    at.engine.approvals.set('a', 'pending');
    expect(at.ledger.approvalState('a')).toBeUndefined();
    expect(at.ledger.approvalState('a')).toBeUndefined();
    expect(at.engine.looks).toEqual(['a']);
    await settled();
    at.engine.approvals.set('a', 'approved');
    expect(at.ledger.approvalState('a')).toBe('pending');
    await settled();
    expect(at.ledger.approvalState('a')).toBe('approved');
    expect(at.engine.looks).toEqual(['a', 'a', 'a']);
    expect(await at.ledger.approvalNow('b')).toBeUndefined();
  });

  test('keep their last known state while the engine is away, and the oldest are forgotten', async () => {
    using at = rig();
    at.engine.approvals.set('a', 'pending');
    expect(await at.ledger.approvalNow('a')).toBe('pending');
    gone(at.engine);
    expect(await at.ledger.approvalNow('a')).toBe('pending');
    at.engine.failure = undefined;
    for (let n = 0; n < 64; n++) {
      at.engine.approvals.set(`n${n}`, 'approved');
      await at.ledger.approvalNow(`n${n}`);
    }
    expect(at.ledger.approvalState('n0')).toBe('approved');
    expect(at.ledger.approvalState('a')).toBeUndefined();
  });
});

test('G3: a database of this machine that others hold is tried again, and the team is not asked before', async () => {
  using at = rig();
  vi.spyOn(at.own, 'stops').mockReturnValueOnce(BUSY);
  expect(at.ledger.admit([admission(open())])).toBe(BUSY);
  expect(at.engine.exchanges).toEqual([]);
  expect(at.ledger.isStarting).toBe(at.own.isStarting);
});
