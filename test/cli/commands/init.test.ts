import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ownCopy } from '../../../src/catalog/own-copy.js';
import { preset } from '../../../src/catalog/servers.js';
import { type InitOptions, init } from '../../../src/cli/commands/init.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { command } from '../../support/command.js';
import { BIN, RECORDER, Rig, refusalCode } from '../../support/rig.js';
import { FakeTerminal } from './support.js';

const STAND_IN = ['--', process.execPath, BIN, 'stand-in', 'afip'];
const recorder = (options: object) => [process.execPath, RECORDER, JSON.stringify(options)];
const configOf = (rig: Rig) => join(rig.folder, 'config', 'policy-wrap');
const mode = (path: string) => statSync(path).mode & 0o777;

describe('what it writes works without an edit', () => {
  test('by the tools of the server', async () => {
    await using rig = new Rig();
    const server = ['--server', 'mcp-afip'];
    const { code, stdout } = await command(rig, ['init', '--yes', '--no-preset', ...server, ...STAND_IN]);
    expect(code).toBe(0);
    expect(stdout).toContain(join(configOf(rig), 'mcp-afip.json'));

    const wrapper = rig.spawn(['--db', rig.db, ...server, ...STAND_IN]);
    await wrapper.initialize();
    const { result } = await wrapper.request('tools/list');
    const names = result.tools.map((tool: { name: string }) => tool.name);
    expect(names).toContain('create_invoice');
    expect(names).toContain('cancel_invoice');
    expect(refusalCode(await wrapper.call('get_server_status'))).toBeUndefined();
    expect(refusalCode(await wrapper.call('create_invoice', { amount_total: 1 }))).toBe('APPROVAL_REQUIRED');
    expect(refusalCode(await wrapper.call('cancel_invoice', { invoice_number: 1 }))).toBe(
      'APPROVAL_REQUIRED',
    );
    expect(await wrapper.end()).toBe(0);
    // Nothing but how to let the two calls through.
    expect(wrapper.stderr.trimEnd().split('\n')).toEqual(
      ['create_invoice', 'cancel_invoice'].map((tool) =>
        expect.stringMatching(
          `^policy-wrap: ${tool} waits for a person; to let it through: policy-wrap approve `,
        ),
      ),
    );
  });

  test('of each strength, before the preset of a known server; what asks and is hidden is named', async () => {
    await using rig = new Rig();
    const server = ['--server', 'mcp-afip'];
    const write = (strength: string, ...more: string[]) =>
      command(rig, ['init', '--yes', '--strength', strength, ...more, ...server, ...STAND_IN]);
    const brake = await write('brake');
    expect(brake).toMatchObject({ code: 0, stderr: expect.stringContaining('once, to list its tools') });
    expect(brake.stdout).toMatch(
      /: brake: of \d+ tools .* ask you; tools added later are judged by their names/,
    );
    expect(brake.stdout).toMatch(/asks you: .*create_invoice/);
    const careful = await write('careful', '--force');
    expect(careful.stdout).toMatch(/asks you: .*cancel_invoice/);
    expect((await write('locked', '--force')).stdout).toMatch(/: locked: of \d+ tools \d+ refused/);
    expect((await write('watch', '--force')).stdout).toMatch(/: watch: of (\d+) tools \1 allowed/);
    expect(await write('brake', '--preset', 'afip', '--force')).toMatchObject({ code: 2 });
    expect(await write('loose', '--force')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('watch, brake, careful, locked'),
    });
  });

  test('more than a third that asks or is hidden is said', async () => {
    await using rig = new Rig();
    const init = (tools: string[]) =>
      command(rig, ['init', '--yes', '--force', ...['--', ...recorder({ tools })]]);
    expect((await init(['get_a', 'get_b', 'delete_x', 'pay'])).stdout).toContain(
      'That is 2 of 4 tools, more than a third.',
    );
    expect((await init(['get_a', 'get_b', 'delete_x'])).stdout).not.toContain('a third');
  });

  test('by the preset of a known server, for which nothing is started', async () => {
    await using rig = new Rig();
    const { code, stderr } = await command(rig, ['init', '--', 'mcp-afip']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const file = join(configOf(rig), 'mcp-afip.json');
    expect(readFileSync(file, 'utf8')).toBe(ownCopy(preset('afip')?.text ?? ''));
    expect(mode(file)).toBe(0o600);

    const wrapper = rig.spawn(['--db', rig.db, '--server', 'mcp-afip', ...STAND_IN]);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('get_server_status'))).toBeUndefined();
  });

  test('the entry that it shows starts the wrapper, with the policy that it wrote', async () => {
    await using rig = new Rig();
    const file = join(rig.folder, 'own policy.json');
    const args = ['init', '--yes', '-o', file, ...['--', ...recorder({ tools: ['get_x', 'delete_x'] })]];
    const { stdout } = await command(rig, args);
    const entry = JSON.parse(/^\{[\s\S]*^\}/m.exec(stdout)?.[0] ?? '');
    const { command: program, args: words } = entry.mcpServers.recorder;
    expect([program, words[0]]).toEqual([process.execPath, BIN]);
    const wrapper = rig.spawn(['--db', rig.db, ...words.slice(1)]);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('get_x'))).toBeUndefined();
    expect(refusalCode(await wrapper.call('delete_x'))).toBe('APPROVAL_REQUIRED');
    expect(words.slice(1, 3)).toEqual(['--server', 'recorder']);
    expect(stdout).toContain(`policy-wrap doctor --policy "${file}" -- `);
  });

  test('the entry names the server where its command does not, and what the known server needs', async () => {
    await using rig = new Rig();
    const { stdout } = await command(rig, ['init', '--server', 'mcp-afip', '--', './my-server', 'x']);
    const { mcpServers } = JSON.parse(/^\{[\s\S]*^\}/m.exec(stdout)?.[0] ?? '');
    const { args, env } = mcpServers['mcp-afip'];
    expect(args.slice(1)).toEqual(['--server', 'mcp-afip', '--', join(rig.folder, 'my-server'), 'x']);
    expect(env).toEqual({ AFIP_CUIT: '...', AFIP_CERT_PATH: '...', AFIP_KEY_PATH: '...' });
  });

  test('the schema lies beside the policies and knows their fields', async () => {
    await using rig = new Rig();
    const elsewhere = join(rig.folder, 'p.json');
    await command(rig, ['init', '--yes', '-o', elsewhere, '--', ...recorder({})]);
    await command(rig, ['init', '--yes', '--', ...recorder({})]);
    const schemaOf = (file: string) => String(/"\$schema": "(.*)"/.exec(readFileSync(file, 'utf8'))?.[1]);
    const schema = join(configOf(rig), 'policy.schema.json');
    expect(fileURLToPath(schemaOf(elsewhere))).toBe(schema);
    expect(schemaOf(join(configOf(rig), 'recorder.json'))).toBe('./policy.schema.json');
    expect(JSON.parse(readFileSync(schema, 'utf8'))).toMatchObject({
      $schema: expect.stringContaining('draft-07'),
      properties: { default: { enum: ['allow', 'deny'] } },
    });
  });
});

describe('files', () => {
  test('the folder is 0700, the file 0600, and no draft is left', async () => {
    await using rig = new Rig();
    await command(rig, ['init', '--yes', '--server', 'x', '--', ...recorder({})]);
    expect(mode(configOf(rig))).toBe(0o700);
    expect(readdirSync(configOf(rig)).sort()).toEqual(['policy.schema.json', 'x.json']);
    for (const name of readdirSync(configOf(rig))) expect(mode(join(configOf(rig), name))).toBe(0o600);
  });

  test('an existing file is not touched, and the server not started, without --force', async () => {
    await using rig = new Rig();
    const file = rig.file('p.json', 'mine');
    const args = ['init', '--yes', '-o', file, '--', ...recorder({ journal: rig.journal })];
    expect(await command(rig, args)).toMatchObject({ code: 1, stderr: expect.stringContaining('--force') });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(existsSync(rig.journal)).toBe(false);
    // An agent may write a first policy, and none in the place of another.
    const force = ['init', '--force', ...args.slice(1)];
    expect(await command(rig, force, { QWEN_CODE: '1' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Qwen Code'),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(await command(rig, force)).toMatchObject({ code: 0 });
    expect(loadPolicy(readFileSync(file, 'utf8'), file).problems).toEqual([]);
  });

  test('a file that appears while the server is asked is not written over', async () => {
    await using rig = new Rig();
    const file = join(rig.folder, 'p.json');
    const server = rig.file(
      'server.mjs',
      `(await import('node:fs')).writeFileSync(${JSON.stringify(file)}, 'mine'); await import(${JSON.stringify(RECORDER)});`,
    );
    const finished = await command(rig, ['init', '--yes', '-o', file, '--', process.execPath, server]);
    expect(finished).toMatchObject({ code: 1, stderr: expect.stringContaining('already exists') });
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(readdirSync(rig.folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('--force puts a new file in the place of a link, and leaves what the link names', async () => {
    await using rig = new Rig();
    const target = rig.file('target.json', 'other');
    const link = join(rig.folder, 'p.json');
    symlinkSync(target, link);
    await command(rig, ['init', '--yes', '--force', '-o', link, '--', ...recorder({})]);
    expect(readFileSync(target, 'utf8')).toBe('other');
    expect(loadPolicy(readFileSync(link, 'utf8'), link).problems).toEqual([]);
  });

  test.each([
    ['a folder that is not there', ['-o', 'nowhere/p.json'], 1, 'could not be written (ENOENT)'],
    ['a server name that leads elsewhere', ['--server', '../../x'], 2, 'cannot be the name of a file'],
  ])('%s', async (_, args, code, says) => {
    await using rig = new Rig();
    const finished = await command(rig, ['init', '--yes', ...args, '--', ...recorder({})]);
    expect(finished).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(says) });
  });
});

describe('consent', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  /** Answers questions in their order. */
  const asked = async (rig: Rig, argv: string[], options: InitOptions, answers: boolean[]) => {
    for (const [name, value] of Object.entries(rig.env())) vi.stubEnv(name, value);
    const person = new FakeTerminal(answers.map((answer) => (answer ? 'y' : 'n')));
    const code = await init(argv, options, person);
    return { code, questions: person.questions };
  };

  test('without a terminal the server is started only with --yes', async () => {
    await using rig = new Rig();
    const finished = await command(rig, ['init', '--', ...recorder({ journal: rig.journal })]);
    expect(finished).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(finished.stderr).toContain(RECORDER);
    expect(existsSync(rig.journal)).toBe(false);
    expect(existsSync(configOf(rig))).toBe(false);
  });

  test('a person is shown the command first, and no is no', async () => {
    await using rig = new Rig();
    const argv = recorder({ journal: rig.journal });
    const { code, questions } = await asked(rig, argv, { install: true }, [false]);
    expect(code).toBe(1);
    expect(questions).toEqual([expect.stringContaining(RECORDER)]);
    expect(existsSync(rig.journal)).toBe(false);
    expect(existsSync(configOf(rig))).toBe(false);
    expect((await asked(rig, argv, { install: true }, [true])).code).toBe(0);
    expect(existsSync(rig.journal)).toBe(true);
  });

  test('of a known server the preset is offered; who declines goes by its tools', async () => {
    await using rig = new Rig();
    const options = { install: true, server: 'mcp-afip' };
    const { code, questions } = await asked(rig, recorder({}), options, [false, true]);
    expect(code).toBe(0);
    expect(questions[0]).toContain('preset, "afip"');
    expect(questions).toHaveLength(2);
    expect(readFileSync(join(configOf(rig), 'mcp-afip.json'), 'utf8')).toContain('proposed on');
  });

  test('--preset writes it for any server; an unknown one says which there are', async () => {
    await using rig = new Rig();
    const file = join(rig.folder, 'made', 'p.json');
    mkdirSync(dirname(file));
    const base = { install: true, output: file };
    expect(await asked(rig, ['x'], { ...base, preset: 'legiti' }, [])).toEqual({ code: 0, questions: [] });
    expect(readFileSync(file, 'utf8')).toBe(ownCopy(preset('legiti')?.text ?? ''));
    writeFileSync(file, 'mine');
    await expect(asked(rig, ['x'], { ...base, force: true, preset: 'x' }, [])).rejects.toMatchObject({
      code: 'USAGE',
      hint: expect.stringContaining('legiti'),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});
