import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lintPolicy } from '../../src/advice/lint.js';
import { THREATS } from '../../src/catalog/threats/threats.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';
import { test as runCases } from '../../src/cli/commands/test.js';
import { coverageOf } from '../../src/cli/threats/coverage.js';
import type { Held } from '../../src/cli/threats/held.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { asksAlways, fixOf, hasCases, heldBy, policyWith, threatFiles } from '../support/threat-docs.js';

const stateOf = (held: readonly Held[], id: string) =>
  coverageOf(
    held,
    THREATS.filter((threat) => threat.id === id),
  )[0]?.state;
const withCases = THREATS.filter(hasCases);

describe.each(THREATS.map((threat) => [threat.id, threat] as const))('%s', (_, threat) => {
  test('is opened by its example, countered by its rule, and open without it', () => {
    const [without] = coverageOf(heldBy(threat, 'nothing'), [threat]);
    const [withRule] = coverageOf(heldBy(threat, fixOf(threat)), [threat]);
    expect(without?.openings.length).toBeGreaterThan(0);
    const [open, closed] = threat.sight === 'none' ? ['not seen', 'not seen'] : ['open', 'countered'];
    expect([without?.state, withRule?.state]).toEqual([open, closed]);
  });

  test('has a rule that loads without a problem, and that check finds nothing wrong with', () => {
    for (const { server, tools } of threat.example) {
      const loaded = loadPolicy(JSON.stringify(policyWith(fixOf(threat)[server])), server);
      expect(loaded.problems).toEqual([]);
      const errors = lintPolicy(loaded as never, tools, []).filter(({ severity }) => severity === 'error');
      expect(errors).toEqual([]);
    }
  });

  test('says what it is, where it is from, and what is left', () => {
    expect(threat.id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(threat.sources.length).toBeGreaterThan(0);
    for (const { url } of threat.sources) expect(new URL(url).protocol).toBe('https:');
    for (const text of [threat.how, threat.rule, threat.leaves]) expect(text).toMatch(/\.$|\)$/);
  });

  test('is not opened by a server without tools', () => {
    expect(threat.openings([{ server: 'empty', tools: [] }])).toEqual([]);
  });
});

describe('the case file of each pattern runs both ways', () => {
  const run = async (file: string) => {
    let text = '';
    const write = async (part: string) => {
      text += part;
      return true;
    };
    const code = await runCases([file], { json: true }, { out: { write } } as never);
    return { code, cases: (JSON.parse(text) as { cases: { actual: { decision: string } }[] }).cases };
  };

  test.each(withCases.map((threat) => [threat.id, threat] as const))('%s', async (id, threat) => {
    const file = resolve(`test/cases/threats/${id}.json`);
    expect(await run(file)).toMatchObject({ code: 0 });
    const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-threats-'));
    try {
      const without = join(folder, 'without.json');
      const base = threat.sight === 'asks' ? asksAlways(threat) : undefined;
      const cases = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(without, JSON.stringify({ ...cases, policy: policyWith(base) }));
      const outcome = await run(without);
      const passes = threat.sight === 'asks' ? 'ask' : 'allow';
      expect(outcome.cases.map(({ actual }) => actual.decision)).toEqual(cases.cases.map(() => passes));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('in step with the table, which npm run docs:threats writes', () => {
  test.each([...threatFiles()])('in step: %s', async (path, text) => {
    await expect(text).toMatchFileSnapshot(resolve(path));
  });
});

describe('decided by the calls of the attack, and not by words in the policy', () => {
  const SHELL: ToolDefinition = {
    name: 'run_command',
    description: 'Runs a command.',
    inputSchema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
  };
  const held = (policy: object, tools: readonly ToolDefinition[] = [SHELL]): Held[] => {
    const loaded = loadPolicy(JSON.stringify({ version: '1', default: 'allow', ...policy }), 'p');
    expect(loaded.problems).toEqual([]);
    return [{ server: 'one', tools, policy: stack(loaded.policy!) }];
  };
  const entryWith = (name: string, members: object) => ({ tools: { [name]: members } });
  const require = (path: string, op: string, value: unknown) => ({
    require: [{ conditions: [{ path, op, value }] }],
  });

  test.each<[string, object, string]>([
    [
      'an anchored list',
      entryWith('run_command', require('args.command', 'regex', '^git status$')),
      'countered',
    ],
    [
      'a regex that is not anchored',
      entryWith('run_command', require('args.command', 'regex', 'git status')),
      'partly',
    ],
    ['a list for another tool', entryWith('run_commands', require('args.command', 'regex', '^x$')), 'open'],
    ['a hidden tool', { hide: ['run_*'] }, 'countered'],
    ['a limit', entryWith('run_command', { rate_limit: '10/minute' }), 'open'],
    [
      'a requirement that the attacker meets',
      entryWith('run_command', require('env.HOME', 'exists', true)),
      'open',
    ],
  ])('command injection under %s: %s', (_, policy, state) => {
    const found = stateOf(held(policy), 'command-injection');
    // One attack that comes through is enough.
    expect(found).toBe(state === 'partly' ? 'open' : state);
  });

  const PAY: ToolDefinition = {
    name: 'pay',
    description: 'Pays.',
    inputSchema: {
      type: 'object',
      properties: { amount: { type: 'number' }, kind: { type: 'string' } },
      required: ['amount', 'kind'],
    },
  };
  const daily = { counter: 'c', window: 'day', max: 1000, amount: 'args.amount' };
  test.each<[string, object, string]>([
    ['nothing', {}, 'open'],
    ['a bound for one amount', require('args.amount', 'lte', 100), 'open'],
    ['a bound and a requirement that a sample does not meet', require('args.kind', 'in', ['a', 'b']), 'open'],
    ['a limit a minute', { rate_limit: '1/minute' }, 'open'],
    ['a sum a day', { limits: [daily] }, 'countered'],
    ['a sum a day that nobody reaches', { limits: [{ ...daily, max: 1e9 }] }, 'open'],
    ['a question', { action: 'approve' }, 'countered'],
  ])('fraud in slices under %s', (_, members, state) => {
    expect(stateOf(held(entryWith('pay', members), [PAY]), 'fraud-in-slices')).toBe(state);
  });

  test('a wrapper without a policy refuses all; without a wrapper nothing is refused', () => {
    const one = { server: 'one', tools: [PAY] };
    expect(stateOf([{ ...one, policy: 'none' }], 'fraud-in-slices')).toBe('countered');
    expect(stateOf([{ ...one, policy: 'unwrapped' }], 'fraud-in-slices')).toBe('open');
  });

  test('a reader that the rule forgot is enough for the trifecta, and so is a server that is not wrapped', () => {
    const threat = THREATS.find(({ id }) => id === 'lethal-trifecta')!;
    const [web, files, mail] = heldBy(threat, fixOf(threat)) as [Held, Held, Held];
    expect(stateOf([web, files, mail], threat.id)).toBe('countered');
    const other = { ...web.tools[0]!, name: 'get_issue', description: 'Gets an issue.' };
    expect(stateOf([{ ...web, tools: [...web.tools, other] }, files, mail], threat.id)).toBe('partly');
    expect(stateOf([{ ...web, policy: 'unwrapped' }, files, mail], threat.id)).toBe('open');
    expect(stateOf([web, mail], threat.id)).toBe('not opened');
  });

  test('a tool of the second server that looks like one of the first', () => {
    const threat = THREATS.find(({ id }) => id === 'tool-shadowing')!;
    const [files, notes] = heldBy(threat, 'nothing') as [Held, Held];
    expect(stateOf([files, notes], threat.id)).toBe('open');
    expect(stateOf([files], threat.id)).toBe('not opened');
  });
});
