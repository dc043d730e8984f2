import { parse, type TomlValue } from 'smol-toml';
import {
  type ListNode,
  Malformed,
  type Member,
  type Node,
  type ParsedText,
  type Span,
  type TableNode,
} from './nodes.js';

const BARE_KEY = /[A-Za-z0-9_-]/;
const SPREAD: Span = { start: -1, end: -1 };

/**
 * Parses TOML and keeps the place of everything. A library judges the text first; the scanner below only finds places
 * in a text known to be valid, and what it found is compared with what the library read.
 *
 * @throws Malformed
 */
export function parseToml(text: string): ParsedText {
  let plain: unknown;
  try {
    plain = parse(text, { integersAsBigInt: true });
  } catch (error) {
    if (error instanceof Error && 'line' in error && 'column' in error) {
      const message = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? 'not TOML';
      throw new Malformed(message, offsetOf(text, Number(error.line), Number(error.column)));
    }
    throw error;
  }
  const scanner = new Scanner(text);
  const root = scanner.document();
  if (!agrees(root, plain)) throw new Malformed('TOML that cannot be located safely', 0);
  return { root, comments: scanner.comments, plain };
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let n = 1; n < line; n++) start = text.indexOf('\n', start) + 1;
  return Math.min(text.length, start + Math.max(0, column - 1));
}

function agrees(node: Node, plain: unknown): boolean {
  switch (node.kind) {
    case 'string':
      return node.value === plain;
    case 'scalar':
      return typeof plain !== 'string' && !Array.isArray(plain);
    case 'list':
      return (
        Array.isArray(plain) &&
        plain.length === node.items.length &&
        node.items.every((item, i) => agrees(item, plain[i]))
      );
    case 'table': {
      if (typeof plain !== 'object' || plain === null) return false;
      const values = new Map(Object.entries(plain));
      return (
        values.size === node.members.length &&
        node.members.every(({ key, value }) => values.has(key) && agrees(value, values.get(key)))
      );
    }
  }
}

/** Finds the place of every key and value in valid TOML. */
class Scanner {
  readonly comments: Span[] = [];
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): TableNode {
    const root: TableNode = { kind: 'table', ...SPREAD, members: [] };
    let current = root;
    for (this.#skip(); this.#at < this.#text.length; this.#skip()) {
      if (this.#text.startsWith('[[', this.#at)) {
        this.#at += 2;
        const list = this.#list(root, this.#key());
        current = { kind: 'table', ...SPREAD, members: [] };
        list.items.push(current);
        this.#at += 2;
      } else if (this.#text[this.#at] === '[') {
        this.#at += 1;
        const { names, span } = this.#key();
        current = this.#descend(root, names, span);
        this.#at += 1;
      } else {
        this.#pair(current);
      }
    }
    return root;
  }

  /** White space, line ends and comments. */
  #skip(): void {
    for (;;) {
      const character = this.#text[this.#at];
      if (character === '#') {
        const end = this.#text.slice(this.#at).search(/\r?\n|$/) + this.#at;
        this.comments.push({ start: this.#at, end });
        this.#at = end;
      } else if (character === ' ' || character === '\t' || character === '\n' || character === '\r') {
        this.#at += 1;
      } else {
        return;
      }
    }
  }

  #key(): { names: string[]; span: Span; prefix: string } {
    this.#skip();
    const start = this.#at;
    const names: string[] = [];
    for (;;) {
      const from = this.#at;
      const character = this.#text[from];
      if (character === '"' || character === "'") {
        this.#quoted(character);
        names.push(decode(this.#text.slice(from, this.#at)));
      } else {
        while (BARE_KEY.test(this.#text[this.#at] ?? '')) this.#at += 1;
        if (this.#at === from) throw new Malformed('TOML that cannot be located safely', from);
        names.push(this.#text.slice(from, this.#at));
      }
      const span = { start, end: this.#at };
      const prefix = this.#text.slice(start, from);
      while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1;
      if (this.#text[this.#at] !== '.') return { names, span, prefix };
      this.#at += 1;
      while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1;
    }
  }

  #pair(table: TableNode): void {
    const { names, span, prefix } = this.#key();
    const key = names.pop();
    if (key === undefined) throw new Malformed('TOML that cannot be located safely', span.start);
    const parent = this.#descend(table, names, span);
    this.#at += 1; // the equals sign; no more than blanks come before it
    this.#skip();
    parent.members.push({ key, keySpan: span, prefix, value: this.#value() });
  }

  #descend(from: TableNode, names: readonly string[], span: Span): TableNode {
    let table = from;
    for (const key of names) {
      const found = table.members.find((member) => member.key === key)?.value;
      const next: Node | undefined = found?.kind === 'list' ? found.items.at(-1) : found;
      if (next === undefined) {
        // INVARIANT: a table written by dotted keys inside an inline table is itself inline.
        const created: TableNode = { kind: 'table', start: table.start, end: table.end, members: [] };
        table.members.push({ key, keySpan: span, prefix: '', value: created });
        table = created;
      } else if (next.kind === 'table') {
        table = next;
      } else {
        throw new Malformed('TOML that cannot be located safely', span.start);
      }
    }
    return table;
  }

  #list(root: TableNode, { names, span }: { names: string[]; span: Span }): ListNode {
    const key = names.pop() ?? '';
    const parent = this.#descend(root, names, span);
    const found = parent.members.find((member) => member.key === key)?.value;
    if (found?.kind === 'list') return found;
    const created: ListNode = { kind: 'list', ...SPREAD, items: [] };
    parent.members.push({ key, keySpan: span, prefix: '', value: created });
    return created;
  }

  #value(): Node {
    const start = this.#at;
    const character = this.#text[start];
    if (character === '"' || character === "'") {
      this.#quoted(character);
      return { kind: 'string', start, end: this.#at, value: decode(this.#text.slice(start, this.#at)) };
    }
    if (character === '[') {
      const items: Node[] = [];
      this.#elements(']', () => items.push(this.#value()));
      return { kind: 'list', start, end: this.#at, items };
    }
    if (character === '{') {
      // The end is not known yet; a start that is not -1 is what marks the tables inside as inline.
      const members: Member[] = [];
      const inline: TableNode = { kind: 'table', start, end: start, members };
      this.#elements('}', () => this.#pair(inline));
      return { kind: 'table', start, end: this.#at, members };
    }
    const length = this.#text.slice(start).search(/[,\]}#\r\n]|$/);
    const end = start + this.#text.slice(start, start + length).trimEnd().length;
    this.#at = end;
    return { kind: 'scalar', start, end };
  }

  #elements(closing: string, element: () => void): void {
    this.#at += 1;
    for (this.#skip(); this.#text[this.#at] !== closing; this.#skip()) {
      if (this.#at >= this.#text.length) throw new Malformed('TOML that cannot be located safely', this.#at);
      element();
      this.#skip();
      if (this.#text[this.#at] === ',') this.#at += 1;
    }
    this.#at += 1;
  }

  /** Moves behind a string of any of the four kinds. */
  #quoted(mark: '"' | "'"): void {
    const escapes = mark === '"';
    const long = mark.repeat(3);
    const closing = this.#text.startsWith(long, this.#at) ? long : mark;
    this.#at += closing.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(closing, this.#at))
      this.#at += escapes && this.#text[this.#at] === '\\' ? 2 : 1;
    this.#at += closing.length;
    // Up to two quotes may stand directly before the three that close.
    for (let extra = 0; closing === long && extra < 2 && this.#text[this.#at] === mark; extra++)
      this.#at += 1;
  }
}

function decode(raw: string): string {
  const plain = /^"([^"\\]*)"$/.exec(raw) ?? /^'([^']*)'$/.exec(raw);
  if (plain?.[1] !== undefined) return plain[1];
  const value: TomlValue | undefined = parse(`x = ${raw}`).x;
  // A quoted key obeys the rules of a one-line string, so the same parser serves for both.
  if (typeof value !== 'string') throw new Malformed('TOML that cannot be located safely', 0);
  return value;
}
