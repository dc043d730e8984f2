import { isDeepStrictEqual } from 'node:util';
import { containersAt, type Entry, entriesIn, optionsOf, type ServerEntry, urlOf } from '../entries.js';
import type { Shape } from '../file-shapes.js';
import { type ConfigDocument, rawOf } from '../text/document.js';
import type { Member, Node, Span, Splice, TableNode } from '../text/nodes.js';
import { headerVariables } from '../wrapped-command.js';
import { remoteFields } from './rewrite-remote.js';

export interface Expected {
  readonly entry: ServerEntry;
  /** The words that the entry has afterwards; undefined where it is to be the address that it wraps. */
  readonly words: readonly string[] | undefined;
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
): Entry[] | undefined {
  const allowed = expected.flatMap(({ entry }) => changeable(before, entry, shape));
  if (!splices.every(({ start, end }) => allowed.some((span) => start >= span.start && end <= span.end)))
    return undefined;
  const found: Entry[] = [];
  for (const { entry, words } of expected) {
    const again = containersAt(after, entry.path.slice(0, -1))
      .flatMap((container) => entriesIn(after, container, shape))
      .find(({ name }) => name === entry.name);
    if (again === undefined || !isAsMeant(again, entry, words)) return undefined;
    found.push(again);
  }
  const fields = new Map(expected.map(({ entry }) => [JSON.stringify(entry.path), fieldsOf(entry, shape)]));
  const rest = (plain: unknown): unknown =>
    expected.reduce((value, { entry }) => without(value, entry.path, fieldsOf(entry, shape)), plain);
  const same = sameBut(fields, before, after);
  return same && isDeepStrictEqual(rest(before.plain), rest(after.plain)) ? found : undefined;
}

/** Whether an entry says afterwards what was meant. A remote one keeps the values of its headers. */
function isAsMeant(again: Entry, entry: ServerEntry, words: readonly string[] | undefined): boolean {
  const url = urlOf(entry);
  if (words === undefined)
    return (
      again.kind === 'remote' && again.url === url && isDeepStrictEqual(headersOf(again), headersOf(entry))
    );
  const isSame = again.kind === 'stdio' && isDeepStrictEqual(again.words, words);
  return isSame && (url === undefined || isDeepStrictEqual(again.env, entry.env));
}

/** The headers of a remote entry, wrapped or not, with their values. */
function headersOf(entry: ServerEntry): ReadonlyMap<string, string | undefined> {
  const names: readonly (readonly [string, string])[] =
    entry.kind === 'remote'
      ? entry.headers.map(({ variable, header }) => [variable, header])
      : [...headerVariables(optionsOf(entry))];
  return new Map(names.map(([variable, header]) => [header, entry.env.get(variable)]));
}

function fieldsOf(entry: ServerEntry, shape: Shape): readonly string[] {
  if (urlOf(entry) !== undefined) return remoteFields(shape);
  return shape.args === undefined ? [shape.command] : [shape.command, shape.args];
}

/**
 * Where an entry may change: its two values, and what lies between them if that is an `args` of our own. Where it
 * has an address, wrapped or not, also keys: those of `remoteFields`, and the names of headers or variables.
 */
function changeable(document: ConfigDocument, entry: ServerEntry, shape: Shape): Span[] {
  if (urlOf(entry) !== undefined) return changeableRemote(entry, shape);
  if (entry.kind === 'remote') return [];
  const { command, args, list } = entry.nodes;
  const own = command.value;
  const spans: Span[] = [own];
  if (list !== undefined) spans.push(list);
  if (args === undefined) return spans;
  const gap = { start: own.end, end: args.value.end };
  const between = document.text.slice(own.end, args.keySpan.start);
  return own.end <= args.keySpan.start && /^[\s,]*$/.test(between) ? [...spans, gap] : spans;
}

function changeableRemote({ kind, nodes }: ServerEntry, shape: Shape): Span[] {
  const fields = remoteFields(shape);
  const members = nodes.table.members.filter(({ key }) => fields.includes(key));
  const spans = members.flatMap(({ keySpan, value }): Span[] =>
    value.kind === 'table' ? [keySpan, ...value.members.map((inner) => inner.keySpan)] : [keySpan, value],
  );
  if (kind === 'remote') return spans;
  // The list of arguments that `install` put behind the command goes with what leads to it.
  const end = (nodes.args ?? nodes.command).value.end;
  return [...spans, { start: nodes.command.value.start, end }];
}

/**
 * Compares the places of both documents member by member, in order and in spelling.
 *
 * @param fields what is left out of the table at a path
 */
function sameBut(
  fields: ReadonlyMap<string, readonly string[]>,
  before: ConfigDocument,
  after: ConfigDocument,
): boolean {
  const kept = ({ members }: TableNode, path: readonly string[] | undefined): readonly Member[] => {
    const left = path === undefined ? undefined : fields.get(JSON.stringify(path));
    return left === undefined ? members : members.filter(({ key }) => !left.includes(key));
  };
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
