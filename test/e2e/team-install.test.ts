import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { IS_MISSING, newTeam, sharedCluster } from '../store/postgres/support.js';
import { command } from '../support/command.js';
import { Laptop } from '../support/laptop.js';
import { RECORDER, refusalCode } from '../support/rig.js';

const PASSWORD = 'one-for-alice';

const at = sharedCluster();
beforeAll(async () => {
  if (IS_MISSING) return;
  await at.cluster.sql(`ALTER ROLE alice PASSWORD '${PASSWORD}'`);
  const rules = 'host all alice 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n';
  writeFileSync(join(at.cluster.folder, 'data', 'pg_hba.conf'), rules);
  await at.cluster.sql('SELECT pg_reload_conf()');
});

/** A laptop whose client has one server, `afip`, that is not wrapped yet. */
function fresh(login: string, team: string, policy: object = {}) {
  const laptop = new Laptop(at.cluster, login, team);
  const { rig } = laptop;
  const server = [RECORDER, JSON.stringify({ journal: rig.journal })];
  mkdirSync(join(rig.folder, '.cursor'));
  const before = JSON.stringify({ mcpServers: { afip: { command: process.execPath, args: server } } });
  const config = rig.file('.cursor/mcp.json', before);
  const written = rig.file('afip.json', { version: '1', default: 'allow', ...policy });
  const install = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    command(rig, ['install', 'cursor', 'afip', '--policy', written, '--yes', ...args], env);
  const entry = (): { command: string; args: string[] } =>
    JSON.parse(readFileSync(config, 'utf8')).mcpServers.afip;
  return {
    laptop,
    install,
    entry,
    isUntouched: () => readFileSync(config, 'utf8') === before,
    knowsPassword: (password: string) => {
      const file = join(rig.folder, 'config', 'policy-wrap', 'store-password');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, password, { mode: 0o600 });
    },
    [Symbol.asyncDispose]: () => laptop[Symbol.asyncDispose](),
  };
}

describe.skipIf(IS_MISSING)('install with the store of a team', () => {
  test('wraps when the store lets the wrapper in, and says who it is there; the entry then works', async () => {
    await using team = await newTeam(at.cluster);
    await using one = fresh('alice', team.name, { store: team.name });
    one.knowsPassword(PASSWORD);
    const { store } = one.laptop;
    const done = await one.install(['--store', store, '--store-offline', 'uncounted']);
    expect(done.stderr).toContain(`The store of the team ${team.name} answers; alice is wrapper there.`);
    const { args } = one.entry();
    expect(args.join(' ')).toContain(`--store ${store} --store-offline uncounted`);
    const wrapper = one.laptop.rig.spawn(args.slice(1));
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('look'))).toBeUndefined();
    await wrapper.end();
    // Another way in the same place, and none where nothing is said of it.
    await one.install(['--store-offline', 'refuse', '--store', store]);
    expect(one.entry().args.join(' ')).toContain('--store-offline refuse');
    await one.install([]);
    expect(one.entry().args.join(' ')).toContain(`--store ${store} --store-offline refuse`);
  });

  test('writes nothing under a wrong password, without one, and with one that only this shell knows', async () => {
    await using team = await newTeam(at.cluster);
    await using one = fresh('alice', team.name, { store: team.name });
    const { store } = one.laptop;
    const none = await one.install(['--store', store]);
    expect(none.code).not.toBe(0);
    expect(none.stderr).toContain('it wants a password of alice, and none was found');
    expect(none.stderr).toContain('--no-store-check writes the entry all the same');
    const shell = await one.install(['--store', store], { POLICY_WRAP_STORE_PASSWORD: PASSWORD });
    expect(shell.stderr).toContain('known to this shell, and not to the client');
    one.knowsPassword('another');
    const wrong = await one.install(['--store', store]);
    expect(wrong.stderr).toContain('password authentication failed');
    expect(one.isUntouched()).toBe(true);
    // What is only shown is told, and shown.
    const shown = await one.install(['--store', store, '--dry-run']);
    expect(shown).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('password authentication failed'),
    });
    expect(one.isUntouched()).toBe(true);
    expect((await one.install(['--store', store, '--no-store-check'])).stderr).not.toContain('password');
    expect(one.entry().args).toContain(store);
  });

  test('writes nothing where nobody listens, and for a login that may not wrap', async () => {
    await using team = await newTeam(at.cluster);
    await using one = fresh('carol', team.name, { store: team.name });
    const { store } = one.laptop;
    const gone = await one.install(['--store', store.replace(String(at.cluster.port), '1')]);
    expect(gone.stderr).toContain('Nothing listens there');
    const approver = await one.install(['--store', store]);
    expect(approver.stderr).toContain('carol has no role wrapper');
    expect(approver.stderr).toContain('policy-wrap store grant carol wrapper');
    expect(one.isUntouched()).toBe(true);
  });

  test('notices a policy that counts in a store which nobody named, or in another one', async () => {
    await using team = await newTeam(at.cluster);
    await using one = fresh('bob', team.name, { store: team.name });
    const { store } = one.laptop;
    const without = await one.install([]);
    expect(without.stderr).toContain(
      `counts in the store of the team ${team.name}, and no --store was given: every call would be refused`,
    );
    expect(without.stderr).toContain(`?team=${team.name}'`);
    // The shell knows it: then the option is there to be copied.
    const known = await one.install([], { POLICY_WRAP_STORE: store });
    expect(known.stderr).toContain(`Add --store '${store}'`);
    const other = await one.install(['--store', store.replace(team.name, 'other')]);
    expect(other.stderr).toContain('and --store is that of the team other');
    const { rig } = one.laptop;
    const added = await command(rig, [
      ...['install', 'cursor', '--add', 'mail', '--policy', join(rig.folder, 'afip.json'), '--yes'],
      ...['--', process.execPath, RECORDER],
    ]);
    expect(added.stderr).toContain('no --store was given');
    expect(one.isUntouched()).toBe(true);
    expect((await one.install(['--store', store])).stderr).toContain('answers; bob is wrapper there.');
    // What stands in the entry already counts.
    expect((await one.install([])).stderr).not.toContain('no --store was given');
  });
});
