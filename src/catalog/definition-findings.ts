import { bareText } from '../text/lookalike.js';
import {
  AS_READ,
  AS_WRITTEN,
  FINDING_WORDS,
  type FindingKind,
  type FindingPattern,
} from './finding-patterns.js';

/** Something that a definition says: evidence for a person to read, no verdict. */
export interface Finding {
  readonly kind: FindingKind;
  /** Where it stands: `description`, `inputSchema.properties.to.description`. */
  readonly where: string;
  /** The text around it, as it is: whoever shows it escapes it. */
  readonly excerpt: string;
}

/** Texts of one definition that are looked at, and their characters together; what lies beyond counts as `length`. */
const MOST_TEXTS = 2000;
const MOST_CHARACTERS = 200_000;
/** How deep a definition is looked into. */
const DEEPEST = 32;
/** Longer texts are unusual, in characters. */
const LONG_DESCRIPTION = 10_000;
const LONG_TEXT = 4000;
/** Characters of an excerpt, before and behind. */
const AROUND = 40;
/** Normalising takes time that grows with the square of marks on a letter; no writing stacks more. */
const STACKED = /\p{M}{31}/u;
/** Names of other servers' tools that are words of the language mean nothing. */
const DISTINCT_NAME = /[_-]|[a-z][A-Z]/;

interface Text {
  readonly where: string;
  readonly text: string;
}

/**
 * Finds what a tool's definition, a prompt's, a resource's or a server's instructions say to steer the model. Time is
 * linear in the definition's size, and bounded.
 *
 * @param definition as the server lists it
 * @param others names of tools that other servers have, and this one has not
 * @returns at most one finding of a kind for each text
 */
export function findingsIn(definition: unknown, others: ReadonlySet<string> = new Set()): readonly Finding[] {
  const { texts, isWhole } = textsIn(definition);
  const findings = texts.flatMap((text) => findingsOf(text, others));
  const { where, text } = texts.at(-1) ?? { where: '', text: '' };
  if (!isWhole) findings.push({ kind: 'length', where, excerpt: text.slice(0, AROUND) });
  return findings;
}

/** @returns the kinds that were found, each once, in words that read on from a name */
export function findingWords(findings: readonly Finding[]): readonly string[] {
  return [...new Set(findings.map(({ kind }) => FINDING_WORDS[kind]))];
}

/** Every text in it, keys included: a model reads those too. */
function textsIn(definition: unknown): { readonly texts: readonly Text[]; readonly isWhole: boolean } {
  const texts: Text[] = [];
  let left = MOST_CHARACTERS;
  let isWhole = true;
  const add = (where: string, text: string) => {
    if (texts.length >= MOST_TEXTS || left <= 0) isWhole = false;
    else {
      if (text.length > left) isWhole = false;
      texts.push({ where, text: text.slice(0, left) });
      left -= text.length;
    }
  };
  const visit = (value: unknown, where: string, depth: number): void => {
    if (!isWhole) return;
    if (typeof value === 'string') add(where, value);
    else if (typeof value !== 'object' || value === null) return;
    else if (depth > DEEPEST) isWhole = false;
    else
      for (const [key, member] of Object.entries(value)) {
        if (!/^[\w$-]*$/.test(key)) add(`a key in ${where || 'it'}`, key);
        visit(member, where === '' ? key : `${where}.${key}`, depth + 1);
      }
  };
  visit(definition, '', 0);
  return { texts, isWhole };
}

function findingsOf({ where, text }: Text, others: ReadonlySet<string>): Finding[] {
  const found = new Map<FindingKind, Finding>();
  const note = (kind: FindingKind, from: string, at: number) => {
    if (!found.has(kind))
      found.set(kind, { kind, where, excerpt: from.slice(Math.max(0, at - AROUND), at + 2 * AROUND) });
  };
  const look = (patterns: readonly FindingPattern[], from: string) => {
    for (const { kind, pattern } of patterns) {
      const at = found.has(kind) ? -1 : from.search(pattern);
      if (at >= 0) note(kind, from, at);
    }
  };
  look(AS_WRITTEN, text);
  const blob = blobAt(text);
  if (blob >= 0) note('encoded', text, blob);
  const read = asRead(text);
  look(AS_READ, read);
  if (others.size > 0)
    for (const { 0: word, index } of text.matchAll(/[\w-]{5,64}/g))
      if (DISTINCT_NAME.test(word) && others.has(word)) note('other_tool', text, index);
  if (text.length > (where === 'description' || where === 'instructions' ? LONG_DESCRIPTION : LONG_TEXT))
    note('length', text, 0);
  return [...found.values()];
}

/** Without what keeps a person's eye, and a model's, from seeing the words. */
function asRead(text: string): string {
  // One sign may become 18 letters; a text that grows so far is told of by its length.
  const plain = STACKED.test(text) ? text : text.normalize('NFKC').slice(0, MOST_CHARACTERS);
  return bareText(plain).toLowerCase().replace(/\s+/g, ' ');
}

/** @returns where a word is too long and too mixed to be one; -1 where there is none */
function blobAt(text: string): number {
  for (const { 0: word, index } of text.matchAll(/[\w+/=]{48,}/g)) {
    const isMixed = /[a-z]/.test(word) && /[A-Z]/.test(word) && /\d/.test(word);
    if (isMixed || /^[\da-f]{64,}$/i.test(word)) return index;
  }
  return -1;
}
