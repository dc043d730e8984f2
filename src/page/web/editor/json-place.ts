import { getLocation, type Node, parseTree } from 'jsonc-parser';

/** Where in a document something is typed. */
export interface JsonPlace {
  /** The path of the object whose member is named here, or of the value. */
  readonly path: readonly (string | number)[];
  readonly kind: 'key' | 'value';
  /** Names of the members that the object has already. */
  readonly present: ReadonlySet<string>;
  /** What is replaced by what is chosen. */
  readonly from: number;
  readonly to: number;
}

/**
 * Where a place in a policy's text lies in its document, also while that is no sound JSON yet.
 *
 * @returns undefined inside of a comment
 */
export function placeAt(text: string, at: number): JsonPlace | undefined {
  const { path, previousNode, isAtPropertyKey } = getLocation(text, at);
  if (isInComment(text, at)) return undefined;
  const word = /[\w*-]*$/.exec(text.slice(Math.max(0, at - 100), at))?.[0] ?? '';
  const isInside =
    previousNode?.type === 'string' &&
    previousNode.offset < at &&
    at <= previousNode.offset + previousNode.length;
  // A text that is not ended yet is no node.
  const opened = !isInside && text[at - word.length - 1] === '"' ? 1 : 0;
  const from = isInside ? previousNode.offset : at - word.length - opened;
  const to = isInside ? previousNode.offset + previousNode.length : at;
  if (!isAtPropertyKey) return { path, kind: 'value', present: new Set(), from, to };
  const object = path.slice(0, -1);
  return { path: object, kind: 'key', present: namesIn(text, object, from), from, to };
}

/** The members of an object, but for the one that is named at `from`. */
function namesIn(text: string, path: readonly (string | number)[], from: number): Set<string> {
  let node: Node | undefined = parseTree(text, [], { allowTrailingComma: true });
  for (const step of path) {
    node =
      typeof step === 'number'
        ? node?.children?.[step]
        : node?.children?.find(({ children }) => children?.[0]?.value === step)?.children?.[1];
  }
  const names = (node?.type === 'object' ? (node.children ?? []) : []).flatMap(({ children }) => {
    const name = children?.[0];
    return name && name.offset !== from && children?.[1] ? [String(name.value)] : [];
  });
  return new Set(names);
}

/** Whether a place lies in a comment: reads on from the last line that begins outside of one. */
function isInComment(text: string, at: number): boolean {
  const before = text.slice(0, at);
  let state: 'out' | 'text' | 'line' | 'block' = 'out';
  for (let i = 0; i < before.length; i += 1) {
    const two = before.slice(i, i + 2);
    if (state === 'text') {
      if (before[i] === '\\') i += 1;
      else if (before[i] === '"' || before[i] === '\n') state = 'out';
    } else if (state === 'line') {
      if (before[i] === '\n') state = 'out';
    } else if (state === 'block') {
      if (two === '*/') {
        state = 'out';
        i += 1;
      }
    } else if (before[i] === '"') state = 'text';
    else if (two === '//') state = 'line';
    else if (two === '/*') {
      state = 'block';
      i += 1;
    }
  }
  return state === 'line' || state === 'block';
}
