import { Decimal } from '../../json/decimal.js';
import { isArray, isNumber, isObject, type Json } from '../../json/value.js';
import { type Bound, SchemaFault } from './model.js';

/** Digits before or after the point of numbers that `multipleOf` divides. */
const MOST_DIGITS = 40;

type Comparison = (order: number) => boolean;

/** The keywords that compare a number with another, and what is said of one that fails. */
const NUMBERS: Readonly<Record<string, readonly [fails: Comparison, words: string]>> = {
  minimum: [(order) => order < 0, 'is less than'],
  maximum: [(order) => order > 0, 'is more than'],
  exclusiveMinimum: [(order) => order <= 0, 'is not more than'],
  exclusiveMaximum: [(order) => order >= 0, 'is not less than'],
};

/** The keywords that bound how long something is. */
const LENGTHS: Readonly<Record<string, readonly [of: Bound['of'], isMost: boolean, unit: string]>> = {
  minLength: ['string', false, 'characters'],
  maxLength: ['string', true, 'characters'],
  minItems: ['array', false, 'elements'],
  maxItems: ['array', true, 'elements'],
  minProperties: ['object', false, 'keys'],
  maxProperties: ['object', true, 'keys'],
};

/** @throws SchemaFault for a bound that is not a number */
export function boundsOf(schema: Readonly<Record<string, unknown>>): Bound[] {
  const bounds: Bound[] = [];
  for (const [keyword, [fails, words]] of Object.entries(NUMBERS)) {
    if (!Object.hasOwn(schema, keyword)) continue;
    const written = schema[keyword];
    // Draft-04 wrote these two as a switch beside `minimum` and `maximum`.
    if (typeof written === 'boolean' && keyword.startsWith('exclusive')) {
      const beside = keyword === 'exclusiveMinimum' ? 'minimum' : 'maximum';
      if (!written || !Object.hasOwn(schema, beside)) continue;
      bounds.push(numberBound(decimalOf(schema[beside], beside), fails, words));
    } else bounds.push(numberBound(decimalOf(written, keyword), fails, words));
  }
  for (const [keyword, [of, isMost, unit]] of Object.entries(LENGTHS)) {
    if (!Object.hasOwn(schema, keyword)) continue;
    const bound = decimalOf(schema[keyword], keyword).toNumber();
    const words = `has ${isMost ? 'more' : 'fewer'} than ${bound} ${unit}`;
    bounds.push({
      of,
      fault: (value) => {
        const length = lengthOf(value);
        return (isMost ? length > bound : length < bound) ? words : undefined;
      },
    });
  }
  if (Object.hasOwn(schema, 'multipleOf')) {
    const divisor = decimalOf(schema.multipleOf, 'multipleOf');
    if (divisor.sign <= 0) throw new SchemaFault('"multipleOf" is not more than 0');
    bounds.push({ of: 'number', fault: (value) => notMultiple(value as number | Decimal, divisor) });
  }
  return bounds;
}

function numberBound(bound: Decimal, fails: Comparison, words: string): Bound {
  return {
    of: 'number',
    fault: (value) =>
      fails(exact(value as number | Decimal).compare(bound)) ? `${words} ${bound}` : undefined,
  };
}

export function exact(value: number | Decimal): Decimal {
  return value instanceof Decimal ? value : Decimal.from(value);
}

function decimalOf(value: unknown, keyword: string): Decimal {
  if (!isNumber(value as Json)) throw new SchemaFault(`"${keyword}" is not a number`);
  return exact(value as number | Decimal);
}

function notMultiple(value: number | Decimal, divisor: Decimal): string | undefined {
  const number = exact(value);
  const places = Math.max(number.decimals, divisor.decimals);
  if (Math.max(number.wholeDigits, divisor.wholeDigits, places) > MOST_DIGITS)
    return `has too many digits to be divided by ${divisor}`;
  return scaled(number, places) % scaled(divisor, places) === 0n
    ? undefined
    : `is not a multiple of ${divisor}`;
}

function scaled(number: Decimal, places: number): bigint {
  const [whole = '', fraction = ''] = number.toString().split('.');
  return BigInt(whole + fraction.padEnd(places, '0'));
}

function lengthOf(value: Json): number {
  if (isArray(value)) return value.length;
  if (isObject(value)) return Object.keys(value).length;
  return typeof value === 'string' ? codePoints(value) : 0;
}

function codePoints(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1, count += 1) if ((text.codePointAt(at) ?? 0) > 0xffff) at += 1;
  return count;
}
