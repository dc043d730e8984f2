import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { proposePolicy } from '../../src/catalog/propose.js';
import { KNOWN_SERVERS } from '../../src/catalog/servers.js';
import { STRENGTH_PRESETS } from '../../src/catalog/strengths.js';
import { environmentOf } from '../../src/catalog/threats/environment.js';
import type { ServerTools } from '../../src/catalog/threats/threat.js';
import { THREATS } from '../../src/catalog/threats/threats.js';
import { coverageOf, type State } from '../../src/cli/threats/coverage.js';
import type { Held } from '../../src/cli/threats/held.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../src/policy/read/load.js';

/** Ten servers with the names and the arguments of their tools; what is said of each is ours. */
const SERVERS = JSON.parse(readFileSync('test/fixtures/ten-servers.json', 'utf8')) as readonly ServerTools[];

function held(of: ServerTools, text: string): Held {
  const { policy, problems } = loadPolicy(text, `${of.server}.json`);
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return { ...of, policy: stack(policy!) };
}

const proposed = (of: ServerTools, strength: 'brake' | 'careful'): Held =>
  held(
    of,
    proposePolicy(strength, of.server, of.tools, { schema: './schema.json', date: '2026-11-26' }).text,
  );

const SIGNS: Readonly<Record<State, string>> = {
  countered: 'countered',
  partly: 'partly',
  open: 'OPEN',
  'not opened': '-',
  'not seen': '?',
};

/** A row for each pattern, a column for each server or policy. */
function matrix(
  title: string,
  columns: readonly (readonly [head: string, servers: readonly Held[]])[],
): string {
  const states = columns.map(([head, servers]) => [head, coverageOf(servers)] as const);
  const width = Math.max(...THREATS.map(({ id }) => id.length));
  const line = (first: string, cells: readonly string[]) =>
    `${first.padEnd(width)}  ${cells.map((cell, at) => cell.padEnd(Math.max(9, states[at]?.[0].length ?? 0))).join('  ')}`.trimEnd();
  return [
    title,
    line(
      '',
      states.map(([head]) => head),
    ),
    ...THREATS.map(({ id }, at) =>
      line(
        id,
        states.map(([, rows]) => SIGNS[rows[at]?.state ?? 'not seen']),
      ),
    ),
    '',
  ].join('\n');
}

test('the table over ten servers and the shipped presets is the one that was looked at', {
  // Some 60,000 calls are decided: 15 seconds of a processor, of which a loaded machine gives it a part.
  timeout: 600_000,
}, async () => {
  const shipped = KNOWN_SERVERS.flatMap(({ command, tools, presets, environment }) =>
    [...presets, ...STRENGTH_PRESETS.filter(({ name }) => name === 'brake' || name === 'careful')].map(
      (preset) =>
        [
          `${command}: ${preset.name}`,
          [held({ server: command, tools, environment: environmentOf(environment, []) }, preset.text)],
        ] as const,
    ),
  );
  const together = (strength: 'brake' | 'careful') =>
    ['all ten', SERVERS.map((of) => proposed(of, strength))] as const;
  const text = [
    matrix('brake', [
      ...SERVERS.map((of) => [of.server, [proposed(of, 'brake')]] as const),
      together('brake'),
    ]),
    matrix('careful', [
      ...SERVERS.map((of) => [of.server, [proposed(of, 'careful')]] as const),
      together('careful'),
    ]),
    matrix('shipped presets', shipped),
  ].join('\n');
  await expect(text).toMatchFileSnapshot(resolve('test/fixtures/threats-table.txt'));
});
