import type { Option } from 'commander';

/** One word that could stand where the cursor is. */
export interface Candidate {
  /** Without quotes of any shell, and safe to show. */
  readonly text: string;
  /** What it is for, on one line; may be empty. */
  readonly about: string;
}

/** What stands on a command line before the word that is typed. */
export interface Line {
  readonly arguments: readonly string[];
  readonly options: ReadonlyMap<Option, string>;
  /** Waits for its value, or may take a further one. */
  readonly open: Option | undefined;
  readonly openHasValue: boolean;
  /** What there is of the word, or of its value behind `=`. */
  readonly typed: string;
  /** @returns the value of an option or argument by its name; undefined where it does not stand there */
  value(name: string): string | undefined;
}
