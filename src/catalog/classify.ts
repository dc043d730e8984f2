import { isCode, isPaid, type Properties, propertiesOf } from './arguments.js';
import {
  ABOUT_MONEY,
  ACTION_ARGUMENTS,
  FILLERS,
  JOINERS,
  MONEY,
  NOT_MONEY,
  PHRASES,
  READ_NOUNS,
  RECORDS,
  SEVERITY,
  STATES,
  type ToolClass,
  VERBS,
  type VerbRow,
} from './evidence.js';
import type { ToolDefinition } from './tool-definition.js';
import { formsOf, searchForm, setOf, shown, singular, wordsOf } from './words.js';

export type Risk = 'low' | 'medium' | 'high' | 'critical';

export const RISK_OF: Readonly<Record<ToolClass, Risk>> = {
  Other: 'low',
  Read: 'low',
  Write: 'medium',
  Execute: 'high',
  Destructive: 'critical',
  Financial: 'critical',
};

export interface Classification {
  readonly class: ToolClass;
  readonly risk: Risk;
  /** One line that names the evidence: `name: "create" of "invoice"`. */
  readonly reason: string;
}

/** Something that speaks for a class. */
interface Finding {
  readonly class: ToolClass;
  readonly reason: string;
  /** The row of the verb that it rests on, when it is one. */
  readonly row?: VerbRow;
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
  filler: setOf(FILLERS),
  actionArgument: setOf(ACTION_ARGUMENTS),
};

// How much is read: definitions come from the server and may be of any length.
const MAX_NAME = 1000;
const MAX_DESCRIPTION = 2000;
const MAX_VALUES = 1000;

/**
 * Says what a tool does from what its server says of it. The name counts most. The description stands in where the name
 * says nothing, and can make matters worse but never better; so can the arguments and the annotations, for a server may
 * admit to more than its names show, but its word that a tool is harmless is no proof.
 *
 * @param tool a definition as it came from the server; whatever it holds, this does not throw
 * @returns always the same for the same definition
 */
export function classify(tool: ToolDefinition): Classification {
  const words = wordsOf(textOf(tool.name).slice(0, MAX_NAME));
  const named = fromName(words);
  const description = searchForm(textOf(tool.description).slice(0, MAX_DESCRIPTION));
  const described = fromLead(description);
  const schema = propertiesOf(tool.inputSchema);
  const actions = fromActions(schema);

  const clear = named?.row?.vague && named.class === named.row.class ? undefined : named;
  const basis =
    clear ?? worst([...described, ...actions]) ?? named ?? fromNouns(words, description) ?? fromCode(schema);
  const against = basis === undefined ? [] : aggravating(basis, { described, actions, description, schema });
  const found = worst([...(basis ? [basis] : []), ...against, ...fromAnnotations(tool, basis)]);
  const { class: toolClass, reason } = found ?? {
    class: 'Other',
    reason: 'nothing known in name, description or arguments',
  };
  return { class: toolClass, risk: RISK_OF[toolClass], reason };
}

/** @returns whether a mistake with this tool cannot be taken back or costs money: Destructive and Financial */
export function isSevere(tool: ToolDefinition): boolean {
  return classify(tool).risk === 'critical';
}

/** A definition may hold anything, whatever its type promises. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** @returns the first of the most severe */
function worst(findings: readonly Finding[]): Finding | undefined {
  const rank = ({ class: toolClass }: Finding) => SEVERITY.indexOf(toolClass);
  return findings.reduce<Finding | undefined>(
    (most, each) => (most === undefined || rank(each) > rank(most) ? each : most),
    undefined,
  );
}

/** The row of the verb that `deletes`, `applies` or `deleting` is a form of. */
const verbOf = (word: string): VerbRow | undefined =>
  formsOf(word)
    .map((form) => VERB.get(form))
    .find((row) => row !== undefined);

// --- name

function fromName(words: readonly string[]): Finding | undefined {
  const hits = words.flatMap((word, at) => {
    const row = VERB.get(word);
    return row === undefined ? [] : [{ row, at }];
  });
  const [first, ...later] = hits;
  if (first === undefined) return fromUnusualForm(words);
  const action = chooseAction(words, first, later);
  // What is certain wherever it stands, and what an "and" adds to it.
  const others = hits.filter(
    ({ row, at }) => at !== action.at && (row.sure || IS.joiner.has(words[at - 1] ?? '')),
  );
  return worst([action, ...others].map(({ row, at }) => judgeVerb('name', row, words, at)));
}

interface Hit {
  readonly row: VerbRow;
  readonly at: number;
}

/** Which of the verbs in a name is what the tool does: the first, unless that is a noun here or a product's name. */
function chooseAction(words: readonly string[], first: Hit, later: readonly Hit[]): Hit {
  const [second] = later;
  const last = later.at(-1) ?? first;
  const end = words.length - 1;
  if (first.row.noun) {
    if (last !== first && last.at === end && !last.row.noun && last.row.class !== 'Other') return last;
    if (first.at < end && IS.state.has(singular(words[end] ?? ''))) return { row: READ, at: end };
  }
  if (first.at === end && first.at > 0 && IS.record.has(words[end] ?? '')) return { row: READ, at: end };
  const prefixed =
    second?.at === first.at + 1 && first.row.class === 'Write' && CRUD.has(words[second.at] ?? '');
  return prefixed && second ? second : first;
}

const READ: VerbRow = { class: 'Read', words: '' };
const CRUD = setOf('get list read search find fetch create update delete');

/** Names without a verb as it stands: `deletes_file`, `deletefile`. */
function fromUnusualForm(words: readonly string[]): Finding | undefined {
  for (const [at, word] of words.entries()) {
    const row = at === 0 && !IS.readNoun.has(singular(word)) ? verbOf(word) : undefined;
    if (row !== undefined) return judgeVerb('name', row, words, at);
    for (let length = Math.min(word.length - 3, 12); length >= 4; length -= 1) {
      const begun = VERB.get(word.slice(0, length));
      // Short ones begin too many other words: `playlist`, `postgres`.
      if (begun !== undefined && (begun.sure || length >= 6))
        return judgeVerb('name', begun, [word.slice(0, length), word.slice(length)], 0);
    }
  }
  return undefined;
}

// --- a verb among words

/** What a verb means, given the words around it. */
function judgeVerb(source: string, row: VerbRow, words: readonly string[], at: number): Finding {
  const verb = words[at] ?? '';
  const of = moneyAmong(words, at);
  const plain = words.find((word, i) => i !== at && UNLESS.get(row)?.has(singular(word)));
  if (plain !== undefined && of === undefined)
    return { class: row.instead ?? 'Write', reason: `${source}: "${verb}" of "${plain}"`, row };
  if (row.commits && of !== undefined)
    return { class: 'Financial', reason: `${source}: "${verb}" of "${of}"`, row };
  return { class: row.class, reason: `${source}: "${verb}"`, row };
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

// --- description

/** The verbs that a description begins with: `Lists, creates or deletes branches` has three. */
function fromLead(description: string): Finding[] {
  const words = /^[^.;\n]{0,200}/.exec(description)?.[0].match(/[\p{L}\d]+|[,/&]/gu) ?? [];
  const findings: Finding[] = [];
  let at = 0;
  while (at < 6 && IS.filler.has(words[at] ?? '')) at += 1;
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (findings.length > 0 && IS.joiner.has(word)) continue;
    const row = verbOf(word);
    if (row === undefined) break;
    if (row.noun && IS.state.has(singular(words[at + 1] ?? ''))) break;
    findings.push(judgeVerb('description', row, words.slice(at, at + 7), 0));
  }
  return findings;
}

/** What is left when there is no verb: `bank_transfer` is one, `transactions` and `account_balance` are looked at. */
function fromNouns(words: readonly string[], description: string): Finding | undefined {
  const spent = moneyAmong(words, -1);
  if (spent !== undefined && IS.money.has(spent)) return { class: 'Financial', reason: `name: "${spent}"` };
  for (const [source, among] of [
    ['name', words],
    ['description', description.split(/[^\p{L}\d]+/u, 4)],
  ] as const) {
    const noun = among.find(
      (word) => word === spent || IS.readNoun.has(word) || IS.readNoun.has(singular(word)),
    );
    if (noun !== undefined) return { class: 'Read', reason: `${source}: "${noun}"` };
  }
  return undefined;
}

// --- arguments

/** The listed values of an argument that says what is done: `action` may be `delete`. */
function fromActions(properties: Properties): Finding[] {
  return properties
    .filter(([name]) => IS.actionArgument.has(searchForm(name)))
    .flatMap(([name, schema]) => {
      const values = [schema.enum, schema.const].flat().filter((value) => typeof value === 'string');
      return values.slice(0, MAX_VALUES).flatMap((value) => {
        const found = fromName(wordsOf(value.slice(0, MAX_NAME)));
        return found ? [{ ...found, reason: `argument "${name}" may be "${shown(value)}"` }] : [];
      });
    });
}

function fromCode(properties: Properties): Finding | undefined {
  const [name] = properties.find(([each]) => isCode(each)) ?? [];
  return name === undefined ? undefined : { class: 'Execute', reason: `argument "${shown(name)}"` };
}

// --- what makes it worse

interface Evidence {
  readonly described: readonly Finding[];
  readonly actions: readonly Finding[];
  readonly description: string;
  readonly schema: Properties;
}

function aggravating(basis: Finding, { described, actions, description, schema }: Evidence): Finding[] {
  const looks = basis.class === 'Read' || basis.class === 'Other';
  const reports = basis.row?.reports === true;
  // "Send an order for scoring" says nothing of money where the name says `evaluate`; "Pays" does.
  const spends = ({ class: toolClass, row }: Finding) =>
    toolClass === 'Financial' && !looks && (row?.class === 'Financial' || basis.row?.commits === true);
  const findings = described.filter((each) => each.row?.sure || spends(each));
  if (!reports) findings.push(...actions.filter(({ row }) => row?.sure || !looks));
  if (!looks && !reports)
    for (const { class: toolClass, pattern } of PHRASES) {
      const phrase = pattern.exec(description)?.[0];
      if (phrase !== undefined) findings.push({ class: toolClass, reason: `description: "${phrase}"` });
    }
  const amount = basis.row?.commits ? schema.find(([name]) => isPaid(name))?.[0] : undefined;
  if (amount !== undefined)
    findings.push({ class: 'Financial', reason: `${basis.reason} with argument "${shown(amount)}"` });
  return findings;
}

/** A server is believed when it admits to harm; its word that a tool is harmless counts only where nothing else is known. */
function fromAnnotations({ annotations }: ToolDefinition, basis: Finding | undefined): Finding[] {
  if (annotations?.readOnlyHint === true)
    return basis === undefined
      ? [{ class: 'Read', reason: 'annotation readOnlyHint, and nothing else is known' }]
      : [];
  if (annotations?.destructiveHint === true)
    return [{ class: 'Destructive', reason: 'annotation destructiveHint' }];
  if (annotations?.readOnlyHint === false)
    return [{ class: 'Write', reason: 'annotation readOnlyHint is false' }];
  return [];
}
