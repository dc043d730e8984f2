import { describe, expect, test } from 'vitest';
import { atTerminal, PYTHON } from '../support/asking.js';
import { command } from '../support/command.js';
import { Rig } from '../support/rig.js';

describe.skipIf(PYTHON === undefined)('demo --approve', () => {
  test.each([
    ['approves', '1250\r', true, 'ok    the invoice that you saw goes through', '1 call arrived'],
    ['does not', 'no\r', false, 'ok    without your yes the invoice does not go through', 'no calls arrived'],
  ])(
    'G10: a person %s, and one changed digit is refused either way',
    async (_, typed, said, says, arrived) => {
      await using rig = new Rig();
      const { code, stdout } = await atTerminal(
        ['demo', '--approve'],
        [['To approve it, type', typed]],
        rig.env(),
      );
      expect(code, stdout).toBe(0);
      expect(stdout).toContain(says);
      expect(stdout).toContain('ok    the same invoice with one digit changed is refused');
      expect(stdout).toContain(arrived);
      // What nothing was approved for proves nothing.
      expect(stdout.includes('ok    and only once')).toBe(said);
      expect(stdout.includes('All of it held.')).toBe(said);
      expect(stdout.includes('You approved nothing, so nothing passed.')).toBe(!said);
      expect(stdout).not.toContain('FAIL');
    },
  );
});

test('demo --approve is for a person: without a terminal it says so', async () => {
  await using rig = new Rig();
  const { code, stderr } = await command(rig, ['demo', '--approve']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('no terminal')]);
});
