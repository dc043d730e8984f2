import type { Decided } from './approval-entry.js';
import type { BudgetTerms } from './budgets.js';
import type { CounterEntry, CounterFilter } from './counters/counter-list.js';
import { resetCounters, setBackCounters } from './counters/counter-removal.js';
import type { PinEntry } from './pin-entry.js';
import { StoreReader } from './reader.js';
import type { BUSY } from './sqlite/file.js';

/**
 * What people change: counters, their clock, answers to questions, budgets, trust, pauses. Each change is one
 * transaction, and stands in the events with who made it.
 */
export abstract class StoreControls extends StoreReader {
  /**
   * Empties counters and says so in the events.
   *
   * @param who `cli` or another channel
   * @param limit most counters to empty at once: a split limit may have any number, and others wait meanwhile
   * @returns what they held
   */
  resetCounter(
    name: string,
    filter: Omit<CounterFilter, 'name'>,
    who: string,
    limit?: number,
  ): CounterEntry[] | typeof BUSY {
    return this.write((now) => {
      const entries = resetCounters(this.parts.file.db, this.parts.pending, { ...filter, name }, now, limit);
      this.parts.file.outdate();
      for (const { server, grant, split, used, max, observe } of entries)
        this.parts.events.write(now, who, 'counter.reset', {
          name,
          server,
          grant,
          split,
          used,
          max,
          observe,
        });
      return entries;
    });
  }

  /**
   * Sets at most `count` counters that are ahead of the clock back to it: what they hold counts as charged now. Calls
   * that bear a time which has not come yet count as made now, for rules over several tools.
   *
   * @returns what they hold; empty when none was left
   */
  resetClock(who: string, count: number): CounterEntry[] | typeof BUSY {
    return this.write((now) => {
      const entries = setBackCounters(this.parts.file.db, this.parts.pending, now, count);
      this.parts.file.outdate();
      const { count: calls } = this.parts.calls.ahead(now);
      if (calls > 0) this.parts.calls.setRight(now);
      if (entries.length + calls > 0)
        this.parts.events.write(now, who, 'clock.reset', { counters: entries.length, calls });
      return entries;
    });
  }

  /**
   * Records a person's answer, once, while the approval is pending.
   *
   * @param state `expired` withdraws the question
   * @param by the channel: `cli` or `client`
   * @param budget further calls that are granted together with an approval
   */
  decideApproval(
    id: string,
    state: 'approved' | 'rejected' | 'expired',
    by: string,
    { note, budget }: { readonly note?: string | undefined; readonly budget?: BudgetTerms | undefined } = {},
  ): Decided | typeof BUSY {
    return this.write((clock) => {
      const now = this.parts.approvalClock.advance(clock);
      const decided = this.parts.approvals.decide(id, state, by, note, now);
      if (decided.kind === 'done' && state === 'approved' && budget)
        this.parts.budgets.make(decided.approval, budget, by, now);
      return decided;
    });
  }

  /** @returns whether there was one */
  revokeBudget(id: string, by: string): boolean | typeof BUSY {
    return this.write((now) => this.parts.budgets.revoke(id, by, now));
  }

  /**
   * Takes the changed definitions that a person was shown for the right ones: all of them, or none.
   *
   * @param shown from `openPins`; what cannot be pinned is passed over
   * @returns what is trusted now; undefined when any of them has changed again since it was read
   */
  trustTools(shown: readonly PinEntry[], who: string): PinEntry[] | undefined | typeof BUSY {
    return this.write((now) => this.parts.pins.trust(shown, who, now));
  }

  /** Stops every call of a server, or of all. */
  pause(server: string | undefined, note: string | undefined, who: string): undefined | typeof BUSY {
    return this.write((now) => {
      this.parts.pauses.pause(server, note, who, now);
      return undefined;
    });
  }

  /** @returns how many pauses were lifted */
  resume(server: string | undefined, who: string): number | typeof BUSY {
    return this.write((now) => this.parts.pauses.resume(server, who, now));
  }

  /** Runs `work` in one transaction. @returns BUSY when another process holds the lock: nothing was changed */
  protected write<T>(work: (now: number) => T, keeps = false): T | typeof BUSY {
    return this.parts.file.write(() => work(this.clock()), keeps);
  }
}
