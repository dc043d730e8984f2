/**
 * advice/: what tools' schemas and the decision log say about a policy, and policies made from them.
 * Imports catalog/, policy/, json/ and text/.
 * Never touches clock, file, database or process: rows of the log are handed in.
 */
import { Decimal } from '../json/decimal.js';
import { isArray, isNumber, isObject, type Json } from '../json/value.js';
import type { Call } from '../policy/call.js';
import { chargeOf } from '../policy/evaluate/charge.js';
import { parsePath, reach } from '../policy/evaluate/path.js';
import { EACH, type Limit, type Path } from '../policy/model.js';
import { unmistakable } from '../text/lookalike.js';
import type { Kept } from './logged-call.js';
import { Sums, WINDOW_MS } from './rates.js';

/** Bounds of the search for amounts: levels, elements of a list, and paths of one tool that are followed. */
const MAX_DEPTH = 4;
const MAX_ELEMENTS = 100;
const MAX_PATHS = 8;
const MAX_KEY = 64;

/** A numeric argument that looks like money, and what it held in the calls that passed. */
export interface AmountUse {
  readonly path: Path;
  /** Calls in which it could be charged, and in which it could not: missing, negative, no number. */
  readonly charged: number;
  readonly odd: number;
  /** Calls whose values the log did not keep. */
  readonly unseen: number;
  readonly largest: Decimal;
  /** The largest sum in any day. */
  readonly peak: Decimal;
}

interface Followed {
  readonly path: Path;
  readonly limit: Limit;
  readonly sums: Sums;
  charged: number;
  odd: number;
}

/** Names that are counted at most: a client may send any number. */
const MAX_NAMES = 1000;

/** Follows the amounts in one tool's arguments, call by call. */
export class Amounts {
  readonly #isAmount: (name: string) => boolean;
  readonly #followed = new Map<string, Followed>();
  readonly #named = new Map<string, number>();
  #withValues = 0;
  #withNames = 0;
  #withNothing = 0;

  /** @param isAmount whether an argument of that name is an amount of money */
  constructor(isAmount: (name: string) => boolean) {
    this.#isAmount = isAmount;
  }

  /** @param at UTC milliseconds */
  add(owner: string, at: number, kept: Kept): void {
    switch (kept.kind) {
      case 'values':
        this.#discover(kept.args, 'args', 0);
        for (const followed of this.#followed.values()) measure(followed, owner, at, kept.args);
        this.#withValues += 1;
        break;
      case 'names':
        for (const name of unmistakable(kept.names)) {
          const times = this.#named.get(name);
          if (times !== undefined || this.#named.size < MAX_NAMES) this.#named.set(name, (times ?? 0) + 1);
        }
        this.#withNames += 1;
        break;
      case 'nothing':
        this.#withNothing += 1;
    }
  }

  /** Whether the log kept the values of any call. */
  get hasValues(): boolean {
    return this.#withValues > 0;
  }

  get uses(): AmountUse[] {
    return [...this.#followed.values()].map(({ path, charged, odd, sums }) => {
      const [first] = path.steps;
      const named = typeof first === 'string' ? (this.#named.get(first) ?? 0) : 0;
      return {
        path,
        charged,
        odd: odd + this.#withNames - named,
        unseen: named + this.#withNothing,
        largest: sums.largest,
        peak: sums.peak,
      };
    });
  }

  #discover(value: Json, path: string, depth: number): void {
    if (depth >= MAX_DEPTH) return;
    if (isArray(value)) {
      for (const item of value.slice(0, MAX_ELEMENTS)) this.#discover(item, `${path}[*]`, depth + 1);
    } else if (isObject(value)) {
      for (const [key, member] of Object.entries(value)) {
        if (key.length > MAX_KEY) continue;
        const here = path + (/^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
        if (!isNumber(member)) this.#discover(member, here, depth + 1);
        else if (this.#isAmount(key)) this.#follow(here);
      }
    }
  }

  #follow(text: string): void {
    if (this.#followed.has(text) || this.#followed.size >= MAX_PATHS) return;
    const path = parsePath(text);
    if ('fault' in path) return;
    const kind = path.steps.includes(EACH) ? 'sum' : 'value';
    const limit: Limit = { ...PROBE, amount: { kind, path } };
    // All calls before this one lacked it: it is seen for the first time.
    this.#followed.set(text, { path, limit, sums: new Sums(), charged: 0, odd: this.#withValues });
  }
}

/** Asks the policy's own arithmetic what a call would be charged. */
const PROBE: Omit<Limit, 'amount'> = {
  counter: 'amount',
  windowMs: WINDOW_MS.day,
  windowText: 'day',
  align: { kind: 'sliding' },
  max: Decimal.zero,
  scope: 'grant',
  per: [],
  except: [],
  refund: 'never',
  onExceed: 'deny',
  onDeny: undefined,
  pointer: '',
};

function measure(followed: Followed, owner: string, at: number, args: Call['args']): void {
  const call: Call = { tool: '', args, env: {} };
  const charge = chargeOf(followed.limit, call);
  const values = [...reach(followed.path, call)].flatMap((reached) =>
    reached.kind === 'value' && isNumber(reached.value) ? [exact(reached.value)] : [],
  );
  // An empty list holds no value that a requirement could be about.
  if ('fault' in charge || values.length === 0) {
    followed.odd += 1;
    return;
  }
  const largest = values.reduce((most, value) => (value.compare(most) > 0 ? value : most));
  followed.charged += 1;
  followed.sums.add(owner, at, charge.amount, largest);
}

function exact(value: number | Decimal): Decimal {
  return value instanceof Decimal ? value : Decimal.from(value);
}
