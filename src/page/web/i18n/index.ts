import { signal } from '@preact/signals';
import { printable } from '../../../text/escape.js';
import type { Language } from '../../api-types/names.js';
import { codes, errors, problemCodes } from './codes.js';
import { live } from './live.js';
import { policy } from './policy.js';
import { sentences } from './sentences.js';
import { shell } from './shell.js';
import type { Phrase, Wants } from './strings.js';
import { team } from './team.js';
import { tools } from './tools.js';
import { trying } from './trying.js';
import { waiting } from './waiting.js';

/** Every text of the page: a new area is a file beside this one, and a line here. */
const TABLE = {
  ...shell,
  ...waiting,
  ...live,
  ...policy,
  ...trying,
  ...tools,
  ...sentences,
  ...team,
  ...codes,
  ...problemCodes,
  ...errors,
};

type Table = typeof TABLE;
export type Key = keyof Table;
/** The keys whose text wants nothing. */
export type PlainKey = { [K in Key]: [Wants<Table[K]>] extends [never] ? K : never }[Key];

const KEPT = 'policy-wrap-language';

export const language = signal<Language>(chosen());

function chosen(): Language {
  const kept = localStorage.getItem(KEPT) ?? navigator.language;
  return kept.startsWith('es') ? 'es' : 'en';
}

/** Changes the language of the page, and keeps the choice. */
export function speak(wanted: Language): void {
  localStorage.setItem(KEPT, wanted);
  language.value = wanted;
}

type Values<K extends Key> = [Wants<Table[K]>] extends [never]
  ? []
  : [values: Readonly<Record<Wants<Table[K]>, string | number>>];

/**
 * A text in the person's language. Reading it in a component has it drawn again when the language changes.
 *
 * @param values for the names in its braces; what is no number is escaped, since it may come from anywhere
 */
export function t<K extends Key>(key: K, ...[values]: Values<K>): string {
  const entry: readonly [Phrase, Phrase] = TABLE[key];
  const phrase = entry[language.value === 'es' ? 1 : 0];
  const given: Readonly<Record<string, string | number>> = values ?? {};
  const text = typeof phrase === 'string' ? phrase : phrase[pluralOf(Number(given.n))];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = given[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? numberText(value) : printable(value);
  });
}

/** What a decision's code means; undefined for one that this version does not know. */
export function codeText(code: string): string | undefined {
  const key = `code.${code}`;
  return Object.hasOwn(codes, key) ? t(key as keyof typeof codes) : undefined;
}

/** What kind of error it is, before its own words. */
export function errorText(code: string): string {
  const key = `error.${code}`;
  return Object.hasOwn(errors, key) ? t(key as keyof typeof errors) : t('error.BUG');
}

function pluralOf(n: number): 'one' | 'other' {
  return new Intl.PluralRules(language.value).select(n) === 'one' ? 'one' : 'other';
}

/** A number as it is written in the person's language. */
export function numberText(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

/** An instant, with its date where that is not today. @param at UTC milliseconds */
export function timeText(at: number, now: number = Date.now()): string {
  const isToday = new Date(at).toDateString() === new Date(now).toDateString();
  return new Intl.DateTimeFormat(language.value, {
    ...(isToday ? {} : { dateStyle: 'medium' }),
    timeStyle: 'medium',
  }).format(at);
}

/** The hour of an instant, by this machine's clock. @param at UTC milliseconds */
export function hourText(at: number): string {
  return new Intl.DateTimeFormat(language.value, { hour: 'numeric', minute: '2-digit' }).format(at);
}

/** How long: `4 min`, `2 h 5 min`. @param ms milliseconds; less than nothing counts as nothing */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts: (readonly [number, 'day' | 'hour' | 'minute' | 'second'])[] = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor(seconds / 3600) % 24, 'hour'],
    [Math.floor(seconds / 60) % 60, 'minute'],
    [seconds % 60, 'second'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  const shown = parts
    .slice(first === -1 ? 3 : first)
    .slice(0, 2)
    .filter(([n], at) => n > 0 || at === 0);
  return shown
    .map(([n, unit]) =>
      new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'short' }).format(n),
    )
    .join(' ');
}
