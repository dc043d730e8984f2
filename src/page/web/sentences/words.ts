import type { ChoiceKind, Clause, Field, Input, Phrase, Sentence } from '../../../advice/sentences/model.js';
import { isArray, isNumber, isObject, type Json } from '../../../json/value.js';
import { WINDOW_WORDS } from '../../../policy/limits/window.js';
import type { sentences } from '../i18n/sentences.js';
import { isTaken, takenDays } from './days.js';

export type SentenceKey = keyof typeof sentences;

/** A text in a language: `t` of the page. */
export type Say = (key: SentenceKey, values?: Readonly<Record<string, string | number>>) => string;

/** A phrase taken apart: its words, and its fields where they stand. */
export function pieces({ phrase, fields }: Clause, say: Say): readonly (string | Field)[] {
  return say(`say.${phrase}`)
    .split(/(\{\w+\})/)
    .filter((piece) => piece !== '')
    .map((piece) => fields.find(({ name }) => piece === `{${name}}`) ?? piece);
}

/** What stands before a clause: conditions go on from the words before them and from each other. */
export function joint(clauses: readonly Clause[], at: number, say: Say): string {
  const [phrase, before] = [clauses[at]?.phrase, clauses[at - 1]?.phrase];
  if (at === 0) return '';
  if (!isCondition(phrase)) return ', ';
  return isCondition(before) ? ` ${say('say.and')} ` : ' ';
}

const isCondition = (phrase: Phrase | undefined): boolean =>
  phrase === 'condition' || phrase === 'condition_flag';

/** A sentence as text, without its details. */
export function sentenceText({ clauses }: Sentence, say: Say): string {
  const shown = clauses.filter(({ isDetail }) => !isDetail);
  return shown.map((clause, at) => `${joint(shown, at, say)}${clauseText(clause, say)}`).join('');
}

export function clauseText(clause: Clause, say: Say): string {
  return pieces(clause, say)
    .map((piece) => (typeof piece === 'string' ? piece : fieldText(piece, clause, say)))
    .join('');
}

function fieldText({ name, value, input }: Field, clause: Clause, say: Say): string {
  switch (input.kind) {
    case 'choice':
      return choiceText(input.of, value, say, clause);
    case 'path':
      return pathText(String(value), say);
    case 'window':
      return windowText(value, name, say);
    case 'days':
      return daysText(value, say);
    case 'list':
      return [value]
        .flat()
        .map((each) => (input.of === 'path' ? pathText(String(each), say) : valueText(each as Json)))
        .join(listJoint(input.of, say));
    case 'number':
    case 'text':
    case 'time':
    case 'json':
      return valueText(value);
  }
}

/** Any one of several tools counts, and every path of several. */
function listJoint(of: (Input & { kind: 'list' })['of'], say: Say): string {
  if (of === 'name') return ` ${say('say.or')} `;
  return of === 'path' ? ` ${say('say.and')} ` : ', ';
}

/** The number that decides between "call" and "calls". */
function countIn({ fields }: Clause): number {
  const max = fields.find(({ name }) => name === 'max')?.value;
  return max === 1 ? 1 : 2;
}

/** @param clause in which it is chosen */
export function choiceText(of: ChoiceKind, option: Json, say: Say, clause: Clause): string {
  switch (of) {
    case 'operator':
      return operatorText(option, say);
    case 'charge':
      return chargeText(option, say, countIn(clause));
    case 'value':
      if (typeof option === 'boolean' || option === null) return say(`word.value.${option}` as SentenceKey);
      return valueText(option);
    case 'scope':
      return say(`word.${clause.phrase === 'whose' ? 'whose' : 'scope'}.${String(option)}` as SentenceKey);
    case 'action':
    case 'align':
    case 'refund':
    case 'on_exceed':
    case 'outside':
    case 'then':
    case 'pin':
      return say(`word.${of}.${String(option)}` as SentenceKey);
  }
}

function operatorText(option: Json, say: Say): string {
  const [op, flag] = isArray(option) ? option : [option];
  return say(`word.op.${String(op)}${flag === false ? '_not' : ''}` as SentenceKey);
}

function chargeText(option: Json, say: Say, n: number): string {
  if (typeof option === 'string') return say('word.charge.of', { path: pathText(option, say) });
  if (isNumber(option)) return say('word.charge.fixed', { each: option.toString() });
  if (isObject(option)) {
    const { sum, count } = option;
    if (sum !== undefined) return say('word.charge.sum', { path: pathText(String(sum), say) });
    return say('word.charge.count', { path: pathText(String(count), say) });
  }
  return say('word.charge.calls', { n });
}

/** `args.a.b` is `a.b` for people; what is no argument keeps its root. */
export function pathText(path: string, say: Say): string {
  if (path === 'args') return say('word.args');
  if (path === 'tool.name') return say('word.tool.name');
  return path.startsWith('args.') ? path.slice('args.'.length) : path;
}

/** A limit's reads on from what is counted, others from a word such as "for". */
function windowText(value: Json, name: string, say: Say): string {
  const isWord = typeof value === 'string' && (WINDOW_WORDS as readonly string[]).includes(value);
  if (isWord) return say(`word.${spanKind(name)}.${value}` as SentenceKey);
  const span = typeof value === 'number' ? `${value}s` : String(value);
  return spanKind(name) === 'window' ? `${say('word.window.in')} ${span}` : span;
}

export const spanKind = (name: string): 'window' | 'span' => (name === 'window' ? 'window' : 'span');

function daysText(value: Json, say: Say): string {
  const days = takenDays(value);
  if (days === undefined) return JSON.stringify(value);
  if (days.every(({ taken }) => taken)) return say('word.days.every');
  return days
    .filter(isTaken)
    .map(({ day }) => say(`word.day.${day}`))
    .join(', ');
}

/** A value as it is typed: text bare, everything else as JSON. */
export function valueText(value: Json): string {
  if (typeof value === 'string') return value;
  if (isNumber(value)) return value.toString();
  return JSON.stringify(value);
}
