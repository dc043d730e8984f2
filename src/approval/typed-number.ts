import { Decimal } from '../json/decimal.js';

/** What a typed text may mean as a number: nothing, one number, or two between which nobody should guess. */
export type TypedNumber = readonly Decimal[];

/** A longer text is no amount that anybody types, in UTF-16 units. */
const MAX_TYPED = 60;

/**
 * Reads a number as it stands in arguments (`121000.5`), or as the person's locale writes it (`121.000,50`). Where the
 * two readings differ, as for `1.234` under a decimal comma, both are given.
 *
 * @param locale BCP 47; undefined where it is not known, and then only the first way is understood
 */
export function readTypedNumber(text: string, locale: string | undefined): TypedNumber {
  const typed = text.trim();
  if (typed.length > MAX_TYPED) return [];
  const readings = [plain(typed), locale === undefined ? undefined : localized(typed, signsOf(locale))];
  const [first, second] = readings.flatMap((reading) =>
    reading === undefined ? [] : [Decimal.from(reading)],
  );
  if (first === undefined) return [];
  return second === undefined || second.compare(first) === 0 ? [first] : [first, second];
}

/** A number as the locale writes it, whole digits in groups; with a comma where that is its decimal sign. */
export function localNumber(number: Decimal, locale: string | undefined): string {
  const text = number.toString();
  const { decimal } = locale === undefined ? { decimal: '.' } : signsOf(locale);
  return text.replace('.', decimal);
}

/**
 * The locale by which a person writes numbers: what the environment says, else what the system says.
 *
 * @returns undefined for the C locale, which is nobody's
 */
export function localeOf(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const said = env.LC_ALL || env.LC_NUMERIC || env.LANG;
  if (said && /^(?:C|POSIX)(?:[.@]|$)/i.test(said)) return undefined;
  const tag = said?.replace(/[.@].*$/, '').replaceAll('_', '-');
  try {
    return tag ? Intl.getCanonicalLocales(tag)[0] : new Intl.NumberFormat().resolvedOptions().locale;
  } catch {
    return undefined;
  }
}

function plain(text: string): string | undefined {
  return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? text.replace(/^\+/, '') : undefined;
}

interface Signs {
  readonly decimal: string;
  readonly group: string;
}

function signsOf(locale: string): Signs {
  const parts = new Intl.NumberFormat(locale, { useGrouping: true, numberingSystem: 'latn' }).formatToParts(
    1234567.5,
  );
  const sign = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  return { decimal: sign('decimal') || '.', group: sign('group') || ',' };
}

function localized(text: string, { decimal, group }: Signs): string | undefined {
  // Keyboards have one blank and one apostrophe, whichever the locale prints.
  const groups = /\s/.test(group) ? ' \u00a0\u202f' : /['\u2019]/.test(group) ? "'\u2019" : group;
  const number = new RegExp(
    `^([+-]?)(\\d+|\\d{1,3}(?:[${groups}]\\d{2,3})*[${groups}]\\d{3})(?:[${decimal}](\\d+))?$`,
    'u',
  );
  const [, sign = '', whole, fraction] = number.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const digits = whole.replace(/\D/g, '');
  return `${sign === '-' ? '-' : ''}${digits}${fraction === undefined ? '' : `.${fraction}`}`;
}
