import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ask } from '../../src/cli/terminal.js';

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
