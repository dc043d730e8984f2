import { existsSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { install } from '../../../src/cli/commands/install.js';
import { uninstall } from '../../../src/cli/commands/uninstall.js';
import type { InstallOptions } from '../../../src/cli/install/options.js';
import { PolicyWrapError } from '../../../src/errors.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { ALLOW, Home } from '../../clients/home.js';
import { command } from '../../support/command.js';
import { RECORDER, Rig, refusalCode } from '../../support/rig.js';

const DESKTOP = '.config/Claude/claude_desktop_config.json';
const CONFIG =
  '{ "mcpServers": { "files": { "command": "mcp-files", "args": ["-v"], "env": { "A": "b" } } } }\n';
const POLICY = 'config/policy-wrap/files.json';

function run(home: Home, options: Partial<InstallOptions> = {}): Promise<number> {
  return install({ client: 'claude-desktop', entries: ['files'], ...options }, home.io);
}

const fresh = (): Home => {
  const home = new Home();
  home.put(DESKTOP, CONFIG);
  return home;
};

/** The wrapper's own options in the entry as it is now. */
function optionsOf(home: Home): string[] {
  const { args } = JSON.parse(home.get(DESKTOP)).mcpServers.files;
  return args.slice(3, args.indexOf('--')).filter((word: string) => !/^(--db|.*\.db)$/.test(word));
}

describe('a server without a policy', () => {
  test('gets brake with --yes, by its tools, and is told so; the entry names the file', async () => {
    using home = fresh();
    expect(await run(home, { yes: true })).toBe(0);
    expect(home.err).toContain('files has no policy yet, so it gets brake: everything passes but loops');
    expect(home.listed).toEqual([{ words: ['mcp-files', '-v'], env: { A: 'b' }, cwd: undefined }]);
    const text = home.get(POLICY);
    expect(loadPolicy(text, POLICY)).toMatchObject({ policy: { default: 'allow' }, problems: [] });
    expect(text).toContain('"delete_x"');
    expect(optionsOf(home)).toEqual(['--policy', home.path(POLICY)]);
    expect(home.out).toContain(`  policy: ${home.path(POLICY)}\n  brake: of 2 tools 1 allowed, 1 asks you;`);
    expect(home.out).toContain('  asks you: delete_x\n');
    if (process.platform !== 'win32') {
      expect(statSync(home.path(POLICY)).mode & 0o777).toBe(0o600);
      expect(statSync(home.path('config/policy-wrap')).mode & 0o777).toBe(0o700);
    }
    expect(home.waits).toEqual([
      'Starting files once, to see its tools: mcp-files -v',
      'Starting files once through policy-wrap',
    ]);
    await uninstall({ client: 'claude-desktop', entries: ['files'], yes: true }, home.io);
    expect(home.get(DESKTOP)).toBe(CONFIG);
  });

  test('asks a person, until it is one of them; an empty line is brake', async () => {
    using home = fresh();
    home.interactive = true;
    home.answers = ['loose', 'Careful', 'y'];
    expect(await run(home)).toBe(0);
    expect(home.err).toContain('  careful  reads pass, writes are limited;');
    expect(home.err).toContain('Type one of watch, brake, careful, locked.');
    expect(home.get(POLICY)).toContain('// careful: ');
    using other = fresh();
    other.interactive = true;
    other.answers = ['', 'y'];
    await run(other);
    expect(other.get(POLICY)).toContain('// brake: ');
  });

  test('whoever says no in the end has no new policy either', async () => {
    using home = fresh();
    home.interactive = true;
    home.answers = ['brake', 'n'];
    expect(await run(home)).toBe(0);
    expect(home.out).toContain(`A new policy, ${home.path(POLICY)}:`);
    expect(home.get(DESKTOP)).toBe(CONFIG);
    expect(existsSync(home.path(POLICY))).toBe(false);
  });

  test.each<
    [title: string, options: Partial<InstallOptions>, words: (home: Home) => string[], file: boolean]
  >([
    ['--strength', { strength: 'locked' }, (home) => ['--policy', home.path(POLICY)], true],
    ['--preset', { preset: 'careful' }, () => ['--preset', 'careful'], false],
    ['--observe', { observe: true }, () => ['--observe'], false],
    [
      '--observe and --strength',
      { observe: true, strength: 'brake' },
      (home) => ['--policy', home.path(POLICY), '--observe'],
      true,
    ],
  ])('%s stands in the entry, and nothing is asked', async (_title, options, words, file) => {
    using home = fresh();
    expect(await run(home, { ...options, yes: true })).toBe(0);
    expect(optionsOf(home)).toEqual(words(home));
    expect(existsSync(home.path(POLICY))).toBe(file);
    expect(home.err).not.toContain('has no policy yet');
    await uninstall({ client: 'claude-desktop', entries: ['files'], yes: true }, home.io);
    expect(home.get(DESKTOP)).toBe(CONFIG);
  });

  test('--dry-run starts and writes nothing', async () => {
    using home = fresh();
    expect(await run(home, { dryRun: true })).toBe(0);
    expect(home.out).toContain('"--policy", ');
    expect([home.listed, home.started]).toEqual([[], []]);
    expect(existsSync(home.path(POLICY))).toBe(false);
    expect(home.get(DESKTOP)).toBe(CONFIG);
  });

  test('--print shows an entry that works as it is', async () => {
    using home = fresh();
    expect(await run(home, { print: true })).toBe(0);
    expect(home.out).toContain('"--preset", "brake"');
    expect(home.err).toContain('files: policy: the preset brake');
    home.out = '';
    await run(home, { entries: [], add: 'more', command: ['mcp-more'], print: true });
    expect(home.out).toContain('"--preset", "brake"');
    expect(home.listed).toEqual([]);
  });

  test('that cannot be started gets one by the names of tools, and the reason is said', async () => {
    using home = fresh();
    home.definitions = () => {
      throw new PolicyWrapError('UPSTREAM_NOT_STARTED', 'mcp-files: no such command\n  | more');
    };
    expect(await run(home, { yes: true })).toBe(0);
    expect(home.out).toContain('it could not be started to see its tools (mcp-files: no such command)');
    expect(home.get(POLICY)).toContain('"path": "tool.name"');
    expect(loadPolicy(home.get(POLICY), POLICY).problems).toEqual([]);
  });

  test('that is added gets one too', async () => {
    using home = fresh();
    await run(home, { entries: [], add: 'more', command: ['mcp-more'], strength: 'careful', yes: true });
    expect(home.get('config/policy-wrap/more.json')).toContain('// careful: ');
    expect(JSON.parse(home.get(DESKTOP)).mcpServers.more.args).toContain(
      home.path('config/policy-wrap/more.json'),
    );
  });

  test('that was wrapped before without a policy gets one now', async () => {
    using home = new Home();
    const args = [home.wrapper.script, '--server', 'files', '--', 'mcp-files'];
    home.put(DESKTOP, JSON.stringify({ mcpServers: { files: { command: process.execPath, args } } }));
    expect(await run(home, { yes: true })).toBe(0);
    expect(optionsOf(home)).toEqual(['--policy', home.path(POLICY)]);
  });
});

describe('a server with a policy', () => {
  test('keeps it, also under --strength; the file that holds is named', async () => {
    using home = fresh();
    home.policies.set('files', home.put(POLICY, ALLOW));
    expect(await run(home, { strength: 'locked', yes: true })).toBe(0);
    expect(home.get(POLICY)).toBe(ALLOW);
    expect(home.out).toContain(`policy: ${home.path(POLICY)}\n  --strength locked is left aside`);
    expect(home.listed).toEqual([]);
  });

  test.each<[title: string, options: Partial<InstallOptions>]>([
    ['that is found', {}],
    ['that is named', { policy: 'p.json' }],
  ])(
    '%s and broken: its problems with their places, and nothing is written or started',
    async (_, options) => {
      using home = fresh();
      const broken = '{\n  "version": "1",\n  "default": "alow"\n}';
      home.put('project/p.json', broken);
      home.policies.set('files', home.put(POLICY, broken));
      await expect(run(home, { ...options, yes: true })).rejects.toMatchObject({
        code: 'POLICY_INVALID',
        message: expect.stringMatching(/\.json:3:14 error/),
      });
      expect(home.get(DESKTOP)).toBe(CONFIG);
      expect([home.listed, home.started]).toEqual([[], []]);
    },
  );

  test('an unknown preset, and two that exclude each other, are refused', async () => {
    using home = fresh();
    for (const options of [{ preset: 'x' }, { preset: 'brake', strength: 'brake' } as const])
      await expect(run(home, { ...options, yes: true })).rejects.toMatchObject({ code: 'USAGE' });
    expect(home.get(DESKTOP)).toBe(CONFIG);
  });

  test('watching only is for a person; --no-observe takes it back', async () => {
    using home = fresh();
    await run(home, { strength: 'brake', yes: true });
    home.env.CODEX_SANDBOX = '1';
    await expect(run(home, { observe: true, yes: true })).rejects.toMatchObject({ code: 'REFUSED' });
    delete home.env.CODEX_SANDBOX;
    home.policies.set('files', home.path(POLICY));
    await run(home, { observe: true, yes: true });
    expect(optionsOf(home)).toEqual(['--policy', home.path(POLICY), '--observe']);
    await run(home, { observe: false, yes: true });
    expect(optionsOf(home)).toEqual(['--policy', home.path(POLICY)]);
  });
});

test('G3: what install wrote lets the first call through, and judges the next', async () => {
  await using rig = new Rig();
  const server = [
    process.execPath,
    RECORDER,
    JSON.stringify({ journal: rig.journal, tools: ['get_x', 'drop_x'] }),
  ];
  const [program, ...args] = server;
  const file = rig.file('mcp.json', JSON.stringify({ mcpServers: { x: { command: program, args } } }));
  const done = await command(rig, ['install', '--config', file, 'x', '--yes', '--db', rig.db]);
  expect(done).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Starting x once, to see its tools'),
  });
  const entry = JSON.parse(readFileSync(file, 'utf8')).mcpServers.x;
  const wrapper = rig.spawn(entry.args.slice(1));
  await wrapper.initialize();
  expect(refusalCode(await wrapper.call('get_x'))).toBeUndefined();
  expect(refusalCode(await wrapper.call('drop_x'))).toBe('APPROVAL_REQUIRED');
});
