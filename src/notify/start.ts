import { Notifier, type NotifierParts } from './notifier.js';
import { noticeOf, type Seen } from './seen.js';
import { readSettings } from './settings.js';

/** Tells people what one wrapper sees. */
export interface Telling {
  /** @param now UTC milliseconds, by the clock of whoever decides on calls */
  saw(seen: Seen, now: number): void;
  /** Waits a moment for what is on its way. */
  close(): Promise<void>;
}

/** @param file where people say how they want to be told; read anew for each notice */
export function openTelling(
  server: string,
  file: string,
  parts: Omit<NotifierParts, 'settings' | 'link'>,
): Telling {
  const notifier = new Notifier({ ...parts, settings: () => readSettings(file), link: () => undefined });
  return {
    saw(seen, now) {
      const notice = noticeOf(server, seen, now);
      if (notice) notifier.tell(notice);
    },
    close: () => notifier.close(),
  };
}
