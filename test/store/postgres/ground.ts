import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { SharedStore } from '../../../src/store/shared-store.js';
import type { Ground } from '../contract/ground.js';
import { INFO } from '../support-shapes.js';
import { IS_MISSING, movableClock, newTeam, type Team } from './support.js';

/** The store of a team, a new one for each test on one server whose clock a test sets. */
export function engineGround(at: { readonly cluster: Parameters<typeof newTeam>[0] }): Ground {
  let now = 0;
  let own = '';
  let team: Team;
  let wrapper: SharedStore;
  let boss: SharedStore;
  let owner: SharedStore;
  let engine: Awaited<ReturnType<typeof movableClock>>;
  beforeAll(async () => {
    if (IS_MISSING) return;
    // The schema comes with the first team.
    await newTeam(at.cluster);
    engine = await movableClock(at.cluster);
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    if (IS_MISSING) return;
    now = Date.UTC(2026, 10, 22, 11, 0, 0);
    await engine.set(now);
    team = await newTeam(at.cluster);
    ({ store: wrapper, session: own } = team.wrapper('alice'));
    boss = team.store('carol');
    owner = team.store('admin');
    return () => team[Symbol.asyncDispose]();
  });
  return {
    get at() {
      return now;
    },
    get own() {
      return own;
    },
    moveTo: async (instant) => {
      now = instant;
      await engine.set(instant);
    },
    session: async (info) => wrapper.startSession({ ...INFO, ...info }),
    restart: async () => {
      await wrapper.close();
      ({ store: wrapper, session: own } = team.wrapper('alice'));
    },
    admit: async (session, admissions) => (await wrapper.exchange(session, [], admissions)).admitted,
    settle: async (settlements, session = own) => void (await wrapper.exchange(session, settlements, [])),
    fits: async (charges, demands) => {
      const peeked = await wrapper.peek({ ...INFO, session: own }, charges, demands);
      return peeked.fits && peeked.demands.every(({ isMet }) => isMet);
    },
    decideApproval: (...words) => boss.decideApproval(...words),
    revokeBudget: (...words) => boss.revokeBudget(...words),
    pause: (server, note) => boss.pause(server, note, 'cli'),
    resume: (server) => boss.resume(server, 'cli'),
    resetCounter: (name) => owner.resetCounter(name, {}, 'cli'),
    tidy: async () => {
      while (await owner.tidy());
    },
    log: (filter) => owner.log(filter),
    events: async () => (await owner.events()).filter(({ kind }) => !kind.startsWith('member.')),
    approvals: (all) => boss.approvals(all),
    approval: (id) => boss.approval(id),
    budgets: () => boss.budgets(),
    pauses: () => boss.pauses(),
    counters: () => owner.counters(),
    isSound: async () => {
      const rows =
        await team.rows(`SELECT c.name, c.used::text AS used, coalesce(sum(h.amount), 0)::text AS charged
        FROM policy_wrap.counters c LEFT JOIN policy_wrap.charges h ON h.counter = c.id
        WHERE c.team = $team GROUP BY c.id HAVING c.used <> coalesce(sum(h.amount), 0)`);
      expect(rows).toEqual([]);
    },
  };
}
