import { fromActions, fromCode, fromHttpMethods, fromRunText } from './argument-evidence.js';
import { isPaid, type Properties, propertiesOf } from './arguments.js';
import { FILLERS, PHRASES, type ToolClass } from './evidence.js';
import {
  type Finding,
  fromName,
  fromNouns,
  isJoiner,
  isState,
  judgeVerb,
  type Lead,
  verbOf,
  worst,
} from './name-evidence.js';
import { type Reason, reasonText } from './reason.js';
import { secretsAmong } from './secrets.js';
import type { ToolDefinition } from './tool-definition.js';
import { searchForm, setOf, shown, wordsOf } from './words.js';

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

const FILLER = setOf(FILLERS);

// How much is read: definitions come from the server and may be of any length.
const MAX_NAME = 1000;
const MAX_DESCRIPTION = 2000;

/**
 * Says what a tool does from what its server says of it. The name counts most. The description stands in where the name
 * says nothing, settles whether a word is a verb or a noun where nothing severe depends on it, and else can make matters
 * worse but never better; so can the arguments and the annotations, for a server may admit to more than its names show,
 * but its word that a tool is harmless is no proof.
 *
 * @param tool a definition as it came from the server; whatever it holds, this does not throw
 * @returns always the same for the same definition
 */
export function classify(tool: ToolDefinition): Classification {
  const { reason, ...judged } = judge(tool);
  return { ...judged, reason: reasonText(reason) };
}

/** As `classify`, with its evidence as facts. */
export function judge(tool: ToolDefinition): Omit<Classification, 'reason'> & { readonly reason: Reason } {
  const words = wordsOf(textOf(tool.name).slice(0, MAX_NAME));
  const description = searchForm(textOf(tool.description).slice(0, MAX_DESCRIPTION));
  const { findings: described, lead } = fromLead(description);
  const named = fromName(words, lead);
  const schema = propertiesOf(tool.inputSchema);
  const actions = fromActions(schema);

  const clear = named?.row?.vague && named.class === named.row.class ? undefined : named;
  const basis =
    clear ??
    worst([...described, ...actions]) ??
    named ??
    fromNouns(words, description) ??
    fromCode(schema, words);
  const against =
    basis === undefined ? [] : aggravating(basis, { words, described, actions, description, schema });
  const found = worst([...(basis ? [basis] : []), ...against, ...fromAnnotations(tool, basis)]);
  const { class: toolClass, reason }: Finding = found ?? { class: 'Other', reason: { code: 'nothing' } };
  const secrets =
    toolClass === 'Read' ? secretsAmong(words, /^[^.;\n]{0,200}/.exec(description)?.[0] ?? '') : undefined;
  return secrets === undefined
    ? { class: toolClass, risk: RISK_OF[toolClass], reason }
    : { class: toolClass, risk: 'high', reason: { code: 'secrets', basis: reason, word: secrets } };
}

/** @returns whether a mistake with this tool cannot be taken back or costs money: Destructive and Financial */
export function isSevere(tool: ToolDefinition): boolean {
  return classify(tool).risk === 'critical';
}

/** A definition may hold anything, whatever its type promises. */
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

// --- description

/**
 * The verbs that a description begins with: `Lists, creates or deletes branches` has three. Behind them only what
 * takes away counts: `Manages branches: list, create, or delete them`.
 */
function fromLead(description: string): { readonly findings: readonly Finding[]; readonly lead: Lead } {
  const words = /^[^.;\n]{0,200}/.exec(description)?.[0].match(/[\p{L}\d]+|[,/&:]/gu) ?? [];
  const findings: Finding[] = [];
  let at = 0;
  while (at < 6 && FILLER.has(words[at] ?? '')) at += 1;
  let rest = words.slice(at + 1);
  for (; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (findings.length > 0 && isJoiner(word)) continue;
    // "List issues" is one verb, and "create issues" after an "and" another.
    if (findings.length > 0 && !isJoiner(words[at - 1])) break;
    const row = verbOf(word);
    if (row === undefined) break;
    if (row.noun && isState(words[at + 1])) break;
    findings.push(judgeVerb('description', row, words.slice(at, at + 7), 0));
    if (findings.length === 1) rest = words.slice(at + 1);
  }
  for (; at < words.length; at += 1) {
    const row = isJoiner(words[at - 1]) ? verbOf(words[at] ?? '') : undefined;
    if (row?.sure) findings.push({ ...judgeVerb('description', row, words.slice(at, at + 7), 0) });
  }
  return { findings, lead: { verb: findings[0], words: rest } };
}

// --- what makes it worse

interface Evidence {
  readonly words: readonly string[];
  readonly described: readonly Finding[];
  readonly actions: readonly Finding[];
  readonly description: string;
  readonly schema: Properties;
}

function aggravating(basis: Finding, evidence: Evidence): Finding[] {
  const { words, described, actions, description, schema } = evidence;
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
      if (phrase !== undefined)
        findings.push({ class: toolClass, reason: { code: 'word', from: 'description', word: phrase } });
    }
  const amount = basis.row?.commits ? schema.find(([name]) => isPaid(name))?.[0] : undefined;
  if (amount !== undefined)
    findings.push({
      class: 'Financial',
      reason: { code: 'with_argument', basis: basis.reason, name: shown(amount) },
    });
  for (const finding of [
    fromHttpMethods(words, schema),
    fromRunText(basis, described, description, schema, words),
  ])
    if (finding !== undefined) findings.push(finding);
  return findings;
}

/**
 * What a server says of its tool counts for little. Its word that it only reads holds where nothing else is known.
 * `destructiveHint` is the protocol's default, and servers put it on whatever writes: it says that a tool does
 * something, and not that it destroys.
 */
function fromAnnotations({ annotations }: ToolDefinition, basis: Finding | undefined): Finding[] {
  if (annotations?.readOnlyHint === true)
    return basis === undefined
      ? [{ class: 'Read', reason: { code: 'annotation', name: 'readOnlyHint', is: 'alone' } }]
      : [];
  if (annotations?.destructiveHint === true)
    return basis === undefined
      ? [{ class: 'Execute', reason: { code: 'annotation', name: 'destructiveHint', is: 'alone' } }]
      : [{ class: 'Write', reason: { code: 'annotation', name: 'destructiveHint', is: 'yes' } }];
  if (annotations?.readOnlyHint === false)
    return [{ class: 'Write', reason: { code: 'annotation', name: 'readOnlyHint', is: 'no' } }];
  return [];
}
