import * as z from 'zod/mini';
import type { From, Place } from './shell.js';

/** What happens now. Times in UTC milliseconds. */
export interface LiveAnswer {
  readonly now: number;
  /** The newest first. */
  readonly decisions: readonly Decision[];
  /** The fullest first. */
  readonly counters: readonly Counter[];
  /** How many counters there are; only the fullest are told. */
  readonly countersTotal: number;
  readonly servers: readonly LiveServer[];
}

export interface Decision {
  readonly id: string;
  /** Whose call it was, in the store of a team. */
  readonly from: From | undefined;
  readonly at: number;
  readonly server: string;
  readonly tool: string;
  readonly decision: 'allow' | 'deny' | 'ask' | 'hide';
  readonly code: string | undefined;
  readonly rule: string | undefined;
  /** Nothing was enforced: a refusal is what would have been one. */
  readonly observe: boolean;
  readonly outcome: string | undefined;
  readonly latencyMs: number | undefined;
  readonly client: string | undefined;
  readonly argumentNames: readonly string[];
  /** JSON text, where the policy has the values recorded. */
  readonly arguments: string | undefined;
}

export interface Counter {
  readonly id: number;
  /** Names it in `EmptyBody`: a digest of what tells it from every other. */
  readonly shown: string;
  /** The team that counts together; undefined for this machine's own. */
  readonly team: string | undefined;
  readonly name: string;
  /** Undefined where all servers share it. */
  readonly server: string | undefined;
  readonly grant: string | undefined;
  /** The values that split the count, as JSON, or a digest of them; empty when it is one count. */
  readonly split: string;
  /** Exact decimals. */
  readonly used: string;
  readonly max: string;
  /** From 0 to 1, for a bar. */
  readonly share: number;
  readonly windowMs: number;
  /** `day`, where it begins anew with the calendar. */
  readonly calendar: string | undefined;
  readonly observe: boolean;
  /** When there is room again; undefined while there is. */
  readonly freesAt: number | undefined;
}

/** Says that a person wants this counter of the machine emptied. */
export const EmptyBody = z.strictObject({
  name: z.string().check(z.maxLength(500)),
  id: z.int(),
  /** As `Counter.shown`: ids are short, and databases may be several. */
  shown: z.string().check(z.maxLength(200)),
});
export type EmptyBody = z.infer<typeof EmptyBody>;

/** What a counter held when it was emptied; exact decimals. */
export interface Emptied {
  readonly used: string;
  readonly max: string;
}

export interface LiveServer {
  readonly server: string;
  /** Where its brake holds. */
  readonly place: Place;
  /** Where it runs, in a team: `alice on laptop-2`. */
  readonly hosts: readonly From[];
  readonly running: number;
  readonly clients: readonly string[];
  readonly pausedSince: number | undefined;
  /** Why a changed policy file was not taken. */
  readonly policyProblem: string | undefined;
}

/** What was decided, hour by hour; hours without anything are not told. */
export interface HoursAnswer {
  readonly now: number;
  readonly hours: readonly Hour[];
}

export interface Hour {
  readonly at: number;
  readonly allowed: number;
  readonly asked: number;
  readonly refused: number;
}
