import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSnapshot } from '../../../src/clients/files/read.js';
import { command } from '../../support/command.js';
import { Rig } from '../../support/rig.js';

test('a file that is not there is none; one behind a folder that cannot be entered is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-read-'));
  try {
    expect(readSnapshot(join(folder, 'absent', 'mcp.json'))).toBeUndefined();
    // Root may enter any folder, but not one that leads back to itself.
    symlinkSync('round', join(folder, 'round'));
    expect(() => readSnapshot(join(folder, 'round', 'mcp.json'))).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('could not be read'),
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** What each says of a home where it cannot look, with its exit code. */
test.each([
  ['doctor', 1],
  ['clients', 0],
  ['status', 1],
  ['approvals', 1],
  ['setup --all --yes --strength brake', 1],
])('%s meets such a folder without falling over', async (line, code) => {
  await using rig = new Rig();
  for (const name of ['.cursor', '.codeium', '.gemini', '.codex', 'config', 'data'])
    symlinkSync(name, join(rig.folder, name));
  const found = await command(rig, line.split(' '));
  expect(found.stdout + found.stderr).not.toContain('this is a bug');
  expect(found.code).toBe(code);
});
