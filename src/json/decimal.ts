const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;

/** Longest literal that is read, in characters; arithmetic on more digits would be worth an attack. */
const MAX_LITERAL = 1100;

/** Largest power of ten that is read or written. JSON allows any; no amount needs more. */
const MAX_EXPONENT = 20_000;

/** Every integer of at most this many digits is exact as a number. */
const NUMBER_DIGITS = 15;

/** Powers of ten that a double holds exactly. */
const POWERS: readonly number[] = Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/** A number wherever a double holds it exactly: nearly all amounts are such, and numbers are quicker. */
type Integer = number | bigint;

/**
 * An exact decimal number, `coefficient * 10^exponent`, without trailing zeros in the coefficient.
 *
 * Amounts are money: 0.1 + 0.2 must be 0.3, and 9007199254740993 must not compare equal to ...992. A double is read
 * as the shortest decimal that stands for it, which is what its author wrote as long as that had at most 15 digits;
 * longer literals must come in as text (see exact.ts).
 */
export class Decimal {
  static readonly zero = new Decimal(0, 0);
  static readonly one = new Decimal(1, 0);

  readonly #coefficient: Integer;
  readonly #exponent: number;

  private constructor(coefficient: Integer, exponent: number) {
    this.#coefficient = coefficient;
    this.#exponent = exponent;
  }

  /**
   * @param value a finite number, or text in JSON's number grammar of at most 1,100 characters whose power of ten
   *   stays within 20,000
   * @returns the exact value
   * @throws RangeError when `value` is no such number
   */
  static from(value: number | bigint | string): Decimal {
    if (typeof value === 'bigint') return Decimal.#normal(value, 0);
    if (typeof value === 'number' && Number.isSafeInteger(value)) return Decimal.#normal(value, 0);
    const text = String(value);
    return Decimal.#fromShort(text) ?? Decimal.#fromText(text);
  }

  /** @returns undefined for what is no short number without a power of ten */
  static #fromShort(text: string): Decimal | undefined {
    const start = text.charCodeAt(0) === MINUS ? 1 : 0;
    const size = text.length - start;
    if (size === 0 || size > NUMBER_DIGITS + 1) return undefined;
    let coefficient = 0;
    let point = 0;
    for (let i = start; i < text.length; i += 1) {
      const digit = text.charCodeAt(i) - ZERO;
      if (digit >= 0 && digit <= 9) coefficient = coefficient * 10 + digit;
      else if (digit === POINT - ZERO && point === 0 && i > start && i < text.length - 1) point = i;
      else return undefined;
    }
    if (point === 0 && size > NUMBER_DIGITS) return undefined;
    return Decimal.#normal(
      start === 1 ? -coefficient : coefficient,
      point === 0 ? 0 : point + 1 - text.length,
    );
  }

  static #fromText(text: string): Decimal {
    const match =
      text.length <= MAX_LITERAL
        ? /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)0*(\d{1,6}))?$/.exec(text)
        : undefined;
    if (!match) throw new RangeError(`not a decimal number that can be read: ${text.slice(0, 40)}`);
    const [, sign = '', whole = '', fraction = '', powerSign = '', power = '0'] = match;
    const digits = whole + fraction;
    const kept = withoutTrailingZeros(digits);
    if (kept === 0) return Decimal.zero;
    const exponent = Number(powerSign + power) - fraction.length + (digits.length - kept);
    if (Math.abs(exponent) > MAX_EXPONENT) throw new RangeError(`power of ten out of range: ${exponent}`);
    return Decimal.#normal(BigInt(sign + digits.slice(0, kept)), exponent);
  }

  static #normal(coefficient: Integer, exponent: number): Decimal {
    let c = coefficient;
    let e = exponent;
    if (typeof c === 'bigint') {
      const digits = c.toString();
      const kept = withoutTrailingZeros(digits);
      if (kept < digits.length) {
        c = BigInt(digits.slice(0, kept));
        e += digits.length - kept;
      }
      const number = Number(c);
      if (!Number.isSafeInteger(number)) return new Decimal(c, e);
      c = number;
    }
    if (c === 0) return Decimal.zero;
    while (c % 10 === 0) {
      c /= 10;
      e += 1;
    }
    return new Decimal(c, e);
  }

  get sign(): -1 | 0 | 1 {
    return this.#coefficient === 0 ? 0 : this.#coefficient < 0 ? -1 : 1;
  }

  /** Digits before the decimal point (0 for 0.5, negative for 0.05), of the number without its sign. */
  get wholeDigits(): number {
    return this.#coefficient === 0 ? 0 : this.#digits().length + this.#exponent;
  }

  /** Digits after the decimal point. */
  get decimals(): number {
    return Math.max(0, -this.#exponent);
  }

  plus(other: Decimal): Decimal {
    const exponent = Math.min(this.#exponent, other.#exponent);
    return Decimal.#normal(sum(this.#scaled(exponent), other.#scaled(exponent)), exponent);
  }

  minus(other: Decimal): Decimal {
    const exponent = Math.min(this.#exponent, other.#exponent);
    return Decimal.#normal(sum(this.#scaled(exponent), -other.#scaled(exponent)), exponent);
  }

  times(other: Decimal): Decimal {
    const product = Number(this.#coefficient) * Number(other.#coefficient);
    const exponent = this.#exponent + other.#exponent;
    if (Number.isSafeInteger(product)) return Decimal.#normal(product, exponent);
    return Decimal.#normal(BigInt(this.#coefficient) * BigInt(other.#coefficient), exponent);
  }

  /** @returns negative, zero or positive as this is less than, equal to or greater than `other` */
  compare(other: Decimal): number {
    if (this.sign !== other.sign) return this.sign - other.sign;
    if (this.#exponent === other.#exponent) return order(this.#coefficient, other.#coefficient);
    // 1e9999 and 1e-9999 differ in magnitude: scaling one to the other would build a number of 20,000 digits.
    const magnitude = this.wholeDigits - other.wholeDigits;
    if (magnitude !== 0) return this.sign * magnitude;
    const exponent = Math.min(this.#exponent, other.#exponent);
    return order(this.#scaled(exponent), other.#scaled(exponent));
  }

  #digits(): string {
    return (this.#coefficient < 0 ? -this.#coefficient : this.#coefficient).toString();
  }

  /** The coefficient at a smaller exponent. */
  #scaled(exponent: number): Integer {
    const power = this.#exponent - exponent;
    if (power === 0) return this.#coefficient;
    const scaled = Number(this.#coefficient) * (POWERS[power] ?? Number.NaN);
    // An unsafe product is rounded to another that is unsafe too, so this cannot be wrong.
    if (Number.isSafeInteger(scaled)) return scaled;
    return BigInt(this.#coefficient) * 10n ** BigInt(power);
  }

  /** Plain notation up to 40 places, scientific beyond; `Decimal.from` reads both back. */
  toString(): string {
    const digits = this.#digits();
    const sign = this.#coefficient < 0 ? '-' : '';
    const e = this.#exponent;
    if (e > 40 || e < -40) return `${sign}${digits}e${e}`;
    if (e >= 0) return sign + digits + '0'.repeat(e);
    const padded = digits.padStart(1 - e, '0');
    return `${sign}${padded.slice(0, e)}.${padded.slice(e)}`;
  }

  /** The number itself, if it is an integer that a double holds exactly. */
  get safeInteger(): number | undefined {
    if (this.#exponent < 0) return undefined;
    const integer = Number(this.#coefficient) * (POWERS[this.#exponent] ?? Number.NaN);
    return Number.isSafeInteger(integer) ? integer : undefined;
  }

  /** Nearest double: for output that machines read as a JSON number. */
  toNumber(): number {
    return this.safeInteger ?? Number(this.toString());
  }

  toJSON(): number {
    return this.toNumber();
  }
}

function sum(a: Integer, b: Integer): Integer {
  const sum = Number(a) + Number(b);
  return typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(sum)
    ? sum
    : BigInt(a) + BigInt(b);
}

function order(a: Integer, b: Integer): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** @returns how many of the digits are left when the zeros at the end are cut off; 0 for all zeros */
function withoutTrailingZeros(digits: string): number {
  let kept = digits.length;
  while (kept > 0 && digits.charCodeAt(kept - 1) === 48) kept -= 1;
  return kept;
}
