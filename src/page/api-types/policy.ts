import * as z from 'zod/mini';
import type { Tightened } from '../../draft/told.js';
import type { Problem } from '../../policy/read/problem.js';
import type { Language } from './names.js';

/** Most characters of a policy, as the reader takes it. */
const MOST = 4 << 20;
const Path = z.string().check(z.maxLength(4096));
const Text = z.string().check(z.maxLength(MOST));

/** What a file that is not there yet begins with: the preset that held until now, or nothing. */
export interface Beginning {
  readonly preset: string | undefined;
}

/** A policy file of this machine, by what it is for. */
export interface PolicyRow {
  /** Absolute. */
  readonly file: string;
  /** The servers that it holds for, as far as is known. */
  readonly servers: readonly string[];
  /** `new`: it is not there yet, and saving makes it. */
  readonly state: 'file' | 'new';
  /** What it extends, then what that extends. */
  readonly extends: readonly string[];
  /** Other policies stand on it: then it is shown and not edited. */
  readonly extendedBy: readonly string[];
}

export interface PolicyList {
  readonly policies: readonly PolicyRow[];
  /** Servers whose policy cannot be named, and why. */
  readonly unclear: readonly { readonly server: string; readonly message: string }[];
}

/** One policy, to be edited. */
export interface PolicyText extends PolicyRow {
  /** The text on disk; '' where there is none. */
  readonly text: string;
  /** What a draft begins with: the text, or where there is none what holds until now. */
  readonly start: string;
  /** Where `start` comes from, for a file that is not there yet. */
  readonly from: Beginning | undefined;
  /** The files that it extends, to be read. */
  readonly layers: readonly {
    readonly file: string;
    readonly text: string | undefined;
    readonly problem?: string | undefined;
  }[];
}

/** A finding, and the language of its sentences. */
export interface ProblemHere extends Problem {
  readonly lang: Language;
}

export const CheckBody = z.strictObject({ file: Path, text: Text });
export type CheckBody = z.infer<typeof CheckBody>;

export interface Checked {
  readonly problems: readonly ProblemHere[];
  /** Whether calls could be decided by it. */
  readonly isUsable: boolean;
  readonly tightened: readonly Tightened[];
  /** What passes without a look, since nothing is said of it: `resources`. */
  readonly unjudged: readonly string[];
}

export const CompareBody = z.strictObject({ file: Path, base: Text, text: Text });
export type CompareBody = z.infer<typeof CompareBody>;

/** Lines that differ, with those around them. */
export interface Hunk {
  readonly oldStart: number;
  readonly newStart: number;
  /** Each begins with a blank, `+` or `-`. */
  readonly lines: readonly string[];
}

export interface Compared {
  /** What saving changes on disk. */
  readonly hunks: readonly Hunk[];
  /** What is on disk, where that is not what the draft was made from. */
  readonly conflict: string | undefined;
  readonly problems: readonly ProblemHere[];
  readonly cases: readonly CaseRow[];
}

export interface CaseRow {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
  /** What was expected and what came, as the case file says it. */
  readonly expected: string;
  readonly actual: string;
}

export type SaveAnswer =
  | { readonly kind: 'saved' | 'same' }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }
  | { readonly kind: 'conflict'; readonly text: string };

/** An earlier version of a policy. */
export interface Version {
  readonly name: string;
  /** When it was replaced; UTC milliseconds. */
  readonly replacedAt: number;
  readonly lines: number;
}

export const VersionBody = z.strictObject({ file: Path, name: z.string().check(z.maxLength(500)) });
export type VersionBody = z.infer<typeof VersionBody>;

export const RestoreBody = z.strictObject({ ...VersionBody.shape, base: Text });
export type RestoreBody = z.infer<typeof RestoreBody>;

/** A wrapper that runs, and by what it decides. */
export interface DecidingBy {
  readonly server: string;
  readonly pid: number;
  readonly client: string | undefined;
  readonly startedAt: number;
  /** `current`: by the file as it is. A number: by the version that was replaced then. `unknown`: by another text. */
  readonly by: 'current' | 'unknown' | number;
  /** Why it did not take the file. */
  readonly problem: string | undefined;
}
