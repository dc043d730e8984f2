import { PolicyWrapError, reasonOf } from '../../errors.js';
import { type Fault, faultOf } from './driver.js';

/** What to do about a lock that does not go away. */
export const LOCKED_HINT =
  'Close other programs that have the file open, such as a database browser (DB Browser for SQLite) or a sqlite3 shell.';

const EXPLAINED: Readonly<
  Record<Fault, { code: 'STATE_UNAVAILABLE' | 'STATE_CORRUPT'; says: string; hint?: string }>
> = {
  busy: {
    code: 'STATE_UNAVAILABLE',
    says: 'is locked by another process',
    hint: LOCKED_HINT,
  },
  full: { code: 'STATE_UNAVAILABLE', says: 'cannot grow: the disk is full', hint: 'Free disk space.' },
  readonly: {
    code: 'STATE_UNAVAILABLE',
    says: 'cannot be written',
    hint: 'Make the file and its folder writable for this user, or name another with --db <file>.',
  },
  corrupt: {
    code: 'STATE_CORRUPT',
    says: 'is damaged',
    hint: 'Look at it, then set it aside with "policy-wrap reset --database"; all counts start from zero.',
  },
  notadb: {
    code: 'STATE_CORRUPT',
    says: 'is not a state database',
    hint: 'Name another file with --db <file>, or set this one aside with "policy-wrap reset --database".',
  },
  cantopen: {
    code: 'STATE_UNAVAILABLE',
    says: 'cannot be opened',
    hint: 'Make the file and its folder readable and writable for this user, or name another with --db <file>.',
  },
  io: {
    code: 'STATE_UNAVAILABLE',
    says: 'cannot be read or written: the disk reports an error',
    hint: 'Check the disk and its free space; if files beside it (-wal, -shm) were deleted, restart the MCP servers in your clients.',
  },
  other: { code: 'STATE_UNAVAILABLE', says: 'cannot be used' },
};

/**
 * What a person is told of a failure with the file.
 *
 * @returns a PolicyWrapError; other errors, which come neither from SQLite nor from the file system, as they are
 */
export function stateError(error: unknown, path: string): unknown {
  if (PolicyWrapError.is(error)) return error;
  const fault = faultOf(error) ?? fileFaultOf(error);
  if (fault === undefined) return error;
  const { code, says, hint } = EXPLAINED[fault];
  return new PolicyWrapError(code, `the state database ${path} ${says} (${reasonOf(error)})`, {
    cause: error,
    hint,
  });
}

/** Whether a failure to open is temporary, because others held the file at that moment. */
export function isPassing(error: unknown): boolean {
  return PolicyWrapError.is(error) && faultOf(error.cause) === 'busy';
}

function fileFaultOf(error: unknown): Fault | undefined {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (syscall === undefined) return undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'full';
  return code === 'EIO' ? 'io' : 'cantopen';
}
