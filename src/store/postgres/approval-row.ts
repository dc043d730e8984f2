import type { LookedAt } from '../../policy/evaluate/looked-at.js';
import type { ApprovalState } from '../approval-entry.js';
import { lookedAtIn } from '../approval-entry.js';
import type { SharedApproval } from '../shared-store.js';

/** An approval as `approval_v1` gives it. */
export interface ApprovalRow {
  readonly id: string;
  readonly who: string;
  readonly host: string;
  readonly server: string;
  readonly grant: string;
  readonly tool: string;
  readonly arguments: string;
  readonly argumentsHash: string;
  readonly policyHash: string;
  readonly rule: string;
  readonly reason: string;
  readonly severe: boolean;
  readonly lookedAt: string | null;
  readonly channels: string | null;
  readonly session: string;
  readonly state: ApprovalState;
  readonly askedAt: number;
  readonly expiresAt: number;
  readonly decidedAt: number | null;
  readonly decidedBy: string | null;
  readonly decidedWho: string | null;
  readonly note: string | null;
}

export function approvalOf(row: ApprovalRow): SharedApproval {
  const lookedAt: LookedAt | undefined = lookedAtIn(row.lookedAt ?? undefined);
  return {
    ...row,
    lookedAt,
    channels: row.channels?.split(',') ?? ['client', 'queue'],
    decidedAt: row.decidedAt ?? undefined,
    decidedBy: row.decidedBy ?? undefined,
    decidedWho: row.decidedWho ?? undefined,
    note: row.note ?? undefined,
  };
}
