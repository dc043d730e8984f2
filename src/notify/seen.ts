import type { Admitted, Filled, Outcome } from '../store/store.js';
import { sha256 } from '../text/hash.js';
import type { JudgedCall } from '../wire/message.js';
import {
  approvalNotice,
  changedNotice,
  fillingNotice,
  limitNotice,
  type Notice,
  pausedNotice,
  policyNotice,
  storeNotice,
} from './notice.js';

/** A call that was decided. Those that are allowed are told of only where somebody wants all calls. */
export interface CallSeen {
  readonly kind: 'decided';
  readonly call: JudgedCall;
  readonly admitted: Admitted;
  /** Why it was not let through; both undefined where it was, also what would have been refused under `--observe`. */
  readonly code: string | undefined;
  readonly rule: string | undefined;
  /** The policy has the log keep all arguments. */
  readonly keepsArguments: boolean;
}

/** What a wrapper has seen that a person elsewhere may want to know. */
export type Seen =
  | CallSeen
  /** What became of a call that was let through, by its row in the decision log. */
  | { readonly kind: 'settled'; readonly row: number; readonly outcome: Outcome }
  | { readonly kind: 'filled'; readonly tool: string; readonly filled: Filled }
  /** `hashes` tell what they are now. */
  | { readonly kind: 'changed'; readonly names: readonly string[]; readonly hashes: readonly string[] }
  | {
      readonly kind: 'policy';
      readonly source: string | undefined;
      readonly hash: string | undefined;
      readonly problem: string | undefined;
    }
  | { readonly kind: 'undecided'; readonly reason: string };

/**
 * @param now UTC milliseconds, by the clock of whoever decided
 * @returns what to tell of it; undefined for what is nobody's business at this moment: a rule refused, as it should
 */
export function noticeOf(server: string, seen: Seen, now: number): Notice | undefined {
  switch (seen.kind) {
    case 'decided':
      // Under --observe nothing is refused.
      return seen.code === undefined ? undefined : ofDecision(server, seen.call.name, seen.admitted, now);
    case 'settled':
      return undefined;
    case 'filled':
      return fillingNotice(server, seen.tool, seen.filled.charge, seen.filled.used);
    case 'changed':
      return changedNotice(server, seen.names, sha256(seen.hashes.join()));
    case 'policy':
      return policyNotice(server, seen.source, seen.hash, seen.problem);
    case 'undecided':
      return storeNotice(server, seen.reason);
  }
}

function ofDecision(server: string, tool: string, admitted: Admitted, now: number): Notice | undefined {
  switch (admitted.kind) {
    case 'asked':
      return approvalNotice(server, admitted.approval, now);
    case 'exceeded':
      return limitNotice(server, tool, admitted.exceeded.charge);
    case 'refused':
      return admitted.code === 'PAUSED' ? pausedNotice(server, tool) : undefined;
    case 'allowed':
    case 'unmet':
      return undefined;
  }
}
