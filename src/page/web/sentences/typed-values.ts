import { parseJson, parseNumber } from '../../../json/exact.js';
import type { Json } from '../../../json/value.js';

/** A number as it is typed, with every digit. */
export function numberIn(text: string): Json | undefined {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text.trim()) ? parseNumber(text.trim()) : undefined;
}

export function jsonIn(text: string): Json | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
