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
  const same = sameBut(fields, paths, before, after);
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

/**
 * Compares the places of both documents member by member, in order and in spelling, leaving out `fields` of the tables
 * at `paths`.
 */
function sameBut(
  fields: readonly string[],
  paths: ReadonlySet<string>,
  before: ConfigDocument,
  after: ConfigDocument,
): boolean {
  const kept = ({ members }: TableNode, path: readonly string[] | undefined): readonly Member[] =>
    path !== undefined && paths.has(JSON.stringify(path))
      ? members.filter(({ key }) => !fields.includes(key))
      : members;
  const all = <T>(some: readonly T[], others: readonly T[], are: (one: T, other: T) => boolean): boolean =>
    some.length === others.length &&
    some.every((one, i) => {
      const other = others[i];
      return other !== undefined && are(one, other);
    });
  // The path is undefined inside a list, where no entry lies.
  const same = (a: Node, b: Node, path: readonly string[] | undefined): boolean => {
    if (a.kind === 'list' && b.kind === 'list')
      return all(a.items, b.items, (item, other) => same(item, other, undefined));
    if (a.kind !== 'table' || b.kind !== 'table')
      return a.kind === b.kind && rawOf(before, a) === rawOf(after, b);
    return all(
      kept(a, path),
      kept(b, path),
      ({ key, keySpan, value }, other) =>
        rawOf(before, keySpan) === rawOf(after, other.keySpan) &&
        same(value, other.value, path === undefined ? undefined : [...path, key]),
    );
  };
  return same(before.root, after.root, []);
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
