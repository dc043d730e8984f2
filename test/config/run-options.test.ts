import { expect, test } from 'vitest';
import { wrapProgram } from '../../src/cli/options.js';
import { RUN_OPTIONS, type RunOptions, VALUED } from '../../src/config/run-options.js';
import { takeApart } from '../../src/main.js';

/** What a wrapper is told by this command line; undefined when it is refused. */
async function told(words: readonly string[]): Promise<RunOptions | undefined> {
  let options: RunOptions | undefined;
  const program = wrapProgram(async (given) => {
    options = given;
  });
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
  try {
    await program.parseAsync([...takeApart([...words, '--', 'mcp-afip']).own], { from: 'user' });
    return options;
  } catch {
    return undefined;
  }
}

const MIB = 1 << 20;

test.each<[string, object]>([
  ['', {}],
  ['run', {}],
  ['-p a.json', { policy: 'a.json' }],
  ['-pa.json', { policy: 'a.json' }],
  ['--policy a.json --db s.db', { policy: 'a.json', db: 's.db' }],
  ['--policy=a.json', { policy: 'a.json' }],
  ['--server=a=b', { server: 'a=b' }],
  ['--grant ana --server x --preset afip', { grant: 'ana', server: 'x', preset: 'afip' }],
  ['--grant a --grant b', { grant: 'b' }],
  ['--observe --no-install', { observe: true, install: false }],
  ['--synchronous full', { synchronous: 'full' }],
  ['--max-client-line 2 --max-server-line=0.5', { maxClientLine: 2 * MIB, maxServerLine: MIB / 2 }],
])('a wrapper is told: %s', async (line, expected) => {
  const defaults = {
    grant: 'default',
    install: true,
    maxClientLine: 16 * MIB,
    maxServerLine: 64 * MIB,
    storeOffline: 'refuse',
    synchronous: 'normal',
  };
  expect(await told(line.split(' ').filter(Boolean))).toEqual({ ...defaults, ...expected });
});

test.each([
  '--help',
  '-h',
  '--policy',
  '--polic x',
  '--observe=yes',
  '--max-client-line 0',
  '--max-client-line much',
  '--synchronous off',
  'run word',
])('a wrapper does not start with: %s', async (line) => {
  expect(await told(line.split(' '))).toBeUndefined();
});

test('every option that takes a value is known as one, in each of its spellings', async () => {
  const command = wrapProgram(async () => {}).commands.find((each) => each.name() === 'run');
  const valued = command?.options.filter(({ required }) => required) ?? [];
  expect([...VALUED].sort()).toEqual(
    valued.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined)).sort(),
  );
  expect(command?.options).toHaveLength(RUN_OPTIONS.length);
});
