import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command } from '../support/command.js';
import { RECORDER, Rig } from '../support/rig.js';

/** A server whose command line holds secrets, and which ends at once. */
const SILENT = [process.execPath, '-e', '0', '--', '--token', 's3cret', '--db', 'postgres://ana:s3cret@db/x'];
const SPEAKING = (rig: Rig) => [
  process.execPath,
  RECORDER,
  JSON.stringify({ journal: rig.journal, tools: ['pay'] }),
  '--token',
  's3cret',
  'API_KEY=s3cret',
];

test.each([
  ['tools, of a server that does not start', ['tools'], SILENT],
  ['check, of the same', ['check', 'policy.json'], SILENT],
  ['init, which asks first', ['init', '-o', 'x.json'], SILENT],
  ['init, of a server that does not start', ['init', '-o', 'x.json', '--yes'], SILENT],
  ['doctor', ['doctor'], SILENT],
])('no secret of the command line is shown by %s', async (_title, words, server) => {
  await using rig = new Rig();
  rig.file('policy.json', { version: '1', default: 'deny' });
  const { stdout, stderr } = await command(rig, [...words, '--', ...server]);
  expect(stdout + stderr).not.toContain('s3cret');
  // It was shown all the same.
  expect(stdout + stderr).toContain('--token ***');
});

test('no secret of the command line is shown by init with the entry that it prints', async () => {
  await using rig = new Rig();
  const { code, stdout, stderr } = await command(rig, [
    ...['init', '--yes', '--server', 'r', '-o', 'r.json', '--'],
    ...SPEAKING(rig),
  ]);
  expect(stderr).toContain('--token ***');
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain('s3cret');
  expect(stdout).toContain('API_KEY=***');
  expect(stdout).toContain('*** stands for what is not shown');
});

test('no secret of the command line reaches the model or the log where there is no policy', async () => {
  await using rig = new Rig();
  const wrapper = rig.spawn(['--db', rig.db, '--server', 'r', '--', ...SPEAKING(rig)]);
  await wrapper.initialize();
  const answer = await wrapper.call('pay');
  expect(JSON.stringify(answer)).toContain('there is no policy for r');
  await wrapper.end();
  const log = await command(rig, ['log', '--json', '--db', rig.db]);
  for (const text of [wrapper.stdout, wrapper.stderr, log.stdout]) expect(text).not.toContain('s3cret');
  const files = ['', '-wal'].map((ending) => rig.db + ending).filter((file) => existsSync(file));
  for (const file of files) expect(readFileSync(file, 'latin1')).not.toContain('s3cret');
  expect(existsSync(join(rig.folder, 'state'))).toBe(true);
});
