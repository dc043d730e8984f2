import { nextOpen } from '../policy/limits/hours.js';
import type { HoursDemand } from '../policy/model.js';
import type { NoticeEvent } from './notice.js';

const MINUTE = 60_000;
const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** When nothing is sent, as it stands in the settings. */
export interface QuietSettings {
  readonly from: string;
  readonly to: string;
  /** On which days that begins; on all where it is absent. */
  readonly days?: readonly (typeof DAYS)[number][] | undefined;
  /** IANA name; the machine's own where it is absent. */
  readonly timezone?: string | undefined;
  /** What is told all the same. */
  readonly except?: readonly NoticeEvent[] | undefined;
}

/** @returns milliseconds since midnight; undefined for what is no time. A day ends at 24:00 */
export function parseTime(text: string): number | undefined {
  const [, hours = '', minutes = ''] = /^(\d\d):(\d\d)$/.exec(text) ?? [];
  const time = Number(hours) * 60 + Number(minutes);
  return hours === '' || Number(minutes) > 59 || time > 24 * 60 ? undefined : time * MINUTE;
}

/** Tells when a person wants no messages, by the clock on their wall. */
export class QuietHours {
  readonly #settings: QuietSettings | undefined;
  readonly #hours: HoursDemand | undefined;

  constructor(settings: QuietSettings | undefined) {
    this.#settings = settings;
    if (!settings) return;
    const { from, to, days, timezone = new Intl.DateTimeFormat().resolvedOptions().timeZone } = settings;
    this.#hours = {
      kind: 'hours',
      days: DAYS.map((day) => days === undefined || days.includes(day)),
      from: parseTime(from) ?? 0,
      to: parseTime(to) ?? 0,
      timezone,
      text: '',
      otherwise: 'deny',
      onDeny: undefined,
      pointer: '',
    };
  }

  /** @param at UTC milliseconds */
  holdBack(event: NoticeEvent, at: number): boolean {
    if (!this.#hours || this.#settings?.except?.includes(event)) return false;
    return nextOpen(this.#hours, at) === at;
  }
}
