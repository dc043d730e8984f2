import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { approvals } from '../../src/cli/commands/approvals.js';
import { approve } from '../../src/cli/commands/approve.js';
import { FakeTerminal } from '../cli/commands/support.js';
import { PYTHON, QUICK } from '../support/asking.js';
import { command } from '../support/command.js';
import { BIN, RECORDER, Rig, refusalCode } from '../support/rig.js';

const POLICY = { version: '1', default: 'allow', tools: { ask: { action: 'approve' } } };
const usual = (rig: Rig) => join(rig.folder, 'data/policy-wrap/policy-wrap.db');
const ofSnap = (rig: Rig) => join(rig.folder, 'snap/code/171/.local/share/policy-wrap/policy-wrap.db');
const ofEntry = (rig: Rig) => join(rig.folder, 'own.db');

/** An entry of a client that names a database, as if installed with `--db`. */
function entry(rig: Rig, ...databases: string[]): void {
  mkdirSync(join(rig.folder, '.cursor'), { recursive: true });
  const servers = databases.map((db, i) => [
    `server-${i}`,
    { command: process.execPath, args: [BIN, '--db', db, '--', 'mcp-x'] },
  ]);
  rig.file('.cursor/mcp.json', { mcpServers: Object.fromEntries(servers) });
}

async function running(rig: Rig, db: string) {
  const policy = rig.file('policy.json', POLICY);
  const recorder = JSON.stringify({ journal: rig.journal, tools: ['pay', 'ask'] });
  const own = ['--policy', policy, '--server', 'r', '--db', db];
  const wrapper = rig.spawn([...own, '--', process.execPath, RECORDER, recorder]);
  await wrapper.initialize();
  expect(refusalCode(await wrapper.call('pay'))).toBeUndefined();
  return wrapper;
}

describe('G4: commands without --db look at every database that wrappers use', () => {
  test('pause stops them all', async () => {
    await using rig = new Rig();
    entry(rig, ofEntry(rig));
    const wrappers = [
      await running(rig, usual(rig)),
      await running(rig, ofEntry(rig)),
      await running(rig, ofSnap(rig)),
    ];
    const paused = await command(rig, ['pause', '--reason', 'test']);
    expect(paused).toMatchObject({ code: 0, stderr: '' });
    for (const path of [usual(rig), ofEntry(rig), ofSnap(rig)]) expect(paused.stdout).toContain(`(${path})`);
    for (const wrapper of wrappers) expect(refusalCode(await wrapper.call('pay'))).toBe('PAUSED');
    const status = JSON.parse((await command(rig, ['status', '--json'])).stdout);
    expect([status, ...status.otherDatabases].map(({ pauses }) => pauses.length)).toEqual([1, 1, 1]);
  });

  test.skipIf(PYTHON === undefined)('resume lets all of them go on', async () => {
    await using rig = new Rig();
    entry(rig, ofEntry(rig));
    const wrappers = [await running(rig, usual(rig)), await running(rig, ofEntry(rig))];
    expect((await command(rig, ['pause'])).code).toBe(0);
    for (const wrapper of wrappers) expect(refusalCode(await wrapper.call('pay'))).toBe('PAUSED');
    const argv = [...QUICK, resolve('test/fixtures/person.py'), process.execPath, BIN, 'resume'];
    execFileSync(String(PYTHON), argv, { env: { ...rig.env(), TERM: 'xterm' } });
    for (const wrapper of wrappers) expect(refusalCode(await wrapper.call('pay'))).toBeUndefined();
  });

  test('pause holds for a database that the next wrapper of an entry will make', async () => {
    await using rig = new Rig();
    entry(rig, ofEntry(rig), join(rig.folder, 'not-mounted', 'own.db'));
    expect((await command(rig, ['pause'])).code).toBe(0);
    expect(existsSync(join(rig.folder, 'not-mounted'))).toBe(false);
    const policy = rig.file('policy.json', POLICY);
    const own = ['--policy', policy, '--server', 'r', '--db', ofEntry(rig)];
    const wrapper = rig.spawn([...own, '--', process.execPath, RECORDER, '{}']);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('pay'))).toBe('PAUSED');
  });

  test('pause of what can be paused, though one database cannot be used; it says which and fails', async () => {
    await using rig = new Rig();
    entry(rig, ofEntry(rig), 'relative.db');
    const wrapper = await running(rig, ofEntry(rig));
    mkdirSync(dirname(usual(rig)), { recursive: true });
    writeFileSync(usual(rig), 'no database at all, but long enough to be one. '.repeat(9));
    const paused = await command(rig, ['pause']);
    expect(paused.code).toBe(1);
    expect(paused.stderr).toContain(`not in ${usual(rig)}: `);
    expect(paused.stderr).toContain('left alone: relative.db (server-1 in Cursor)');
    expect(refusalCode(await wrapper.call('pay'))).toBe('PAUSED');
  });

  test('status shows each, and says which it left alone', async () => {
    await using rig = new Rig();
    entry(rig, ofEntry(rig), join(rig.folder, 'broken.db'), `\${env:HOME}/x.db`);
    rig.file('broken.db', 'no database at all, but long enough to be one. '.repeat(9));
    await running(rig, ofEntry(rig));
    const { code, stdout } = await command(rig, ['status']);
    expect(code).toBe(0);
    expect(stdout).toContain(`There is no state database at ${usual(rig)} yet`);
    expect(stdout).toContain(ofEntry(rig));
    expect(stdout).toMatch(/r +running/);
    expect(stdout).toMatch(/Left alone: .*broken\.db \(server-1 in Cursor\): /);
    expect(stdout).toMatch(/Left alone: \$\{env:HOME\}\/x\.db \(server-2 in Cursor\): .*variables/);
    const json = JSON.parse((await command(rig, ['status', '--json'])).stdout);
    expect(json).toMatchObject({
      database: { path: usual(rig), exists: false },
      otherDatabases: [{ database: { path: ofEntry(rig), exists: true }, wrappers: [{ server: 'r' }] }],
      leftAlone: [expect.stringContaining('x.db'), expect.stringContaining('broken.db')],
    });
    // What a person names is looked at alone.
    const own = JSON.parse((await command(rig, ['status', '--json', '--db', usual(rig)])).stdout);
    expect(own).toMatchObject({ otherDatabases: [], leftAlone: [] });
  });

  test('approvals lists, approve and reject find what waits in any of them', async () => {
    await using rig = new Rig();
    entry(rig, ofEntry(rig));
    const wrappers = [await running(rig, usual(rig)), await running(rig, ofEntry(rig))];
    const ids: string[] = [];
    for (const [i, wrapper] of wrappers.entries()) {
      const answer = await wrapper.call('ask', { n: i });
      ids.push(answer.result._meta['policy-wrap/decision'].approvalId);
    }
    for (const [name, value] of Object.entries(rig.env())) vi.stubEnv(name, value);
    try {
      const list = new FakeTerminal();
      list.at = Date.now();
      await approvals({ json: true }, list);
      expect(JSON.parse(list.out.text).approvals.map(({ id }: { id: string }) => id)).toEqual(ids);
      const terminal = new FakeTerminal(['y']);
      terminal.at = Date.now();
      expect(await approve(ids[1] ?? '', {}, terminal)).toBe(0);
      expect(refusalCode(await (wrappers[1] as (typeof wrappers)[0]).call('ask', { n: 1 }))).toBeUndefined();
      const watching = new FakeTerminal(['r']);
      watching.at = Date.now();
      expect(await approvals({ watch: true }, watching)).toBe(0);
    } finally {
      vi.unstubAllEnvs();
    }
    const again = await command(rig, ['reject', ids[0] ?? '']);
    expect(again.stderr).toContain('is no longer waiting');
    const next = await (wrappers[1] as (typeof wrappers)[0]).call('ask', { n: 2 });
    const rejected = await command(rig, ['reject', next.result._meta['policy-wrap/decision'].approvalId]);
    expect(rejected.code).toBe(0);
    expect((await command(rig, ['approvals'])).stdout).toBe('Nothing waits for a person.\n');
  });

  test('without any database all is as before', async () => {
    await using rig = new Rig();
    expect(await command(rig, ['approvals'])).toMatchObject({
      code: 0,
      stdout: 'Nothing waits for a person.\n',
    });
    expect((await command(rig, ['reject', 'abcdef'])).stderr).toContain('no state database');
    rmSync(join(rig.folder, 'data'), { recursive: true, force: true });
    expect((await command(rig, ['pause'])).stdout).toBe(
      'paused: every call of every server is refused until policy-wrap resume\n',
    );
  });
});
