const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPEN_BRACE = 0x7b;

/** A line of a byte stream: either whole, or longer than the cap. */
export type AnyLine = Line | OversizedLine;

/** Longer than the cap: only its ends are kept, from which an id may be read. */
export interface OversizedLine {
  readonly kind: 'oversized';
  readonly size: number;
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** How much of either end of an oversized line is kept, in bytes: enough for any sensible id. */
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
  /**
   * A CR stands elsewhere than directly before the newline. Python's text streams and Node's readline end a line
   * there, and would read another message than we do.
   */
  readonly hasLoneCr: boolean;
  #bytes: Buffer | undefined;

  constructor(
    chunk: Buffer,
    start: number,
    end: number,
    earlier: readonly Buffer[],
    size: number,
    hasLoneCr = false,
  ) {
    this.earlier = earlier;
    this.chunk = chunk;
    this.start = start;
    this.end = end;
    this.size = size;
    this.hasLoneCr = hasLoneCr;
  }

  /** A line that did not come from a stream. */
  static of(bytes: Buffer): Line {
    return new Line(bytes, 0, bytes.length, [], bytes.length);
  }

  /** The line in one piece; copied, when first asked for, if it came in several. */
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

  /** Nothing but white space: ignored, as every peer does. */
  get isBlank(): boolean {
    // Fast path: nearly every line begins with a brace.
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

/** Shared by lines that came in one chunk. */
const NONE: readonly Buffer[] = [];

/**
 * Splits a byte stream at 0x0A and nowhere else, never inside a character. Bytes are kept as they came, the CR of a
 * CRLF included, and are not copied.
 *
 * Other peers split elsewhere too. Where they split at a CR, which is white space in JSON, a part of the line may be a
 * message of its own: such lines are marked. VT, FF and FS to RS cannot stand raw in JSON at all. U+0085, U+2028 and
 * U+2029 can only stand inside a string, where every quote is escaped: no part that begins or ends there is a message,
 * and lines that have them pass.
 */
export class LineSplitter {
  readonly #cap: number;
  #parts: Buffer[] = [];
  #size = 0;
  /** Whether the line that is still coming in has one. */
  #hasLoneCr = false;
  #endsInCr = false;
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
    let cr = chunk.indexOf(CARRIAGE_RETURN);
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (cr !== -1 && cr < start) cr = chunk.indexOf(CARRIAGE_RETURN, start);
      lines.push(this.#take(chunk, start, end + 1, cr !== -1 && cr < end - 1));
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(start === 0 ? chunk : chunk.subarray(start));
    return lines;
  }

  /** The unterminated rest at the end of the stream, terminated; undefined when there is none. */
  end(): AnyLine | undefined {
    return this.#size === 0 ? undefined : this.#take(Buffer.from('\n'), 0, 1, false);
  }

  /** Keeps the beginning of a line, or only its ends once it is too long. */
  #hold(part: Buffer): void {
    this.#size += part.length;
    const cr = part.indexOf(CARRIAGE_RETURN);
    this.#hasLoneCr ||= this.#endsInCr || (cr !== -1 && cr < part.length - 1);
    this.#endsInCr = part.at(-1) === CARRIAGE_RETURN;
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
  #take(chunk: Buffer, start: number, end: number, hasLoneCr: boolean): AnyLine {
    const size = this.#size + end - start;
    // A CR at the end of the last chunk belongs to the newline if that comes next.
    const isLone = hasLoneCr || this.#hasLoneCr || (this.#endsInCr && end - start > 1);
    if (size > this.#cap) this.#hold(chunk.subarray(start, end));
    const parts = this.#size === 0 ? NONE : this.#parts;
    const oversized = this.#oversized;
    if (this.#size !== 0) this.#parts = [];
    this.#size = 0;
    this.#hasLoneCr = false;
    this.#endsInCr = false;
    this.#oversized = undefined;
    return oversized
      ? { kind: 'oversized', size, head: oversized.head, tail: oversized.tail }
      : new Line(chunk, start, end, parts, size, isLone);
  }
}

const SCALAR = String.raw`"(?:[^"\\]|\\.){0,200}"|-?\d{1,16}`;
const BRACE = /^\s*\{/;
const MEMBER = new RegExp(String.raw`\s*"(jsonrpc|id|method)"\s*:\s*(${SCALAR})\s*,`, 'y');
const KEY = /\s*"(\w+)"\s*:/y;
const LAST = new RegExp(String.raw`(?:,\s*"(?:jsonrpc|id|method)"\s*:\s*(?:${SCALAR})\s*)+\}\s*$`);
const LAST_MEMBER = new RegExp(String.raw`"(jsonrpc|id|method)"\s*:\s*(${SCALAR})`, 'g');

/**
 * The id of a message that cannot be read, from its ends. JSON writers put `id`, `jsonrpc` and `method` first or last;
 * as the final `}` closes the message, what stands before it is a member of the message itself.
 *
 * @param kind what the message must be, because requests and answers have ids of their own
 * @returns the id; undefined unless the ends tell that there is one id and that the message is of that kind
 */
export function idFromEnds(line: AnyLine, kind: 'request' | 'answer'): string | number | undefined {
  const head = (line.kind === 'line' ? line.bytes.subarray(0, ENDS) : line.head).toString();
  const tail = (line.kind === 'line' ? line.bytes.subarray(-ENDS) : line.tail).toString();
  const brace = BRACE.exec(head);
  if (!brace) return undefined;
  const members: (readonly [key: string, text: string])[] = [];
  let at = brace[0].length;
  for (;;) {
    MEMBER.lastIndex = at;
    const found = MEMBER.exec(head);
    if (!found) break;
    const [whole, key = '', text = ''] = found;
    members.push([key, text]);
    at += whole.length;
  }
  KEY.lastIndex = at;
  const next = KEY.exec(head)?.[1];
  for (const [, key = '', text = ''] of (LAST.exec(tail)?.[0] ?? '').matchAll(LAST_MEMBER))
    members.push([key, text]);
  const valuesOf = (key: string) =>
    new Set(members.flatMap((member) => (member[0] === key ? [member[1]] : [])));
  const hasMethod = next === 'method' || valuesOf('method').size > 0;
  const hasAnswer = next === 'result' || next === 'error';
  const isKind =
    kind === 'request' ? (hasMethod || next === 'params') && !hasAnswer : hasAnswer && !hasMethod;
  const [id, ...others] = valuesOf('id');
  if (!isKind || !valuesOf('jsonrpc').has('"2.0"') || id === undefined || others.length > 0) return undefined;
  try {
    const value = JSON.parse(id) as string | number;
    return typeof value === 'string' || Number.isSafeInteger(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
