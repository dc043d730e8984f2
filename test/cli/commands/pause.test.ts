import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { pause, resume, stopTeam } from '../../../src/cli/commands/pause.js';
import { PolicyWrapError } from '../../../src/errors.js';
import type { SharedStore } from '../../../src/store/shared-store.js';
import { Store } from '../../../src/store/store.js';
import { Home } from '../../clients/home.js';
import { FakeTerminal, NOW, State } from './support.js';

test('a pause needs no person, and a resume does', async () => {
  using state = new State();
  const nobody = new FakeTerminal();
  expect(await pause({ db: state.db, reason: 'look first' }, nobody)).toBe(0);
  expect(nobody.out.text).toBe('paused: every call of every server is refused until policy-wrap resume\n');
  expect(state.store.pauses()).toEqual([{ server: undefined, since: NOW, note: 'look first' }]);
  await expect(resume({ db: state.db }, nobody)).rejects.toMatchObject({ code: 'REFUSED' });
  expect(state.store.pauses()).toHaveLength(1);
  const person = new FakeTerminal([]);
  expect(await resume({ db: state.db }, person)).toBe(0);
  expect(person.out.text).toBe('resumed\n');
  expect(state.store.pauses()).toEqual([]);
});

test('says what is still paused, and that nothing was', async () => {
  using state = new State();
  const person = new FakeTerminal([]);
  await resume({ db: state.db }, person);
  await pause({ db: state.db, server: 'mcp-afip' }, person);
  await pause({ db: state.db, server: 'other' }, person);
  await resume({ db: state.db, server: 'mcp-afip' }, person);
  expect(person.out.text.split('\n')).toEqual([
    'nothing was paused',
    'paused: every call of mcp-afip is refused until policy-wrap resume',
    'paused: every call of other is refused until policy-wrap resume',
    'still paused: other',
    '',
  ]);
});

test('the brake makes the database where there is none yet; a resume also tells by it that nothing was paused', async () => {
  using state = new State();
  const db = join(state.folder, 'new.db');
  expect(await pause({ db }, new FakeTerminal())).toBe(0);
  expect(existsSync(db)).toBe(true);
});

test('the brake that holds nowhere fails, and says why', async () => {
  using state = new State();
  const db = join(state.folder, 'no-database');
  writeFileSync(db, 'This is no database, and is long enough to be looked at as one.'.repeat(20));
  const io = new FakeTerminal();
  await expect(pause({ db }, io)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  expect(io.out.text).toBe('');
});

test('a brake that does not reach the team names the one that needs no store', async () => {
  const gone = (hint?: string) =>
    ({
      team: 'books',
      pause: async () => {
        throw new PolicyWrapError(
          'STATE_UNAVAILABLE',
          'the store is gone',
          hint === undefined ? {} : { hint },
        );
      },
    }) as unknown as SharedStore;
  const hintOf = (team: SharedStore) =>
    stopTeam(team, {}, new FakeTerminal(), 'cli').then(undefined, ({ hint }: PolicyWrapError) => hint);
  const here = 'policy-wrap pause --here stops this machine, without the store.';
  expect(await hintOf(gone())).toBe(here);
  expect(await hintOf(gone('Start it.'))).toBe(`${here} Start it.`);
});

describe.skipIf(process.platform === 'win32')('where entries name databases of their own', () => {
  afterEach(() => void vi.unstubAllEnvs());

  /** A home in which each of the names is an entry with a database. */
  function named(home: Home, ...names: string[]): void {
    vi.stubEnv('HOME', home.root);
    for (const name of ['XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'POLICY_WRAP_DB', 'SUDO_USER'])
      vi.stubEnv(name, undefined);
    const { node, script } = home.wrapper;
    const entry = (name: string) => ({
      command: node,
      args: [script, '--db', home.path(`${name}/state.db`), '--', 'mcp'],
    });
    const mcpServers = Object.fromEntries(names.map((name) => [name, entry(name)]));
    home.put('.cursor/mcp.json', JSON.stringify({ mcpServers }));
  }

  const pausesIn = (path: string): number => {
    const store = Store.open(path);
    try {
      return store.pauses().length;
    } finally {
      store.close();
    }
  };

  test('the brake holds in all of them, also where the next wrapper makes one; one that cannot be used is told and keeps no other from its turn', async () => {
    using home = new Home();
    named(home, 'a', 'bad', 'new', 'nowhere');
    mkdirSync(home.path('new'));
    Store.open(home.path('a/state.db')).close();
    home.put('bad/state.db', 'This is no database, and is long enough to be looked at as one.'.repeat(20));
    const io = new FakeTerminal();
    expect(await pause({}, io)).toBe(1);
    const usual = home.path('.local/share/policy-wrap/policy-wrap.db');
    for (const path of [usual, home.path('a/state.db'), home.path('new/state.db')]) {
      expect(pausesIn(path)).toBe(1);
      expect(io.out.text).toContain(`(${path})\n`);
    }
    expect(existsSync(home.path('nowhere'))).toBe(false);
    expect(io.out.text).not.toContain('bad');
    expect(io.err.text).toMatch(/^policy-wrap: not in .*bad\/state\.db: .+\n$/);
    const again = new FakeTerminal([]);
    expect(await resume({}, again)).toBe(1);
    expect(pausesIn(home.path('a/state.db'))).toBe(0);
    expect(again.err.text).toContain('not in ');
  });

  test('a resume makes none', async () => {
    using home = new Home();
    named(home, 'new');
    mkdirSync(home.path('new'));
    expect(await resume({}, new FakeTerminal([]))).toBe(0);
    expect(existsSync(home.path('new/state.db'))).toBe(false);
  });
});
