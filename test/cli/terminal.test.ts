import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { ask, columnsOf, processTerminal, wantsColor } from '../../src/cli/terminal.js';

/** A terminal on which every question is answered in turn; gives the answers and all that was shown. */
async function session(
  questions: readonly [secret: boolean, typed: string][],
): Promise<{ answers: (string | undefined)[]; shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  const answers: (string | undefined)[] = [];
  for (const [secret, typed] of questions) {
    const typing = async (): Promise<void> => {
      for (const key of typed) {
        input.write(key);
        await setImmediate();
      }
    };
    const [answer] = await Promise.all([ask('? ', { secret }, input, output), typing()]);
    answers.push(answer);
  }
  await setImmediate();
  return { answers, shown };
}

test('a secret is read and not echoed, neither alone nor after another question', async () => {
  const { answers, shown } = await session([
    [false, 'plain \r'],
    [true, 's3cret\r'],
    [false, 'once\r'],
  ]);
  expect(answers).toEqual(['plain ', 's3cret', 'once']);
  expect(shown).toContain('plain');
  expect(shown).not.toContain('s3');
  expect(shown.split('once')).toHaveLength(2);
});

test.each([
  ['the end of the input', '\u0004'],
  ['an interrupt', 'ab\u0003'],
])('%s is no answer', async (_title, typed) => {
  expect((await session([[false, typed]])).answers).toEqual([undefined]);
});

test('the question is shown, also where the answer is not', async () => {
  expect((await session([[true, 's3cret\r']])).shown).toBe('? \n');
  expect((await session([[false, 'plain\r']])).shown).toContain('? ');
});

test.each<[isTerminal: boolean, env: NodeJS.ProcessEnv, color: boolean]>([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [true, { TERM: 'dumb' }, false],
])('a terminal (%s) with %j has colours: %s', (isTerminal, env, color) => {
  expect(wantsColor(isTerminal, env)).toBe(color);
});

describe('the terminal of this process', () => {
  test('gives the process: its environment, its clock, its streams', () => {
    const terminal = processTerminal();
    expect(terminal.env).toBe(process.env);
    expect(terminal.streams.input).toBe(process.stdin);
    expect(Math.abs(terminal.now() - Date.now())).toBeLessThan(60_000);
  });

  test.each([
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ])('asks where standard input (%s) and standard error (%s) are terminals: %s', (input, errors, can) => {
    const before = [process.stdin.isTTY, process.stderr.isTTY] as const;
    [process.stdin.isTTY, process.stderr.isTTY] = [input, errors];
    try {
      expect(processTerminal().canAsk).toBe(can);
    } finally {
      [process.stdin.isTTY, process.stderr.isTTY] = before;
    }
  });

  test('--no-color wins over everything', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    vi.stubEnv('NO_COLOR', '');
    expect(processTerminal().out.hasColor).toBe(true);
    expect(processTerminal({ color: false }).out.hasColor).toBe(false);
    vi.unstubAllEnvs();
  });

  test('a pause ends by itself, or at a signal, and then every later one at once', async () => {
    const terminal = processTerminal();
    expect(await terminal.pause(1)).toBe(true);
    const waiting = terminal.pause(600_000);
    process.emit('SIGTERM');
    expect(await waiting).toBe(false);
    expect(await terminal.pause(600_000)).toBe(false);
  });
});

test.each<[string | undefined, number, number]>([
  [undefined, 132, 132],
  ['60', 132, 60],
  ['60', Number.POSITIVE_INFINITY, 60],
  ['0', 80, 80],
  ['wide', 80, 80],
  ['', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
])('COLUMNS %j and a terminal of %d make lines of %d', (given, real, expected) => {
  expect(columnsOf(real, given === undefined ? {} : { COLUMNS: given })).toBe(expected);
});
