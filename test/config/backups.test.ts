import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupsOf, keepBackup } from '../../src/config/backups.js';
import { BIN, Rig } from '../support/rig.js';

test.skipIf(process.platform === 'win32')(
  'a disk that is full leaves the file as it was, and no part of a copy that could be put back',
  async () => {
    await using rig = new Rig();
    const folder = join(rig.folder, 'config', 'policy-wrap');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'shop.json');
    const policy = JSON.stringify({ version: '1', default: 'deny', description: 'x'.repeat(64 << 10) });
    writeFileSync(file, policy);
    const args = ['hide', 'shop', 'rm', '--db', join(rig.folder, 'none.db')];
    // No file of more than 16 blocks: what is larger ends in the middle, as on a full disk.
    const limited = ['-c', 'ulimit -f 16; exec "$@"', 'sh', process.execPath, BIN, ...args];
    const { status, stderr } = spawnSync('sh', limited, {
      env: { ...rig.env(), NODE_COMPILE_CACHE: '', NODE_DISABLE_COMPILE_CACHE: '1' },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([1, expect.stringContaining('no backup could be kept')]);
    expect(readFileSync(file, 'utf8')).toBe(policy);
    const history = join(folder, 'policy-history');
    expect(existsSync(history) ? readdirSync(history) : []).toEqual([]);
  },
);

test('a file with the longest name there is has copies, apart from those of its neighbour', async () => {
  await using rig = new Rig();
  const copies = join(rig.folder, 'copies');
  const [one, two] = ['a', 'b'].map((last) => join(rig.folder, `${'ñ'.repeat(124)}${last}.json`));
  for (const text of ['1', '2']) keepBackup(String(one), Buffer.from(text), copies, new Date(0));
  keepBackup(String(two), Buffer.from('3'), copies, new Date(0));
  const texts = (real = '') => backupsOf(real, copies).map((path) => readFileSync(path, 'utf8'));
  expect([texts(one), texts(two)]).toEqual([['2', '1'], ['3']]);
});
