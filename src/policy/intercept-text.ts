import { printable, printableJson } from '../printable.js';
import { isArray, isObject, type Json } from './json.js';

/** JSON as `JSON.stringify` indents it, with the comments above what they are about. */
export function written(value: Json, comments: ReadonlyMap<object, string>, indent: string): string {
  const inner = `${indent}  `;
  const parts = isArray(value)
    ? value.map((item) => above(item, inner, comments) + written(item, comments, inner))
    : isObject(value)
      ? Object.entries(value).map(
          ([name, member]) => `${inner}${printableJson(name)}: ${written(member, comments, inner)}`,
        )
      : undefined;
  const [open, close] = isArray(value) ? ['[', ']'] : ['{', '}'];
  if (!parts) return printableJson(value);
  return parts.length === 0 ? open + close : `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

function above(item: Json, indent: string, comments: ReadonlyMap<object, string>): string {
  const comment = typeof item === 'object' && item !== null ? comments.get(item) : undefined;
  return comment === undefined ? indent : `${indent}// ${printable(comment, 400)}\n${indent}`;
}
