import { PolicyWrapError } from '../../errors.js';
import { Connection, type ConnectionOptions, Failure } from './connection.js';
import { literal } from './engine.js';
import { CLOSED, MIGRATIONS } from './schema/migrations.js';

/** Long enough for a table to be rewritten, in milliseconds. */
const MIGRATION_MS = 120_000;
/** Any number that no other program takes for its own. */
const LOCK = 7_301_644_119;

/**
 * Makes the tables and functions of a shared store, or brings them to this version, and makes the team. The login must
 * own the database, or the schema; it becomes the team's owner where there is none.
 *
 * @returns the versions before and after; 0 where there was none
 * @throws PolicyWrapError
 */
export async function initStore(
  options: ConnectionOptions,
): Promise<{ readonly before: number; readonly after: number }> {
  const connection = new Connection({ ...options, timeoutMs: MIGRATION_MS });
  try {
    const before = await versionIn(connection);
    if (before > MIGRATIONS.length) {
      throw new PolicyWrapError(
        'STATE_NEWER',
        `the store has version ${before}, and this one knows ${MIGRATIONS.length}`,
        {
          hint: 'Update policy-wrap on this machine. Wrappers of both versions work side by side meanwhile.',
        },
      );
    }
    const steps = MIGRATIONS.slice(before).map(
      (step, i) => `${step}\nUPDATE policy_wrap.meta SET version = ${before + i + 1};`,
    );
    const team = `SELECT policy_wrap.team_v1(${literal(options.address.team)});`;
    await connection.run(
      `BEGIN; SELECT pg_advisory_xact_lock(${LOCK}); ${sameVersion(before)} ${steps.join('\n')}
       ${CLOSED} ${team} COMMIT;`,
    );
    return { before, after: MIGRATIONS.length };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new PolicyWrapError('STATE_UNAVAILABLE', `the store could not be set up: ${error.message}`, {
      hint: 'The login must own the database: CREATE DATABASE app OWNER alice.',
      cause: error,
    });
  } finally {
    await connection.close();
  }
}

async function versionIn(connection: Connection): Promise<number> {
  const [there] = await connection.run(`SELECT to_regclass('policy_wrap.meta') IS NOT NULL AS there`);
  if (there?.[0]?.there !== true) return 0;
  const [rows] = await connection.run('SELECT version FROM policy_wrap.meta');
  return rows?.[0]?.version as number;
}

/** Stops where another machine has set it up in the same moment. */
function sameVersion(before: number): string {
  const now =
    before === 0
      ? `to_regclass('policy_wrap.meta') IS NULL`
      : `(SELECT version FROM policy_wrap.meta) = ${before}`;
  return `DO $$ BEGIN IF NOT (${now}) THEN RAISE EXCEPTION 'another machine is setting it up: try again'; END IF; END $$;`;
}
