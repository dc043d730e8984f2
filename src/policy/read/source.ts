import { type ReadJsonc, readJsonc } from '../../json/relaxed.js';
import { isRecord, type Json } from '../../json/value.js';
import { type Segment, SourceTree } from './locations.js';
import type { Problem } from './problem.js';

export type { Segment };

/**
 * The text of a policy file: JSON with comments, trailing commas and a byte order mark. Faults of the text itself are in
 * `problems`; with any, it is not `readable`.
 *
 * What a sound text says is read at once; where it says it is only looked for when there is a problem to report. That
 * takes longer than all the rest of reading a policy, and a client waits for it.
 */
export class Source {
  readonly problems: readonly Problem[];
  readonly #text: string;
  readonly #read: ReadJsonc | undefined;
  #tree: SourceTree | undefined;

  constructor(text: string) {
    // Blanked, not cut off: offsets stay those of the file.
    this.#text = text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
    const read = readJsonc(this.#text);
    this.#read = read ?? this.#positions.read();
    this.problems = read ? [] : this.#positions.problems;
  }

  /** Whether there is a document to look at. */
  get readable(): boolean {
    return this.#read !== undefined;
  }

  has(path: readonly Segment[]): boolean {
    return this.doubles(path) !== undefined;
  }

  /** @returns the value at `path` with its numbers exact; undefined when there is none */
  value(path: readonly Segment[]): Json | undefined {
    // A path does not lead into a number, which may be an object here.
    return this.has(path) ? (reach(this.#read?.exact, path) as Json) : undefined;
  }

  /** Like `value`, with plain doubles, as the schemas of format.ts see it. */
  doubles(path: readonly Segment[]): unknown {
    return reach(this.#read?.doubles, path);
  }

  /** @returns the names of the object at `path`; empty when there is no object */
  keys(path: readonly Segment[]): readonly string[] {
    const object = this.doubles(path);
    return isRecord(object) ? Object.keys(object) : [];
  }

  /** @returns a problem at `path`, or at the nearest place above it that the file has */
  problem(...about: Parameters<SourceTree['problem']>): Problem {
    return this.#positions.problem(...about);
  }

  get #positions(): SourceTree {
    this.#tree ??= new SourceTree(this.#text);
    return this.#tree;
  }
}

function reach(root: unknown, path: readonly Segment[]): unknown {
  let value = root;
  for (const segment of path) {
    if (Array.isArray(value)) value = typeof segment === 'number' ? value[segment] : undefined;
    else if (isRecord(value) && Object.hasOwn(value, segment)) value = value[segment];
    else return undefined;
  }
  return value;
}
