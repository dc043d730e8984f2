import { Scene } from './contestants.js';
import { request } from './peer.js';

const KB = 1000;

/** @returns {import('./measure.js').Plan} */
export function plan({ quick }, few, many) {
  return quick ? { rounds: few, patience: 1 } : { rounds: many, patience: 2 };
}

export async function inScene(work) {
  const scene = new Scene();
  try {
    await work(scene);
  } finally {
    await scene.abandon();
  }
}

export async function warmUp(peer, templates, count) {
  await peer.drive(templates, count, 8);
}

/** A call of `echo` whose line is `size` bytes long, give or take a few. */
export function call(size, body = text, args = { doc_number: 'A-00017', amount_total: 1250.5 }) {
  const bare = request('tools/call', { name: 'echo', arguments: { ...args, body: '' } });
  const room = Math.max(0, size - bare.prefix.length - 7 - bare.suffix.length);
  const { prefix, suffix } = request('tools/call', {
    name: 'echo',
    arguments: { ...args, body: body(room) },
  });
  return { prefix, suffix: suffix.length > 4 * KB ? Buffer.from(suffix) : suffix };
}

/** What a file or a message looks like in JSON: a line break or a quote every now and then. */
function text(size) {
  const line = 'Invoice A-00017 of the year was "accepted" by the office; see the other side.\n';
  const escaped = JSON.stringify(line).length - 2;
  if (size < escaped) return 'x'.repeat(size);
  return line.repeat(Math.floor(size / escaped));
}
