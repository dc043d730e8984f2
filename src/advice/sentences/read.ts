import { canonicalJson } from '../../json/canonical.js';
import { isArray, isObject, type Json } from '../../json/value.js';
import { type EditPath, textAt } from '../../policy/edit/jsonc-text.js';
import { PolicyText } from '../../policy/edit/policy-text.js';
import { calledRule, hoursRule } from './demands.js';
import { limitRule, rateRule } from './limits.js';
import type { About, Edit, Input, Other, Sentence } from './model.js';
import type { RuleReader } from './options.js';
import { predicateRule } from './predicates.js';

/** What is read as sentences. */
export interface Part {
  /** Where it stands: `["tools", "pay"]`, `["all_tools"]`; `[]` for what is said of the whole file. */
  readonly path: EditPath;
  readonly about: About;
}

export interface Reading {
  /** In the order of the file. */
  readonly sentences: readonly Sentence[];
  readonly others: readonly Other[];
}

/** Rules that are alone under their key. */
const SINGLE: Readonly<Record<string, RuleReader>> = {
  action: wordRule('action', 'action', 'allow', 'deny', 'approve', 'hide'),
  reason: textRule,
  rate_limit: rateRule,
  arguments: (value) =>
    value === 'declared' ? { kind: 'arguments', clauses: [said('arguments')], more: [] } : undefined,
  hours: hoursRule,
};
/** Rules of which a list stands under their key. */
const LISTED: Readonly<Record<string, RuleReader>> = {
  require: predicateRule('require'),
  deny_if: predicateRule('deny_if'),
  approve_if: predicateRule('approve_if'),
  limits: limitRule,
  after: calledRule('after'),
  before: calledRule('before'),
};
const OF_FILE: Readonly<Record<string, RuleReader>> = {
  pin: wordRule('pin', 'pin', 'off', 'warn', 'hold', 'deny'),
};

/**
 * Reads a part of a policy as sentences. What no sentence can show is given as it stands in the text.
 *
 * @returns undefined for text that is no JSON object with comments, or has a key twice
 */
export function sentencesIn(text: string, { path, about }: Part): Reading | undefined {
  const document = policyText(text);
  if (!document) return undefined;
  const sentences: Sentence[] = [];
  const others: Other[] = [];
  const [section, name] = path;
  const add = (read: RuleReader, value: Json, at: EditPath, removal: readonly Edit[]) => {
    const sentence = read(value, at, about);
    if (sentence) sentences.push({ ...sentence, path: at, removal });
    else others.push({ path: at, text: textAt(text, at) ?? '' });
  };
  if (section === 'tools' && typeof name === 'string') sentences.push(...hidden(document, name));
  const part = document.at(path);
  if (part !== undefined && !isObject(part)) others.push({ path, text: textAt(text, path) ?? '' });
  if (!isObject(part)) return { sentences, others };
  for (const [key, value] of Object.entries(part)) {
    const at = [...path, key];
    const single = path.length === 0 ? own(OF_FILE, key) : own(SINGLE, key);
    const listed = path.length === 0 ? undefined : own(LISTED, key);
    if (single) add(single, value, at, [{ path: at, value: undefined }]);
    else if (listed && isArray(value)) {
      for (const [index, rule] of value.entries()) {
        const here = [...at, index];
        add(listed, rule, here, [{ path: value.length === 1 ? at : here, value: undefined }]);
      }
    } else if (path.length > 0) others.push({ path: at, text: textAt(text, at) ?? '' });
  }
  return { sentences, others };
}

/**
 * @param text of a policy that is read as sentences
 * @returns the text with the changes made, everything else as it was; what it says already is not written again
 * @throws Error where the text cannot be read
 */
export function applied(text: string, edits: readonly Edit[]): string {
  const document = new PolicyText(text);
  for (const { path, value } of edits) {
    const before = document.at(path);
    if (value === undefined) document.remove(path);
    else if (before === undefined || canonicalJson(before) !== canonicalJson(value))
      document.set(path, value);
  }
  return document.text;
}

/** The name in `hide`; patterns there are the file's, not the tool's. */
function hidden(document: PolicyText, name: string): readonly Sentence[] {
  const hide = document.at(['hide']);
  const at = isArray(hide) ? hide.indexOf(name) : -1;
  if (!isArray(hide) || at < 0) return [];
  const removal = [{ path: hide.length === 1 ? ['hide'] : ['hide', at], value: undefined }];
  return [{ kind: 'hidden', path: ['hide', at], clauses: [said('hidden')], more: [], removal }];
}

function said(phrase: 'arguments' | 'hidden') {
  return { phrase, fields: [] };
}

function wordRule(kind: 'action' | 'pin', of: 'action' | 'pin', ...options: readonly string[]): RuleReader {
  return (value, at) => {
    if (typeof value !== 'string' || !options.includes(value)) return undefined;
    const input: Input = { kind: 'choice', of, options };
    const put = (next: Json) => [{ path: at, value: next }];
    return { kind, more: [], clauses: [{ phrase: kind, fields: [{ name: kind, value, input, put }] }] };
  };
}

function textRule(value: Json, at: EditPath): ReturnType<RuleReader> {
  if (typeof value !== 'string') return undefined;
  const put = (next: Json) => [{ path: at, value: next }];
  const fields = [{ name: 'reason', value, input: { kind: 'text' as const }, put }];
  return { kind: 'reason', more: [], clauses: [{ phrase: 'reason', fields }] };
}

function policyText(text: string): PolicyText | undefined {
  try {
    return new PolicyText(text);
  } catch {
    return undefined;
  }
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
