import { asAmount, plus, type StoredAmount } from '../counters/stored-amount.js';
import type { Database } from './driver.js';

/** `PRAGMA application_id` of our files ("PWRP"): tells them from another program's database given by mistake. */
export const APPLICATION_ID = 0x50575250;

/**
 * The steps from an empty file to today's, by `user_version`: a file at version n lacks every step from index n on.
 * A step that has been released is never edited.
 *
 * INVARIANT: `counters.used` is the sum of the amounts of the counter's rows in `charges`, and `counters.clock` is not
 * less than the time of any of them. They hold what the decisions up to `posted.upto` have charged and what was not given
 * back; later charges are pending, and only in the rows of their decisions. A row of `charges` is of one instant and of the
 * decisions from `first` to `last`. Amounts are integers where a double holds them exactly, else decimal text, hence
 * columns without a type. Ids of counters are never used twice (AUTOINCREMENT): a late refund must not meet another
 * counter under its own's id. Decisions need no such guard, since the newest row is never removed.
 *
 * The log has one index, and that a partial one: a call that is allowed writes no index entry. Rows by time are found
 * through `log_hours`, which names the first row of each hour in which anything was written.
 */
export const MIGRATIONS: readonly (string | ((db: Database) => void))[] = [
  `
  CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    server TEXT NOT NULL,
    grant_name TEXT NOT NULL,
    pid INTEGER NOT NULL,
    process_start TEXT,
    observe INTEGER NOT NULL,
    policy TEXT,
    policy_source TEXT,
    policy_problem TEXT,
    client_name TEXT,
    client_version TEXT,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;

  CREATE TABLE counters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    server TEXT,
    grant_name TEXT,
    session TEXT,
    split TEXT NOT NULL,
    window_ms INTEGER NOT NULL,
    unit TEXT,
    timezone TEXT,
    observe INTEGER NOT NULL,
    max TEXT NOT NULL,
    clock INTEGER NOT NULL,
    used ANY NOT NULL
  ) STRICT;

  CREATE TABLE charges (
    counter INTEGER NOT NULL,
    at INTEGER NOT NULL,
    decision INTEGER NOT NULL,
    part INTEGER NOT NULL,
    amount ANY NOT NULL,
    PRIMARY KEY (counter, at, decision, part)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE policies (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash TEXT NOT NULL UNIQUE
  ) STRICT;

  CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    session INTEGER NOT NULL,
    tool TEXT NOT NULL,
    decision TEXT NOT NULL,
    code TEXT,
    rule TEXT,
    policy INTEGER,
    arguments TEXT NOT NULL,
    request TEXT,
    charges TEXT,
    approval TEXT,
    outcome TEXT,
    latency_ms REAL
  ) STRICT;
  CREATE INDEX decisions_not_allowed ON decisions (id) WHERE decision <> 'allow';

  CREATE TABLE log_hours (hour INTEGER PRIMARY KEY, first INTEGER NOT NULL) STRICT;

  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;

  CREATE TABLE approvals (
    id TEXT NOT NULL PRIMARY KEY,
    server TEXT NOT NULL,
    grant_name TEXT NOT NULL,
    tool TEXT NOT NULL,
    arguments_hash TEXT NOT NULL,
    policy TEXT NOT NULL,
    arguments TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    severe INTEGER NOT NULL,
    session TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'rejected', 'consumed', 'expired')),
    asked_at INTEGER NOT NULL,
    keeps_ms INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    decided_at INTEGER,
    decided_by TEXT,
    note TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX approvals_open ON approvals (server, grant_name, tool, arguments_hash)
    WHERE state IN ('pending', 'approved', 'rejected');

  CREATE TABLE budgets (
    id TEXT NOT NULL PRIMARY KEY,
    server TEXT NOT NULL,
    grant_name TEXT NOT NULL,
    tool TEXT NOT NULL,
    policy TEXT NOT NULL,
    calls_left INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    bound_path TEXT,
    bound_max TEXT,
    made_at INTEGER NOT NULL,
    made_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX budgets_by_tool ON budgets (server, grant_name, tool);

  CREATE TABLE pins (
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    hash TEXT NOT NULL,
    definition TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    changed_hash TEXT,
    changed_definition TEXT,
    changed_at INTEGER,
    PRIMARY KEY (server, tool)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE pauses (
    server TEXT NOT NULL PRIMARY KEY,
    since INTEGER NOT NULL,
    note TEXT
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Before, every charge was in its counter's sum at once.
  ALTER TABLE counters ADD COLUMN upto INTEGER NOT NULL DEFAULT 0;
  UPDATE counters SET upto = coalesce((SELECT max(id) FROM decisions), 0);
  `,
  postCharges,
  `
  -- Counts the tools that are remembered for a server, and says whether some could not be.
  CREATE TABLE pin_totals (server TEXT NOT NULL PRIMARY KEY, tools INTEGER NOT NULL, is_full INTEGER NOT NULL)
    STRICT, WITHOUT ROWID;
  INSERT INTO pin_totals SELECT server, count(*), count(*) >= 10000 FROM pins GROUP BY server;
  CREATE INDEX pins_changed ON pins (server, tool) WHERE changed_hash IS NOT NULL;

  -- Until when charges would count that were removed because they had expired: a clock that is set back must not bring
  -- a fresh count. One row a limit, whatever splits it.
  CREATE TABLE forgotten (
    key TEXT NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX forgotten_until ON forgotten (until);

  -- The latest instant that approvals have seen.
  CREATE TABLE clock (at INTEGER NOT NULL) STRICT;
  INSERT INTO clock VALUES (0);

  -- What is left of an approval's arguments and of the reason for it once it is over.
  ALTER TABLE approvals ADD COLUMN kept TEXT NOT NULL DEFAULT '[]';
  ALTER TABLE approvals ADD COLUMN kept_reason TEXT NOT NULL DEFAULT '';
  UPDATE approvals SET kept = (SELECT json_group_array(key) FROM (SELECT key FROM json_each(arguments) ORDER BY key))
    WHERE json_valid(arguments) AND json_type(arguments) = 'object';
  UPDATE approvals SET arguments = kept, reason = '' WHERE state IN ('rejected', 'consumed', 'expired');

  CREATE INDEX sessions_open ON sessions (id) WHERE ended_at IS NULL;

  -- Where a person may approve: names, with commas between them; before, anywhere.
  ALTER TABLE approvals ADD COLUMN channels TEXT;
  `,
  `
  -- The newest calls of each tool whose rows were removed from the log: what a rule over several tools looks back to must
  -- outlast them. An empty tool stands for some that are not told apart any more.
  CREATE TABLE past_calls (
    server TEXT NOT NULL,
    grant_name TEXT NOT NULL,
    session TEXT NOT NULL,
    tool TEXT NOT NULL,
    at INTEGER NOT NULL,
    ok_at INTEGER,
    UNIQUE (server, grant_name, session, tool)
  ) STRICT;
  CREATE INDEX past_calls_at ON past_calls (at);
  `,
  `
  -- Pinned are prompts, resources and instructions too; a definition may have come late, when the server was known
  -- already; and a mark belongs to the session that has seen the change. Definitions of before stay as they were stored:
  -- as canonical JSON, without the bytes of their server.
  ALTER TABLE pins RENAME TO pins_before;
  DROP INDEX pins_changed;
  CREATE TABLE pins (
    server TEXT NOT NULL,
    kind TEXT NOT NULL,
    tool TEXT NOT NULL,
    hash TEXT NOT NULL,
    definition TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    late INTEGER NOT NULL,
    changed_hash TEXT,
    changed_definition TEXT,
    changed_at INTEGER,
    changed_by TEXT,
    PRIMARY KEY (server, kind, tool)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO pins SELECT server, 'tool', tool, hash, definition, seen_at, 0, changed_hash, changed_definition, changed_at,
    NULL FROM pins_before;
  DROP TABLE pins_before;
  CREATE INDEX pins_open ON pins (server, kind, tool) WHERE changed_hash IS NOT NULL OR late = 1;

  -- \`opened_at\` is when the first of them was seen, \`known_at\` when a whole list of them was.
  ALTER TABLE pin_totals RENAME TO pin_totals_before;
  CREATE TABLE pin_totals (
    server TEXT NOT NULL,
    kind TEXT NOT NULL,
    tools INTEGER NOT NULL,
    is_full INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    known_at INTEGER,
    PRIMARY KEY (server, kind)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO pin_totals SELECT server, 'tool', tools, is_full, 0, 0 FROM pin_totals_before;
  DROP TABLE pin_totals_before;
  `,
  `
  -- A person has said that the clock is right now: rows up to this one that bear a later time count as made then.
  CREATE TABLE calls_clock (upto INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
  INSERT INTO calls_clock VALUES (0, 0);
  `,
  `
  -- The arguments that the policy looked at, as JSON (LookedAt); before, nothing was written down of that.
  ALTER TABLE approvals ADD COLUMN looked_at TEXT;
  `,
  `
  -- What people were told outside of the client, and when: of several wrappers one tells it.
  CREATE TABLE notices (key TEXT NOT NULL PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  -- Calls that passed while the store of a team could not be reached, and of which it has not heard yet.
  CREATE TABLE unsent (decision INTEGER PRIMARY KEY, store TEXT NOT NULL) STRICT;
  `,
];

/** Before this step every charge had a row from the start, and was added to its counter later. */
function postCharges(db: Database): void {
  const sums = new Map<number, StoredAmount>();
  const rows = db
    .prepare('SELECT counter, at, decision, amount FROM charges ORDER BY counter, at, decision')
    .all();
  db.exec(`
    DROP TABLE charges;
    CREATE TABLE charges (
      counter INTEGER NOT NULL,
      at INTEGER NOT NULL,
      first INTEGER NOT NULL,
      last INTEGER NOT NULL,
      amount ANY NOT NULL,
      PRIMARY KEY (counter, at, last)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE posted (upto INTEGER NOT NULL) STRICT;
    INSERT INTO posted SELECT coalesce(max(id), 0) FROM decisions;
    ALTER TABLE counters DROP COLUMN upto;
  `);
  const insert = db.prepare('INSERT INTO charges VALUES (?, ?, ?, ?, ?)');
  for (let i = 0; i < rows.length; ) {
    const { counter, at, decision } = rows[i] as { counter: number; at: number; decision: number };
    let amount: StoredAmount = 0;
    // A decision may have charged a counter for several limits.
    for (; rows[i]?.counter === counter && rows[i]?.at === at && rows[i]?.decision === decision; i += 1)
      amount = plus(amount, asAmount(rows[i]?.amount));
    insert.run(counter, at, decision, decision, amount);
    sums.set(counter, plus(sums.get(counter) ?? 0, amount));
  }
  const update = db.prepare(
    'UPDATE counters SET used = ?, clock = max(clock, (SELECT max(at) FROM charges WHERE counter = ?)) WHERE id = ?',
  );
  for (const [counter, used] of sums) update.run(used, counter, counter);
}
