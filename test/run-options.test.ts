import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runCommand } from '../src/options.js';
import { RUN_OPTIONS, readRunOptions } from '../src/run-options.js';

/** What commander makes of the same words; undefined when it refuses them. */
function byCommander(words: readonly string[]): unknown {
  const command = runCommand()
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} });
  try {
    command.parse([...words], { from: 'user' });
    return command.opts();
  } catch {
    return undefined;
  }
}

const MIB = 1 << 20;

test.each<[string, object]>([
  ['', {}],
  ['-p a.json', { policy: 'a.json' }],
  ['--policy a.json --db s.db', { policy: 'a.json', db: 's.db' }],
  ['--policy=a.json', { policy: 'a.json' }],
  ['--server=a=b', { server: 'a=b' }],
  ['--grant ana --server x --preset afip', { grant: 'ana', server: 'x', preset: 'afip' }],
  ['--grant a --grant b', { grant: 'b' }],
  ['--observe --no-install', { observe: true, install: false }],
  ['--synchronous full', { synchronous: 'full' }],
  ['--max-client-line 2 --max-server-line=0.5', { maxClientLine: 2 * MIB, maxServerLine: MIB / 2 }],
])('without commander: %s', (line, expected) => {
  const words = line.split(' ').filter(Boolean);
  const defaults = {
    grant: 'default',
    install: true,
    maxClientLine: 16 * MIB,
    maxServerLine: 64 * MIB,
    synchronous: 'normal',
  };
  expect(readRunOptions(words)).toEqual({ ...defaults, ...expected });
  expect(byCommander(words)).toEqual({ ...defaults, ...expected });
});

test.each([
  '--help',
  '-h',
  '-pfile',
  '-p=file',
  '--policy',
  '--policy=',
  '--policy --db x',
  '--polic x',
  '--install',
  '--observe=yes',
  '--max-client-line 0',
  '--max-client-line much',
  '--synchronous off',
  'word',
])('left to commander, which has the words for what is wrong: %s', (line) => {
  expect(readRunOptions(line.split(' '))).toBeUndefined();
});

test('what is read without commander is read as commander reads it', () => {
  const flags = RUN_OPTIONS.flatMap(({ flags }) => flags.replace(/ <.*/, '').split(', '));
  const value = fc.constantFrom('a.json', '16', '0', '-1', '', '-', '--', 'a=b', '=', ' ', '1e3');
  const word = fc.oneof(
    fc.constantFrom(...flags),
    value,
    fc.tuple(fc.constantFrom(...flags), value).map(([flag, text]) => `${flag}=${text}`),
    fc.constantFrom('-px', '--grant=', '--unknown', '--help', '-h', '--polic', '__proto__', '--constructor'),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      const options = readRunOptions(words);
      if (options === undefined) return;
      taken += 1;
      expect(byCommander(words)).toEqual(options);
    }),
    { numRuns: 5000 },
  );
  expect(taken).toBeGreaterThan(100);
});
