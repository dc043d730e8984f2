import { PolicyWrapError } from '../../errors.js';
import type { History, StoreFinding } from '../shared-store.js';
import type { Engine } from './engine.js';
import { historyFinding } from './history.js';
import { lockFindings } from './locks.js';

/** More than this and agents notice each call, in milliseconds. */
const SLOW_MS = 250;
/** A smaller difference is an ordinary one, in milliseconds. */
const APART_MS = 2000;
const OLDEST = 130_000;

/** What `store check` and `doctor` say of a store: whether it can be used, and whether it keeps what it acknowledges. */
export async function checkStore(
  engine: Engine,
  team: string,
  history: () => Promise<History>,
): Promise<StoreFinding[]> {
  const started = performance.now();
  let hello: Awaited<ReturnType<Engine['hello']>>;
  try {
    hello = await engine.hello();
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return [{ about: 'reach', level: 'error', text: error.message, hint: error.hint }];
  }
  const findings: StoreFinding[] = [
    { about: 'reach', level: 'ok', text: `the store of team ${team} answers` },
  ];
  const sent = performance.now();
  const [rows] = await engine.run(
    `SELECT current_setting('server_version_num')::integer AS version, current_setting('fsync') AS fsync,
       current_setting('full_page_writes') AS pages, current_setting('synchronous_commit') AS commit,
       current_setting('synchronous_standby_names') AS standbys, pg_is_in_recovery() AS standby,
       (SELECT count(*)::integer FROM pg_stat_replication) AS followers,
       (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls`,
  );
  const latency = performance.now() - sent;
  findings.push(historyFinding(await history()));
  const found = rows?.[0] as unknown as Found;
  findings.push(...settingsOf(found, hello.roles.length > 0 ? hello.roles.join(', ') : 'none'));
  const apart = hello.now - (Date.now() - (performance.now() - started) / 2);
  findings.push(
    Math.abs(apart) > APART_MS
      ? {
          about: 'clock',
          level: 'warning',
          text: `its clock is ${Math.round(Math.abs(apart) / 1000)} s ${apart > 0 ? 'ahead of' : 'behind'} this machine's`,
          hint: "Limits go by the store's clock: set whichever is wrong.",
        }
      : { about: 'clock', level: 'ok', text: "its clock and this machine's agree" },
    {
      about: 'latency',
      level: latency > SLOW_MS ? 'warning' : 'ok',
      text: `it answers in ${latency.toFixed(1)} ms`,
      hint: latency > SLOW_MS ? 'Every call waits for that: take a store nearby.' : undefined,
    },
  );
  findings.push(...(await lockFindings(engine, team)));
  return findings;
}

interface Found {
  readonly version: number;
  readonly fsync: string;
  readonly pages: string;
  readonly commit: string;
  readonly standbys: string;
  readonly standby: boolean;
  /** Standbys that follow it now. */
  readonly followers: number;
  readonly tls: boolean | null;
}

function settingsOf(found: Found, roles: string): StoreFinding[] {
  const one = (
    about: StoreFinding['about'],
    isGood: boolean,
    good: string,
    bad: string,
    hint: string,
    level: 'warning' | 'error' = 'error',
  ): StoreFinding => (isGood ? { about, level: 'ok', text: good } : { about, level, text: bad, hint });
  return [
    one(
      'version',
      found.version >= OLDEST,
      `PostgreSQL ${Math.floor(found.version / 10_000)}`,
      `PostgreSQL ${Math.floor(found.version / 10_000)} is too old`,
      'Take version 13 or later.',
    ),
    { about: 'roles', level: 'ok', text: `this login is: ${roles}` },
    one(
      'reach',
      !found.standby,
      'it can be written to',
      'it is a standby, which cannot be written to',
      'Name the primary in the address.',
    ),
    one(
      'fsync',
      found.fsync === 'on' && found.pages === 'on',
      'what it acknowledges is on its disk',
      'fsync or full_page_writes is off: charges are lost when its machine fails',
      'Set both to on in postgresql.conf.',
    ),
    {
      about: 'commit',
      level: 'ok',
      text: ['off', 'local'].includes(found.commit)
        ? `synchronous_commit is ${found.commit}: decisions and changes turn it on for themselves`
        : `synchronous_commit is ${found.commit}`,
    },
    one(
      'standbys',
      found.standbys !== '' || found.followers === 0,
      found.standbys === '' ? 'no standby follows it' : `standbys must confirm: ${found.standbys}`,
      'standbys follow it and need not confirm: after a failover calls may be missing, which wrappers notice and then refuse',
      "Set synchronous_standby_names = '*', or the name of the one that takes over.",
      'warning',
    ),
    {
      about: 'tls',
      level: 'ok',
      // Without encryption only a store on this machine is reached (address.ts).
      text: found.tls
        ? 'the connection is encrypted and its certificate was checked'
        : 'the connection stays on this machine',
    },
  ];
}
