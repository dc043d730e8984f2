import { crypto } from '../text/hash.js';
import {
  type ApprovalEntry,
  type ApprovalStanding,
  type ApprovalTerms,
  type ApprovedCall,
  type Decided,
  isFor,
  plainId,
  type Reason,
  toEntry,
} from './approval-entry.js';
import type { Events } from './events.js';
import { argumentsOf } from './logged-text.js';
import type { Database } from './sqlite/driver.js';

/** Most pending approvals for a server and grant: a flood of prompts must not bury the one that matters. */
const PENDING_CAP = 50;
/** Longer arguments cannot be shown whole, and what was not shown cannot be approved; in characters. */
const ARGUMENTS_CAP = 262_144;
const REASON_CAP = 2000;

/** Removes the values of a call from an approval that is over. */
const DROP = 'arguments = kept, reason = kept_reason';

/** No vowels, so no words; no letters or digits that look alike. */
const ID_LETTERS = 'bcdfghjkmnpqrstvwxyz23456789';
const ID_LENGTH = 6;

/**
 * Approvals: a row is the authority, not what a client answered (G10).
 *
 * INVARIANT: states change only as pending -> approved | rejected | expired and approved -> consumed | rejected |
 * expired, each by an UPDATE that names the state it starts from: taking back and using up cannot both happen.
 *
 * Nothing here opens a transaction; all methods run inside the caller's.
 */
export class Approvals {
  readonly #db: Database;
  readonly #events: Events;
  readonly #open;
  readonly #ended;
  readonly #remove;

  constructor(db: Database, events: Events) {
    this.#db = db;
    this.#events = events;
    this.#ended = db.prepare(
      `SELECT id FROM approvals WHERE state IN ('pending', 'approved') AND expires_at <= ? LIMIT ?`,
    );
    this.#remove = db.prepare(
      `DELETE FROM approvals WHERE id IN (SELECT id FROM approvals
         WHERE state IN ('rejected', 'consumed', 'expired') AND expires_at <= ? AND asked_at < ? LIMIT ?)`,
    );
    this.#open = db.prepare(
      `SELECT * FROM approvals WHERE server = ? AND grant_name = ? AND tool = ? AND arguments_hash = ? AND policy = ?
         AND state IN ('pending', 'approved', 'rejected') AND expires_at > ?
       ORDER BY CASE state WHEN 'approved' THEN 0 WHEN 'pending' THEN 1 ELSE 2 END, asked_at`,
    );
  }

  /** Where a call that needs approval stands; changes nothing. With `terms.id` only that approval is considered. */
  find(call: ApprovedCall, terms: ApprovalTerms, now: number): ApprovalStanding | undefined {
    const { server, grant, tool, argumentsHash, policyHash } = call;
    const row =
      terms.id === undefined
        ? this.#open.get(server, grant, tool, argumentsHash, policyHash, now)
        : this.#db.prepare('SELECT * FROM approvals WHERE id = ?').get(terms.id);
    if (!row) return terms.id === undefined ? undefined : { kind: 'impossible' };
    const approval = toEntry(row, now);
    if (!isFor(approval, call)) return { kind: 'impossible' };
    switch (approval.state) {
      case 'approved':
        return { kind: 'approved', by: 'approval', id: approval.id };
      case 'pending':
        return { kind: 'pending', approval, isNew: false };
      case 'rejected':
        return { kind: 'rejected', approval };
      case 'expired':
        return { kind: 'expired', approval };
      case 'consumed':
        return { kind: 'impossible' };
    }
  }

  /** An equal call was faster with the approval that this one was held for: it needs one of its own. */
  unspent(call: ApprovedCall, terms: ApprovalTerms): ApprovalTerms {
    if (terms.id === undefined) return terms;
    const row = this.#db.prepare('SELECT * FROM approvals WHERE id = ?').get(terms.id);
    const isSpent = row?.state === 'consumed' && isFor(toEntry(row, 0), call);
    return isSpent ? { ...terms, id: undefined } : terms;
  }

  /** Queues the question. */
  ask(call: ApprovedCall, terms: ApprovalTerms, why: Reason, now: number): ApprovalStanding {
    if (terms.argumentsText.length > ARGUMENTS_CAP || this.#pendingCount(call, now) >= PENDING_CAP)
      return { kind: 'impossible' };
    const { server, grant, tool, argumentsHash, policyHash } = call;
    const insert = this.#db.prepare(
      `INSERT INTO approvals (id, server, grant_name, tool, arguments_hash, policy, arguments, rule, reason, severe,
         session, state, asked_at, keeps_ms, expires_at, channels, kept, kept_reason, looked_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
    );
    const expiresMs = Math.trunc(terms.expiresMs);
    for (;;) {
      const id = randomId();
      const { changes } = insert.run(
        id,
        server,
        grant,
        tool,
        argumentsHash,
        policyHash,
        terms.argumentsText,
        why.rule,
        why.reason.slice(0, REASON_CAP),
        terms.severe ? 1 : 0,
        why.session,
        now,
        expiresMs,
        now + expiresMs,
        terms.channels?.join(',') ?? null,
        argumentsOf(why.kept),
        why.keptReason.slice(0, REASON_CAP),
        terms.lookedAt === undefined ? null : JSON.stringify(terms.lookedAt),
      );
      // The id is taken: try another.
      if (changes === 0) continue;
      this.#events.write(now, 'wrapper', 'approval.asked', { approval: id, server, grant, tool });
      return { kind: 'pending', approval: this.get(id, now) as ApprovalEntry, isNew: true };
    }
  }

  /**
   * Uses an approval up. Two processes cannot both do so: the UPDATE names the state it starts from.
   *
   * @throws Error when it is not approved any more; the caller's transaction then ends in a refusal
   */
  consume(id: string, now: number): void {
    const { changes } = this.#db
      .prepare(
        `UPDATE approvals SET state = 'consumed', ${DROP} WHERE id = ? AND state = 'approved' AND expires_at > ?`,
      )
      .run(id, now);
    if (changes !== 1) throw new Error(`approval ${id} cannot be consumed`);
    this.#events.write(now, 'wrapper', 'approval.consumed', { approval: id });
  }

  /** Closes what is open for a call that passed without it, so that nobody approves the call a second time. */
  withdraw(call: ApprovedCall, now: number): void {
    const { server, grant, tool, argumentsHash, policyHash } = call;
    for (const row of this.#open.all(server, grant, tool, argumentsHash, policyHash, now))
      if (row.state !== 'rejected')
        this.#expire(row.id as string, now, 'the call needed no approval any more');
  }

  /**
   * Records a person's answer, once, while the approval is pending and if `by` is a channel that may give it. From then
   * on the approval is valid for as long as the person had to answer. What was approved and not used yet can be rejected.
   */
  decide(
    id: string,
    state: 'approved' | 'rejected' | 'expired',
    by: string,
    note: string | undefined,
    now: number,
  ): Decided {
    const before = this.get(id, now);
    if (!before) return { kind: 'unknown' };
    // Not by a form that was left open in the client: what it says came before, and a client may decline by itself.
    const isTakenBack = state === 'rejected' && before.state === 'approved' && by !== 'client';
    if (before.state !== 'pending' && !isTakenBack) return { kind: 'not_pending', approval: before };
    // Rejecting is allowed through any channel: it only stops something.
    if (state === 'approved' && !before.channels.includes(by === 'client' ? 'client' : 'queue'))
      return { kind: 'not_here', approval: before };
    this.#db
      .prepare(
        `UPDATE approvals SET ${state === 'approved' ? '' : `${DROP}, `}state = ?, decided_at = ?, decided_by = ?, note = ?,
           expires_at = CASE ? WHEN 'approved' THEN ? + keeps_ms ELSE expires_at END
         WHERE id = ? AND state = ? AND expires_at > ?`,
      )
      .run(state, now, by, note?.slice(0, REASON_CAP) ?? null, state, now, before.id, before.state, now);
    this.#events.write(now, by, `approval.${state}`, { approval: before.id, tool: before.tool, note });
    return { kind: 'done', approval: this.get(before.id, now) as ApprovalEntry };
  }

  /** @param id as a person types it: case, spaces and dashes do not matter */
  get(id: string, now: number): ApprovalEntry | undefined {
    const row = this.#db.prepare('SELECT * FROM approvals WHERE id = ?').get(plainId(id));
    return row && toEntry(row, now);
  }

  /** @returns what waits for a person, or with `all` everything that is kept; oldest first */
  list(now: number, all: boolean): ApprovalEntry[] {
    // The second condition makes SQLite use the partial index.
    const open = `WHERE state = 'pending' AND state IN ('pending', 'approved', 'rejected')`;
    return this.#db
      .prepare(`SELECT * FROM approvals ${all ? '' : open} ORDER BY asked_at, id`)
      .all()
      .map((row) => toEntry(row, now))
      .filter(({ state }) => all || state === 'pending');
  }

  /**
   * Marks approvals that have expired, and removes those that are older than `before`; at most `count` rows each.
   *
   * @returns whether there may be more
   */
  expireAndRemove(now: number, before: number, count: number): boolean {
    const ended = this.#ended.all(now, count);
    for (const { id } of ended) this.#expire(id as string, now, undefined);
    const { changes } = this.#remove.run(now, before, count);
    return ended.length === count || Number(changes) === count;
  }

  #expire(id: string, now: number, note: string | undefined): void {
    this.#db
      .prepare(
        `UPDATE approvals SET state = 'expired', note = coalesce(?, note),
           decided_by = coalesce(decided_by, 'wrapper'), ${DROP}
         WHERE id = ? AND state IN ('pending', 'approved')`,
      )
      .run(note ?? null, id);
    this.#events.write(now, 'wrapper', 'approval.expired', { approval: id, note });
  }

  #pendingCount({ server, grant }: ApprovedCall, now: number): number {
    return this.#db
      .prepare(
        `SELECT count(*) AS n FROM approvals WHERE server = ? AND grant_name = ? AND expires_at > ?
           AND state IN ('pending', 'approved', 'rejected') AND state = 'pending'`,
      )
      .get(server, grant, now)?.n as number;
  }
}

export function randomId(): string {
  return Array.from({ length: ID_LENGTH }, () => ID_LETTERS[crypto().randomInt(ID_LETTERS.length)]).join('');
}
