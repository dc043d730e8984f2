import type { LookedAt } from '../policy/evaluate/looked-at.js';
import { type Row, textOf } from './sqlite/driver.js';

/** What a person is shown of a call, and what binds the answer to this very call. */
export interface ApprovalTerms {
  /** Hex sha-256 of the arguments as canonical JSON, maps sorted at every depth. */
  readonly argumentsHash: string;
  /** The arguments whole, as the person will read them. */
  readonly argumentsText: string;
  /** The person must type a value from the call, not only say yes. */
  readonly severe?: boolean | undefined;
  /** The arguments that the policy looks at, of which the person types one. */
  readonly lookedAt?: LookedAt | undefined;
  /** Where a person may approve it, as the policy says; anywhere when absent. */
  readonly channels?: readonly string[] | undefined;
  /** How long the person may take, and then how long the approval stays valid, in milliseconds. */
  readonly expiresMs: number;
  /** The approval that a held call waited for: it is consumed, or the call is refused; nobody is asked again. */
  readonly id?: string | undefined;
  /** The call's numbers by path (`args.amount_total`), exact, for budgets that are bound to one. */
  readonly numbers?: ReadonlyMap<string, string> | undefined;
  /**
   * The smallest and the largest amount of money in the call, exact, which a budget's bound applies to; empty when there
   * are none, undefined when one cannot be determined.
   */
  readonly amounts?: readonly string[] | undefined;
}

export type ApprovalState = 'pending' | 'approved' | 'rejected' | 'consumed' | 'expired';

/** The record that decides; times in UTC milliseconds. */
export interface ApprovalEntry {
  readonly id: string;
  readonly server: string;
  readonly grant: string;
  readonly tool: string;
  /** The whole JSON; once the approval is over, what the log keeps: an array of sorted names, or the whole object. */
  readonly arguments: string;
  readonly argumentsHash: string;
  readonly policyHash: string;
  readonly rule: string;
  /** Why a person is asked; once the approval is over, only what the policy's author wrote, or nothing. */
  readonly reason: string;
  /** As far as is known, a mistake with this tool costs money or cannot be undone. */
  readonly severe: boolean;
  /** The arguments that the policy looks at; undefined where that was not written down. */
  readonly lookedAt: LookedAt | undefined;
  /** Where a person may approve it: `client`, `queue`. */
  readonly channels: readonly string[];
  readonly session: string;
  readonly state: ApprovalState;
  readonly askedAt: number;
  readonly expiresAt: number;
  readonly decidedAt: number | undefined;
  /** Channel: `cli`, `client`, or `wrapper` for an approval that expired by itself. */
  readonly decidedBy: string | undefined;
  readonly note: string | undefined;
}

/** The call that an approval is for; an approval serves only a call that is the same in all of this. */
export interface ApprovedCall {
  readonly server: string;
  readonly grant: string;
  readonly tool: string;
  readonly argumentsHash: string;
  readonly policyHash: string;
}

/** Why a person is asked, and what is kept of the question once it is over. */
export interface Reason {
  readonly rule: string;
  readonly reason: string;
  readonly session: string;
  /** What the log keeps of the arguments. */
  readonly kept: string;
  /** The reason without values of the call. */
  readonly keptReason: string;
}

/** Whether a person's answer could be recorded. */
export type Decided =
  | { readonly kind: 'done'; readonly approval: ApprovalEntry }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not_pending'; readonly approval: ApprovalEntry }
  /** The policy does not allow approval through this channel. */
  | { readonly kind: 'not_here'; readonly approval: ApprovalEntry };

/** Where a call that needs a person's approval stands. */
export type ApprovalStanding =
  | { readonly kind: 'approved'; readonly by: 'approval'; readonly id: string }
  | { readonly kind: 'pending'; readonly approval: ApprovalEntry; readonly isNew: boolean }
  | { readonly kind: 'rejected'; readonly approval: ApprovalEntry }
  | { readonly kind: 'expired'; readonly approval: ApprovalEntry }
  /** Nobody can be asked: too many wait already, the arguments are too long to read, or the id is used up. */
  | { readonly kind: 'impossible' };

/** The id of an approval or a budget as a person types it: case, spaces and dashes do not matter. */
export function plainId(id: string): string {
  return id.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Whether an approval was asked for this very call (G10). */
export function isFor(approval: ApprovalEntry, call: ApprovedCall): boolean {
  return (
    approval.server === call.server &&
    approval.grant === call.grant &&
    approval.tool === call.tool &&
    approval.argumentsHash === call.argumentsHash &&
    approval.policyHash === call.policyHash
  );
}

/** What was written by this or a later version; a text of another form says nothing. */
export function lookedAtIn(text: string | undefined): LookedAt | undefined {
  if (text === undefined) return undefined;
  let value: Partial<LookedAt> | null;
  try {
    value = JSON.parse(text) as Partial<LookedAt> | null;
  } catch {
    // In a team's store it is what a login says of its own call.
    return undefined;
  }
  const { amounts, conditions } = value ?? {};
  return arePaths(amounts) && arePaths(conditions) ? { amounts, conditions } : undefined;
}

function arePaths(value: unknown): value is LookedAt['amounts'] {
  return (
    Array.isArray(value) &&
    value.every(
      (path) => Array.isArray(path) && path.every((step) => step === null || typeof step === 'string'),
    )
  );
}

/** A row of `approvals` as it stands at `now`: one that has expired says so, and keeps no values of the call. */
export function toEntry(row: Row, now: number): ApprovalEntry {
  const stored = row.state as ApprovalState;
  const isOver = (stored === 'pending' || stored === 'approved') && (row.expires_at as number) <= now;
  return {
    id: row.id as string,
    server: row.server as string,
    grant: row.grant_name as string,
    tool: row.tool as string,
    arguments: (isOver ? row.kept : row.arguments) as string,
    argumentsHash: row.arguments_hash as string,
    policyHash: row.policy as string,
    rule: row.rule as string,
    reason: (isOver ? row.kept_reason : row.reason) as string,
    severe: row.severe === 1,
    lookedAt: lookedAtIn(textOf(row.looked_at)),
    channels: typeof row.channels === 'string' ? row.channels.split(',') : ['client', 'queue'],
    session: row.session as string,
    state: isOver ? 'expired' : stored,
    askedAt: row.asked_at as number,
    expiresAt: row.expires_at as number,
    decidedAt: typeof row.decided_at === 'number' ? row.decided_at : undefined,
    decidedBy: textOf(row.decided_by),
    note: textOf(row.note),
  };
}
