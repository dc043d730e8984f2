import type * as Jsonc from 'jsonc-parser';
import type { Node, ParseError } from 'jsonc-parser';
import type { Decimal } from '../../json/decimal.js';
import { parseNumber } from '../../json/exact.js';
import { MAX_DEPTH, MAX_LENGTH, type ReadJsonc } from '../../json/relaxed.js';
import { type Json, setOwn } from '../../json/value.js';
import { type Problem, type ProblemCode, pointerOf } from './problem.js';

export type Segment = string | number;

/** Later errors of syntax are mostly caused by the first ones. */
const MAX_SYNTAX_PROBLEMS = 20;

const SYNTAX_MESSAGES: Readonly<Record<string, string>> = {
  InvalidSymbol: 'a word that JSON does not know; text stands in double quotes',
  InvalidNumberFormat: 'not a number as JSON writes it',
  PropertyNameExpected: 'a name in double quotes was expected',
  ValueExpected: 'a value was expected',
  ColonExpected: 'a colon was expected between a name and its value',
  CommaExpected: 'a comma was expected',
  CloseBraceExpected: 'a closing } is missing',
  CloseBracketExpected: 'a closing ] is missing',
  EndOfFileExpected: 'the document ends before this; nothing may follow it',
  InvalidCommentToken: 'not a comment; comments are // and /* */',
  UnexpectedEndOfComment: 'the comment is not closed',
  UnexpectedEndOfString: 'the text is not closed by a double quote on the same line',
  UnexpectedEndOfNumber: 'the number ends too early',
  InvalidUnicode: '\\u is followed by four hexadecimal digits',
  InvalidEscapeCharacter: 'not an escape that JSON knows',
  InvalidCharacter: 'control characters in text are written as escapes',
};

/** Where a problem is shown: at the name of a field, or at its value. */
export type Spot = 'key' | 'value';

export interface ProblemOptions {
  /** The word that was probably meant. */
  readonly likely?: string | undefined;
  readonly severity?: 'error' | 'warning';
  readonly spot?: Spot;
}

/**
 * A text with the position of everything in it. Faults of the text itself are in `problems`; with any, there is no
 * `root`.
 */
export class SourceTree {
  readonly problems: readonly Problem[];
  readonly #text: string;
  readonly #root: Node | undefined;
  readonly #lineStarts: number[] = [0];
  readonly #members = new WeakMap<Node, Map<string, Node>>();

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
    const problems: Problem[] = [];
    this.problems = problems;
    const tooMuch = tooMuchOf(this.#text);
    if (tooMuch) {
      problems.push(this.#problemAt('SYNTAX', [], tooMuch.offset, tooMuch.message, 'Make it smaller.'));
      return;
    }
    const errors: ParseError[] = [];
    const root = parser().parseTree(this.#text, errors, { allowTrailingComma: true });
    for (const { error, offset } of errors.slice(0, MAX_SYNTAX_PROBLEMS)) {
      const what = SYNTAX_MESSAGES[parser().printParseErrorCode(error)] ?? 'not JSON';
      problems.push(this.#problemAt('SYNTAX', [], offset, `Not JSON: ${what}.`, 'Correct the text here.'));
    }
    if (root && problems.length === 0) this.#findDuplicates(root, [], problems);
    if (root && problems.every((problem) => problem.code === 'DUPLICATE_KEY')) this.#root = root;
  }

  /** What the text says; undefined when that cannot be determined. */
  read(): ReadJsonc | undefined {
    const root = this.#root;
    return root && { exact: this.#read(root, parseNumber), doubles: this.#read(root, Number) };
  }

  /** @returns a problem at `path`, or at the nearest place above it that the file has */
  problem(
    code: ProblemCode,
    path: readonly Segment[],
    message: string,
    hint: string,
    options: ProblemOptions = {},
  ): Problem {
    const { likely, severity = 'error', spot = 'value' } = options;
    return {
      ...this.#problemAt(code, path, this.#offset(path, spot), message, hint),
      severity,
      ...(likely === undefined ? {} : { likely }),
    };
  }

  #problemAt(
    code: ProblemCode,
    path: readonly Segment[],
    offset: number,
    message: string,
    hint: string,
  ): Problem {
    let line = 0;
    let end = this.#lineStarts.length;
    while (end - line > 1) {
      const middle = (line + end) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) line = middle;
      else end = middle;
    }
    const column = offset - (this.#lineStarts[line] ?? 0) + 1;
    return { code, severity: 'error', pointer: pointerOf(path), line: line + 1, column, message, hint };
  }

  #offset(path: readonly Segment[], spot: Spot): number {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.#find(path.slice(0, length));
      if (!node) continue;
      const key = node.parent?.type === 'property' ? node.parent.offset : node.offset;
      return spot === 'key' && length === path.length ? key : node.offset;
    }
    return 0;
  }

  #find(path: readonly Segment[]): Node | undefined {
    let node = this.#root;
    for (const segment of path) {
      if (!node) return undefined;
      if (node.type === 'object') node = this.#membersOf(node).get(String(segment));
      else if (node.type === 'array' && typeof segment === 'number') node = node.children?.[segment];
      else return undefined;
    }
    return node;
  }

  #membersOf(object: Node): Map<string, Node> {
    let members = this.#members.get(object);
    if (!members) {
      members = new Map();
      for (const [key, value] of propertiesOf(object)) members.set(key, value);
      this.#members.set(object, members);
    }
    return members;
  }

  #read(node: Node, number: (literal: string) => number | Decimal): Json {
    switch (node.type) {
      case 'object': {
        const object: Record<string, Json> = {};
        for (const [key, value] of propertiesOf(node)) setOwn(object, key, this.#read(value, number));
        return object;
      }
      case 'array':
        return (node.children ?? []).map((child) => this.#read(child, number));
      case 'number':
        return number(this.#text.slice(node.offset, node.offset + node.length));
      default:
        return node.value;
    }
  }

  #findDuplicates(node: Node, path: readonly Segment[], problems: Problem[]): void {
    if (node.type === 'array') {
      for (const [index, child] of (node.children ?? []).entries()) {
        this.#findDuplicates(child, [...path, index], problems);
      }
    }
    if (node.type === 'number') {
      try {
        parseNumber(this.#text.slice(node.offset, node.offset + node.length));
      } catch {
        const message = 'Not a number that can be read: it is too long, or its power of ten too large.';
        problems.push(this.#problemAt('VALUE', path, node.offset, message, 'Write a smaller number.'));
      }
    }
    if (node.type !== 'object') return;
    const seen = new Set<string>();
    for (const [key, value] of propertiesOf(node)) {
      const here = [...path, key];
      if (seen.has(key)) {
        const message = `"${key}" stands here twice; readers would take the one or the other.`;
        const offset = value.parent?.offset ?? value.offset;
        problems.push(this.#problemAt('DUPLICATE_KEY', here, offset, message, 'Keep one of them.'));
      }
      seen.add(key);
      this.#findDuplicates(value, here, problems);
    }
  }
}

function* propertiesOf(object: Node): Generator<[string, Node]> {
  for (const property of object.children ?? []) {
    const [key, value] = property.children ?? [];
    if (typeof key?.value === 'string' && value) yield [key.value, value];
  }
}

/** Numbers of jsonc-parser's SyntaxKind, a const enum that cannot be imported. */
const OPENING = new Set([1, 3]);
const CLOSING = new Set([2, 4]);
const END_OF_FILE = 17;

function tooMuchOf(text: string): { offset: number; message: string } | undefined {
  if (text.length > MAX_LENGTH) {
    return { offset: 0, message: `The file has ${text.length} characters; at most ${MAX_LENGTH} are read.` };
  }
  const scanner = parser().createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== END_OF_FILE; token = scanner.scan()) {
    if (OPENING.has(token)) depth += 1;
    else if (CLOSING.has(token)) depth = Math.max(0, depth - 1);
    if (depth > MAX_DEPTH) {
      return {
        offset: scanner.getTokenOffset(),
        message: `More than ${MAX_DEPTH} levels inside one another.`,
      };
    }
  }
  return undefined;
}

/** A bare `require`: the bundler takes it in and runs it at the first use, since no start with a valid policy needs it. */
function parser(): typeof Jsonc {
  return require('jsonc-parser') as typeof Jsonc;
}
