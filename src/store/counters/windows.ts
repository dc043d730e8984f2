import { calendarEnd, calendarStart } from '../../policy/limits/calendar.js';
import type { Limit } from '../../policy/model.js';

/** Which charges of a limit count, and until when. All times in UTC milliseconds. */
export class Windows {
  /** The period that was asked for last, by unit and timezone: computing one takes longer than all else of a call. */
  readonly #periods = new Map<string, { readonly start: number; readonly end: number }>();

  /** @returns the latest instant whose charges no longer count at `now` */
  cutoff({ align, windowMs }: Limit, now: number): number {
    return align.kind === 'sliding' ? now - windowMs : this.#period(align, now).start - 1;
  }

  /** @returns when a charge made at `at` no longer counts */
  endOf({ align, windowMs }: Limit, at: number): number {
    return align.kind === 'sliding' ? at + windowMs : this.#period(align, at).end;
  }

  #period(align: Extract<Limit['align'], { kind: 'calendar' }>, at: number) {
    const { unit, timezone } = align;
    const name = `${unit} ${timezone}`;
    let period = this.#periods.get(name);
    if (!period || at < period.start || at >= period.end) {
      period = { start: calendarStart(at, unit, timezone), end: calendarEnd(at, unit, timezone) };
      this.#periods.set(name, period);
    }
    return period;
  }
}
