import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import type { CommandRow } from '../../src/cli/command-groups/command-row.js';
import { COMMANDS } from '../../src/cli/command-table.js';
import { wrapProgram } from '../../src/cli/options.js';
import { addCommands } from '../../src/cli/program.js';
import { clientsTerminal, thisWrapper } from '../../src/cli/this-installation.js';
import { Home } from '../clients/home.js';
import { ABOVE } from '../support/above.js';
import { cli } from '../support/cli.js';
import { Played } from '../support/played.js';
import { BIN } from '../support/rig.js';
import { FakeTerminal } from './commands/support.js';

function program() {
  const policyWrap = wrapProgram(async () => {});
  addCommands(policyWrap, [], () => {}, ABOVE);
  return policyWrap;
}

describe('the built command', () => {
  test.each([[['--help']], [['--help', 'install']], [['install', '--help']]])(
    '%j prints its help',
    (args) => {
      const { code, stdout, stderr } = cli(args);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('Usage: policy-wrap');
    },
  );
});

test('the help of every command is as wide as COLUMNS says, ends with its exit codes, and has no colour', () => {
  vi.stubEnv('COLUMNS', '60');
  try {
    for (const command of program().commands) {
      let text = '';
      command.configureOutput({
        writeOut: (more) => {
          text += more;
        },
      });
      command.outputHelp();
      const lines = text.split('\n');
      // A usage line, and a name of an option with its values, are not broken.
      const wide = lines.filter(
        (line) => line.length > 60 && !/^Usage: |^ {2}(?:-|<|\[)\S* ?[^ ]*$/.test(line),
      );
      expect(wide, command.name()).toEqual([]);
      expect(text).not.toContain('\u001b');
      const own = COMMANDS.some(({ name }) => name === command.name());
      if (own) expect(text, command.name()).toMatch(/\nExit codes:\n {2}0 +done/);
    }
  } finally {
    vi.unstubAllEnvs();
  }
});

test('the exit codes in a help are those that the command ends with', () => {
  let looked = 0;
  for (const { name, exits = {}, load } of COMMANDS) {
    const [, file] = /commands\/([\w-]+)\.[jt]s/.exec(String(load)) ?? [];
    if (file === undefined) continue;
    looked += 1;
    const used = [...readFileSync(`src/cli/commands/${file}.ts`, 'utf8').matchAll(/EXIT\.(\w+)/g)].map(
      ([, key = '']) => key,
    );
    const all = ['done', 'failed', 'usage', ...Object.keys(exits)];
    expect(
      used.filter((key) => !all.includes(key)),
      name,
    ).toEqual([]);
  }
  expect(looked).toBeGreaterThan(20);
});

describe('the table of commands', () => {
  test.each(COMMANDS)('$name is loaded, and takes what its row says', async (row) => {
    const command = await row.load(ABOVE, COMMANDS);
    const { arguments: own = [], takesServer, options } = row;
    expect(command).toHaveLength(
      own.length + Number(takesServer ?? false) + Number(options !== undefined) + 1,
    );
  });

  test('each name and each option of a command is there once', () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, options = [] } of COMMANDS) {
      const flags = options.map(({ flags }) => flags);
      expect(new Set(flags).size, name).toBe(flags.length);
    }
  });

  test('an option that says "..." takes several values', () => {
    for (const { name, options = [] } of COMMANDS)
      for (const { flags, variadic } of options)
        expect(variadic, `${name} ${flags}`).toBe(flags.includes('...'));
  });

  test('the help lists every command under its group, and not the stand-in', () => {
    const help = program().helpInformation();
    for (const { name, group, summary } of COMMANDS) {
      if (summary === undefined) expect(help).not.toMatch(new RegExp(`^  ${name}\\b`, 'm'));
      else
        expect(help.indexOf(`${group}\n`), name).toBeLessThan(help.search(new RegExp(`^  ${name}\\b`, 'm')));
    }
    expect(COMMANDS.filter(({ summary }) => summary === undefined).map(({ name }) => name)).toEqual([
      'welcome',
      'stand-in',
    ]);
  });

  test('a command is given its arguments, the server, its options and the terminal, in this order', async () => {
    const given: unknown[][] = [];
    const row = COMMANDS.find(({ name }) => name === 'check') as CommandRow;
    const codes: number[] = [];
    const policyWrap = wrapProgram(async () => {});
    addCommands(policyWrap, ['mcp-x', '--y'], (code) => codes.push(code), ABOVE, [
      {
        ...row,
        load:
          async () =>
          async (...all: unknown[]) =>
            given.push(all),
      },
    ]);
    await policyWrap.parseAsync(['check', 'p.json', '--strict', '--no-install'], { from: 'user' });
    expect(codes).toEqual([1]);
    expect(given[0]?.slice(0, 3)).toEqual(['p.json', ['mcp-x', '--y'], { strict: true, install: false }]);
    expect(given[0]?.[3]).toMatchObject({ canAsk: expect.any(Boolean), env: process.env });
  });

  test.each(['-1', '1.5', 'ten', '1e3', '', '1234567890'])('log takes no --limit of %j', async (limit) => {
    const policyWrap = program();
    policyWrap.commands.find((each) => each.name() === 'log')?.configureOutput({ writeErr: () => {} });
    policyWrap.commands.find((each) => each.name() === 'log')?.exitOverride();
    await expect(policyWrap.parseAsync(['log', `--limit=${limit}`], { from: 'user' })).rejects.toThrow(
      'expected a number of lines',
    );
  });
});

describe('what programs and people read', () => {
  const STAND_IN = [process.execPath, BIN, 'stand-in', 'afip'];
  /** What a command is given before its options, and options that it needs. */
  const CASES: Readonly<Record<string, (played: Played) => [given: unknown[], options?: object]>> = {
    presets: () => [[undefined]],
    tools: () => [[undefined, STAND_IN], { preset: 'afip', install: false }],
    threats: () => [[STAND_IN], { preset: 'afip', install: false }],
    doctor: ({ db }) => [[[]], { db }],
    demo: () => [[]],
    check: (played) => [[policyIn(played), []], { install: false }],
    explain: (played) => [['t', []], { policy: policyIn(played), grant: 'default', db: played.db }],
    test: (played) => [[[casesIn(played)]]],
    status: ({ db }) => [[], { db }],
    log: ({ db }) => [[], { db, limit: 10 }],
    recommend: ({ db }) => [[], { db }],
    replay: (played) => [[policyIn(played)], { db: played.db }],
    approvals: ({ db }) => [[], { db }],
    notify: () => [[undefined, []]],
    history: () => [[undefined]],
    trust: ({ db }) => [['demo', undefined], { db, dryRun: true }],
  };
  const POLICY = { version: '1', default: 'allow' };
  const policyIn = (played: Played) => played.file('p.json', POLICY);
  const casesIn = (played: Played) =>
    played.file('cases.json', {
      policy: POLICY,
      cases: [{ name: 'a', call: { tool: 't' }, expect: { decision: 'allow' } }],
    });
  /** It needs an engine: test/e2e/team-commands.test.ts has one. */
  const ELSEWHERE = ['store'];
  const rows = COMMANDS.filter(
    ({ name, options = [] }) => !ELSEWHERE.includes(name) && options.some(({ long }) => long === '--json'),
  );

  /** Runs a command as a person or a program does. @returns what it wrote to standard output */
  async function written(
    row: CommandRow,
    played: Played,
    options: object,
    look: { hasColor?: boolean; columns?: number } = {},
  ): Promise<string> {
    const terminal = new FakeTerminal();
    terminal.env = process.env as Record<string, string>;
    Object.assign(terminal.out, look);
    if (row.name === 'clients') {
      using home = new Home();
      const { clients } = await import('../../src/cli/commands/clients.js');
      await clients(options, { ...home.io, out: terminal.out });
    } else {
      const [given, needed] = CASES[row.name]?.(played) ?? [];
      const io = row.aboutClients ? clientsTerminal(terminal) : terminal;
      await (await row.load(ABOVE, COMMANDS))(...(given ?? []), { ...needed, ...options }, io);
    }
    return terminal.out.text;
  }

  test.each(rows)('$name --json has a version, and nothing else on standard output', async (row) => {
    using played = new Played();
    played.play({ default: 'allow' }, [{ tool: 't', args: { a: 1 } }]);
    expect(JSON.parse(await written(row, played, { json: true }))).toMatchObject({ version: 1 });
  });

  /** What they say differs from run to run: paths of a home of its own, milliseconds. */
  const VARIES = ['clients', 'demo', 'doctor'];

  test.each(rows)('$name has no colour where none is wanted, and says the same in colours', async (row) => {
    using played = new Played();
    played.play({ default: 'allow' }, [{ tool: 't', args: { a: 1 } }]);
    const plain = await written(row, played, {}, { columns: 50 });
    expect(plain).not.toContain('\u001b');
    if (VARIES.includes(row.name)) return;
    const colored = await written(row, played, {}, { columns: 50, hasColor: true });
    expect(stripVTControlCharacters(colored)).toBe(plain);
  });
});

test('what starts this installation is there, whether from the sources or from the bundles', () => {
  const { node, script } = thisWrapper();
  expect([node, script]).toEqual([process.execPath, BIN]);
  expect(existsSync(script)).toBe(true);
});

describe('only the terminal and the installation know the process', () => {
  const FREE = ['terminal.ts', 'this-installation.ts'];
  const sources = readdirSync('src/cli', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !FREE.includes(name),
  );
  test.each(sources)('%s', (name) => {
    const text = readFileSync(join('src/cli', name), 'utf8').replace(/child-process\.js/g, '');
    expect(text).not.toMatch(/\bprocess\.[a-z]|\bconsole\.|'node:process'|\bglobalThis\b/);
  });
});
