import { signal } from '@preact/signals';
import { printable } from '../../../text/escape.js';

type Kind = 'good' | 'bad';

const shown = signal<{ readonly text: string; readonly kind: Kind; readonly id: number } | undefined>(
  undefined,
);
let count = 0;
/** Long enough to be read, in milliseconds. */
const SHOWN_MS = 6000;

/** Says something in passing; what must not be missed stands on the screen itself. */
export function toast(text: string, kind: Kind = 'good'): void {
  const id = ++count;
  shown.value = { text, kind, id };
  setTimeout(() => {
    if (shown.value?.id === id) shown.value = undefined;
  }, SHOWN_MS);
}

/** Where toasts appear: there from the start, so that screen readers read what comes into it. */
export function Toasts() {
  return (
    <div class="toasts" role="status">
      {shown.value && <p class={`toast ${shown.value.kind}`}>{printable(shown.value.text)}</p>}
    </div>
  );
}
