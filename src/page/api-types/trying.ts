import * as z from 'zod/mini';
import type { PasteNote } from '../../draft/told.js';
import type { Told } from './names.js';
import { type From, PLACES, type Place } from './shell.js';

const MOST = 4 << 20;
const Path = z.string().check(z.maxLength(4096));
const Text = z.string().check(z.maxLength(MOST));
const Name = z.string().check(z.maxLength(1000));

/** A call that is tried on a draft. */
export const TryBody = z.strictObject({
  file: Path,
  /** The draft. */
  text: Text,
  server: Name,
  tool: Name,
  /** JSON text: a number keeps its digits. */
  args: Text,
  /** The server's variables; one that is not named is not set. */
  env: z.record(z.string(), z.string()),
});
export type TryBody = z.infer<typeof TryBody>;

/** One thing that was looked at. */
export interface TraceRow {
  readonly look: string;
  readonly rule: string;
  readonly result: 'passes' | 'stops' | 'asks';
  readonly text: Told;
}

export interface Tried {
  readonly decision: 'allow' | 'deny' | 'hide' | 'ask';
  readonly code: string | undefined;
  readonly rule: string | undefined;
  readonly why: Told;
  /** UTC milliseconds; when it passes, where that is known. */
  readonly retryAt: number | undefined;
  readonly trace: readonly TraceRow[];
  /** What is odd about the tool's name. */
  readonly hint: Told | undefined;
  /** Variables of the environment that the draft reads. */
  readonly variables: readonly string[];
  /** What a test case of it expects: the decision from a clean start, as the case file says it. */
  readonly fresh: string;
}

/** A call of the decision log. */
export interface RecordedCall {
  readonly auditId: string;
  readonly at: number;
  readonly tool: string;
  readonly decision: 'allow' | 'deny' | 'hide' | 'ask';
  /** JSON text of the arguments; undefined where the log holds their names alone. */
  readonly args: string | undefined;
  readonly names: readonly string[];
  /** Whose call it was, in the store of a team. */
  readonly from: From | undefined;
}

export const KeepBody = z.strictObject({
  ...TryBody.shape,
  name: z.string().check(z.minLength(1), z.maxLength(300)),
});
export type KeepBody = z.infer<typeof KeepBody>;

export interface Kept {
  /** The case file. */
  readonly file: string;
}

export const ImpactBody = z.strictObject({
  file: Path,
  text: Text,
  server: Name,
  /** UTC milliseconds; all that is kept when absent. */
  since: z.optional(z.number()),
  /** Whose calls: the team's where it has some of the server, unless this machine's are wanted. */
  place: z.optional(z.enum(PLACES)),
});
export type ImpactBody = z.infer<typeof ImpactBody>;

export interface Impact {
  /** Whose calls these are. */
  readonly place: Place;
  readonly calls: number;
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** Calls that come out as they did. */
  readonly unchanged: number;
  readonly passed: number;
  readonly refused: number;
  readonly asked: number;
  readonly changes: readonly {
    readonly change: 'newly refused' | 'newly allowed' | 'newly asked';
    readonly tool: string;
    readonly rule: string;
    readonly code: string;
    readonly calls: number;
    readonly examples: readonly {
      readonly auditId: string;
      readonly at: number;
      readonly args: string | undefined;
    }[];
  }[];
  readonly notJudged: readonly { readonly why: Told; readonly calls: number }[];
  /** Calls that each rule refuses or asks about, whatever became of them then. */
  readonly stoppedBy: Readonly<Record<string, number>>;
  /** How long the replay took, in milliseconds. */
  readonly took: number;
  /** There are more calls than were looked at, which are the newest. */
  readonly isCut: boolean;
}

export const PasteBody = z.strictObject({ file: Path, text: Text, tool: z.optional(Name) });
export type PasteBody = z.infer<typeof PasteBody>;

/** What a pasted text becomes. */
export type PasteAnswer =
  | { readonly kind: 'nameless' }
  | { readonly kind: 'unknown'; readonly fault: string }
  | {
      readonly kind: 'policy' | 'rules' | 'yaml';
      readonly text: string;
      readonly notes: readonly PasteNote[];
      readonly isComplete: boolean;
      readonly outline: Outline | undefined;
    };

/** What a policy does, in short. */
export interface Outline {
  readonly default: 'allow' | 'deny';
  readonly hide: readonly string[];
  /** `60 per minute (calls)`. */
  readonly overAll: readonly string[];
  readonly tools: readonly {
    readonly name: string;
    readonly effect: 'allowed' | 'limited' | 'asked' | 'refused' | 'hidden';
    readonly limits: readonly string[];
    /** Rules with conditions. */
    readonly rules: number;
  }[];
}
