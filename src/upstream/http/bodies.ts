import { Readable } from 'node:stream';
import { createParser } from 'eventsource-parser';

/** One event of a stream (WHATWG HTML, "Server-sent events"). */
export interface StreamEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: string;
}

/** What is read of an answer that only people will see, in bytes. */
const EXCERPT = 4096;
/**
 * The shortest and the longest wait before a stream is opened again that a server may ask for, in milliseconds: each
 * event begins the tries anew, so that without a pause a stream of one event would be asked for as fast as it comes.
 */
const RETRY_MIN = 100;
const RETRY_MAX = 60_000;

/**
 * Reads a stream of events as they come; the next is not read before this one was taken.
 *
 * @param longest bytes of one event
 * @param onRetry the wait that the server asks for before it is opened again, in milliseconds, bounded
 * @throws Error for what is no UTF-8, for an event that is too long, and when the connection is cut
 */
export async function* eventsOf(
  body: Readable,
  longest: number,
  onRetry: (ms: number) => void,
): AsyncIterable<StreamEvent> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const read: StreamEvent[] = [];
  let tooLong = false;
  const parser = createParser({
    maxBufferSize: longest,
    onEvent: ({ event, id, data }) => void read.push({ type: event ?? 'message', id, data }),
    onRetry: (ms) => onRetry(Math.min(Math.max(ms, RETRY_MIN), RETRY_MAX)),
    onError: (error) => {
      tooLong ||= error.type === 'max-buffer-size-exceeded';
    },
  });
  for await (const chunk of body) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* read.splice(0);
    if (tooLong)
      throw new Error(`an event is longer than ${longest} bytes (--max-server-line raises the limit)`);
  }
}

/**
 * Reads a whole body.
 *
 * @throws Error when it is longer than `longest` bytes, or the connection is cut
 */
export async function wholeBody(body: Readable, longest: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > longest)
      throw new Error(`the answer is longer than ${longest} bytes (--max-server-line raises the limit)`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The beginning of a body, for people; what cannot be read is left out. */
export async function excerptOf(body: Readable): Promise<string> {
  let text = '';
  try {
    for await (const chunk of body) {
      text += String(chunk);
      if (text.length >= EXCERPT) break;
    }
  } catch {
    // What came will do.
  }
  return text.slice(0, EXCERPT);
}

/** Bytes of a refusal that are held, and milliseconds for them to come. */
const HELD = 1 << 16;
const HELD_WAIT = 2000;

/**
 * Takes the beginning of a body off its connection. Who has to wait before it is read would otherwise hold the
 * connection too, and send the next request on one that the server has closed meanwhile.
 */
export async function held(body: Readable): Promise<Readable> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => body.destroy(), HELD_WAIT);
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > HELD) break;
    }
  } catch {
    // What came will do.
  } finally {
    clearTimeout(timer);
  }
  return Readable.from([Buffer.concat(chunks)]);
}

/** Throws away what is left of a body, so that its connection can be used again; one without an end is cut. */
export function discard(body: Readable): void {
  const timer = setTimeout(() => body.destroy(), HELD_WAIT).unref();
  let size = 0;
  body
    .on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > HELD) body.destroy();
    })
    .once('close', () => clearTimeout(timer));
}
