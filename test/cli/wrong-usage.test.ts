import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { expect, test, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.js';
import { EXIT_MEANINGS, exitCodesText } from '../../src/cli/exit-codes.js';
import { wrapProgram } from '../../src/cli/options.js';
import { addCommands } from '../../src/cli/program.js';
import { EXIT } from '../../src/errors.js';
import { ABOVE } from '../support/above.js';
import { cli } from '../support/cli.js';

const env = { PATH: process.env.PATH };

test.each<[line: string, says: string]>([
  ['chekc', 'unknown command chekc\n  Did you mean "check"? If it is a server: policy-wrap -- chekc'],
  [
    'validate',
    'unknown command validate\n  Did you mean "check"? If it is a server: policy-wrap -- validate',
  ],
  ['status --sevrer x', 'unknown option --sevrer\n  Did you mean "--server"?'],
  ['--polcy p.json -- mcp-afip', 'unknown option --polcy\n  Did you mean "--policy"?'],
  ['status --zebra', 'unknown option --zebra\n  policy-wrap help status'],
  ['explain', 'missing required argument tool\n  policy-wrap help explain'],
  ['status x', 'too many arguments for status. Expected 0 arguments but got 1\n  policy-wrap help status'],
  ['log --limit ten', '--limit <lines>: not ten: expected a number of lines\n  policy-wrap help log'],
  ['export --format cvs', '--format <format>: "cvs" is none of jsonl, csv, ocsf\n  Did you mean "csv"?'],
  ['help chekc', 'there is no help for chekc\n  Did you mean "check"?'],
  ['help exit-code', 'there is no help for exit-code\n  Did you mean "exit-codes"?'],
])('policy-wrap %s', (line, says) => {
  expect(cli(line.split(' '), { env })).toEqual({ code: 2, stdout: '', stderr: `policy-wrap: ${says}\n` });
});

test.each(['-v', '--version'])('%s tells the version', (flag) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(cli([flag], { env })).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('the exit codes are in docs/commands.md as they are in the help', () => {
  const rows = [...readFileSync('docs/commands.md', 'utf8').matchAll(/^\| (\d+) \| (.*) \|$/gm)];
  const told = new Map(rows.map(([, code, meaning]) => [Number(code), meaning]));
  for (const key of Object.keys(EXIT) as (keyof typeof EXIT)[])
    expect(told.get(EXIT[key]), key).toBe(EXIT_MEANINGS[key]);
  const { code, stdout } = cli(['help', 'exit-codes'], { env: { ...env, COLUMNS: '200' } });
  expect({ code, stdout }).toEqual({ code: 0, stdout: exitCodesText({ columns: 200, hasColor: false }) });
});

/** What a shell does not break is not ours to break: the usage, the name of an option, an example. */
const UNBREAKABLE = /^(?:Usage: | {2}\S)/;

let said = '';
const policyWrap = wrapProgram(async () => {});
addCommands(policyWrap, [], () => {}, ABOVE);
for (const command of [policyWrap, ...policyWrap.commands])
  command.configureOutput({
    writeOut: (text) => {
      said += text;
    },
  });

/** What `policy-wrap help ...` prints, without a process for each. */
async function help(words: readonly string[], columns: number): Promise<string> {
  vi.stubEnv('COLUMNS', String(columns));
  said = '';
  try {
    await policyWrap.parseAsync(['help', ...words], { from: 'user' }).catch((error) => {
      if (!(error instanceof CommanderError)) throw error;
    });
    return said;
  } finally {
    vi.unstubAllEnvs();
  }
}

test.each([40, 60, 80, 200])('in %d columns the help is broken between words', async (columns) => {
  for (const words of [[], ...COMMANDS.filter(({ summary }) => summary).map(({ name }) => [name])]) {
    const shown = await help(words, columns);
    expect(shown, words.join()).toContain('Usage: ');
    const long = shown.split('\n').filter((line) => line.length > columns && !UNBREAKABLE.test(line));
    expect(long, words.join()).toEqual([]);
    for (const { name, summary } of COMMANDS)
      if (words.length === 0 && summary !== undefined)
        expect(shown.replace(/\s+/g, ' '), name).toContain(summary);
  }
});

test.each([
  [[], 40],
  [['install'], 60],
] as const)('the built command helps with %j in the same words', async (words, columns) => {
  const { code, stdout } = cli(['help', ...words], { env: { ...env, COLUMNS: String(columns) } });
  expect({ code, stdout }).toEqual({ code: 0, stdout: await help(words, columns) });
});
