import { pageAddress } from '../config/page-address.js';
import { PolicyWrapError } from '../errors.js';
import { Notifier, type NotifierParts } from './notifier.js';
import { noticeOf, type Seen } from './seen.js';
import { readSettings } from './settings.js';
import type { CounterReading, Telemetry } from './telemetry.js';

/** Tells people, and the collector of a team, what one wrapper sees. */
export interface Telling {
  /** Somebody wants to hear of every call, allowed ones included. */
  readonly wantsCalls: boolean;
  /** @param when UTC milliseconds: `at` by this machine's clock, when it was seen; `now` by that of whoever decides */
  saw(seen: Seen, when: { readonly at: number; readonly now: number }): void;
  /** Waits a moment for what is on its way. */
  close(): Promise<void>;
}

export interface TellingParts extends Omit<NotifierParts, 'settings' | 'link'> {
  readonly server: string;
  /** Where people say how they want to be told; read anew for each notice. */
  readonly file: string;
  readonly counters: () => readonly CounterReading[];
  readonly warn: (text: string) => void;
}

export async function openTelling(parts: TellingParts): Promise<Telling> {
  const { server, file } = parts;
  const link = () => {
    const page = pageAddress();
    return page && `${page}#/waiting`;
  };
  const notifier = new Notifier({ ...parts, settings: () => readSettings(file), link });
  const telemetry = await openTelemetry(parts);
  return {
    wantsCalls: telemetry !== undefined,
    saw(seen, { at, now }) {
      if (seen.kind === 'decided') telemetry?.decided(seen, at);
      else if (seen.kind === 'settled') telemetry?.settled(seen.row, seen.outcome, at);
      const notice = noticeOf(server, seen, now);
      if (notice) notifier.tell(notice);
    },
    async close() {
      await Promise.all([notifier.close(), telemetry?.close()]);
    },
  };
}

/** Loaded only where a person wants it. A file that is wrong is told with the first notice. */
async function openTelemetry({ server, file, counters, warn }: TellingParts): Promise<Telemetry | undefined> {
  try {
    const settings = readSettings(file)?.telemetry;
    if (!settings) return undefined;
    const { Telemetry } = await import('./telemetry.js');
    return Telemetry.open(settings, { server, counters, warn });
  } catch (error) {
    if (PolicyWrapError.is(error)) return undefined;
    throw error;
  }
}
