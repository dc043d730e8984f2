/**
 * approval/ holds how a person is asked about a call in the client: challenge, form, queue, flow, retries.
 * It may import wire/, catalog/, json/, text/, and types of store/ and policy/.
 * No stream, file or database enters; who decides and records is given (`ApprovalAuthority`).
 */

import { isAmount, isNamed } from '../catalog/arguments.js';
import { Decimal } from '../json/decimal.js';
import { isArray, isNumber, isObject, type Json, type JsonObject } from '../json/value.js';
import { printable } from '../text/escape.js';

/** What a person must type to approve a severe call, taken from the call itself: pressing yes is too easy. */
export interface Challenge {
  /** What to type, for people: `amount_total`, `the last 4 characters of cuit`. */
  readonly label: string;
  readonly value: string;
}

/** How many characters of a text must be typed; shorter texts are not used. */
const TAIL = 4;
/** How deep arguments are searched: a person would not look further. */
const DEPTH = 3;
/** A longer text is no amount, in UTF-16 units. */
const MAX_AMOUNT_TEXT = 40;

/**
 * Chooses what to have typed: the largest amount of money where there is one, else the largest number, else the end
 * of a text, else the tool's name. What the tool's schema names comes first, and the largest, so that neither an
 * argument that the server ignores nor a smaller amount can take the place of the one that counts.
 *
 * @param args the call's arguments as `parseJson` reads them, so that every digit is there
 * @param inputSchema the tool's, as far as it is known
 */
export function challengeOf(tool: string, args: JsonObject, inputSchema?: unknown): Challenge {
  const leaves = leavesOf(args);
  const known = leaves.filter(({ steps }) => isNamed(inputSchema, steps));
  const chosen =
    largest(known.filter(isMoney)) ??
    largest(known.filter(({ value }) => isNumber(value))) ??
    largest(leaves.filter(isMoney)) ??
    largest(leaves.filter(({ value }) => isNumber(value)));
  if (chosen) return chosen;
  for (const leaf of [...known, ...leaves]) {
    const tail = typeof leaf.value === 'string' ? leaf.value.trim().slice(-TAIL) : '';
    if (tail.length === TAIL && isTypeable(tail))
      return { label: `the last ${TAIL} characters of ${nameOf(leaf)}`, value: tail };
  }
  return { label: "the tool's name", value: tool };
}

/** @returns whether a person typed what was asked for; spaces around it do not matter */
export function isMet(challenge: Challenge, typed: string): boolean {
  return typed.trim() === challenge.value.trim();
}

interface Leaf {
  readonly steps: readonly (string | number)[];
  readonly value: Json;
}

const nameOf = ({ steps }: Leaf) => steps.join('.');

/** Nobody can type what is escaped when it is shown. */
const isTypeable = (text: string) => printable(text) === text;

/** A number, or a text with one in it, under a name that means money at some level: `amount`, `{"total": {"ars": 5}}`. */
function isMoney({ steps, value }: Leaf): boolean {
  const isNumeric =
    isNumber(value) ||
    (typeof value === 'string' && value.length <= MAX_AMOUNT_TEXT && /\d/.test(value) && isTypeable(value));
  return isNumeric && steps.some((step) => typeof step === 'string' && isAmount(step));
}

function largest(leaves: readonly Leaf[]): Challenge | undefined {
  const sized = leaves.map((leaf) => ({ leaf, size: sizeOf(leaf.value) }));
  const [first, ...others] = sized;
  if (!first) return undefined;
  // What cannot be read as a number may be any: it is as if it were the largest.
  const most = others.reduce((a, b) => (a.size && (!b.size || b.size.compare(a.size) > 0) ? b : a), first);
  const name = nameOf(most.leaf);
  const label = others.length === 0 ? name : `${name} (the largest of ${sized.length})`;
  return { label, value: textOf(most.leaf.value) };
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

/** Values of arguments with the way to them, those at the top first. */
function leavesOf(args: JsonObject): Leaf[] {
  const leaves: Leaf[] = [];
  let level: Leaf[] = Object.entries(args).map(([name, value]) => ({ steps: [name], value }));
  for (let depth = 0; depth < DEPTH && level.length > 0; depth++) {
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
