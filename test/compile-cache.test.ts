import { chmodSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cli } from './support/cli.js';
import { Rig } from './support/rig.js';

const version = (rig: Rig, env: NodeJS.ProcessEnv = {}) =>
  cli(['--version'], { env: { ...rig.env(), ...env } });
const RAN = { code: 0, stderr: '', stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) };
const cacheOf = (rig: Rig) => join(rig.folder, '.cache', 'policy-wrap', 'compiled');

describe.runIf('enableCompileCache' in module)('compiled code is kept where this Node keeps any', () => {
  test('in a folder that only its owner can write', async () => {
    await using rig = new Rig();
    expect(version(rig)).toEqual(RAN);
    expect(statSync(cacheOf(rig)).mode & 0o777).toBe(0o700);
    expect(readdirSync(cacheOf(rig))).not.toEqual([]);
  });

  test.skipIf(process.platform === 'win32').each([0o770, 0o702])(
    'a folder that others can write is not used: %o',
    async (mode) => {
      await using rig = new Rig();
      mkdirSync(cacheOf(rig), { recursive: true });
      chmodSync(cacheOf(rig), mode);
      expect(version(rig)).toEqual(RAN);
      expect(readdirSync(cacheOf(rig))).toEqual([]);
    },
  );
});

test('without a place for compiled code everything works as well', async () => {
  await using rig = new Rig();
  rig.file('file', '');
  expect(version(rig, { XDG_CACHE_HOME: join(rig.folder, 'file') })).toEqual(RAN);
  expect(version(rig, { XDG_CACHE_HOME: 'relative' })).toEqual(RAN);
  expect(existsSync('relative')).toBe(false);
});
