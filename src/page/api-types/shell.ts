import * as z from 'zod/mini';

export const SignIn = z.strictObject({ token: z.string().check(z.maxLength(200)) });
export interface SignedIn {
  /** Sent with every request, in the header of `KEY_HEADER` (names.ts). */
  readonly key: string;
}

/** What the frame around every screen shows. */
export interface Overview {
  readonly version: string;
  /** UTC milliseconds, by this machine's clock. */
  readonly now: number;
  /** How many calls wait for a person. */
  readonly waiting: number;
  readonly pauses: readonly Pause[];
  /** Where the state lies; the usual place also where nothing is there yet. */
  readonly databases: readonly string[];
  /** Sentences about databases that could not be opened. */
  readonly leftAlone: readonly string[];
}

export interface Pause {
  /** Undefined for a pause of all servers. */
  readonly server: string | undefined;
  readonly since: number;
  readonly note: string | undefined;
}

export const PauseBody = z.strictObject({
  server: z.optional(z.string().check(z.maxLength(500))),
  note: z.optional(z.string().check(z.maxLength(500))),
});
export type PauseBody = z.infer<typeof PauseBody>;

export const ResumeBody = z.strictObject({ server: z.optional(z.string().check(z.maxLength(500))) });
export type ResumeBody = z.infer<typeof ResumeBody>;

/** An address for another browser, good once. */
export interface Address {
  readonly address: string;
}

/** What a person is told when a request failed. */
export interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string | undefined };
}
