import { readFileSync } from 'node:fs';
import { PolicyWrapError } from '../../errors.js';
import { writePrivate } from '../../files/whole-file.js';

/** The newest row of the team's log that this machine was told of. */
export interface Mark {
  readonly epoch: string;
  readonly row?: number | undefined;
  /** Names the row's batch: a number alone could be given to another row by an older copy. */
  readonly batch?: string | undefined;
  /** When the engine told of it, by its own clock; UTC milliseconds. */
  readonly at?: number | undefined;
}

/** Written at the latest this long after a row, in milliseconds. */
const WRITE_MS = 250;

/**
 * What this machine remembers of the team's history: were it gone, the engine would be an older copy (a backup, a
 * standby that had not everything), with charges missing. Shared by all wrappers of the machine that use this store.
 */
export class HistoryMark {
  readonly #file: string | undefined;
  #mark: Mark | undefined;
  #isRead = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param file undefined where nothing is kept */
  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** @throws PolicyWrapError STATE_CORRUPT where what is kept cannot be read; then nothing can be compared with it */
  get latest(): Mark | undefined {
    if (!this.#isRead) {
      this.#mark = this.#read();
      this.#isRead = true;
    }
    return this.#mark;
  }

  note(mark: Mark): void {
    this.#mark = later(this.latest, mark);
    if (this.#file === undefined || this.#timer) return;
    this.#timer = setTimeout(() => this.#writeQuietly(), WRITE_MS);
    this.#timer.unref();
  }

  /** Another process may have written a later one. */
  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#file === undefined || this.#mark === undefined) return;
    const known = this.#read();
    const mark = known && known.epoch === this.#mark.epoch ? later(known, this.#mark) : this.#mark;
    if (known && mark.epoch === known.epoch && mark.row === known.row) return;
    // The next row writes it again.
    writePrivate(this.#file, `${JSON.stringify(mark)}\n`, { flush: false });
  }

  /** What cannot be written now is tried again with the next row; until then this process remembers it. */
  #writeQuietly(): void {
    try {
      this.write();
    } catch {
      // The next row tries again.
    }
  }

  #read(): Mark | undefined {
    if (this.#file === undefined) return undefined;
    let text: string;
    try {
      text = readFileSync(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const { epoch, row, batch, at } = JSON.parse(text) as Partial<Mark>;
      if (typeof epoch === 'string') return { epoch, row, batch, at };
    } catch {
      // Reported below.
    }
    throw new PolicyWrapError(
      'STATE_CORRUPT',
      `what this machine remembers of the team store cannot be read: ${this.#file}`,
      {
        hint: 'Ask whether the store was restored from a backup; if not, remove the file.',
      },
    );
  }
}

/** Under another epoch, which an owner has begun, the new one holds. */
function later(known: Mark | undefined, mark: Mark): Mark {
  if (!known || known.epoch !== mark.epoch) return mark;
  return (known.row ?? 0) >= (mark.row ?? 0) ? known : mark;
}
