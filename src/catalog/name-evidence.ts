import {
  ABOUT_MONEY,
  JOINERS,
  MONEY,
  NOT_MONEY,
  PREPOSITIONS,
  READ_NOUNS,
  RECORDS,
  SEVERITY,
  STATES,
  type ToolClass,
} from './evidence.js';
import type { Reason } from './reason.js';
import { VERBS, type VerbRow } from './verbs.js';
import { formsOf, setOf, singular } from './words.js';

/** Something that speaks for a class. */
export interface Finding {
  readonly class: ToolClass;
  readonly reason: Reason;
  /** The row of the verb that it rests on, when it is one. */
  readonly row?: VerbRow;
}

/** What a description begins with. It settles what a word in the name is that may be a verb or a noun. */
export interface Lead {
  readonly verb: Finding | undefined;
  /** The words after that verb. */
  readonly words: readonly string[];
}

const VERB = new Map(VERBS.flatMap((row) => row.words.split(' ').map((word) => [word, row] as const)));
const UNLESS = new Map(VERBS.map((row) => [row, setOf(row.unless ?? '')]));
const IS = {
  money: setOf(MONEY),
  aboutMoney: setOf(ABOUT_MONEY),
  notMoney: setOf(NOT_MONEY),
  readNoun: setOf(READ_NOUNS),
  state: setOf(STATES),
  record: setOf(RECORDS),
  joiner: setOf(JOINERS),
  preposition: setOf(PREPOSITIONS),
};

export const isJoiner = (word: string | undefined): boolean => IS.joiner.has(word ?? '');

/** Whether a word after a verb that is also a noun makes it the noun: `deploy_status`. */
export const isState = (word: string | undefined): boolean => IS.state.has(singular(word ?? ''));

export const rankOf = (toolClass: ToolClass): number => SEVERITY.indexOf(toolClass);

/** @returns the first of the most severe */
export function worst(findings: readonly Finding[]): Finding | undefined {
  return findings.reduce<Finding | undefined>(
    (most, each) => (most === undefined || rankOf(each.class) > rankOf(most.class) ? each : most),
    undefined,
  );
}

/** The row of the verb that `deletes`, `applies` or `deleting` is a form of. */
export const verbOf = (word: string): VerbRow | undefined =>
  formsOf(word)
    .map((form) => VERB.get(form))
    .find((row) => row !== undefined);

const NO_LEAD: Lead = { verb: undefined, words: [] };

/**
 * @param words of a name, from `wordsOf`
 * @returns the worst that the name says of what is done; undefined where it has no verb
 */
export function fromName(words: readonly string[], lead: Lead = NO_LEAD): Finding | undefined {
  const hits = words.flatMap((word, at) => {
    const row = VERB.get(word);
    return row === undefined ? [] : [{ row, at }];
  });
  const [first, ...later] = hits;
  if (first === undefined) return fromUnusualForm(words);
  const action = chooseAction(words, first, later, lead);
  // What is certain wherever it stands, and what an "and" adds to it.
  const others = hits.filter(({ row, at }) => at !== action.at && (row.sure || isJoiner(words[at - 1])));
  return worst([action, ...others].map(({ row, at }) => judgeVerb('name', row, words, at, lead)));
}

interface Hit {
  readonly row: VerbRow;
  readonly at: number;
}

/** Which of the verbs in a name is what the tool does: the first, unless that is a noun here or a product's name. */
function chooseAction(words: readonly string[], first: Hit, later: readonly Hit[], lead: Lead): Hit {
  const [second] = later;
  const last = later.at(-1) ?? first;
  const end = words.length - 1;
  if (first.row.noun) {
    const isObject = acts(lead) && lead.verb?.class === first.row.class;
    if (last !== first && last.at === end && !last.row.noun && last.row.class !== 'Other' && !isObject)
      return last;
    if (first.at < end && isState(words[end]) && !acts(lead)) return { row: READ, at: end };
    if (later.every(({ row }) => row.noun) && isNounHere(first, lead)) return { row: READ, at: first.at };
  }
  if (first.at === end && first.at > 0 && IS.record.has(words[end] ?? '')) return { row: READ, at: end };
  const prefixed =
    second?.at === first.at + 1 && first.row.class === 'Write' && CRUD.has(words[second.at] ?? '');
  return prefixed && second ? second : first;
}

const READ: VerbRow = { class: 'Read', words: '' };
const CRUD = setOf('get list read search find fetch create update delete');

/** Whether a description begins with a verb that does something. */
const acts = ({ verb }: Lead): boolean => verb !== undefined && rankOf(verb.class) > rankOf('Read');

/**
 * Whether a description that only looks makes a verb the noun that it also is: `google_play_store`, `browser_snapshot`,
 * `email_threads`. Nothing severe becomes harmless by it, and what runs something only behind another word.
 */
function isNounHere({ row, at }: Hit, { verb }: Lead): boolean {
  const mild = row.class === 'Write' || (row.class === 'Execute' && at > 0);
  return mild && verb?.class === 'Read' && (at > 0 || verb.row?.vague !== true);
}

/** Names without a verb as it stands: `deletes_file`, `deletefile`, `unapprove_request`. */
function fromUnusualForm(words: readonly string[]): Finding | undefined {
  for (const [at, word] of words.entries()) {
    const row = at === 0 && !IS.readNoun.has(singular(word)) ? verbOf(word) : undefined;
    if (row !== undefined) return judgeVerb('name', row, words, at);
    const prefixed = VERB.get(PREFIX.exec(word)?.[1] ?? '');
    if (prefixed !== undefined && prefixed.class !== 'Read')
      return { class: prefixed.class, reason: { code: 'word', from: 'name', word }, row: prefixed };
    for (let length = Math.min(word.length - 3, 12); length >= 4; length -= 1) {
      const begun = VERB.get(word.slice(0, length));
      // Short ones begin too many other words: `playlist`, `postgres`.
      if (begun !== undefined && (begun.sure || length >= 6))
        return judgeVerb('name', begun, [word.slice(0, length), word.slice(length)], 0);
    }
  }
  return undefined;
}

const PREFIX = /^(?:un|auto|bulk|batch|mass|force)(\p{L}{3,12})$/u;

/** What a verb means, given the words around it. */
export function judgeVerb(
  from: 'name' | 'description',
  row: VerbRow,
  words: readonly string[],
  at: number,
  lead: Lead = NO_LEAD,
): Finding {
  const verb = words[at] ?? '';
  const of = moneyAmong(words, at);
  const other = otherMeaning(row, words, at, lead);
  if (other !== undefined && (of === undefined || rankOf(row.class) < rankOf(row.instead ?? 'Write')))
    return { class: row.instead ?? 'Write', reason: { code: 'word', from, word: verb, of: other }, row };
  if (row.commits && of !== undefined)
    return { class: 'Financial', reason: { code: 'word', from, word: verb, of }, row };
  return { class: row.class, reason: { code: 'word', from, word: verb }, row };
}

/** The word that gives a verb the other meaning of its row. What makes it worse must be what the verb is done to. */
function otherMeaning(row: VerbRow, words: readonly string[], at: number, lead: Lead): string | undefined {
  const unless = UNLESS.get(row);
  if (unless === undefined || unless.size === 0) return undefined;
  if (rankOf(row.instead ?? 'Write') <= rankOf(row.class))
    return words.find((word, i) => i !== at && unless.has(singular(word)));
  const object = (among: readonly string[]) =>
    among.find(
      (word, i) =>
        unless.has(singular(word)) && (i + 1 === among.length || IS.preposition.has(among[i + 1] ?? '')),
    );
  return object(words.slice(at + 1)) ?? (row.class === 'Read' ? object(lead.words.slice(0, 4)) : undefined);
}

/** The first word of money that is not about money only, leaving out the verb itself. */
function moneyAmong(words: readonly string[], verbAt: number): string | undefined {
  return words.find(
    (word, at) =>
      at !== verbAt &&
      isMoney(word) &&
      !IS.notMoney.has(words[at - 1] ?? '') &&
      !words.slice(at + 1).some((next) => IS.aboutMoney.has(singular(next))),
  );
}

const isMoney = (word: string): boolean =>
  IS.money.has(word) || IS.money.has(singular(word)) || VERB.get(word)?.class === 'Financial';

/** What is left when there is no verb: `bank_transfer` is one, `transactions` and `account_balance` are looked at. */
export function fromNouns(words: readonly string[], description: string): Finding | undefined {
  const spent = moneyAmong(words, -1);
  if (spent !== undefined && IS.money.has(spent))
    return { class: 'Financial', reason: { code: 'word', from: 'name', word: spent } };
  for (const [from, among] of [
    ['name', words],
    ['description', description.split(/[^\p{L}\d]+/u, 4)],
  ] as const) {
    const noun = among.find(
      (word) => word === spent || IS.readNoun.has(word) || IS.readNoun.has(singular(word)),
    );
    if (noun !== undefined) return { class: 'Read', reason: { code: 'word', from, word: noun } };
  }
  return undefined;
}
