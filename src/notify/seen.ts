import type { Admitted, Filled } from '../store/store.js';
import { sha256 } from '../text/hash.js';
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

/** What a wrapper has seen that a person elsewhere may want to know. */
export type Seen =
  | {
      readonly kind: 'decided';
      readonly tool: string;
      readonly admitted: Exclude<Admitted, { kind: 'allowed' }>;
    }
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
      return ofDecision(server, seen.tool, seen.admitted, now);
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

function ofDecision(
  server: string,
  tool: string,
  admitted: Exclude<Admitted, { kind: 'allowed' }>,
  now: number,
): Notice | undefined {
  switch (admitted.kind) {
    case 'asked':
      return approvalNotice(server, admitted.approval, now);
    case 'exceeded':
      return limitNotice(server, tool, admitted.exceeded.charge);
    case 'refused':
      return admitted.code === 'PAUSED' ? pausedNotice(server, tool) : undefined;
    case 'unmet':
      return undefined;
  }
}
