/** What went wrong, for `--json` output and for tests; people get `message` and `hint`. */
export type ErrorCode =
  | 'USAGE'
  | 'POLICY_NOT_FOUND'
  | 'POLICY_INVALID'
  | 'STATE_UNAVAILABLE'
  | 'STATE_CORRUPT'
  | 'STATE_NEWER'
  | 'UPSTREAM_NOT_STARTED'
  | 'UPSTREAM_FAILED'
  | 'LOGIN_FAILED'
  | 'CONFIG_INVALID'
  | 'CONFIG_CONFLICT'
  | 'NOT_FOUND'
  | 'REFUSED';

/** Exit codes of every command but a running wrapper, which passes on its server's own. Listed in the README. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  policyInvalid: 3,
  denied: 4,
  needsApproval: 5,
  notStarted: 127,
} as const;

/** The shell's convention for a process ended by a signal: 128 plus the signal's number. */
export const EXIT_SIGNAL_BASE = 128;

/**
 * The one thrown class: something the person at the keyboard must mend. Expected outcomes (a refusal, an invalid
 * policy) are data, and anything else that is thrown is a bug.
 */
export class PolicyWrapError extends Error {
  override readonly name = 'PolicyWrapError';
  readonly code: ErrorCode;
  /** What to do about it, in the imperative; absent when `message` says it all. */
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  /** Structural, because each bundle carries its own copy of this class. */
  static is(error: unknown): error is PolicyWrapError {
    return error instanceof Error && error.name === 'PolicyWrapError';
  }
}

/** An error as a sentence for people, with what to do about it. */
export function reasonOf(error: unknown): string {
  if (PolicyWrapError.is(error)) return error.hint ? `${error.message} (${error.hint})` : error.message;
  return messageOf(error);
}

/** What happened, without what to do about it: models and programs read that too. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The exit code for an error: its own kind's, or `failed`. */
export function exitCodeOf(error: unknown): number {
  if (!PolicyWrapError.is(error)) return EXIT.failed;
  switch (error.code) {
    case 'USAGE':
      return EXIT.usage;
    case 'POLICY_INVALID':
    case 'POLICY_NOT_FOUND':
      return EXIT.policyInvalid;
    case 'UPSTREAM_NOT_STARTED':
      return EXIT.notStarted;
    default:
      return EXIT.failed;
  }
}
