/**
 * approval/ holds how a person is asked about a call in the client: challenge, form, queue, flow, retries.
 * It may import wire/, catalog/, json/, text/, and types of store/ and policy/.
 * No stream, file or database enters; who decides and records is given (`ApprovalAuthority`).
 */

import { isAmount, isNamed } from '../catalog/arguments.js';
import { Decimal } from '../json/decimal.js';
import { isArray, isNumber, isObject, type Json, type JsonObject } from '../json/value.js';
import type { ArgumentPath, LookedAt } from '../policy/evaluate/looked-at.js';
import { printable } from '../text/escape.js';
import type { ChallengeAbout } from './challenge-about.js';
import { localNumber, readTypedNumber, type TypedNumber } from './typed-number.js';

/** What a person must type to approve a severe call, taken from the call itself: pressing yes is too easy. */
export interface Challenge {
  /** What to type, for people: `the value of amount_total`, `the last 4 characters of cuit`. */
  readonly label: string;
  /** What the label says, for other languages. */
  readonly about: ChallengeAbout;
  readonly value: string;
}

/** What a person is asked to type, and what it must be. */
export type Asked = Pick<Challenge, 'label' | 'value'>;

function asking(about: ChallengeAbout, value: string): Challenge {
  return { label: labelOf(about), about, value };
}

function labelOf(about: ChallengeAbout): string {
  switch (about.kind) {
    case 'tool':
      return "the tool's name";
    case 'value':
      return about.of === undefined
        ? `the value of ${about.name}`
        : `the value of ${about.name} (the largest of ${about.of})`;
    case 'tail':
      return `the last ${about.length} characters of ${about.name}`;
  }
}

/** What else than the arguments says which value counts. */
export interface ChallengeHints {
  /** The tool's, as far as it is known. */
  readonly inputSchema?: unknown;
  /** What the policy looks at; undefined where that was not written down. */
  readonly lookedAt?: LookedAt | undefined;
}

/** How many characters of a text must be typed; shorter texts are not used. */
const TAIL = 4;
/** How deep arguments are searched: a person would not look further. */
const DEPTH = 3;
/** A longer text is no amount, in UTF-16 units. */
const MAX_AMOUNT_TEXT = 40;

/**
 * Chooses what to have typed: the value that the policy itself looks at (what its limits add up, then what `approve_if`
 * looks at); without one the largest amount of money, else the largest number, else the end of a text, else the tool's
 * name. What the tool's schema names comes first, and the largest, so that neither an argument that the server ignores
 * nor a smaller amount can take the place of the one that counts.
 *
 * @param args the call's arguments as `parseJson` reads them, so that every digit is there
 */
export function challengeOf(tool: string, args: JsonObject, hints: ChallengeHints = {}): Challenge {
  const { inputSchema, lookedAt } = hints;
  const leaves = leavesOf(args);
  const known = leaves.filter(({ steps }) => isNamed(inputSchema, steps));
  const [amounts, conditions] = [lookedAt?.amounts, lookedAt?.conditions].map((paths) =>
    (paths ?? []).flatMap((path) => leavesAt(args, path)),
  ) as [Leaf[], Leaf[]];
  const chosen =
    largest(amounts.filter(isNumeric)) ??
    largest(conditions.filter(isNumeric)) ??
    tailOf(conditions) ??
    largest(known.filter(isMoney)) ??
    largest(known.filter(({ value }) => isNumber(value))) ??
    largest(leaves.filter(isMoney)) ??
    largest(leaves.filter(({ value }) => isNumber(value))) ??
    tailOf([...known, ...leaves]);
  return chosen ?? asking({ kind: 'tool' }, tool);
}

function tailOf(leaves: readonly Leaf[]): Challenge | undefined {
  for (const leaf of leaves) {
    const tail = typeof leaf.value === 'string' ? leaf.value.trim().slice(-TAIL) : '';
    if (tail.length === TAIL && isTypeable(tail))
      return asking({ kind: 'tail', name: nameOf(leaf), length: TAIL }, tail);
  }
  return undefined;
}

/** Whether a person typed what was asked for, and if not, what to tell them. */
export type Typed = { readonly kind: 'met' } | { readonly kind: 'other'; readonly text: string };

/**
 * Compares what a person typed with what was asked for: a number by its value, in the way of the arguments or of the
 * person's locale, everything else as it stands. Blanks around it do not matter.
 *
 * @param locale by which the person writes numbers (see typed-number.ts)
 */
export function judgeTyped(challenge: Asked, typed: string, locale: string | undefined): Typed {
  const wanted = challenge.value.trim();
  const number = numberIn(wanted);
  const readings = number === undefined ? [] : readTypedNumber(typed, locale);
  // Not guessed, also where one of the two would do.
  if (readings.length > 1) return { kind: 'other', text: twoReadings(typed.trim(), readings, locale) };
  const isMet = typed.trim() === wanted || (number !== undefined && readings[0]?.compare(number) === 0);
  return isMet ? { kind: 'met' } : { kind: 'other', text: expectedText(challenge) };
}

/** What was to be typed, in shape: `Expected the value of amount_total: a number of 6 digits, with 1 decimal.` */
export function expectedText(challenge: Asked): string {
  const wanted = challenge.value.trim();
  return `Expected ${challenge.label}${shapeOf(wanted, numberIn(wanted))}.`;
}

function numberIn(text: string): Decimal | undefined {
  return sizeOf(text) && Decimal.from(text.replace(/^\+/, ''));
}

function twoReadings(typed: string, readings: TypedNumber, locale: string | undefined): string {
  const shown = readings.map((reading) => localNumber(reading, locale));
  return `${printable(typed, 60)} can be read as ${shown.join(' or ')}: type it without signs between thousands, with ${localNumber(HALF, locale).includes(',') ? 'a comma' : 'a point'} before decimals.`;
}

const HALF = Decimal.from('0.5');

/** What it looks like, without saying it. */
function shapeOf(wanted: string, number: Decimal | undefined): string {
  if (number === undefined) return wanted.length === TAIL ? ', as it stands in the arguments' : '';
  const whole = Math.max(1, number.wholeDigits);
  const { decimals } = number;
  const fraction = decimals === 0 ? 'no decimals' : counted(decimals, 'decimal');
  return `: a number of ${counted(whole, 'digit')}, with ${fraction}`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

interface Leaf {
  readonly steps: readonly (string | number)[];
  readonly value: Json;
}

const nameOf = ({ steps }: Leaf) => steps.join('.');

/** Nobody can type what is escaped when it is shown. */
const isTypeable = (text: string) => printable(text) === text;

/** A number, or a text with one in it, under a name that means money at some level: `amount`, `{"total": {"ars": 5}}`. */
function isMoney(leaf: Leaf): boolean {
  const { value, steps } = leaf;
  const mayBeAmount =
    isNumber(value) ||
    (typeof value === 'string' && value.length <= MAX_AMOUNT_TEXT && /\d/.test(value) && isTypeable(value));
  return mayBeAmount && steps.some((step) => typeof step === 'string' && isAmount(step));
}

function isNumeric({ value }: Leaf): boolean {
  return isNumber(value) || (typeof value === 'string' && value.length <= MAX_AMOUNT_TEXT && !!sizeOf(value));
}

function largest(leaves: readonly Leaf[]): Challenge | undefined {
  const sized = leaves.map((leaf) => ({ leaf, size: sizeOf(leaf.value) }));
  const [first, ...others] = sized;
  if (!first) return undefined;
  // What cannot be read as a number may be any: it is as if it were the largest.
  const most = others.reduce((a, b) => (a.size && (!b.size || b.size.compare(a.size) > 0) ? b : a), first);
  const of = others.length === 0 ? undefined : sized.length;
  return asking({ kind: 'value', name: nameOf(most.leaf), of }, textOf(most.leaf.value));
}

function sizeOf(value: Json): Decimal | undefined {
  // Not every text that a Decimal can be made of: a power of ten in it could make that one of a million digits.
  if (typeof value === 'string' && !/^\s*[+-]?\d+(\.\d+)?\s*$/.test(value)) return undefined;
  const number =
    isNumber(value) && value instanceof Decimal
      ? value
      : Decimal.from(String(value).trim().replace(/^\+/, ''));
  return number.sign < 0 ? Decimal.zero.minus(number) : number;
}

/** As the arguments are shown (see canonicalJson): without a power of ten. */
function textOf(value: Json): string {
  return typeof value === 'number' ? Decimal.from(value).toString() : String(value);
}

/** What a path of the policy leads to, lists and objects too. */
function leavesAt(args: JsonObject, path: ArgumentPath): Leaf[] {
  let leaves: Leaf[] = [{ steps: [], value: args }];
  for (const step of path) {
    leaves = leaves.flatMap(({ steps, value }): Leaf[] => {
      if (step === null)
        return isArray(value) ? value.map((item, at) => ({ steps: [...steps, at], value: item })) : [];
      if (!isObject(value) || !Object.hasOwn(value, step)) return [];
      return [{ steps: [...steps, step], value: value[step] ?? null }];
    });
  }
  return leaves;
}

/** Values of arguments with the way to them, those at the top first. */
function leavesOf(args: JsonObject): Leaf[] {
  const leaves: Leaf[] = [];
  let level: Leaf[] = Object.entries(args).map(([name, value]) => ({ steps: [name], value }));
  for (let depth = 0; depth < DEPTH; depth++) {
    const next: Leaf[] = [];
    for (const leaf of level) {
      const { steps, value } = leaf;
      if (isArray(value))
        for (const [at, item] of value.entries()) next.push({ steps: [...steps, at], value: item });
      else if (isObject(value))
        for (const [key, member] of Object.entries(value))
          next.push({ steps: [...steps, key], value: member });
      else leaves.push(leaf);
    }
    level = next;
  }
  return leaves;
}
