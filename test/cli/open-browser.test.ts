import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openBrowser } from '../../src/cli/open-browser.js';

const ADDRESS = 'http://127.0.0.1:1/#token=a"$(id)&b';

describe.skipIf(process.platform === 'win32')('opening a browser', () => {
  test('the address is one word of a command, or stands in a file of this account alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'opener-'));
    const opener = join(folder, 'xdg-open');
    // In one step, so that whoever waits for it reads the whole.
    writeFileSync(
      opener,
      `#!/bin/sh\nprintf '%s' "$#:$1" > "${folder}/x" && mv "${folder}/x" "${folder}/$OUT"\n`,
    );
    chmodSync(opener, 0o755);
    const opened = async (isListed: boolean, OUT: string) => {
      const env = { PATH: `${folder}:${process.env.PATH}`, DISPLAY: ':0', OUT };
      const remove = openBrowser(ADDRESS, isListed, { platform: 'linux', env });
      const read = () => readFileSync(join(folder, OUT), 'utf8');
      await expect.poll(() => statSync(join(folder, OUT), { throwIfNoEntry: false })).toBeDefined();
      return { said: read(), remove };
    };
    try {
      expect((await opened(false, 'plain')).said).toBe(`1:${ADDRESS}`);
      const { said, remove } = await opened(true, 'listed');
      expect(said).toMatch(/^1:file:/);
      const file = fileURLToPath(said.slice(2));
      expect(readFileSync(file, 'utf8')).toContain('#token=');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      remove?.();
      expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('without a desktop nothing is started, and a program that is not there harms nobody', () => {
    expect(
      openBrowser(ADDRESS, true, { platform: 'linux', env: { PATH: process.env.PATH } }),
    ).toBeUndefined();
    const gone = openBrowser(ADDRESS, false, { platform: 'linux', env: { PATH: '/nowhere', DISPLAY: ':0' } });
    expect(gone).toBeDefined();
  });
});
