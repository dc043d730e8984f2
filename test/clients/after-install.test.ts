import { describe, expect, test } from 'vitest';
import { conclude, needsClient, type Started, warnAfter } from '../../src/clients/after-install.js';
import { clientById } from '../../src/clients/known-clients.js';
import type { Target } from '../../src/clients/selection.js';
import { Home } from './home.js';

const CURSOR = clientById('cursor');

const started = (changes: Partial<Started> = {}): Started => ({
  ...{ name: 'a', words: ['mcp-a', '--fast'], env: new Map([['KEY', 'v']]), cwd: undefined },
  ...{ moreEnv: false, about: ['policy: a.json', 'asks you'] },
  ...changes,
});

const target = (changes: Partial<Target> = {}): Target => ({
  ...{ client: CURSOR, name: 'Cursor', words: 'cursor', places: [], entries: [] },
  ...changes,
});

describe('the end of an install', () => {
  test('starts each server once as the client would, and says how many tools it has and how to go on or back', async () => {
    using home = new Home();
    home.tools = () => (home.started.length === 1 ? 1 : 20);
    const servers = [started(), started({ name: 'b c', cwd: '/srv', about: [] })];
    expect(await conclude(target(), servers, home.io)).toBe(0);
    expect(home.started).toEqual([
      { words: ['mcp-a', '--fast'], env: { KEY: 'v' }, cwd: undefined },
      { words: ['mcp-a', '--fast'], env: { KEY: 'v' }, cwd: '/srv' },
    ]);
    expect(home.waits).toEqual([
      'Starting a once through policy-wrap',
      'Starting b c once through policy-wrap',
    ]);
    expect(home.out.split('\n')).toEqual([
      'a: wrapped; test start: 1 tool',
      '  policy: a.json',
      '  asks you',
      'b c: wrapped; test start: 20 tools',
      `Next: ${CURSOR?.restart}`,
      "Undo: policy-wrap uninstall cursor a 'b c'",
      '',
    ]);
    expect(home.err).toBe('');
  });

  test('fails when any did not start, says why, escaped, and goes on with the others', async () => {
    using home = new Home();
    home.tools = () => {
      if (home.started.length === 1) throw new Error('it ended\nwith \u001b[31m1');
      if (home.started.length === 2)
        throw new Error('log in: policy-wrap login https://example.com/mcp; then again');
      return 3;
    };
    const servers = [
      started({ about: [] }),
      started({ name: 'b', about: [] }),
      started({ name: 'c', about: [] }),
    ];
    expect(await conclude(target({ client: undefined, words: '--config x.json' }), servers, home.io)).toBe(1);
    expect(home.out.split('\n')).toEqual([
      'a: wrapped, but the test start failed: it ended',
      'with \\u{1b}[31m1',
      'b: wrapped; it wants a login: policy-wrap login https://example.com/mcp',
      'c: wrapped; test start: 3 tools',
      'Undo: policy-wrap uninstall --config x.json a b c',
      '',
    ]);
  });

  test('a name that stands in two files is named once', async () => {
    using home = new Home();
    await conclude(target(), [started(), started()], home.io);
    expect(home.out).toContain('Undo: policy-wrap uninstall cursor a\n');
  });

  test('does not start what only the client can fill in', async () => {
    using home = new Home();
    expect(await conclude(target(), [started({ moreEnv: true })], home.io)).toBe(0);
    expect(home.started).toEqual([]);
    expect(home.out).toContain('not started for a test, because only the client knows all its values');
  });
});

test.each<[boolean, Partial<Started>]>([
  [false, {}],
  [true, { moreEnv: true }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a client's placeholder
  [true, { words: ['mcp', '${input:key}'] }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a client's placeholder
  [true, { env: new Map([['KEY', '${env:KEY}']]) }],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a client's placeholder
  [true, { cwd: '${workspaceFolder}' }],
])('whether only the client can start it: %s for %j', (needs, changes) => {
  expect(needsClient(started(changes))).toBe(needs);
});

describe('what may undo what was written, or get around it', () => {
  const servers = (entries: Record<string, object>) => JSON.stringify({ mcpServers: entries });
  const wrapped = (home: Home, words: string[]) => ({
    command: home.wrapper.node,
    args: [home.wrapper.script, '--db', '/srv/state.db', '--', ...words],
  });

  test.each([
    ['/home/ana/.npm/_npx/abc/node_modules/policy-wrap/bin/policy-wrap.js', true],
    ['C:\\npm\\_npx\\abc\\bin\\policy-wrap.js', true],
    ['/home/ana/x_npx/bin/policy-wrap.js', false],
  ])('a copy in the cache of npx, %s: %s', async (script, said) => {
    using home = new Home();
    await warnAfter(target(), [], { ...home.io, wrapper: { ...home.wrapper, script } });
    expect(home.err.includes('npm may empty')).toBe(said);
  });

  test('a file of the project', async () => {
    using home = new Home();
    const place = { scope: 'project', path: '/p/.mcp.json' };
    const user = { scope: 'user', path: '/u/.mcp.json' };
    await warnAfter(target({ places: [{ place: user }] as never }), [], home.io);
    expect(home.err).toBe('');
    await warnAfter(target({ places: [{ place: user }, { place }] as never }), [], home.io);
    expect(home.err).toContain('The file belongs to the project.');
  });

  test('another client that starts the same server without a policy, and two names for one server', async () => {
    using home = new Home();
    home.put('.cursor/mcp.json', servers({ a: wrapped(home, ['mcp-a', '--fast']) }));
    home.put(
      '.config/Claude/claude_desktop_config.json',
      servers({ twin: { command: 'mcp-a', args: ['--fast'] } }),
    );
    await warnAfter(target(), [started()], home.io);
    expect(home.err).toMatch(
      /^Claude Desktop still starts the same server without a policy: twin in .*claude_desktop_config\.json\n$/,
    );
    home.err = '';
    await warnAfter(target(), [started({ name: 'other' })], home.io);
    expect(home.err).toBe('');
  });

  test('a file that cannot be read is passed over', async () => {
    using home = new Home();
    home.put('.config/Claude/claude_desktop_config.json', '{ no JSON');
    await warnAfter(target(), [started()], home.io);
    expect(home.err).toBe('');
  });
});
