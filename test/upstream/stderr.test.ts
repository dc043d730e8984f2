import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Stderr } from '../../src/upstream/stderr.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const MiB = 1 << 20;
/** After that a reader that takes nothing is no longer waited for, in milliseconds. */
const PATIENCE = 500;

/** A reader that takes a write when its test says so; until then it takes nothing. */
class Reader extends Writable {
  #taken: (() => void)[] = [];
  text = '';
  takesAll = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    if (this.takesAll) done();
    else this.#taken.push(done);
  }

  /** Takes what is being written, and what that leads to. */
  async take(): Promise<void> {
    this.#taken.shift()?.();
    await settle();
  }

  async takeAll(): Promise<void> {
    this.takesAll = true;
    await this.take();
  }
}

const settle = () => new Promise((resume) => setImmediate(resume));

function start(takesAll = false) {
  const reader = new Reader();
  reader.takesAll = takesAll;
  const stderr = new Stderr(reader);
  const input = new PassThrough({ highWaterMark: 64 * MiB });
  stderr.copy(input);
  return { reader, stderr, input };
}

test('what the server says is passed on as it came, and a line of ours never continues one of its', async () => {
  const { reader, stderr, input } = start(true);
  stderr.say('begins');
  input.write('one\ntwo');
  await settle();
  stderr.say('with \u001b[31m colour');
  input.write('three\n');
  await settle();
  stderr.say('ends');
  expect(reader.text).toBe(
    'policy-wrap: begins\none\ntwo\npolicy-wrap: with \\u{1b}[31m colour\nthree\npolicy-wrap: ends\n',
  );
});

test('a line of more than 1 MiB is broken, over chunks too, and no byte of it is lost', async () => {
  const { reader, input } = start(true);
  input.write('x'.repeat(MiB - 1));
  await settle();
  input.write('ab\nshort\n');
  await settle();
  for (let i = 0; i < 4; i++) {
    input.write('y'.repeat(MiB / 2));
    await settle();
  }
  input.write('z\n');
  await settle();
  const lines = reader.text.split('\n');
  expect(lines.map(({ length }) => length)).toEqual([MiB, 1, 5, MiB, MiB, 1, 0]);
  expect(lines[0]?.endsWith('xa')).toBe(true);
});

test('a line of exactly 1 MiB with its end is passed on whole', async () => {
  const { reader, input } = start(true);
  input.write('x'.repeat(MiB - 1));
  await settle();
  input.write('\nnext\n');
  await settle();
  expect(reader.text).toBe(`${'x'.repeat(MiB - 1)}\nnext\n`);
});

test('a slow reader slows the server down, until half of what is held has gone', async () => {
  const { reader, input } = start();
  input.write('a'.repeat(MiB / 2));
  await settle();
  expect(input.isPaused()).toBe(false);
  input.write('b');
  await settle();
  expect(input.isPaused()).toBe(true);
  await reader.take();
  expect(input.isPaused()).toBe(false);
  // It has taken something: that it took long before is forgotten.
  vi.advanceTimersByTime(10 * PATIENCE);
  input.write('c'.repeat(MiB / 2));
  await settle();
  expect(input.isPaused()).toBe(true);
});

test('a reader that takes nothing stops nothing, and hears how much it has missed', async () => {
  const { reader, stderr, input } = start();
  input.write(`${'a'.repeat(MiB / 2)}\n`);
  await settle();
  expect(input.isPaused()).toBe(true);
  vi.advanceTimersByTime(PATIENCE - 1);
  expect(input.isPaused()).toBe(true);
  vi.advanceTimersByTime(1);
  expect(input.isPaused()).toBe(false);
  input.write(`${'b'.repeat(MiB / 2 - 1)}\n`);
  await settle();
  expect(input.isPaused()).toBe(false);
  input.write('c');
  await settle();
  // The line before was cut off: this one does not go on with it.
  stderr.say('ours');
  await reader.takeAll();
  expect(reader.text.slice(MiB / 2 + 1)).toBe(
    'c\npolicy-wrap: ours\n' +
      'policy-wrap: 524288 bytes of standard error were thrown away because nobody read them\n',
  );
});

test('with nobody to read it the server is read on', async () => {
  const { reader, input } = start();
  input.write('a'.repeat(MiB));
  await settle();
  expect(input.isPaused()).toBe(true);
  reader.destroy(new Error('EPIPE'));
  await settle();
  expect(input.isPaused()).toBe(false);
  input.write('more');
  await settle();
  expect(reader.text).toBe('a'.repeat(MiB));
});

test('the end waits for what is on its way, as long as it is read', async () => {
  const { reader, stderr } = start();
  await stderr.finish();
  stderr.say('one');
  stderr.say('two');
  let isOver = false;
  const over = stderr.finish().then(() => (isOver = true));
  vi.advanceTimersByTime(PATIENCE - 1);
  await reader.take();
  vi.advanceTimersByTime(PATIENCE - 1);
  await settle();
  expect(isOver).toBe(false);
  expect(reader.destroyed).toBe(false);
  await reader.take();
  await over;
  expect(reader.destroyed).toBe(false);
});

test('G9: the end does not wait for a reader that takes nothing', async () => {
  const { reader, stderr } = start();
  stderr.say('one');
  const over = stderr.finish();
  vi.advanceTimersByTime(PATIENCE - 1);
  await settle();
  expect(reader.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  await over;
  expect(reader.destroyed).toBe(true);
});
