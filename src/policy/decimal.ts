/**
 * An exact decimal number, `coefficient * 10^exponent`, without trailing zeros in the coefficient.
 *
 * Amounts are money: 0.1 + 0.2 must be 0.3, and 9007199254740993 must not compare equal to ...992. A double is read
 * as the shortest decimal that stands for it, which is what its author wrote as long as that had at most 15 digits;
 * longer literals must come in as text (see json.ts).
 */
export class Decimal {
  static readonly zero = new Decimal(0n, 0);
  static readonly one = new Decimal(1n, 0);

  readonly #coefficient: bigint;
  readonly #exponent: number;

  private constructor(coefficient: bigint, exponent: number) {
    this.#coefficient = coefficient;
    this.#exponent = exponent;
  }

  /**
   * @param value a finite number, or text in JSON's number grammar with an exponent of at most four digits
   * @returns the exact value
   * @throws RangeError when `value` is no such number
   */
  static from(value: number | bigint | string): Decimal {
    if (typeof value === 'bigint') return Decimal.#normal(value, 0);
    if (typeof value === 'number' && Number.isSafeInteger(value)) return Decimal.#normal(BigInt(value), 0);
    const match = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/.exec(String(value));
    if (!match) throw new RangeError(`not a finite decimal number: ${String(value).slice(0, 40)}`);
    const [, whole = '', fraction = '', exponent = '0'] = match;
    return Decimal.#normal(BigInt(whole + fraction), Number(exponent) - fraction.length);
  }

  static #normal(coefficient: bigint, exponent: number): Decimal {
    if (coefficient === 0n) return new Decimal(0n, 0);
    let c = coefficient;
    let e = exponent;
    while (c % 10n === 0n) {
      c /= 10n;
      e += 1;
    }
    return new Decimal(c, e);
  }

  get sign(): -1 | 0 | 1 {
    return this.#coefficient === 0n ? 0 : this.#coefficient < 0n ? -1 : 1;
  }

  plus(other: Decimal): Decimal {
    const exponent = Math.min(this.#exponent, other.#exponent);
    return Decimal.#normal(this.#scaled(exponent) + other.#scaled(exponent), exponent);
  }

  minus(other: Decimal): Decimal {
    const exponent = Math.min(this.#exponent, other.#exponent);
    return Decimal.#normal(this.#scaled(exponent) - other.#scaled(exponent), exponent);
  }

  /** @returns negative, zero or positive as this is less than, equal to or greater than `other` */
  compare(other: Decimal): number {
    const exponent = Math.min(this.#exponent, other.#exponent);
    const difference = this.#scaled(exponent) - other.#scaled(exponent);
    return difference === 0n ? 0 : difference < 0n ? -1 : 1;
  }

  /** The coefficient at a smaller exponent. */
  #scaled(exponent: number): bigint {
    return this.#coefficient * 10n ** BigInt(this.#exponent - exponent);
  }

  /** Plain notation up to 40 places, scientific beyond; `Decimal.from` reads both back. */
  toString(): string {
    const digits = (this.#coefficient < 0n ? -this.#coefficient : this.#coefficient).toString();
    const sign = this.#coefficient < 0n ? '-' : '';
    const e = this.#exponent;
    if (e > 40 || e < -40) return `${sign}${digits}e${e}`;
    if (e >= 0) return sign + digits + '0'.repeat(e);
    const padded = digits.padStart(1 - e, '0');
    return `${sign}${padded.slice(0, e)}.${padded.slice(e)}`;
  }

  /** Nearest double: for output that machines read as a JSON number. */
  toNumber(): number {
    return Number(this.toString());
  }

  toJSON(): number {
    return this.toNumber();
  }
}
