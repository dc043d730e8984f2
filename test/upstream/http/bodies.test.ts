import { once } from 'node:events';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  discard,
  eventsOf,
  excerptOf,
  held,
  type StreamEvent,
  wholeBody,
} from '../../../src/upstream/http/bodies.js';

const KIB = Buffer.alloc(1024, 'x');

/** A body of so many KiB, or without an end, that counts what was taken from it; each piece comes by itself. */
function bodyOf(kib: number, rest = ''): { body: Readable; taken: () => number } {
  let taken = 0;
  const pieces = function* () {
    for (; taken < kib; taken += 1) yield KIB;
    if (rest !== '') yield Buffer.from(rest);
  };
  const from = pieces();
  const body = new Readable({
    highWaterMark: 1,
    read() {
      setImmediate(() => this.push(from.next().value ?? null));
    },
  });
  return { body, taken: () => taken };
}
const endless = () => bodyOf(Number.POSITIVE_INFINITY);

/** A body that brings something and is cut. */
function cut(...chunks: string[]): Readable {
  return Readable.from(
    (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
      throw new Error('cut');
    })(),
  );
}

/** A body that brings something, and then nothing more. */
function hanging(...chunks: string[]): Readable {
  const body = new Readable({ read() {} });
  for (const chunk of chunks) body.push(chunk);
  return body;
}

const textOf = async (body: Readable) => (await wholeBody(body, 1 << 20)).toString();

afterEach(() => void vi.useRealTimers());

describe('a stream of events', () => {
  async function read(chunks: readonly Buffer[], longest = 1000): Promise<[StreamEvent[], number[]]> {
    const waits: number[] = [];
    const events: StreamEvent[] = [];
    for await (const event of eventsOf(Readable.from(chunks), longest, (ms) => waits.push(ms)))
      events.push(event);
    return [events, waits];
  }

  test('is read by its events, however it was cut into pieces', async () => {
    const text = Buffer.from('id: 1\ndata: ñandú\n\nevent: endpoint\ndata: a\ndata: b\n\n: nothing\n\n');
    const expected = [
      { type: 'message', id: '1', data: 'ñandú' },
      { type: 'endpoint', id: undefined, data: 'a\nb' },
    ];
    expect((await read([text]))[0]).toEqual(expected);
    expect((await read([...text].map((byte) => Buffer.of(byte))))[0]).toEqual(expected);
  });

  test('asks for a wait between a tenth of a second and a minute', async () => {
    const [, waits] = await read(
      ['0', '99', '100', '101', '59999', '60000', '60001', '999999999'].map((ms) =>
        Buffer.from(`retry: ${ms}\n\n`),
      ),
    );
    expect(waits).toEqual([100, 100, 100, 101, 59_999, 60_000, 60_000, 60_000]);
  });

  test('with a field that nobody knows, or a wait that is none, goes on', async () => {
    const [events, waits] = await read([Buffer.from('what: x\nretry: soon\ndata: a\n\n')]);
    expect(events).toHaveLength(1);
    expect(waits).toEqual([]);
  });

  test('that is no UTF-8, or has an event that is too long, is an error', async () => {
    await expect(read([Buffer.from([0x64, 0xff])])).rejects.toThrow();
    await expect(read([Buffer.from(`data: ${'x'.repeat(1000)}`)])).rejects.toThrow(
      'an event is longer than 1000 bytes (--max-server-line raises the limit)',
    );
  });
});

describe('a whole body', () => {
  test('is as long as it may be, and no longer', async () => {
    expect((await wholeBody(bodyOf(4).body, 4096)).equals(Buffer.alloc(4096, 'x'))).toBe(true);
    await expect(wholeBody(bodyOf(4).body, 4095)).rejects.toThrow('longer than 4095 bytes');
    await expect(wholeBody(endless().body, 10_000)).rejects.toThrow('longer than 10000 bytes');
    await expect(wholeBody(cut('a'), 10)).rejects.toThrow('cut');
  });
});

describe('what of a body is shown to people', () => {
  test('is its beginning: one without an end is read no further', async () => {
    const { body, taken } = endless();
    expect(await excerptOf(body)).toBe('x'.repeat(4096));
    expect(taken()).toBeLessThan(10);
    expect(body.destroyed).toBe(true);
    expect(await excerptOf(bodyOf(3).body)).toBe('x'.repeat(3072));
  });

  test('is what came of one that was cut', async () => {
    expect(await excerptOf(cut('not ', 'now'))).toBe('not now');
  });
});

describe('a body that is taken off its connection', () => {
  test('is whole where it is short, and otherwise its beginning', async () => {
    expect(await textOf(await held(bodyOf(64).body))).toHaveLength(65_536);
    const { body, taken } = endless();
    expect(await textOf(await held(body))).toHaveLength(65_536 + 1024);
    expect(taken()).toBeLessThan(80);
    expect(body.destroyed).toBe(true);
  });

  test('is what came where it is cut, and where no more comes in two seconds', async () => {
    expect(await textOf(await held(cut('a', 'b')))).toBe('ab');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const body = hanging('a');
    const taken = held(body);
    await vi.advanceTimersByTimeAsync(1999);
    expect(body.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await textOf(await taken)).toBe('a');
    await held(Readable.from([Buffer.from('b')]));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a body that is thrown away', () => {
  test.each([
    ['of 64 KiB is read to its end', bodyOf(64), true],
    ['that is longer is cut', bodyOf(64, 'x'), false],
    ['without an end is cut', endless(), false],
  ])('%s', async (_, { body, taken }, isRead) => {
    discard(body);
    await once(body, 'close');
    expect(body.readableEnded).toBe(isRead);
    expect(taken()).toBeLessThan(80);
  });

  test('that does not end in two seconds is cut; the wait of one that does is over with it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const [body, short] = [hanging('a'), bodyOf(1).body];
    discard(body);
    discard(short);
    await once(short, 'close');
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1999);
    expect(body.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(body.destroyed).toBe(true);
  });
});
