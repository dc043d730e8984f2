import { CHANGES, type Changed } from '../api-types/names.js';
import { keyHeader } from './api.js';

/** How long it waits before it asks again, in milliseconds. */
const AGAIN_MS = 1000;
/** The name of the lock that the tab with the line holds, and of the channel by which it tells the others. */
const LINE = 'policy-wrap-changes';

export interface Listener {
  /** Called whenever the line is open again. */
  readonly opened: () => void;
  readonly changed: (what: Changed) => void;
  readonly closed: () => void;
  /** Called when this browser is not signed in, or not any more; then nothing is asked again. */
  readonly refused: () => void;
}

type Told = 'opened' | 'closed' | 'refused' | Changed;

/**
 * Listens to what changed, and asks again whenever the line breaks. One tab holds the line for all: browsers keep six
 * connections to a server, and a seventh tab with a line of its own could approve and stop nothing.
 */
export function listen(listener: Listener): void {
  const others = new BroadcastChannel(LINE);
  /** What was last told on the line that this tab holds; undefined while another one does. */
  let held: Told | undefined;
  const hear = (told: Told): void => {
    if (told === 'opened' || told === 'closed' || told === 'refused') listener[told]();
    else listener.changed(told);
  };
  const tell = (told: Told): void => {
    if (told === 'opened' || told === 'closed') held = told;
    hear(told);
    others.postMessage(told);
  };
  others.onmessage = ({ data }: MessageEvent<Told | 'asked'>) => {
    if (data !== 'asked') hear(data);
    else if (held !== undefined) others.postMessage(held);
  };
  others.postMessage('asked');
  void navigator.locks.request(LINE, async () => {
    while ((await read(tell).catch(() => 'ended')) !== 'refused') {
      // The line broke, or policy-wrap does not run.
      tell('closed');
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
    tell('refused');
  });
}

/** `EventSource` cannot send our header. */
async function read(tell: (told: Told) => void): Promise<'refused' | 'ended'> {
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
      if (name === 'ready') tell('opened');
      if (name === 'changed') tell(CHANGES.find((each) => event.includes(`data: ${each}`)) ?? 'state');
    }
  }
}
