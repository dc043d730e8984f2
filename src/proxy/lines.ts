/** One line of a byte stream. */
export type Line =
  /** `bytes` end with the newline that was there, or with one of ours at the end of the stream. */
  | { readonly kind: 'line'; readonly bytes: Buffer }
  /** Longer than the cap: thrown away but for its ends, from which an id may be read. */
  | { readonly kind: 'oversized'; readonly size: number; readonly head: Buffer; readonly tail: Buffer };

const NEWLINE = 0x0a;
/** How much of either end of an oversized line is kept, in bytes: an id of the longest sensible kind fits. */
const ENDS = 512;

/**
 * Splits a byte stream at 0x0A and nowhere else: not at U+2028, not at a lone CR, never inside a character. Bytes are
 * kept as they came, the CR of a CRLF included. A line costs one copy at most, however many chunks it came in.
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

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#append(chunk.subarray(start, end + 1));
      lines.push(this.#take());
      start = end + 1;
    }
    if (start < chunk.length) this.#append(chunk.subarray(start));
    return lines;
  }

  /** The unterminated rest at the end of the stream, terminated; undefined when there is none. */
  end(): Line | undefined {
    if (this.#size === 0) return undefined;
    this.#append(Buffer.from('\n'));
    return this.#take();
  }

  #append(part: Buffer): void {
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

  #take(): Line {
    const oversized = this.#oversized;
    const parts = this.#parts;
    this.#parts = [];
    this.#size = 0;
    this.#oversized = undefined;
    if (oversized) return { kind: 'oversized', ...oversized };
    const [first] = parts;
    return { kind: 'line', bytes: parts.length === 1 && first ? first : Buffer.concat(parts) };
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

/** Nothing but white space: passed over in silence, as every peer does. */
export function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes)
    if (byte !== 0x0a && byte !== 0x0d && byte !== 0x20 && byte !== 0x09) return false;
  return true;
}
