import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { command } from '../support/command.js';
import { PASTED } from '../support/policies.js';
import { RECORDER, Rig, refusalCode } from '../support/rig.js';

/** The wrapped recorder with a limit of two calls a day, started as a client would, with no `--db`. */
function start(rig: Rig, options: { args?: string[]; env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
  const policy = rig.file('policy.json', {
    version: '1',
    default: 'deny',
    tools: { pay: { limits: [{ counter: 'pay', window: 'day', max: 2 }] } },
  });
  const recorder = JSON.stringify({ journal: rig.journal, tools: ['pay'] });
  const args = ['--policy', policy, ...(options.args ?? []), '--server', 'r', '--'];
  return rig.spawn([...args, process.execPath, RECORDER, recorder], {
    cwd: options.cwd ?? rig.folder,
    env: { XDG_DATA_HOME: undefined, XDG_CONFIG_HOME: undefined, ...options.env },
  });
}

describe('G4: one database, whoever starts the wrapper', () => {
  test('a terminal, two revisions of a snap and a Flatpak share one count', async () => {
    await using rig = new Rig();
    const home = rig.folder;
    const launchers: NodeJS.ProcessEnv[] = [
      {},
      { XDG_DATA_HOME: join(home, 'snap/code/171/.local/share') },
      { XDG_DATA_HOME: join(home, 'snap/code/172/.local/share') },
      { XDG_DATA_HOME: join(home, '.var/app/com.example.Editor/data') },
    ];
    for (const env of launchers) {
      const wrapper = start(rig, { env });
      await wrapper.initialize();
      await wrapper.call('pay');
      await wrapper.end();
    }
    expect(rig.receivedCalls()).toHaveLength(2);
    expect(existsSync(join(home, '.local/share/policy-wrap/policy-wrap.db'))).toBe(true);
  });

  test.each(['--db', '--db=', 'POLICY_WRAP_DB'])(
    '%s with ~/ is the home folder from everywhere',
    async (how) => {
      await using rig = new Rig();
      const file = '~/one.db';
      for (const name of ['a', 'b', 'c']) {
        const cwd = join(rig.folder, name);
        mkdirSync(cwd);
        const args = how === '--db' ? ['--db', file] : how === '--db=' ? [`--db=${file}`] : [];
        const wrapper = start(rig, {
          cwd,
          args,
          env: how === 'POLICY_WRAP_DB' ? { POLICY_WRAP_DB: file } : {},
        });
        await wrapper.initialize();
        const answer = await wrapper.call('pay');
        expect(refusalCode(answer)).toBe(name === 'c' ? 'LIMIT' : undefined);
        await wrapper.end();
        expect(readdirSync(cwd)).toEqual([]);
      }
      expect(existsSync(join(rig.folder, 'one.db'))).toBe(true);
    },
  );

  test.each<[title: string, args: string[], env: NodeJS.ProcessEnv, says: RegExp]>([
    ['a relative --db', ['--db', 'state.db'], {}, /--db state\.db: a relative path[\s\S]*\/state\.db/],
    ['an empty --db', ['--db', ''], {}, /--db is empty|argument missing/],
    ['a variable in --db', ['--db', '$HOME/s.db'], {}, /variables are not filled in[\s\S]*write/i],
    ['a variable in braces', ['--db', `\${HOME}/s.db`], {}, /variables are not filled in/],
    ['a variable of Windows', ['--db', '%APPDATA%/s.db'], {}, /variables are not filled in/],
    ['a relative POLICY_WRAP_DB', [], { POLICY_WRAP_DB: './s.db' }, /POLICY_WRAP_DB \.\/s\.db: a relative/],
    ['a variable in POLICY_WRAP_DB', [], { POLICY_WRAP_DB: '$HOME/s.db' }, /POLICY_WRAP_DB .*variables/],
    ['a relative --policy', ['--policy', 'policy.json'], {}, /--policy policy\.json: a relative path/],
    ['a variable in --policy', ['--policy', '$HOME/policy.json'], {}, /--policy .*variables/],
  ])('a wrapper refuses %s and starts nothing', async (_title, args, env, says) => {
    await using rig = new Rig();
    const wrapper = start(rig, { args, env });
    expect(await wrapper.end()).toBe(2);
    expect(wrapper.stderr).toMatch(says);
    expect(wrapper.stdout).toBe('');
    expect(rig.received()).toEqual([]);
    // Node 22 and later keep compiled code in `.cache`.
    const ours = new Set(['policy.json', '.cache']);
    expect(readdirSync(rig.folder).filter((name) => !ours.has(name))).toEqual([]);
  });

  test.each([
    ['relative', 'policy.json', /POLICY_WRAP_POLICY policy\.json: a relative path/],
    ['with a variable', '$HOME/policy.json', /POLICY_WRAP_POLICY .*variables/],
  ])('POLICY_WRAP_POLICY that is %s is refused', async (_title, value, says) => {
    await using rig = new Rig();
    rig.file('policy.json', PASTED);
    const wrapper = rig.spawn(['--db', rig.db, '--', process.execPath, RECORDER, '{}'], {
      env: { POLICY_WRAP_POLICY: value },
    });
    expect(await wrapper.end()).toBe(2);
    expect(wrapper.stderr).toMatch(says);
  });

  test('--policy ~/..., POLICY_WRAP_POLICY and "extends" know the home folder; "extends" no variables', async () => {
    await using rig = new Rig();
    rig.file('base.json', { version: '1', default: 'allow', tools: { pay: { action: 'deny' } } });
    rig.file('relative.json', { version: '1', default: 'allow', extends: 'base.json' });
    rig.file('home.json', { version: '1', default: 'allow', extends: '~/base.json' });
    rig.file('variable.json', { version: '1', default: 'allow', extends: '$HOME/base.json' });
    mkdirSync(join(rig.folder, 'elsewhere'));
    const run = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
      const server = ['--db', rig.db, '--', process.execPath, RECORDER, '{}'];
      const wrapper = rig.spawn([...args, ...server], { env, cwd: join(rig.folder, 'elsewhere') });
      await wrapper.initialize();
      const answer = await wrapper.call('pay');
      await wrapper.end();
      return refusalCode(answer);
    };
    expect(await run(['--policy', '~/relative.json'])).toBe('ACTION_DENY');
    expect(await run(['--policy', '~/home.json'])).toBe('ACTION_DENY');
    expect(await run([], { POLICY_WRAP_POLICY: '~/home.json' })).toBe('ACTION_DENY');
    const refused = rig.spawn([
      '--policy',
      '~/variable.json',
      '--db',
      rig.db,
      '--',
      process.execPath,
      RECORDER,
      '{}',
    ]);
    expect(await refused.end()).not.toBe(0);
    expect(refused.stderr).toMatch(/"extends".*\$HOME\/base\.json: variables are not filled in/);
  });
});

test('in commands that a person types, relative paths stay relative to the folder they are typed in', async () => {
  await using rig = new Rig();
  rig.file('policy.json', PASTED);
  const explained = await command(rig, [
    'explain',
    'x',
    '--policy',
    'policy.json',
    '--db',
    'none.db',
    '--server',
    's',
  ]);
  expect(explained.stderr).toBe('');
  expect(explained.code).toBe(4);
  writeFileSync(join(rig.folder, 'x'), '');
  const status = await command(rig, ['status', '--db', './some.db']);
  expect(status.stdout).toContain(join(rig.folder, 'some.db'));
});
