// What a decision of the store that a team shares costs, in one run with the local store; see README.md beside this file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initStore } from '../../src/store/postgres/init.js';
import { openSharedStore } from '../../src/store/postgres/open.js';
import type { SharedStore } from '../../src/store/shared-store.js';
import { BUSY, Store } from '../../src/store/store.js';
import { admission, charge, INFO, limit, open } from '../store/support-shapes.js';
import { Cluster } from '../support/postgres.js';

const CONNECTIONS = 32;
const TOGETHER = 16;
const quick = process.argv.includes('--quick');
const SECONDS = quick ? 2 : 6;
const ROUNDS = quick ? 60 : 400;
const DAY = 86_400_000;

const password = async () => undefined;

interface Wrapper {
  readonly store: SharedStore;
  readonly session: string;
}

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;

await using cluster = await Cluster.start({ settings: { fsync: 'on', shared_buffers: '128MB' } });
await cluster.prepare('alice');
await initStore({ address: cluster.address('bench', 'admin'), password });
await cluster.sql(`SELECT policy_wrap.grant_v1('bench', 'alice', 'wrapper')`);

function wrapper(name: string, holdsLocks = false): Wrapper {
  const address = cluster.address('bench', 'alice');
  const store = openSharedStore({
    address,
    password,
    machine: name,
    host: name,
    timeoutMs: 20_000,
    holdsLocks,
  });
  return { store, session: store.startSession(INFO) };
}

function calls(counter: string, count: number) {
  const rate = limit({ counter, max: 1_000_000_000, windowMs: DAY });
  return Array.from({ length: count }, () => admission(open(charge(rate))));
}

/** One call at a time, by each store in turn, so that both have the same machine. */
async function single() {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-bench-'));
  const local = Store.open(join(folder, 'state.db'), { synchronous: 'full' });
  const session = local.startSession(INFO);
  const shared = wrapper('single');
  const naive = wrapper('single-naive', true);
  const times = { local: [] as number[], shared: [] as number[], naive: [] as number[] };
  const timed = async (list: number[], work: () => unknown) => {
    const begin = performance.now();
    await work();
    list.push(performance.now() - begin);
  };
  for (let i = 0; i < ROUNDS + 20; i += 1) {
    if (i === 20) for (const list of Object.values(times)) list.length = 0;
    await timed(times.local, () => {
      if (local.admit(session, calls('one', 1)) === BUSY) throw new Error('the local store is busy');
      local.rest();
    });
    await timed(times.shared, () => shared.store.exchange(shared.session, [], calls('one', 1)));
    await timed(times.naive, () => naive.store.exchange(naive.session, [], calls('naive', 1)));
  }
  local.close();
  rmSync(folder, { recursive: true });
  await Promise.all([shared, naive].map(({ store }) => store.close()));
  return times;
}

/** All connections at once, each one request after the other. @returns calls a second, and times of requests */
async function together(counterOf: (i: number) => string, count: number, holdsLocks = false) {
  const wrappers = Array.from({ length: CONNECTIONS }, (_, i) => wrapper(`m${i}`, holdsLocks));
  await Promise.all(
    wrappers.map(({ store, session }, i) => store.exchange(session, [], calls(counterOf(i), count))),
  );
  const times: number[] = [];
  const begin = performance.now();
  const until = begin + SECONDS * 1000;
  await Promise.all(
    wrappers.map(async ({ store, session }, i) => {
      while (performance.now() < until) {
        const from = performance.now();
        await store.exchange(session, [], calls(counterOf(i), count));
        times.push(performance.now() - from);
      }
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  await Promise.all(wrappers.map(({ store }) => store.close()));
  return { rate: (times.length * count) / seconds, times };
}

const rows: string[] = [];
const row = (what: string, figure: string, bar: string, passes: boolean | undefined) =>
  rows.push(`| ${what} | ${figure} | ${bar} | ${passes === undefined ? '' : passes ? 'pass' : 'FAIL'} |`);
const ms = (list: readonly number[]) =>
  `p50 ${quantile(list, 0.5).toFixed(2)} ms, p99 ${quantile(list, 0.99).toFixed(1)} ms`;

const one = await single();
const ratio = quantile(one.shared, 0.5) / quantile(one.local, 0.5);
row('local store, synchronous full', ms(one.local), '', undefined);
row('shared store', `${ms(one.shared)}: ${ratio.toFixed(1)}x`, 'at most 8x', ratio <= 8);
row('shared store, locks held to the disk', ms(one.naive), '', undefined);
const own = await together((i) => `own-${i}`, 1);
row(
  `${CONNECTIONS} connections, counters of their own`,
  `${own.rate.toFixed(0)} calls/s, ${ms(own.times)}`,
  'at least 400',
  own.rate >= 400,
);
const batch = await together((i) => `batch-${i}`, TOGETHER);
row(
  `the same, ${TOGETHER} calls together`,
  `${batch.rate.toFixed(0)} calls/s, ${ms(batch.times)}`,
  'at least 3,000',
  batch.rate >= 3000,
);
const hot = await together(() => 'hot', 1);
const held = await together(() => 'hot-naive', 1, true);
row(
  `${CONNECTIONS} connections, one counter`,
  `${hot.rate.toFixed(0)} calls/s, ${ms(hot.times)}`,
  '',
  undefined,
);
row('the same, locks held to the disk', `${held.rate.toFixed(0)} calls/s, ${ms(held.times)}`, '', undefined);
// The convoy is what waiting for one another costs: how much longer a call takes than on counters of their own.
const convoy = (rate: number) => Math.max(0, 1000 / rate - 1000 / own.rate);
row(
  'the convoy of that counter',
  `${convoy(hot.rate).toFixed(2)} ms a call, ${convoy(held.rate).toFixed(2)} ms with locks held to the disk`,
  'at most half',
  convoy(hot.rate) <= convoy(held.rate) / 2,
);

process.stdout.write(`| what | figure | bar | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`);
process.exitCode = rows.some((text) => text.includes('FAIL')) ? 1 : 0;
