import { lookedAtIn } from '../approval-entry.js';
import type { SharedApproval } from '../shared-store.js';

type Absent = 'decidedAt' | 'decidedBy' | 'decidedWho' | 'note';

/** An approval as `approval_v1` gives it: what is not there is null. */
export type ApprovalRow = Omit<SharedApproval, 'lookedAt' | 'channels' | Absent> & {
  readonly [Key in Absent]: NonNullable<SharedApproval[Key]> | null;
} & { readonly lookedAt: string | null; readonly channels: string | null };

export function approvalOf(row: ApprovalRow): SharedApproval {
  return {
    ...row,
    lookedAt: lookedAtIn(row.lookedAt ?? undefined),
    channels: row.channels?.split(',') ?? ['client', 'queue'],
    decidedAt: row.decidedAt ?? undefined,
    decidedBy: row.decidedBy ?? undefined,
    decidedWho: row.decidedWho ?? undefined,
    note: row.note ?? undefined,
  };
}
