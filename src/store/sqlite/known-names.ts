import { type Database, onSnapshot } from './driver.js';
import { APPLICATION_ID, MIGRATIONS } from './migrations.js';
import { lookInto } from './open.js';

/** The names that a state database remembers, as servers and policies gave them: none of them is safe to show as it is. */
export interface KnownNames {
  readonly servers: readonly string[];
  readonly grants: readonly string[];
  readonly tools: readonly { readonly server: string; readonly tool: string }[];
  readonly counters: readonly string[];
  /** Calls that wait for a person. */
  readonly approvals: readonly { readonly id: string; readonly server: string; readonly tool: string }[];
}

const NONE: KnownNames = { servers: [], grants: [], tools: [], counters: [], approvals: [] };

/** Most names of a kind: a shell asks at every press of a key. What was typed says which, where there are more. */
const MOST = 1000;

/** What is looked for. */
export interface WantedNames {
  /** What there is of the name already; may be empty. */
  readonly typed: string;
  /** The server whose tools are looked for; undefined for all. */
  readonly server?: string | undefined;
}

/**
 * Looks as `serversIn` does: nothing is made, migrated or written.
 *
 * @param now UTC milliseconds
 * @param waitMs how long to wait for other processes' locks
 * @returns those that begin with what was typed, in letters of any case, and then others, up to a bound; none for a database that is not there, is of another version or program, or cannot be read
 */
export function knownNames(
  path: string,
  now: number,
  waitMs: number,
  wanted: WantedNames = { typed: '' },
): KnownNames {
  try {
    return lookInto(path, waitMs, (db) => onSnapshot(db, () => namesIn(db, now, wanted))) ?? NONE;
  } catch {
    return NONE;
  }
}

function namesIn(db: Database, now: number, { typed, server }: WantedNames): KnownNames {
  // Tables of another version may mean something else.
  const isOurs = db.pragma('application_id') === APPLICATION_ID;
  if (!isOurs || Number(db.pragma('user_version')) !== MIGRATIONS.length) return NONE;
  const fitting = [[...typed].length, typed] as const;
  const first = (column: string) => `substr(${column}, 1, ?) <> ? COLLATE NOCASE`;
  const text = (sql: string) =>
    db
      .prepare(`SELECT name FROM (${sql}) ORDER BY ${first('name')}, name LIMIT ${MOST}`)
      .all(...fitting)
      .map(({ name }) => String(name));
  return {
    servers: text(`SELECT server AS name FROM sessions UNION SELECT server FROM pins WHERE kind = 'tool'`),
    grants: text('SELECT DISTINCT grant_name AS name FROM sessions'),
    tools: db
      .prepare(
        `SELECT server, tool FROM pins WHERE kind = 'tool'
          ORDER BY server <> ?, ${first('tool')}, server, tool LIMIT ${MOST}`,
      )
      .all(server ?? null, ...fitting)
      .map(({ server, tool }) => ({ server: String(server), tool: String(tool) })),
    counters: text('SELECT DISTINCT name FROM counters'),
    approvals: db
      .prepare(
        `SELECT id, server, tool FROM approvals WHERE state = 'pending' AND expires_at > ? ORDER BY asked_at LIMIT ${MOST}`,
      )
      .all(now)
      .map(({ id, server, tool }) => ({ id: String(id), server: String(server), tool: String(tool) })),
  };
}
