import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { allow } from '../../../src/cli/commands/edit-policy.js';
import { history, rollback } from '../../../src/cli/commands/history.js';
import { historyFolder, policyVersions } from '../../../src/config/policy-history.js';
import { Store } from '../../../src/store/store.js';
import { INFO } from '../../store/support-shapes.js';
import { Rig } from '../../support/rig.js';
import { FakeTerminal } from './support.js';

// With a comment, a line end of Windows and a sign of two bytes: all of it must come back.
const FIRST = '// día uno\r\n{ "version": "1", "default": "deny",\r\n  "tools": { "get_x": {} } }\r\n';

let rig: Rig;
let file: string;
beforeEach(() => {
  rig = new Rig();
  for (const [name, value] of Object.entries(rig.env())) vi.stubEnv(name, value);
  vi.stubEnv('POLICY_WRAP_POLICY', undefined);
  const folder = join(rig.folder, 'config', 'policy-wrap');
  mkdirSync(folder, { recursive: true });
  file = join(folder, 'shop.json');
  writeFileSync(file, FIRST);
  const store = Store.open(rig.db);
  store.startSession({ ...INFO, server: 'shop', policySource: file });
  store.close();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rig[Symbol.asyncDispose]();
});

const read = () => readFileSync(file, 'utf8');
const db = () => ({ db: rig.db });

/** Two edits, a minute apart. @returns the text after each */
async function edited(): Promise<[string, string]> {
  const io = new FakeTerminal([]);
  await allow('shop', 'b', db(), io);
  const second = read();
  io.at += 60_000;
  await allow('shop', 'c', db(), io);
  return [second, read()];
}

test('versions are listed, the newest first, shown to the byte, and put back to the byte', async () => {
  const [second, third] = await edited();
  const io = new FakeTerminal(['y']);
  expect(await history('shop', db(), io)).toBe(0);
  expect(io.out.text.split('\n')).toEqual([
    file,
    expect.stringMatching(/^ {2}1 {2}replaced 2026-11-22 \d\d:\d\d:00 \S+ {2}3 lines$/),
    expect.stringMatching(/^ {2}2 {2}replaced 2026-11-22 \d\d:\d\d:00 \S+ {2}3 lines$/),
    '',
  ]);
  const shown = new FakeTerminal();
  await history('shop', { ...db(), show: '2' }, shown);
  expect(shown.out.text).toBe(FIRST);

  expect(await rollback('shop', '2', db(), io)).toBe(0);
  expect(read()).toBe(FIRST);
  expect(io.questions).toEqual(['Put this version back? [y/N] ']);
  expect(io.out.text).toContain(
    '-  "tools": { "get_x": {}, "b": {}, "c": {} } }\n+  "tools": { "get_x": {} } }\n',
  );
  // What was replaced is the newest version now, and the way there is the way back.
  const [newest] = policyVersions(file);
  const json = new FakeTerminal();
  await history(file, { ...db(), json: true }, json);
  expect(JSON.parse(json.out.text)).toMatchObject({
    version: 1,
    file,
    versions: [{ version: 1, name: basename(newest?.path ?? '') }, { version: 2 }, { version: 3 }],
  });
  expect(
    await rollback(file, basename(newest?.path ?? ''), { ...db(), yes: true }, new FakeTerminal([])),
  ).toBe(0);
  expect(read()).toBe(third);
  expect(await rollback('shop', '3', { ...db(), yes: true }, new FakeTerminal([]))).toBe(0);
  expect(read()).toBe(second);
});

test('a rollback says when it holds: by the wrappers that run under it, or under a policy that extends it', async () => {
  const own = join(rig.folder, 'own', 'policy-wrap.db');
  const store = Store.open(own);
  const started = (policySource: string) => store.startSession({ ...INFO, server: 'other', policySource });
  const says = async () => {
    const [second] = await edited();
    const io = new FakeTerminal([]);
    await rollback(file, '1', { db: own, yes: true }, io);
    expect(read()).toBe(second);
    return io.out.text.trimEnd().split('\n').at(-1);
  };
  const running = 'It holds within a second: running wrappers read it by themselves.';
  started(rig.file('unlike.json', { version: '1', default: 'deny' }));
  expect(await says()).toBe('No wrapper runs under this policy: it holds from the next start on.');
  const first = started(file);
  expect(await says()).toBe(running);
  store.endSession(first);
  started(rig.file('above.json', { version: '1', default: 'deny', extends: file }));
  expect(await says()).toBe(running);
  store.close();
});

test('a rollback refuses in the shell of an agent and without a terminal, asks, and with --dry-run only shows', async () => {
  const [, third] = await edited();
  const agent = new FakeTerminal(['y']);
  agent.env = { AGENT: '1' };
  await expect(rollback('shop', '2', { ...db(), yes: true }, agent)).rejects.toMatchObject({
    code: 'REFUSED',
  });
  await expect(rollback('shop', '2', { ...db(), yes: true }, new FakeTerminal())).rejects.toThrow(
    'no terminal',
  );
  expect(await rollback('shop', '2', db(), new FakeTerminal(['n']))).toBe(1);
  const dry = new FakeTerminal();
  expect(await rollback('shop', undefined, { ...db(), dryRun: true }, dry)).toBe(0);
  expect(dry.out.text).toContain('"c": {}');
  expect(read()).toBe(third);
  // Who only looks is not asked who they are.
  expect(await history('shop', db(), agent)).toBe(0);
});

test('a policy that was deleted comes back; one that cannot be used now does not', async () => {
  const [second] = await edited();
  rmSync(file);
  expect(await rollback(file, undefined, { ...db(), yes: true }, new FakeTerminal([]))).toBe(0);
  expect(read()).toBe(second);
  const [version] = policyVersions(file);
  writeFileSync(version?.path ?? '', '{ "version": "1" }');
  await expect(rollback('shop', '1', { ...db(), yes: true }, new FakeTerminal([]))).rejects.toMatchObject({
    code: 'POLICY_INVALID',
    hint: 'That version cannot be used now. Nothing was written.',
  });
  expect(read()).toBe(second);
});

test('what is not there is told, with what is', async () => {
  await expect(history('shpo', db(), new FakeTerminal())).rejects.toMatchObject({
    hint: 'Did you mean shop?',
  });
  await expect(history(join(rig.folder, 'none.json'), db(), new FakeTerminal())).rejects.toMatchObject({
    code: 'POLICY_NOT_FOUND',
  });
  await expect(rollback('shop', '1', db(), new FakeTerminal([]))).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: 'No earlier version is kept.',
  });
  const io = new FakeTerminal();
  await history('shop', db(), io);
  expect(io.err.text).toContain('No earlier version is kept.');
  await edited();
  await expect(rollback('shop', '3', db(), new FakeTerminal([]))).rejects.toThrow('has no version 3');
  // A name is no way out of the folder.
  await expect(history('shop', { ...db(), show: '../shop.json' }, io)).rejects.toThrow('has no version');
  const all = new FakeTerminal();
  await history(undefined, db(), all);
  expect(all.out.text).toMatch(/shop\.json {2}2 versions {2}changed 2026-11-22 \d\d:\d\d:00/);
});

test.skipIf(process.platform === 'win32')(
  'a pipe, a folder and a link among the versions are none; a version that is no text is told',
  async () => {
    await edited();
    const [newest] = policyVersions(file);
    const [stem = ''] = /^.*json\.[0-9a-f]+\./.exec(basename(newest?.path ?? '')) ?? [];
    const planted = (year: number) => join(historyFolder(file), `${stem}${year}0101T000000000Z.bak`);
    execFileSync('mkfifo', [planted(2091)]);
    mkdirSync(planted(2092));
    symlinkSync('/etc/passwd', planted(2093));
    const io = new FakeTerminal([]);
    await history('shop', { ...db(), json: true }, io);
    expect(JSON.parse(io.out.text).versions).toHaveLength(2);
    writeFileSync(planted(2094), Buffer.from([0x7b, 0xff, 0xfe]));
    const all = new FakeTerminal([]);
    await history('shop', { ...db(), json: true }, all);
    expect(JSON.parse(all.out.text).versions.map(({ lines }: { lines: number }) => lines)).toEqual([0, 3, 3]);
    const before = read();
    await expect(rollback('shop', '1', db(), new FakeTerminal(['y']))).rejects.toThrow('cannot be read');
    expect(read()).toBe(before);
  },
);

test('a policy that was deleted is listed, known by its server, and made again, also where its folder is a link', async () => {
  await edited();
  const last = read();
  const folder = dirname(file);
  renameSync(folder, join(rig.folder, 'dotfiles'));
  if (process.platform !== 'win32') symlinkSync(join(rig.folder, 'dotfiles'), folder);
  else renameSync(join(rig.folder, 'dotfiles'), folder);
  await allow('shop', 'd', db(), new FakeTerminal([]));
  rmSync(file);
  const io = new FakeTerminal([]);
  await history(undefined, { ...db(), json: true }, io);
  expect(JSON.parse(io.out.text).policies).toMatchObject([{ file }]);
  rmSync(rig.db);
  expect(await rollback('shop', undefined, db(), new FakeTerminal(['y']))).toBe(0);
  expect(read()).toBe(last);
});
