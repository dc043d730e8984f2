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
  /** Sentences about databases and stores that could not be opened. */
  readonly leftAlone: readonly string[];
  /** The store that a team shares, where one is named. */
  readonly team: TeamHere | undefined;
}

/** What a login may do in a team. */
export type TeamRole = 'wrapper' | 'approver' | 'auditor' | 'owner';

export interface TeamHere {
  readonly name: string;
  /** Its address, without a password. */
  readonly shown: string;
  readonly login: string;
  readonly roles: readonly TeamRole[];
  /** Why nothing of it is shown: it does not answer, or refuses. */
  readonly problem: { readonly message: string; readonly hint: string | undefined } | undefined;
}

/** Whose something is, in the store of a team: the login cannot be forged, the host is what its machine says. */
export interface From {
  readonly who: string;
  readonly host: string;
}

/** Where a pause holds: on every machine of the team, or on this one. */
export const PLACES = ['team', 'here'] as const;
export type Place = (typeof PLACES)[number];

export interface Pause {
  readonly place: Place;
  /** Who pressed, in a team. */
  readonly who: string | undefined;
  /** Undefined for a pause of all servers. */
  readonly server: string | undefined;
  readonly since: number;
  readonly note: string | undefined;
}

export const PauseBody = z.strictObject({
  server: z.optional(z.string().check(z.maxLength(500))),
  note: z.optional(z.string().check(z.maxLength(500))),
  /** This machine where nothing is said. */
  place: z.optional(z.enum(PLACES)),
});
export type PauseBody = z.infer<typeof PauseBody>;

export const ResumeBody = z.strictObject({
  server: z.optional(z.string().check(z.maxLength(500))),
  place: z.optional(z.enum(PLACES)),
});
export type ResumeBody = z.infer<typeof ResumeBody>;

/** An address for another browser, good once. */
export interface Address {
  readonly address: string;
}

/** What a person is told when a request failed. */
export interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string | undefined };
}
