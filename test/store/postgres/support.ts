import { afterAll, test as base, beforeAll } from 'vitest';
import type { Charge } from '../../../src/policy/call.js';
import type { Admitted } from '../../../src/store/admission.js';
import { Connection } from '../../../src/store/postgres/connection.js';
import { initStore } from '../../../src/store/postgres/init.js';
import { openSharedStore } from '../../../src/store/postgres/open.js';
import type { PostgresOptions } from '../../../src/store/postgres/postgres-store.js';
import type { Role, SharedStore } from '../../../src/store/shared-store.js';
import { Cluster, type ClusterOptions, PROGRAMS, someTeam } from '../../support/postgres.js';
import { admission, INFO, open } from '../support-shapes.js';

/** Where every change is checked PostgreSQL must be there (.ci/run installs it). */
export const IS_MISSING = PROGRAMS === undefined && !(process.env.CI && process.platform === 'linux');

/** Left out where PostgreSQL is not installed. */
export const test = base.skipIf(IS_MISSING);

/** `npm run chaos`: longer, and with figures. */
export const CHAOS = process.env.CHAOS !== undefined;

/** Tells a figure where somebody looks at them. */
export function figure(what: string): void {
  if (CHAOS) process.stdout.write(`    ${what}\n`);
}

/** One server for a file of tests, with a team that each test makes for itself. */
export function sharedCluster(options: ClusterOptions = {}) {
  const at = { cluster: undefined as unknown as Cluster };
  beforeAll(async () => {
    if (PROGRAMS === undefined) return;
    at.cluster = await Cluster.start(options);
    await at.cluster.prepare('alice', 'bob', 'carol', 'dave');
  });
  afterAll(async () => {
    await at.cluster?.[Symbol.asyncDispose]();
  });
  return at;
}

/** A team of its own, in which alice and bob wrap, carol approves, dave audits, and `admin` owns. */
export async function newTeam(cluster: Cluster): Promise<Team> {
  const team = someTeam();
  const address = cluster.address(team, 'admin');
  await initStore({ address, password: async () => undefined });
  const roles: [string, Role][] = [
    ['alice', 'wrapper'],
    ['bob', 'wrapper'],
    ['carol', 'approver'],
    ['dave', 'auditor'],
  ];
  await cluster.sql(
    roles.map(([login, role]) => `SELECT policy_wrap.grant_v1('${team}', '${login}', '${role}')`).join(';'),
  );
  return new Team(cluster, team);
}

export class Team {
  readonly cluster: Cluster;
  readonly name: string;
  readonly #stores: SharedStore[] = [];

  constructor(cluster: Cluster, name: string) {
    this.cluster = cluster;
    this.name = name;
  }

  store(login = 'alice', changes: Partial<PostgresOptions> = {}): SharedStore {
    const store = openSharedStore({
      address: this.cluster.address(this.name, login),
      password: async () => undefined,
      machine: `${login}-machine`,
      host: `${login}-laptop`,
      ...changes,
    });
    this.#stores.push(store);
    return store;
  }

  /** A store with a session of its own. */
  wrapper(login = 'alice', changes: Partial<PostgresOptions> = {}) {
    const store = this.store(login, changes);
    const session = store.startSession(INFO);
    const admit = async (...charges: Charge[]): Promise<Admitted> => {
      const { admitted } = await store.exchange(session, [], [admission(open(...charges))]);
      return admitted[0] as Admitted;
    };
    return { store, session, admit };
  }

  rows(sql: string): Promise<Record<string, unknown>[]> {
    return this.cluster.sql(sql.replaceAll('$team', `'${this.name}'`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close().catch(() => {})));
  }
}

/**
 * Lets a test say what time it is on its server, for all teams on it. The function that is replaced is the only place
 * where the schema reads a clock.
 */
export async function movableClock(cluster: Cluster, start = Date.UTC(2026, 10, 22, 11, 0, 0)) {
  const [real] = await cluster.sql(`SELECT pg_get_functiondef('policy_wrap.now_v1()'::regprocedure) AS text`);
  await cluster.sql(`
    CREATE TABLE IF NOT EXISTS public.test_clock (at bigint);
    TRUNCATE public.test_clock; INSERT INTO public.test_clock VALUES (${start});
    CREATE OR REPLACE FUNCTION policy_wrap.now_v1() RETURNS bigint LANGUAGE sql VOLATILE AS
      'SELECT at FROM public.test_clock'`);
  const connection = new Connection({
    address: cluster.address('x', 'admin'),
    password: async () => undefined,
  });
  return {
    set: async (at: number) => {
      await connection.run(`UPDATE public.test_clock SET at = ${at}`);
    },
    [Symbol.asyncDispose]: async () => {
      await connection.run(String(real?.text));
      await connection.close();
    },
  };
}
