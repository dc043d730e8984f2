import { isArray, isNumber, type Json, type JsonObject } from '../../json/value.js';
import type { EditPath } from '../../policy/edit/jsonc-text.js';
import type { About, Addition, Clause, Field, Input, Phrase, Sentence } from './model.js';

/** A value of a rule that stands at a path, read as a sentence; undefined where it has a form that no sentence has. */
export type RuleReader = (
  value: Json,
  at: EditPath,
  about: About,
) => Omit<Sentence, 'path' | 'removal'> | undefined;

export const TEXT: Input = { kind: 'text' };
export const isText = (value: Json): value is string => typeof value === 'string';
export const isSpan = (value: Json): boolean => isText(value) || isNumber(value);
export const isTexts = (value: Json): boolean => isArray(value) && value.every(isText);
export const oneOf =
  (...words: readonly string[]) =>
  (value: Json) =>
    isText(value) && words.includes(value);

/** A member of a rule that may be left out. */
export interface Option {
  readonly phrase: Phrase;
  readonly fits: (value: Json) => boolean;
  readonly input: (about: About, value: Json | undefined) => Input;
  /** What holds without it. */
  readonly standard?: Json;
  /** What it begins with; undefined where it is not offered. */
  readonly begin: (rule: JsonObject, about: About) => Json | undefined;
}

export const choice =
  (of: (Input & { kind: 'choice' })['of'], ...options: readonly string[]) =>
  (): Input => ({
    kind: 'choice',
    of,
    options,
  });
export const ON_DENY: Option = { phrase: 'on_deny', fits: isText, input: () => TEXT, begin: () => '' };

/** @returns the clauses of what is there, and what could be there; undefined where a member has another form */
export function optional(
  options: Readonly<Record<string, Option>>,
  rule: JsonObject,
  at: EditPath,
  about: About,
): { readonly clauses: readonly Clause[]; readonly more: readonly Addition<Phrase>[] } | undefined {
  const clauses: Clause[] = [];
  const more: Addition<Phrase>[] = [];
  for (const [key, option] of Object.entries(options)) {
    const path = [...at, key];
    const value = Object.hasOwn(rule, key) ? rule[key] : undefined;
    if (value === undefined) {
      const begin = option.begin(rule, about);
      if (begin !== undefined) more.push({ kind: option.phrase, edits: [{ path, value: begin }] });
      continue;
    }
    if (!option.fits(value)) return undefined;
    clauses.push({
      phrase: option.phrase,
      removal: [{ path, value: undefined }],
      ...(value === option.standard && { isDetail: true }),
      fields: [
        { name: key, value, input: option.input(about, value), put: (next) => [{ path, value: next }] },
      ],
    });
  }
  return { clauses, more };
}

export function hasOnly(object: JsonObject, keys: readonly string[]): boolean {
  return Object.keys(object).every((key) => keys.includes(key));
}

export const field = (name: string, value: Json, input: Input, path: EditPath): Field => ({
  name,
  value,
  input,
  put: (next) => [{ path, value: next }],
});

export const WINDOW: Input = { kind: 'window' };
export const NUMBER: Input = { kind: 'number' };
