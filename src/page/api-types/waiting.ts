import * as z from 'zod/mini';
import type { ChallengeAbout } from '../../approval/challenge-about.js';
import type { Told } from './names.js';
import type { From } from './shell.js';

/** All that waits for a person, and what they have said lately. Times in UTC milliseconds. */
export interface WaitingAnswer {
  readonly now: number;
  readonly waiting: readonly WaitingCall[];
  /** The newest first. */
  readonly lately: readonly DecidedCall[];
  readonly budgets: readonly Budget[];
}

interface CallShown {
  readonly id: string;
  readonly server: string;
  readonly grant: string;
  readonly tool: string;
  /** Whose wrapper asks, in the store of a team. */
  readonly from: From | undefined;
  readonly client: { readonly name: string; readonly version: string | undefined } | undefined;
  /** A pointer into the policy. */
  readonly rule: string;
  readonly reason: Told;
  readonly askedAt: number;
  readonly expiresAt: number;
  /** JSON text, every digit as it came; undefined once the values are no longer kept. */
  readonly arguments: string | undefined;
  readonly argumentNames: readonly string[];
}

/** A call that waits. */
export interface WaitingCall extends CallShown {
  /** Digest of the call as it is shown; sent back with a yes to it. */
  readonly shown: string;
  /** False where the policy leaves it to the client: here it can be rejected alone. */
  readonly canApprove: boolean;
  /** This login may not: it lacks the approver's role in the team. */
  readonly lacksRole: boolean;
  /** Whether it may reject it. */
  readonly canReject: boolean;
  /** What a person must type; undefined where a yes is enough. */
  readonly challenge: ChallengeAbout | undefined;
  readonly comparison: Comparison;
  readonly further: Further;
}

/** How the call compares with those of its tool that passed before. */
export interface Comparison {
  readonly calls: number;
  readonly withValues: number;
  readonly since: number | undefined;
  readonly unusual: readonly Difference[];
}

export type Difference =
  | { readonly kind: 'first_call' | 'new_client' }
  | { readonly kind: 'new_argument' | 'missing_argument'; readonly path: string }
  | { readonly kind: 'larger'; readonly path: string; readonly value: string; readonly before: string }
  | { readonly kind: 'new_value'; readonly path: string; readonly before: number }
  | { readonly kind: 'often'; readonly calls: number; readonly before: number };

/** Whether further calls of the tool may be granted with this one, and what bounds them. */
export type Further =
  /** An amount cannot be told, so that no bound would hold. */
  | { readonly kind: 'unclear' }
  /** There is no number in the call. */
  | { readonly kind: 'unbounded' }
  | {
      readonly kind: 'bounded';
      /** The number that counts, where that is known. */
      readonly path: string | undefined;
      /** Whether the call has amounts of money: then further calls are bounded by them. */
      readonly isMoney: boolean;
      /** Exact decimals. */
      readonly numbers: readonly { readonly path: string; readonly value: string }[];
    };

export interface DecidedCall extends CallShown {
  readonly state: 'approved' | 'rejected' | 'consumed' | 'expired';
  readonly decidedAt: number | undefined;
  /** `cli`, `page`, `client`, or `wrapper`. */
  readonly decidedBy: string | undefined;
  /** The login, in a team. */
  readonly decidedWho: string | undefined;
  /** Whether this login may take it back while it is unused. */
  readonly canTakeBack: boolean;
  readonly note: string | undefined;
}

/** Further calls that a person granted, while they can be used. */
export interface Budget {
  readonly id: string;
  readonly server: string;
  readonly tool: string;
  readonly callsLeft: number;
  readonly expiresAt: number;
  readonly bound: { readonly path: string; readonly max: string } | undefined;
  /** Whether this login may revoke it. */
  readonly canRevoke: boolean;
}

const id = z.string().check(z.maxLength(100));
const short = z.string().check(z.maxLength(200));

export const ApproveBody = z.strictObject({
  id,
  /** Tells the call that was shown. */
  shown: short,
  /** What the person typed, and the language that they write numbers in. */
  typed: z.optional(z.string().check(z.maxLength(2000))),
  locale: z.optional(short),
  further: z.optional(
    z.strictObject({
      calls: short,
      /** `30m`. */
      for: short,
      max: z.optional(short),
      path: z.optional(z.string().check(z.maxLength(2000))),
    }),
  ),
});
export type ApproveBody = z.infer<typeof ApproveBody>;

export const RejectBody = z.strictObject({
  id,
  /** Tells a call that waits and was shown. */
  shown: z.optional(short),
  reason: z.optional(z.string().check(z.maxLength(2000))),
});
export type RejectBody = z.infer<typeof RejectBody>;
