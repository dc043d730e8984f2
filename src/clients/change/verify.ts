import { isDeepStrictEqual } from 'node:util';
import { containersAt, entriesIn, type StdioEntry } from '../entries.js';
import type { Shape } from '../file-shapes.js';
import { type ConfigDocument, rawOf } from '../text/document.js';
import type { Member, Node, Span, Splice, TableNode } from '../text/nodes.js';

export interface Expected {
  readonly entry: StdioEntry;
  /** The words that the entry has afterwards. */
  readonly words: readonly string[];
}

/**
 * Reads the outcome of a change as if it came from elsewhere: the chosen entries say what was meant, and with their
 * `command` and `args` left out, both parsers see the same content before and after. What no parser sees, comments and
 * white space, is safe because no change reaches beyond those two values.
 *
 * @returns the entries as found afterwards; undefined when anything else differs
 */
export function verify(
  before: ConfigDocument,
  splices: readonly Splice[],
  after: ConfigDocument,
  shape: Shape,
  expected: readonly Expected[],
): StdioEntry[] | undefined {
  const allowed = expected.flatMap(({ entry }) => changeable(before, entry));
  if (!splices.every(({ start, end }) => allowed.some((span) => start >= span.start && end <= span.end)))
    return undefined;
  const found: StdioEntry[] = [];
  for (const { entry, words } of expected) {
    const again = containersAt(after, entry.path.slice(0, -1))
      .flatMap((container) => entriesIn(after, container, shape))
      .find(({ name }) => name === entry.name);
    if (again?.kind !== 'stdio' || !isDeepStrictEqual(again.words, words)) return undefined;
    found.push(again);
  }
  const fields = shape.args === undefined ? [shape.command] : [shape.command, shape.args];
  const paths = new Set(expected.map(({ entry }) => JSON.stringify(entry.path)));
  const rest = (plain: unknown): unknown =>
    expected.reduce((value, { entry }) => without(value, entry.path, fields), plain);
  const same = new Comparison(before, after, paths, fields).same(before.root, after.root, []);
  return same && isDeepStrictEqual(rest(before.plain), rest(after.plain)) ? found : undefined;
}

/** Where an entry may change: its two values, and what lies between them if that is an `args` of our own. */
function changeable({ text }: ConfigDocument, { nodes: { command, args, list } }: StdioEntry): Span[] {
  const own = command.value;
  const spans: Span[] = [own];
  if (list !== undefined) spans.push(list);
  if (args === undefined) return spans;
  const gap = { start: own.end, end: args.value.end };
  const between = text.slice(own.end, args.keySpan.start);
  return own.end <= args.keySpan.start && /^[\s,]*$/.test(between) ? [...spans, gap] : spans;
}

/** Equal member by member, in order and in spelling, leaving out `fields` of the tables at `paths`. */
class Comparison {
  readonly #before: ConfigDocument;
  readonly #after: ConfigDocument;
  readonly #paths: ReadonlySet<string>;
  readonly #fields: readonly string[];

  constructor(
    before: ConfigDocument,
    after: ConfigDocument,
    paths: ReadonlySet<string>,
    fields: readonly string[],
  ) {
    this.#before = before;
    this.#after = after;
    this.#paths = paths;
    this.#fields = fields;
  }

  /** @param path of both nodes; undefined inside a list, where no entry lies */
  same(a: Node, b: Node, path: readonly string[] | undefined): boolean {
    if (a.kind === 'list' && b.kind === 'list') {
      const others = b.items;
      return (
        a.items.length === others.length &&
        a.items.every((item, i) => {
          const other = others[i];
          return other !== undefined && this.same(item, other, undefined);
        })
      );
    }
    if (a.kind !== 'table' || b.kind !== 'table')
      return a.kind === b.kind && rawOf(this.#before, a) === rawOf(this.#after, b);
    const members = this.#kept(a, path);
    const others = this.#kept(b, path);
    return (
      members.length === others.length &&
      members.every(({ key, keySpan, value }, i) => {
        const other = others[i];
        return (
          other !== undefined &&
          rawOf(this.#before, keySpan) === rawOf(this.#after, other.keySpan) &&
          this.same(value, other.value, path === undefined ? undefined : [...path, key])
        );
      })
    );
  }

  #kept({ members }: TableNode, path: readonly string[] | undefined): readonly Member[] {
    const chosen = path !== undefined && this.#paths.has(JSON.stringify(path));
    return chosen ? members.filter(({ key }) => !this.#fields.includes(key)) : members;
  }
}

function without(value: unknown, path: readonly string[], fields: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const [step, ...rest] = path;
  const members: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  // A map, because a key may be `__proto__`.
  return new Map(
    step === undefined
      ? members.filter(([key]) => !fields.includes(key))
      : members.map(([key, inner]) => [key, key === step ? without(inner, rest, fields) : inner]),
  );
}
