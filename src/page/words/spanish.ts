/**
 * What a decision says, in Spanish: a sentence for each code of `Said` and `WhySaid`, from the same facts as the English
 * one (policy/evaluate/said.ts, explain.ts; draft/outlook.ts). A code without a sentence does not compile. What has no
 * facts, such as why a schema does not accept an argument, is undefined here and stays English.
 */
import type { WhyNotJudged } from '../../advice/comparison.js';
import type { NameHint, Outlook } from '../../draft/outlook.js';
import { Decimal } from '../../json/decimal.js';
import { isArray, isNumber, isObject, type Json } from '../../json/value.js';
import type { Charge } from '../../policy/call.js';
import { show } from '../../policy/describe-value.js';
import type { Finding } from '../../policy/evaluate/condition.js';
import type { TraceStep } from '../../policy/evaluate/evaluate.js';
import type { Said } from '../../policy/evaluate/said.js';
import type { CalledDemand, Condition, Demand, Limit, Predicate } from '../../policy/model.js';
import { operatorOf, type SpanishPhrase } from '../../policy/operators.js';
import type { Peek } from '../../store/reader.js';
import { lengthWords, perWindow, windowWord } from './windows.js';

/** @returns undefined for what has no facts to make a sentence from */
export function inSpanish(said: Said): string | undefined {
  switch (said.code) {
    case 'hidden':
      return 'la herramienta está oculta';
    case 'judged_by':
      return `la juzga la entrada "${said.entry}"`;
    case 'no_entry':
      return 'no coincide con ninguna entrada; por omisión se permite';
    case 'not_listed':
      return 'la política no la lista, y rechaza lo que no lista';
    case 'lookalike':
      return `la política lista "${said.entry}", que se distingue apenas en mayúsculas o caracteres invisibles`;
    case 'arguments_accepted':
      return 'el esquema de la herramienta acepta los argumentos';
    case 'schema_unknown':
      return 'no se conoce el esquema de la herramienta: el servidor todavía no la listó';
    case 'fault':
      return undefined;
    case 'holds':
      return 'se cumple';
    case 'does_not_hold':
      return 'no se cumple';
    case 'unmet':
      return unmet(said.findings);
    case 'fired':
      return fired(said.predicate, said.findings);
    case 'charges': {
      const { limit, amount } = said.charge;
      return `suma ${amount} de ${limit.max} ${per(limit)} a ${limit.counter}`;
    }
    case 'demand':
      return demandText(said.demand);
    case 'inexact':
      // What it names reads `args.total is 1.00`: the same in both languages but for the verb.
      return undefined;
  }
}

/** Why a call comes to what it does. @param trace the steps that led there */
export function whyInSpanish({ said, rule }: Outlook, trace: readonly TraceStep[]): string | undefined {
  switch (said.code) {
    case 'nothing':
      return 'nada la rechaza';
    case 'hidden':
      return 'la herramienta está oculta: se responde como a una desconocida';
    case 'by_step': {
      if (!said.explained) return said.author;
      const step = trace.find((each) => each.rule === rule && each.result !== 'passes');
      const text = step?.said && inSpanish(step.said);
      if (text === undefined) return undefined;
      return said.author === undefined ? text : `${said.author} (${text})`;
    }
    case 'limit':
      return `${fullText(said.full)}${said.asksBeyond ? '; más allá se pregunta a una persona' : ''}`;
    case 'unmet': {
      const next = said.retryAt === undefined ? '' : `; la próxima, el ${isoTime(said.retryAt)}`;
      return `${unmetDemand(said.demand)}${next}`;
    }
    case 'stopped': {
      const { pause } = said.stopped;
      return (
        pause &&
        `toda llamada de ${pause.server ?? 'todo servidor'} se rechaza desde el ${isoTime(pause.since)}`
      );
    }
  }
}

/** Why a recorded call cannot be judged. */
export function notJudgedInSpanish(why: WhyNotJudged): string {
  switch (why.code) {
    case 'reads':
      return `${why.rule} lee ${why.reads}, que el registro no tiene`;
    case 'no_part':
      return 'ninguna política tuvo parte: una línea que no se pudo leer, o una pausa';
    case 'name_cut':
      return 'el registro tiene solo el comienzo del nombre de la herramienta';
    case 'again':
      return 'la misma llamada otra vez, después de que se preguntó a una persona';
    case 'others':
      return '(otras)';
  }
}

/** What may be wrong with a tool's name. */
export function hintInSpanish(hint: NameHint): string {
  switch (hint.code) {
    case 'likely':
      return `¿quisiste decir "${hint.likely}"? Ese es el nombre con el que se encuentran las reglas`;
    case 'shown_name':
      return `la política tiene "${hint.shown}", que es como un cliente muestra "${hint.tool}": no juzga nada; escribe ahí "${hint.tool}"`;
  }
}

const isoTime = (at: number): string => new Date(at).toISOString();

function shown(value: Json): string {
  if (isArray(value))
    return value.length === 1 ? 'una lista de 1 elemento' : `una lista de ${value.length} elementos`;
  return isObject(value) ? 'un objeto' : show(value);
}

const phrase = ({ op, value }: Condition): SpanishPhrase => operatorOf(op).spanish(value, shown);
const must = (condition: Condition): string => `debe ${phrase(condition)[0]} ${phrase(condition)[2]}`;
const may = (condition: Condition): string => `puede ${phrase(condition)[0]} ${phrase(condition)[2]}`;
const does = (condition: Condition): string => `${phrase(condition)[1]} ${phrase(condition)[2]}`;

/** What stands in the environment is never shown (see explain.ts). */
const isSecret = ({ path }: Condition): boolean => path.root === 'env';

function unmet(findings: readonly Finding[]): string | undefined {
  const finding =
    findings.find(({ answer }) => answer === 'fails') ?? findings.find(({ answer }) => answer === 'unknown');
  if (!finding) return 'un requisito de la política no se cumple';
  const { condition, reached } = finding;
  switch (reached.kind) {
    case 'unclear':
      // Its description is a sentence of the core's.
      return undefined;
    case 'missing':
      return `falta ${reached.at}, y ${must(condition)}`;
    case 'value':
      return isSecret(condition)
        ? `${reached.at} no cumple su condición`
        : `${reached.at} es ${shown(reached.value)}${note(finding)}, y ${must(condition)}`;
  }
}

/** More conditions than this do not make it clearer; as in English. */
const MOST_CONDITIONS = 3;

function fired({ conditions, code }: Predicate, findings: readonly Finding[]): string | undefined {
  if (conditions.length === 0)
    return code === 'APPROVAL_REQUIRED'
      ? 'la política pregunta a una persona por cada llamada'
      : 'la política rechaza toda llamada';
  const parts = findings.slice(0, MOST_CONDITIONS).map(firedBy);
  return parts.includes(undefined) ? undefined : parts.join(', y ');
}

function firedBy(finding: Finding): string | undefined {
  const { condition, reached, answer } = finding;
  switch (reached.kind) {
    case 'unclear':
      return undefined;
    case 'missing':
      return `falta ${reached.at}`;
    case 'value': {
      if (isSecret(condition))
        return `${reached.at} ${answer === 'unknown' ? 'puede cumplir' : 'cumple'} su condición`;
      const is = `${reached.at} es ${shown(reached.value)}${note(finding)}`;
      if (answer === 'unknown') return `${is}, que ${may(condition)}`;
      return operatorOf(condition.op).isSaidByValue ? is : `${is}, que ${does(condition)}`;
    }
  }
}

function note({ answer, condition, reached }: Finding): string {
  if (answer !== 'unknown' || reached.kind !== 'value') return '';
  if (reached.value instanceof Decimal) return ' (más dígitos de los que guardan casi todos los programas)';
  return typeof reached.value === 'string' && isNumber(condition.value) ? ' (texto)' : '';
}

const per = ({ windowText }: Limit): string => perWindow(windowText);

function usage({ limit, amount }: Charge, used: Decimal): string {
  const split = limit.per.filter(({ root }) => root === 'args');
  const whose = split.some(({ steps }) => steps.length === 0)
    ? ' con estos argumentos'
    : split.length > 0
      ? ` con este ${split.map(({ text }) => text).join(' y ')}`
      : '';
  if (amount.sign === 0)
    return `${limit.counter} tiene ${used}${whose} en una ventana (${windowWord(limit.windowText)}), y esta llamada pasa con ${limit.max} o menos`;
  const countsCalls = limit.amount.kind === 'fixed' && amount.compare(Decimal.one) === 0;
  return countsCalls
    ? `se usaron ${used} de ${limit.max} llamadas${whose} ${per(limit)}`
    : `se usaron ${used} de ${limit.max} ${per(limit)} en ${limit.counter}${whose}, y esta llamada suma ${amount}`;
}

/** A limit that asks once it is full. */
export function fullLimit(limit: Limit): string {
  return `el límite ${limit.counter}, de ${limit.max} ${per(limit)}, no tiene lugar para esta llamada`;
}

function fullText({ charge, used, retryAt, inFlight, isBarred }: Peek): string {
  const next =
    inFlight !== undefined
      ? 'la próxima, cuando termine bien una de las que siguen en curso'
      : retryAt !== undefined
        ? `la próxima, el ${isoTime(retryAt)}`
        : isBarred
          ? 'otras reglas la rechazan cada vez que hay lugar'
          : 'una llamada de este tamaño no puede pasar nunca';
  return `${usage(charge, used)}; ${next}`;
}

function demandText(demand: Demand): string {
  // Days and hours are shown as the policy writes them.
  if (demand.kind === 'hours') return `las llamadas pasan ${demand.text}`;
  return demand.kind === 'before'
    ? `${callOf(demand)} tiene que haber salido bien en un plazo de ${lengthWords(demand.withinText)}`
    : `${demand.otherwise === 'deny' ? 'se rechaza' : 'se pregunta a una persona'} dentro de ${lengthWords(demand.withinText)} de ${callOf(demand)}`;
}

function callOf({ tools, scope }: CalledDemand): string {
  const whose = { machine: '', team: ' en el equipo', grant: ' aquí', session: ' en esta sesión' }[scope];
  return `una llamada de ${tools.map(({ text }) => text).join(' o ')}${whose}`;
}

function unmetDemand(demand: Demand): string {
  const text = demandText(demand);
  if (demand.kind === 'hours') return `${text}, y ahora no es ese horario`;
  return demand.kind === 'before' ? `${text}, y no hubo ninguna` : text;
}
