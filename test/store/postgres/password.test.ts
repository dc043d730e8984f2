import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { machineId } from '../../../src/store/postgres/machine.js';
import { passwordOf } from '../../../src/store/postgres/password.js';

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-password-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ON_POSIX = process.platform !== 'win32';

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('the password of a store', () => {
  test('comes from a variable, a file or a command, and from nowhere else', async () => {
    expect(await passwordOf({ PGPASSWORD: 'not ours' })()).toBeUndefined();
    expect(await passwordOf({ POLICY_WRAP_STORE_PASSWORD: ' a b ' })()).toBe(' a b ');
    const path = file('secret', 'c d\n');
    expect(await passwordOf({ POLICY_WRAP_STORE_PASSWORD_FILE: path })()).toBe('c d');
    const command = `"${process.execPath}" -e "process.stdout.write('e f' + String.fromCharCode(10))"`;
    expect(await passwordOf({ ...process.env, POLICY_WRAP_STORE_PASSWORD_COMMAND: command })()).toBe('e f');
  });

  test('is read anew each time: tokens are short-lived', async () => {
    const path = file('token', 'one');
    const password = passwordOf({ POLICY_WRAP_STORE_PASSWORD_FILE: path });
    expect(await password()).toBe('one');
    file('token', 'two');
    expect(await password()).toBe('two');
  });

  test.runIf(ON_POSIX)('is not taken from a file that others can read', async () => {
    for (const mode of [0o640, 0o604, 0o660]) {
      const path = file('open', 'secret-text', mode);
      const asked = passwordOf({ POLICY_WRAP_STORE_PASSWORD_FILE: path })();
      await expect(asked).rejects.toMatchObject({ code: 'USAGE', hint: `Run: chmod 600 ${path}` });
      await expect(asked).rejects.not.toThrow('secret-text');
    }
  });

  test('a usual file is read where no variable says otherwise', async () => {
    const usual = file('usual', 'g h\n');
    expect(await passwordOf({}, usual)()).toBe('g h');
    expect(await passwordOf({ POLICY_WRAP_STORE_PASSWORD: 'i' }, usual)()).toBe('i');
    expect(await passwordOf({}, join(folder, 'missing'))()).toBeUndefined();
  });

  test('a file that is not there, or is relative, is said', async () => {
    const missing = join(folder, 'missing');
    await expect(passwordOf({ POLICY_WRAP_STORE_PASSWORD_FILE: missing })()).rejects.toThrow('ENOENT');
    await expect(passwordOf({ POLICY_WRAP_STORE_PASSWORD_FILE: 'secret' })()).rejects.toThrow('relative');
  });

  test('what a command says is not told when it fails', async () => {
    const command = `"${process.execPath}" -e "console.log('hunter2'); console.error('hunter3'); process.exit(3)"`;
    const asked = passwordOf({ ...process.env, POLICY_WRAP_STORE_PASSWORD_COMMAND: command })();
    await expect(asked).rejects.toThrow('POLICY_WRAP_STORE_PASSWORD_COMMAND failed (exit code 3)');
    await expect(asked).rejects.not.toThrow(/hunter/);
  });
});

describe('the id of a machine', () => {
  test('is made once, for its owner alone, and stays', () => {
    const home = join(folder, 'data', 'policy-wrap');
    const id = machineId(home);
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(machineId(home)).toBe(id);
    expect(readdirSync(home)).toEqual(['machine-id']);
    if (ON_POSIX) expect(statSync(join(home, 'machine-id')).mode & 0o077).toBe(0);
    expect(machineId(join(folder, 'other'))).not.toBe(id);
  });
});
