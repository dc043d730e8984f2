import { setTimeout as wait } from 'node:timers/promises';
import { messageOf } from '../../errors.js';
import { eventsOf } from './bodies.js';
import { openStream, SPREAD } from './own-stream.js';
import type { Remote } from './remote.js';

/** The first and the longest wait before the stream is opened again, in milliseconds; and how often in a row. */
const WAIT = 1000;
const WAIT_MAX = 30_000;
const TRIES = 8;

/**
 * Listens to what a server says by itself (2025-03-26 to 2025-11-25, "Listening for messages from the server"), until
 * all is over or the server has no such stream.
 *
 * @param onGone called when the server has lost the session
 */
export async function listen(remote: Remote, signal: AbortSignal, onGone: () => void): Promise<void> {
  let lastEvent: string | undefined;
  let pause = WAIT;
  let tries = 0;
  try {
    while (tries < TRIES) {
      const response = await openStream(remote, signal, lastEvent);
      if (response === 'never') return;
      if (response === 'gone') return onGone();
      if (response !== undefined) {
        const opened = performance.now();
        try {
          const events = eventsOf(response.body, remote.longest, (ms) => {
            pause = Math.max(ms, 1);
          });
          for await (const { id, type, data } of events) {
            tries = 0;
            if (id !== undefined) lastEvent = id;
            if (type === 'message' && data !== '') await remote.toClient(Buffer.from(data, 'utf8'));
          }
        } catch (error) {
          response.body.destroy();
          if (signal.aborted) return;
          remote.warn(`the server's own stream was cut: ${messageOf(error)}`);
        }
        // A stream that lived for a while and said nothing was no failure: many servers end one after a minute.
        if (performance.now() - opened > WAIT_MAX) tries = 0;
      }
      // Never earlier than the server asked ("retry").
      const least = Math.max(pause, Math.min(pause * 2 ** tries++, WAIT_MAX));
      await wait(least * (1 + Math.random() / SPREAD), undefined, { signal });
    }
    remote.warn(`${remote.url.host} does not let us listen any more: what it says by itself is not heard`);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
