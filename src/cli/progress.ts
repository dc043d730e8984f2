import { wrapped } from './table.js';
import type { Output } from './terminal.js';

const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const EVERY_MS = 100;
/** Seconds after which it is said how long it takes. */
const LONG = 3;
const CLEAR = '\r\x1b[2K';

/**
 * Says what is being waited for while it lasts: a line that moves in a terminal and is gone afterwards, and a line of
 * text elsewhere.
 *
 * @param what safe to show; begins a sentence, without its full stop
 */
export async function busy<T>(what: string, work: () => Promise<T>, out: Output): Promise<T> {
  if (!out.isTerminal || !out.hasColor) {
    await out.write(`${what}\n`);
    return await work();
  }
  const began = performance.now();
  let frame = 0;
  const draw = () => {
    const seconds = Math.floor((performance.now() - began) / 1000);
    const text = seconds >= LONG ? `${what} (${seconds} s)` : what;
    // One line alone can be drawn over.
    const [line = ''] = wrapped(text, out.columns - 3);
    void out.write(`${CLEAR}${FRAMES[frame++ % FRAMES.length]} ${line}`);
  };
  draw();
  const timer = setInterval(draw, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await out.write(CLEAR);
  }
}
