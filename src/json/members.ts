/** [start, end) offsets in a text. */
export type Span = readonly [start: number, end: number];

/**
 * Calls `visit` with each member of an object: its key, the span of its value, and that of the whole member.
 *
 * @param text valid JSON without duplicate keys (see strict.ts)
 * @param start offset of the object's brace
 */
export function eachMember(
  text: string,
  start: number,
  visit: (key: string, value: Span, member: Span) => void,
): void {
  let i = skipSpace(text, start + 1);
  while (text[i] !== '}') {
    const keyEnd = skipValue(text, i);
    const key = JSON.parse(text.slice(i, keyEnd)) as string;
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    visit(key, [valueStart, valueEnd], [i, valueEnd]);
    i = skipSpace(text, valueEnd);
    if (text[i] === ',') i = skipSpace(text, i + 1);
  }
}

/** @returns the span of each element of the array that begins at `start` */
export function elements(text: string, start: number): Span[] {
  const spans: Span[] = [];
  for (let i = skipSpace(text, start + 1); text[i] !== ']'; ) {
    const end = skipValue(text, i);
    spans.push([i, end]);
    i = skipSpace(text, end);
    if (text[i] === ',') i = skipSpace(text, i + 1);
  }
  return spans;
}

/**
 * Rewrites an object member by member: `edit` gives a member's new text, or undefined to leave it out. White space
 * stays as it is; a member that is left out takes the separator before it along.
 *
 * @returns the object's text
 */
export function mapMembers(
  text: string,
  [start, end]: Span,
  edit: (key: string, member: string, value: Span) => string | undefined,
): string {
  let edited = '';
  let kept = 0;
  // Where the last member ended; at first, where the brace did.
  let last = start + 1;
  eachMember(text, start, (key, value, member) => {
    const after = edit(key, text.slice(...member), value);
    const before = text.slice(last, member[0]);
    last = member[1];
    if (after === undefined) return;
    edited += (kept++ === 0 ? before.replace(',', '') : before) + after;
  });
  if (kept === 0 && last !== start + 1) return '{}';
  return `{${edited}${text.slice(last, end)}`;
}

/** @returns the span of the whole value in a text that may have white space around it */
export function whole(text: string): Span {
  const start = skipSpace(text, 0);
  return [start, skipValue(text, start)];
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (text[i] === ' ' || text[i] === '\t' || text[i] === '\n' || text[i] === '\r') i++;
  return i;
}

/** @returns the offset behind the value that begins at `from` */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let i = from;
  do {
    const c = text[i];
    if (c === '"') {
      i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      i++;
    } else if (c === '{' || c === '[') {
      depth++;
      i++;
    } else if (c === '}' || c === ']') {
      depth--;
      i++;
    } else if (depth > 0) {
      i++;
    } else {
      while (i < text.length && !',]} \t\r\n'.includes(text[i] as string)) i++;
    }
  } while (depth > 0);
  return i;
}
