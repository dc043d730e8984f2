import {
  type Alias,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  Parser,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { MAX_DEPTH } from '../../json/relaxed.js';

/** A YAML value that all readers of YAML agree on, or `odd` where they do not. Lines count from 1. */
export type Yaml = { readonly line: number; readonly size: number } & (
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Yaml> }
  | { readonly kind: 'list'; readonly items: readonly Yaml[] }
  | { readonly kind: 'text'; readonly value: string }
  /** `text` is how it is written. */
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'flag'; readonly value: boolean; readonly text: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'odd'; readonly why: string }
);

/** Characters of a file. The largest of the predecessor's 350 or so templates has a twentieth of it. */
const MAX_YAML = 1024 * 1024;
/** Values that a file may come to, each alias counted as often as it is used. */
const MAX_VALUES = 200_000;

/** What cannot be read at all; the message is for people. */
class YamlFault extends Error {}

/**
 * Reads YAML in time linear in its length. Files of more than 1 MiB, with more than 200,000 values once aliases are
 * written out, or nested deeper than 100 are not read.
 *
 * @returns the document, or in a sentence why it cannot be read
 */
export function readYaml(text: string): Yaml | { readonly fault: string } {
  if (text.length > MAX_YAML) return { fault: 'it is longer than 1 MiB' };
  const lines = new LineCounter();
  try {
    const deep = tooDeepAt(text);
    if (deep !== undefined)
      return { fault: `line ${text.slice(0, deep).split('\n').length}: it nests too deeply` };
    // Names that stand twice are looked for below: the library compares each with all before it.
    const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false });
    const [error] = document.errors;
    if (error) throw faultOf(error, lines);
    return new Reader(lines).read(document.contents, 0);
  } catch (cause) {
    if (cause instanceof YamlFault) return { fault: cause.message };
    if (cause instanceof RangeError) return { fault: 'it nests too deeply' };
    throw cause;
  }
}

/**
 * The library composes what it has parsed by recursion, a few calls a level. At the end of the stack that throws; where
 * a regular expression is used there for the first time, it ends the whole process. Parsing itself goes by a list.
 *
 * @returns where something lies deeper than any reader goes; undefined where nothing does
 */
function tooDeepAt(text: string): number | undefined {
  let level: readonly CST.Token[] = [...new Parser().parse(text)];
  for (let depth = 0; depth <= MAX_DEPTH + DOCUMENT; depth += 1) level = level.flatMap(insideOf);
  return level[0]?.offset;
}

/** Levels above those of values: the document. */
const DOCUMENT = 2;

function insideOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [...(key ? [key] : []), ...(value ? [value] : [])]);
}

class Reader {
  readonly #lines: LineCounter;
  /** What each anchor stood for when it was last seen. Shared by its aliases, so that an alias costs nothing. */
  readonly #anchors = new Map<string, Yaml>();

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  read(node: ParsedNode | null, depth: number): Yaml {
    const line = node ? this.#lines.linePos(node.range[0]).line : 1;
    if (depth > MAX_DEPTH) throw new YamlFault(`line ${line}: it nests deeper than ${MAX_DEPTH}`);
    if (!node) return { kind: 'null', line, size: 1 };
    if (isAlias(node)) return { ...this.#named(node, line), line };
    const value = this.#read(node, line, depth);
    if (value.size > MAX_VALUES)
      throw new YamlFault(`line ${line}: it comes to more than ${MAX_VALUES} values`);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, value);
    return value;
  }

  #named({ source }: Alias, line: number): Yaml {
    const value = this.#anchors.get(source);
    if (!value) throw new YamlFault(`line ${line}: *${source} names nothing that stands before it`);
    return value;
  }

  #read(node: Exclude<ParsedNode, Alias>, line: number, depth: number): Yaml {
    if (node.tag !== undefined && isScalar(node))
      return { kind: 'odd', why: `the tag ${node.tag}`, line, size: 1 };
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item as ParsedNode, depth + 1));
      return { kind: 'list', items, line, size: sizeOf(items) };
    }
    if (isMap(node)) {
      const entries = new Map<string, Yaml>();
      for (const pair of node.items) {
        const name = nameOf(pair.key, line);
        if (entries.has(name)) throw new YamlFault(`line ${line}: "${name}" stands twice in one mapping`);
        entries.set(name, this.read(pair.value as ParsedNode | null, depth + 1));
      }
      return { kind: 'map', entries, line, size: sizeOf(entries.values()) };
    }
    const { value } = node;
    const text = node.source;
    if (node.type === 'PLAIN' && isReadInSeveralWays(text))
      return { kind: 'odd', why: `${text}, which readers of YAML take for different values`, line, size: 1 };
    if (typeof value === 'string') return { kind: 'text', value, line, size: 1 };
    if (typeof value === 'number') return { kind: 'number', value, text, line, size: 1 };
    if (typeof value === 'boolean') return { kind: 'flag', value, text, line, size: 1 };
    return value === null ? { kind: 'null', line, size: 1 } : { kind: 'odd', why: text, line, size: 1 };
  }
}

function faultOf({ message, pos }: YAMLError, lines: LineCounter): YamlFault {
  // The library's parser is recursive.
  const what = message.startsWith('Maximum call stack') ? 'it nests too deeply' : message;
  return new YamlFault(`line ${lines.linePos(pos[0]).line}: ${what}`);
}

/** A name as it is written: `123` and `1e3` are names of tools, too. */
function nameOf(key: unknown, line: number): string {
  if (isScalar(key) && key.tag === undefined && typeof key.source === 'string') {
    return typeof key.value === 'string' ? key.value : key.source;
  }
  throw new YamlFault(`line ${line}: a name in a mapping is not plain text`);
}

/**
 * Whether a scalar without quotes is another value for the predecessor's reader than for ours: numbers with underscores,
 * with a leading zero or in another base, infinities, dates.
 */
function isReadInSeveralWays(text: string): boolean {
  if (/^[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text)) return false;
  return (
    /^[-+]?[\d_]*\.?[\d_]+(?:[eE][-+]?[\d_]+)?\.?$/.test(text) ||
    /^[-+]?0[bBoOxX]/.test(text) ||
    /^[-+]?\.(?:inf|nan)$/i.test(text) ||
    /^\d{4}-\d\d?-\d\d?(?:[Tt\s]|$)/.test(text)
  );
}

function sizeOf(values: Iterable<Yaml>): number {
  let size = 1;
  for (const value of values) size += value.size;
  return size;
}
