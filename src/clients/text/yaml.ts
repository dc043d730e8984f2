import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Parser,
  parseAllDocuments,
  visit,
} from 'yaml';
import { Malformed, type Member, type Node, type ParsedText, type Span } from './nodes.js';

/**
 * Parses YAML and keeps the place of everything. What a change in place could not be sure of is refused: several
 * documents, anchors, aliases, tags and keys that are no plain texts.
 *
 * @throws Malformed
 */
export function parseYaml(text: string): ParsedText {
  const comments = commentsIn(text);
  const documents = parseAllDocuments(text, { uniqueKeys: true, keepSourceTokens: true });
  const [document, another] = documents as Document.Parsed[];
  const [problem] = document?.errors ?? [];
  if (problem !== undefined)
    throw new Malformed(problem.message.replace(/ at line [\s\S]*/, ''), problem.pos[0]);
  if (another !== undefined) throw new Malformed('several documents in one file', another.range[0]);
  if (document === undefined || document.contents === null)
    return {
      root: { kind: 'table', start: text.length, end: text.length, members: [] },
      comments,
      plain: {},
    };
  refuseUnclear(document);
  const root = nodeOf(document.contents, text);
  if (root.kind !== 'table') throw new Malformed('a mapping was expected', root.start);
  const plain: unknown = document.toJS({ mapAsMap: false });
  return { root, comments, plain };
}

function refuseUnclear(document: Document.Parsed): void {
  visit(document, {
    Node: (_, node) => {
      const at = node.range?.[0] ?? 0;
      if (isAlias(node)) throw new Malformed('an alias, which is not edited here', at);
      if (node.anchor !== undefined) throw new Malformed('an anchor, which is not edited here', at);
      if (node.tag !== undefined) throw new Malformed('a tag, which is not edited here', at);
    },
    Pair: (_, { key }) => {
      if (!isScalar(key) || typeof key.value !== 'string')
        throw new Malformed('a key that is not a text', isScalar(key) ? (key.range?.[0] ?? 0) : 0);
    },
  });
}

function nodeOf(node: unknown, text: string): Node {
  if (isMap(node)) {
    const members = node.items.flatMap((pair): Member[] => {
      if (!isPair(pair) || !isScalar(pair.key)) return [];
      const keySpan = spanOf(pair.key);
      const value: Node =
        pair.value === null
          ? { kind: 'scalar', start: keySpan.end, end: keySpan.end }
          : nodeOf(pair.value, text);
      return [{ key: String(pair.key.value), keySpan, prefix: '', value }];
    });
    return {
      kind: 'table',
      ...extent(
        node,
        members.map(({ value, keySpan }) => (value.end > keySpan.end ? value : keySpan)),
      ),
      members,
    };
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => nodeOf(item, text));
    return { kind: 'list', ...extent(node, items), items };
  }
  if (!isScalar(node)) throw new Malformed('YAML that cannot be located safely', 0);
  const span = spanOf(node);
  // A text over several lines, in blocks or folded, does not keep its meaning in another place.
  const isText = typeof node.value === 'string' && !text.slice(span.start, span.end).includes('\n');
  return isText && typeof node.value === 'string'
    ? { kind: 'string', ...span, value: node.value }
    : { kind: 'scalar', ...span };
}

interface Ranged {
  readonly range?: readonly [number, number, number] | null | undefined;
}

function spanOf({ range }: Ranged): Span {
  if (!range) throw new Malformed('YAML that cannot be located safely', 0);
  return { start: range[0], end: range[1] };
}

/** A block goes up to the end of what is last in it: its own end lies in the lines below. */
function extent(node: Ranged & { readonly flow?: boolean | undefined }, parts: readonly Span[]): Span {
  const { start, end } = spanOf(node);
  return { start, end: node.flow === true ? end : (parts.at(-1)?.end ?? end) };
}

/** Comments stand in the tokens between the values, which no value's own place has. */
function commentsIn(text: string): Span[] {
  const comments: Span[] = [];
  const walk = (token: unknown): void => {
    if (Array.isArray(token)) token.forEach(walk);
    else if (typeof token === 'object' && token !== null) {
      const { type, offset, source } = token as { type?: unknown; offset?: unknown; source?: unknown };
      if (type === 'comment' && typeof offset === 'number' && typeof source === 'string')
        comments.push({ start: offset, end: offset + source.length });
      else Object.values(token).forEach(walk);
    }
  };
  for (const token of new Parser().parse(text)) walk(token);
  return comments.sort((a, b) => a.start - b.start);
}
