import { isUtf8 } from 'node:buffer';
import { parseDoubles } from '../policy/json.js';
import {
  afterNumber,
  afterText,
  afterWord,
  BLANK,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  MINUS,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  ZERO,
} from './json-bytes.js';
import type { Line } from './lines.js';
import { type Workspace, workspaceFor } from './workspace.js';

/** Shorter lines are read where they are: copying them into a workspace would not pay. In bytes. */
export const OUTLINED_FROM = 4096;
/** Values of so many bytes are left where they are until somebody looks at them. */
const LEFT_FROM = 2048;
/**
 * Only where few short keys lead to it: the way to each value that is left is kept, and must not come to more than the
 * value. In containers, and bytes of a key; lines with longer keys are not outlined.
 */
const LEFT_DEPTH = 8;
const LONGEST_KEY = 200;
/** Deeper input is not outlined. */
const DEEPEST = 10_000;

/** How a line is outlined. */
export interface Outlining {
  /** Deepest nesting of containers, at most 10,000. */
  readonly maxDepth: number;
  /** Only what all parsers read alike: valid UTF-8, no key twice, no number that needs its text (see scan.ts). */
  readonly strict: boolean;
}

/** Of each open container: whether it is an array, where the key of its present member stands, or which element it is. */
const isArray = new Uint8Array(DEEPEST + 1);
const keyStart = new Int32Array(DEEPEST + 1);
const keyEnd = new Int32Array(DEEPEST + 1);

/** A value that was left where it is. */
interface Left {
  readonly start: number;
  readonly end: number;
  /** Keys and indices from the top. */
  readonly path: readonly (string | number)[];
}

interface Walked {
  readonly left: readonly Left[];
  /** Keys outside of what was left. */
  readonly keys: number;
}

/**
 * Reads a long line of JSON without taking its long values apart: the grammar of all of it is checked, byte by byte,
 * but a long text (and, unless `strict`, a long value inside of a member of the message) is only parsed from the line
 * when the property that holds it is read. So a megabyte that nobody looks at costs a fraction of a `JSON.parse`.
 *
 * @returns what `JSON.parse` would return, in a holder; undefined when the line is no JSON, is not strict where it
 *   should be, or must be read whole for another reason: never more than a hint that the long way has to be gone
 */
export function outline(line: Line, outlining: Outlining): { readonly value: unknown } | undefined {
  const workspace = workspaceFor(line);
  const { bytes } = workspace;
  const walked = walk(workspace, line.size, outlining);
  if (!walked || (outlining.strict && !isUtf8(bytes.subarray(0, line.size)))) return undefined;
  const value = parseDoubles(abridged(bytes, walked.left, line.size));
  // With a key twice, a path leads to the last of its values only.
  if (countKeys(value) !== walked.keys) return undefined;
  return { value: walked.left.length === 0 ? value : withLeft(value as object, walked.left, line) };
}

/** Own keys in all objects of a parsed value. An own `__proto__` counts, as `JSON.parse` makes it a plain property. */
export function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') count += countKeys(element);
    return count;
  }
  for (const key in value) {
    count++;
    const member = (value as Record<string, unknown>)[key];
    if (typeof member === 'object') count += countKeys(member);
  }
  return count;
}

/** The text with `null` in the place of each value that is left. */
function abridged(bytes: Buffer, left: readonly Left[], size: number): string {
  let text = '';
  let at = 0;
  for (const { start, end } of left) {
    text += `${bytes.toString('utf8', at, start)}null`;
    at = end;
  }
  text += bytes.toString('utf8', at, size);
  return text;
}

/** Checks the grammar of the line up to `end`. Has no recursion, so that no depth overflows it. */
function walk(workspace: Workspace, end: number, { maxDepth, strict }: Outlining): Walked | undefined {
  const b = workspace.bytes;
  const left: Left[] = [];
  let keys = 0;
  let depth = 0;
  let i = 0;
  // Depth, start and `keys` before it, of the outermost container that may be left as a whole; 0 outside of any.
  let whole = 0;
  let wholeStart = 0;
  let wholeKeys = 0;

  for (;;) {
    while (BLANK[b[i] as number] === 1) i++;
    const start = i;
    const c = b[i] as number;
    if (c === QUOTE) {
      i = afterText(b, i + 1, workspace.plainEnd);
      if (i === -1) return undefined;
      const mayBeLeft = whole === 0 && depth > 0 && depth <= LEFT_DEPTH;
      if (mayBeLeft && i - start >= LEFT_FROM) left.push(leftAt(b, start, i, depth));
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (++depth > maxDepth) return undefined;
      if (!strict && whole === 0 && depth > (c === OPEN_BRACE ? 2 : 1)) {
        whole = depth;
        wholeStart = start;
        wholeKeys = keys;
      }
      i++;
      while (BLANK[b[i] as number] === 1) i++;
      if (c === OPEN_BRACKET) {
        isArray[depth] = 1;
        keyStart[depth] = 0;
        if (b[i] !== CLOSE_BRACKET) continue;
      } else {
        isArray[depth] = 0;
        if (b[i] !== CLOSE_BRACE) {
          i = afterKey(workspace, i, depth);
          if (i === -1) return undefined;
          keys++;
          continue;
        }
      }
      // Empty: the bracket is met again below.
    } else if (c === MINUS || (c >= ZERO && c <= NINE)) {
      i = afterNumber(b, i, strict);
      if (i === -1) return undefined;
    } else {
      i = afterWord(b, i, c);
      if (i === -1) return undefined;
    }

    for (;;) {
      while (BLANK[b[i] as number] === 1) i++;
      if (depth === 0) return i === end ? { left, keys } : undefined;
      const next = b[i++] as number;
      if (next === COMMA) {
        if (isArray[depth] === 1) {
          keyStart[depth] = (keyStart[depth] as number) + 1;
          break;
        }
        while (BLANK[b[i] as number] === 1) i++;
        i = afterKey(workspace, i, depth);
        if (i === -1) return undefined;
        keys++;
        break;
      }
      if (next !== (isArray[depth] === 1 ? CLOSE_BRACKET : CLOSE_BRACE)) return undefined;
      depth--;
      if (depth < whole) {
        whole = 0;
        if (depth > 0 && i - wholeStart >= LEFT_FROM) {
          left.push(leftAt(b, wholeStart, i, depth));
          keys = wholeKeys;
        }
      }
    }
  }
}

/** Reads a key and its colon. @returns the offset behind, or -1 */
function afterKey(workspace: Workspace, from: number, depth: number): number {
  const { bytes } = workspace;
  if (bytes[from] !== QUOTE) return -1;
  let i = afterText(bytes, from + 1, workspace.plainEnd);
  if (i === -1 || i - from > LONGEST_KEY) return -1;
  keyStart[depth] = from;
  keyEnd[depth] = i;
  while (BLANK[bytes[i] as number] === 1) i++;
  return bytes[i] === COLON ? i + 1 : -1;
}

function leftAt(bytes: Buffer, start: number, end: number, depth: number): Left {
  const path: (string | number)[] = [];
  for (let level = 1; level <= depth; level++) {
    const from = keyStart[level] as number;
    path.push(
      isArray[level] === 1 ? from : (JSON.parse(bytes.toString('utf8', from, keyEnd[level])) as string),
    );
  }
  return { start, end, path };
}

/** An object or array some of whose values are still in the line. Whoever looks at one, in whatever way, finds it. */
class Holder implements ProxyHandler<object> {
  readonly #line: Line;
  readonly #left = new Map<string | symbol, Left>();

  constructor(line: Line) {
    this.#line = line;
  }

  leave(key: string | number, left: Left): void {
    this.#left.set(String(key), left);
  }

  get(target: object, key: string | symbol): unknown {
    const left = this.#left.get(key);
    if (left) {
      put(target, key, parseDoubles(this.#line.bytes.toString('utf8', left.start, left.end)));
      this.#left.delete(key);
    }
    return Reflect.get(target, key);
  }

  getOwnPropertyDescriptor(target: object, key: string | symbol): PropertyDescriptor | undefined {
    if (!this.#left.has(key)) return Reflect.getOwnPropertyDescriptor(target, key);
    // Whoever only wants to know which keys there are does not want their values.
    return { configurable: true, enumerable: true, get: this.get.bind(this, target, key) };
  }
}

/**
 * Puts a proxy in the place of each object that lacks a value. (A property with a getter would do as well, but each
 * would cost the engine a hidden class of its own.)
 */
function withLeft(root: object, lefts: readonly Left[], line: Line): unknown {
  const holders = new Map<object, Holder>();
  const top = { root };
  for (const left of lefts) {
    let above: object = top;
    let place: string | number = 'root';
    let object = top.root;
    for (const key of left.path.slice(0, -1)) {
      above = object;
      place = key;
      object = Reflect.get(object, key) as object;
    }
    let holder = holders.get(object);
    if (!holder) {
      holder = new Holder(line);
      const proxy = new Proxy(object, holder);
      holders.set(proxy, holder);
      put(above, place, proxy);
    }
    holder.leave(left.path.at(-1) as string | number, left);
  }
  return top.root;
}

/** Sets an own property whatever its name: plain assignment of `__proto__` would change the prototype instead. */
function put(target: object, key: string | number | symbol, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}
