import type { Decimal } from '../json/decimal.js';
import type { Charge } from '../policy/call.js';
import type { LimitCheck } from './counters/counters.js';
import { compare, plus, toDecimal, toStored } from './counters/stored-amount.js';
import type { Events } from './events.js';
import type { Cache, StateFile } from './sqlite/file.js';

/** A limit that a call has filled as far as its `warn_at`. */
export interface Filled {
  readonly charge: Charge;
  /** What the counter holds with this call. */
  readonly used: Decimal;
}

/** Cache limit: a limit that is split by an argument may have any number of counters. */
const REMEMBERED = 4096;

/**
 * Says when a count reaches the `warn_at` of a limit: at the call that takes it there, and in this process not again
 * within one window, since a sliding count that stays near it would cross it with every call.
 *
 * All methods run inside the caller's transaction.
 */
export class Warnings implements Cache {
  readonly #events: Events;
  /** When each counter was warned of, UTC milliseconds. */
  readonly #warned = new Map<string, number>();

  constructor(file: StateFile, events: Events) {
    this.#events = events;
    file.register(this);
  }

  /**
   * @param checks the limits of a call that passes, before they are charged
   * @param now UTC milliseconds
   * @returns the limits that it fills so far; undefined where there is none, as with nearly every call
   */
  note(checks: readonly LimitCheck[], server: string, tool: string, now: number): Filled[] | undefined {
    let filled: Filled[] | undefined;
    for (const { charge, used, held } of checks) {
      const { limit } = charge;
      if (!limit.warnAt) continue;
      const line = toStored(limit.warnAt);
      const after = plus(used, held.added);
      if (compare(used, line) >= 0 || compare(after, line) < 0) continue;
      const { key } = held.counter;
      const before = this.#warned.get(key);
      if (before !== undefined && now >= before && now < before + limit.windowMs) continue;
      if (this.#warned.size >= REMEMBERED) this.#warned.clear();
      this.#warned.set(key, now);
      const { counter: name, pointer: rule, max } = limit;
      const holds = toDecimal(after);
      this.#events.write(now, 'wrapper', 'limit.filling', { name, server, tool, rule, used: holds, max });
      filled ??= [];
      filled.push({ charge, used: holds });
    }
    return filled;
  }

  rolledBack(): void {
    this.#warned.clear();
  }
}
