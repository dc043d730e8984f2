import { counterNames } from '../counters/counter-list.js';
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

/** Most names of a kind: a shell asks at every press of a key. */
const MOST = 1000;

/**
 * Looks as `serversIn` does: nothing is made, migrated or written.
 *
 * @param now UTC milliseconds
 * @param waitMs how long to wait for other processes' locks
 * @returns none for a database that is not there, is of another version or program, or cannot be read
 */
export function knownNames(path: string, now: number, waitMs: number): KnownNames {
  try {
    return lookInto(path, waitMs, (db) => onSnapshot(db, () => namesIn(db, now))) ?? NONE;
  } catch {
    return NONE;
  }
}

function namesIn(db: Database, now: number): KnownNames {
  // Tables of another version may mean something else.
  const isOurs = db.pragma('application_id') === APPLICATION_ID;
  if (!isOurs || Number(db.pragma('user_version')) !== MIGRATIONS.length) return NONE;
  const text = (sql: string) =>
    db
      .prepare(`${sql} ORDER BY 1 LIMIT ${MOST}`)
      .all()
      .map((row) => String(Object.values(row)[0]));
  return {
    servers: text(`SELECT server FROM sessions UNION SELECT server FROM pins WHERE kind = 'tool'`),
    grants: text('SELECT DISTINCT grant_name FROM sessions'),
    tools: db
      .prepare(`SELECT server, tool FROM pins WHERE kind = 'tool' ORDER BY server, tool LIMIT ${MOST}`)
      .all()
      .map(({ server, tool }) => ({ server: String(server), tool: String(tool) })),
    counters: counterNames(db, MOST),
    approvals: db
      .prepare(
        `SELECT id, server, tool FROM approvals WHERE state = 'pending' AND expires_at > ? ORDER BY asked_at LIMIT ${MOST}`,
      )
      .all(now)
      .map(({ id, server, tool }) => ({ id: String(id), server: String(server), tool: String(tool) })),
  };
}
