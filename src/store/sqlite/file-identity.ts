import { statSync } from 'node:fs';
import { PolicyWrapError } from '../../errors.js';
import { LOG_SUFFIXES, lostLog } from './open.js';

/**
 * How long a check that the file is still the one that was opened is trusted, in milliseconds: checking for every call
 * of a burst would be no less of a race.
 */
const SAME_FOR_MS = 1;

/** Which file lies there, by device and number; undefined where none does. */
export function identityOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/**
 * Whether a database is still the file that was opened. A deleted or replaced file still takes writes through the open
 * handle, while another wrapper would grant the same calls again from a new file (G4).
 */
export class FileIdentity {
  readonly #path: string;
  readonly #place: string;
  readonly #identity: string;
  /** The identities of the write-ahead log and its index. */
  readonly #log: readonly (string | undefined)[];
  readonly #saveLog: () => void;
  #isLogLost = false;
  #sameUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param path of the file
   * @param place where it lies if that is a link to it: SQLite keeps its log there
   * @param identity as `identityOf` gave it before SQLite opened the file
   * @param saveLog copies into the file what only its deleted log has
   */
  constructor(path: string, place: string, identity: string, saveLog: () => void) {
    this.#path = path;
    this.#place = place;
    this.#identity = identity;
    this.#saveLog = saveLog;
    this.#log = this.#logNow();
  }

  /** The write-ahead log was deleted or replaced; that never mends. */
  get isLogLost(): boolean {
    return this.#isLogLost;
  }

  /**
   * @param now `performance.now()`
   * @throws PolicyWrapError STATE_UNAVAILABLE where it is another file, or has another log
   */
  assertSame(now: number): void {
    if (this.#isLogLost) throw lostLog(this.#path);
    if (now < this.#sameUntil) return;
    if (identityOf(this.#path) !== this.#identity)
      throw new PolicyWrapError(
        'STATE_UNAVAILABLE',
        `the state database ${this.#path} was deleted or replaced while in use`,
        {
          hint: 'Restart this MCP server in your client; its counts start from zero unless you put the file back.',
        },
      );
    this.#assertSameLog();
    this.#sameUntil = now + SAME_FOR_MS;
  }

  /**
   * What is only in a deleted log is copied into the file for whoever opens it next; nobody can before this process
   * closes it (see `assertLogIsThere`). If there is another log in its place it is too late for that.
   */
  #assertSameLog(): void {
    const found = this.#logNow();
    if (found.every((identity, i) => identity !== undefined && identity === this.#log[i])) return;
    this.#isLogLost = true;
    if (found.every((identity, i) => identity === undefined || identity === this.#log[i])) this.#saveLog();
    throw lostLog(this.#path);
  }

  #logNow(): readonly (string | undefined)[] {
    return LOG_SUFFIXES.map((suffix) => identityOf(this.#place + suffix));
  }
}
