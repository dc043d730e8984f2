import { CHANGES, type Changed } from '../api-types/names.js';
import { keyHeader } from './api.js';

/** How long it waits before it asks again, in milliseconds. */
const AGAIN_MS = 1000;

export interface Listener {
  /** Called whenever the line is open again. */
  readonly opened: () => void;
  readonly changed: (what: Changed) => void;
  readonly closed: () => void;
  /** Called when this browser is not signed in, or not any more; then nothing is asked again. */
  readonly refused: () => void;
}

/** Listens to what changed, and asks again whenever the line breaks. `EventSource` cannot send our header. */
export function listen(listener: Listener): void {
  void (async () => {
    for (;;) {
      try {
        if ((await read(listener)) === 'refused') return listener.refused();
      } catch {
        // The line broke, or policy-wrap does not run.
      }
      listener.closed();
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  })();
}

async function read({ opened, changed }: Listener): Promise<'refused' | 'ended'> {
  const response = await fetch('/api/events', { headers: keyHeader(), credentials: 'same-origin' });
  if (response.status === 401) return 'refused';
  if (!response.ok || !response.body) return 'ended';
  const lines = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await lines.read();
    if (done) return 'ended';
    const events = (rest + value).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const name = /^event: (.*)$/m.exec(event)?.[1];
      if (name === 'ready') opened();
      if (name === 'changed') changed(CHANGES.find((each) => event.includes(`data: ${each}`)) ?? 'state');
    }
  }
}
