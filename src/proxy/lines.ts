const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;

/** A line of a byte stream: either whole, or longer than the cap. */
export type AnyLine = Line | OversizedLine;

/** Longer than the cap: thrown away but for its ends, from which an id may be read. */
export interface OversizedLine {
  readonly kind: 'oversized';
  readonly size: number;
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** How much of either end of an oversized line is kept, in bytes: an id of the longest sensible kind fits. */
const ENDS = 512;

/**
 * A whole line where it was read: `[start, end)` of the chunk in which it ends, after the chunks in which it began. Its
 * bytes end with the newline that was there, or with one of ours at the end of the stream.
 */
export class Line {
  readonly kind = 'line';
  readonly earlier: readonly Buffer[];
  readonly chunk: Buffer;
  readonly start: number;
  readonly end: number;
  /** In bytes, newline included. */
  readonly size: number;
  #bytes: Buffer | undefined;

  constructor(chunk: Buffer, start: number, end: number, earlier: readonly Buffer[], size: number) {
    this.earlier = earlier;
    this.chunk = chunk;
    this.start = start;
    this.end = end;
    this.size = size;
  }

  /** A line that did not come from a stream. */
  static of(bytes: Buffer): Line {
    return new Line(bytes, 0, bytes.length, [], bytes.length);
  }

  /** In one piece: of a line that came in several, a copy, made when it is first asked for. */
  get bytes(): Buffer {
    this.#bytes ??= this.#joined();
    return this.#bytes;
  }

  /** Decoded; bytes that are no UTF-8 become U+FFFD. */
  get text(): string {
    return this.earlier.length === 0
      ? this.chunk.toString('utf8', this.start, this.end)
      : this.bytes.toString('utf8');
  }

  /** Nothing but white space: passed over in silence, as every peer does. */
  get isBlank(): boolean {
    // Nearly every line begins with a brace, and need not be put together to see that.
    const first = this.earlier[0]?.[0] ?? this.chunk[this.start];
    if (first === OPEN_BRACE) return false;
    for (const byte of this.bytes)
      if (byte !== 0x0a && byte !== 0x0d && byte !== 0x20 && byte !== 0x09) return false;
    return true;
  }

  #joined(): Buffer {
    const isWhole = this.start === 0 && this.end === this.chunk.length;
    const last = isWhole ? this.chunk : this.chunk.subarray(this.start, this.end);
    return this.earlier.length === 0 ? last : Buffer.concat([...this.earlier, last], this.size);
  }
}

/** Lines that came in one chunk alone share this. */
const NONE: readonly Buffer[] = [];

/**
 * Splits a byte stream at 0x0A and nowhere else: not at U+2028, not at a lone CR, never inside a character. Bytes are
 * kept as they came, the CR of a CRLF included, and are not copied.
 */
export class LineSplitter {
  readonly #cap: number;
  #parts: Buffer[] = [];
  #size = 0;
  #oversized: { head: Buffer; tail: Buffer; size: number } | undefined;

  /** @param cap longest line in bytes, newline included */
  constructor(cap: number) {
    this.#cap = cap;
  }

  /** Bytes of the line that is still coming in. */
  get held(): number {
    return this.#size;
  }

  push(chunk: Buffer): AnyLine[] {
    const lines: AnyLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.#take(chunk, start, end + 1));
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(start === 0 ? chunk : chunk.subarray(start));
    return lines;
  }

  /** The unterminated rest at the end of the stream, terminated; undefined when there is none. */
  end(): AnyLine | undefined {
    return this.#size === 0 ? undefined : this.#take(Buffer.from('\n'), 0, 1);
  }

  /** Keeps what may be the beginning of a line, or its ends once it is too long. */
  #hold(part: Buffer): void {
    this.#size += part.length;
    if (this.#oversized) {
      this.#oversized.size = this.#size;
      this.#oversized.tail = Buffer.from(
        Buffer.concat([this.#oversized.tail, part.subarray(-ENDS)]).subarray(-ENDS),
      );
      return;
    }
    this.#parts.push(part);
    if (this.#size > this.#cap) {
      const all = Buffer.concat(this.#parts);
      this.#parts = [];
      // Copies: a view would keep the whole line alive.
      this.#oversized = {
        head: Buffer.from(all.subarray(0, ENDS)),
        tail: Buffer.from(all.subarray(-ENDS)),
        size: this.#size,
      };
    }
  }

  /** Ends the line that is held with `[start, end)` of a chunk. */
  #take(chunk: Buffer, start: number, end: number): AnyLine {
    const size = this.#size + end - start;
    if (size <= this.#cap) {
      const earlier = this.#size === 0 ? NONE : this.#parts;
      if (this.#size !== 0) this.#parts = [];
      this.#size = 0;
      return new Line(chunk, start, end, earlier, size);
    }
    this.#hold(chunk.subarray(start, end));
    const { head, tail } = this.#oversized as { head: Buffer; tail: Buffer };
    this.#parts = [];
    this.#size = 0;
    this.#oversized = undefined;
    return { kind: 'oversized', size, head, tail };
  }
}

/**
 * The id of a message of which only the ends are there. JSON writers put `id` right after `jsonrpc` or last; as the
 * final `}` closes the message, what stands before it is a member of the message itself.
 *
 * @returns the id, or undefined when neither end tells
 */
export function idFromEnds(head: Buffer, tail: Buffer): string | number | undefined {
  const match =
    /^\s*\{\s*"jsonrpc"\s*:\s*"2\.0"\s*,\s*"id"\s*:\s*("(?:[^"\\]|\\.){0,200}"|-?\d{1,16})\s*,/.exec(
      head.toString(),
    ) ?? /,\s*"id"\s*:\s*("(?:[^"\\]|\\.){0,200}"|-?\d{1,16})\s*\}\s*$/.exec(tail.toString());
  if (!match?.[1]) return undefined;
  try {
    return JSON.parse(match[1]) as string | number;
  } catch {
    return undefined;
  }
}
