import { isArray, isNumber, isObject, type Json } from '../json/value.js';

/** Values and lists of values are cut to this many characters: the agent knows what it sent. */
const MAX_SHOWN = 60;

/** @returns the value as JSON, cut; lists and objects by their size */
export function show(value: Json): string {
  if (isNumber(value)) return cut(value.toString());
  if (typeof value === 'string') {
    return value.length > MAX_SHOWN
      ? `${JSON.stringify(value.slice(0, MAX_SHOWN))}...`
      : JSON.stringify(value);
  }
  if (isArray(value))
    return value.length === 1 ? 'a list of 1 element' : `a list of ${value.length} elements`;
  return isObject(value) ? 'an object' : String(value);
}

/** @returns the text, with an ellipsis where it is long */
export function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;
}

/** @returns what a value of a policy file is, for a sentence: `the text "5"`, `a list`, `the number 5` */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return `the text "${cut(value)}"`;
  if (typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return `the number ${value}`;
  return typeof value === 'object' && value.constructor === Object ? 'an object' : 'a number that large';
}
