import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreFinding } from '../shared-store.js';
import { type Engine, literal } from './engine.js';

/** Between two looks: no request holds its locks for as long, in milliseconds. */
const BETWEEN_LOOKS = 3000;

/**
 * Who holds locks for longer than any request takes: a transaction that somebody left open, or means to. Calls of others
 * are refused meanwhile, and nothing in the engine keeps a login from it.
 *
 * @returns nothing where nobody does
 */
export async function lockFindings(engine: Engine, team: string): Promise<StoreFinding[]> {
  const before = await holders(engine, team);
  if (before.length === 0) return [];
  await sleep(BETWEEN_LOOKS);
  const after = await holders(engine, team);
  return after
    .filter(({ pid, held }) => before.some((one) => one.pid === pid && one.held === held))
    .map(({ login, pid }) => ({
      about: 'locks',
      level: 'warning',
      text: `${login} keeps a transaction open that has locks of the store: calls of others are refused meanwhile`,
      hint: `An administrator of the database ends it: SELECT pg_terminate_backend(${pid})`,
    }));
}

interface Holder {
  readonly login: string;
  readonly pid: number;
  /** Names one transaction, or what lasts for a connection. */
  readonly held: string;
}

async function holders(engine: Engine, team: string): Promise<readonly Holder[]> {
  const [rows = []] = await engine.run(
    `SELECT DISTINCT coalesce(a.usename, 'somebody') AS login, l.pid, l.virtualtransaction AS held
     FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.granted AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.locktype = 'relation' AND l.mode <> 'AccessShareLock' AND l.relation IN
           (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'policy_wrap')
         OR l.locktype = 'advisory' AND (l.classid::bigint << 32 | l.objid::bigint) IN
           (hashtextextended(${literal(`policy_wrap.tools ${team}`)}, 0), hashtextextended(${literal(`policy_wrap.tidy ${team}`)}, 0)))`,
  );
  return rows as unknown as Holder[];
}
