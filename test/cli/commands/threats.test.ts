import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toolPage } from '../../../src/cli/tool-page.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { command } from '../../support/command.js';
import { RECORDER, Rig } from '../../support/rig.js';

const recorder = (tools: readonly string[]) => ['--', process.execPath, RECORDER, JSON.stringify({ tools })];

test('the patterns that a server opens, as text, as JSON, as SARIF, and for CI', async () => {
  await using rig = new Rig();
  const policy = join(rig.folder, 'p.json');
  writeFileSync(
    policy,
    JSON.stringify({ version: '1', default: 'allow', tools: { delete_page: { action: 'approve' } } }),
  );
  const server = recorder(['get_page', 'delete_page']);
  const text = await command(rig, ['threats', '-p', policy, ...server]);
  expect(text).toMatchObject({ code: 0 });
  expect(text.stdout).toMatch(
    /^destructive-guess +countered +delete_page +\/tools\/delete_page\/action \(asks\)$/m,
  );
  expect(text.stdout).toMatch(/^runaway-loop +partly +get_page/m);
  expect(text.stdout).toContain('"counter": "calls"');

  const asJson = await command(rig, ['threats', '-p', policy, '--json', ...server]);
  const { patterns } = JSON.parse(asJson.stdout) as {
    patterns: { id: string; state: string; closes?: object }[];
  };
  expect(patterns.find(({ id }) => id === 'rug-pull')).toMatchObject({
    state: 'open',
    closes: {
      [Object.keys(patterns.find(({ id }) => id === 'rug-pull')?.closes ?? {})[0] ?? '']: { pin: 'hold' },
    },
  });
  expect(patterns.find(({ id }) => id === 'lethal-trifecta')?.state).toBe('not opened');

  const sarif = JSON.parse((await command(rig, ['threats', '-p', policy, '--sarif', ...server])).stdout);
  expect(sarif.version).toBe('2.1.0');
  const [run] = sarif.runs;
  expect(run.results.length).toBeGreaterThan(0);
  for (const { ruleId, ruleIndex } of run.results) expect(run.tool.driver.rules[ruleIndex].id).toBe(ruleId);

  expect(await command(rig, ['threats', '-p', policy, '--check', ...server])).toMatchObject({ code: 4 });
  const open = patterns.filter(({ state }) => state === 'open' || state === 'partly').map(({ id }) => id);
  const accepted = ['threats', '-p', policy, '--check', '--accept', open.join(','), ...server];
  expect(await command(rig, accepted)).toMatchObject({ code: 0 });
  expect(await command(rig, ['threats', '--accept', 'rug-pul', ...server])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('rug-pull'),
  });
});

test('the rule of a page is one that check accepts', () => {
  const inputSchema = {
    type: 'object',
    properties: { amount: { type: 'number' }, payee: { type: 'string' } },
    required: ['amount', 'payee'],
  };
  const tool = { name: 'create_payment', description: 'Pays.', inputSchema };
  const { rule, patterns } = toolPage({ server: 'bank', tools: [tool] }, tool, 'allow');
  expect(patterns.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['fraud-in-slices', 'consent-fatigue']),
  );
  const policy = { version: '1', default: 'deny', tools: { create_payment: rule } };
  const loaded = loadPolicy(JSON.stringify(policy), 'p');
  expect(loaded.problems).toEqual([]);
  expect(loaded.policy?.tools.get('create_payment')?.limits.map(({ counter }) => counter)).toEqual([
    'create_payment amount',
    'create_payment once',
  ]);
});

test('what stands under "Recommended" can be pasted as it is, anywhere under "tools", and keeps what the policy says', async () => {
  await using rig = new Rig();
  const policy = join(rig.folder, 'p.json');
  const rules = { 'delete_*': { limits: [{ counter: 'c', window: 'day', max: 1 }] } };
  writeFileSync(policy, JSON.stringify({ version: '1', default: 'allow', tools: rules }));
  const page = await command(rig, [
    'tools',
    'delete_page',
    '-p',
    policy,
    ...recorder(['get_page', 'delete_page']),
  ]);
  const lines = page.stdout.split('\n');
  const from = lines.findIndex((line) => line.startsWith('Recommended')) + 1;
  const members = lines.slice(from, lines.indexOf('', from)).join('\n');
  for (const text of [members, `${members} "other": {}`, `"other": {}, ${members}`]) {
    const loaded = loadPolicy(`{ "version": "1", "default": "allow", "tools": { ${text} } }`, 'p');
    expect(loaded.problems).toEqual([]);
    const entry = loaded.policy?.tools.get('delete_page');
    expect(entry?.limits.map(({ counter }) => counter)).toEqual(['c', 'delete_page calls']);
  }
  // The text of the pattern itself, since its page does not ship.
  expect(page.stdout).toContain('An agent meets an error and repairs it by a guess');
  expect(page.stdout).not.toContain('docs/threats');
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(120);
});

test('in a pipe lines stay as short as in a terminal, and each opening has what closes it', async () => {
  await using rig = new Rig();
  const policy = join(rig.folder, 'p.json');
  writeFileSync(policy, JSON.stringify({ version: '1', default: 'allow' }));
  const names = Array.from({ length: 12 }, (_, n) => `delete_what_is_in_the_page_${n}`);
  const server = recorder(['get_page', ...names]);
  const { stdout } = await command(rig, ['threats', '-p', policy, ...server]);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  const asJson = await command(rig, ['threats', '-p', policy, '--json', ...server]);
  const { patterns } = JSON.parse(asJson.stdout);
  const guess = patterns.find(({ id }: { id: string }) => id === 'destructive-guess');
  expect(guess.openings).toHaveLength(12);
  for (const { tools, closes, attacks } of guess.openings) {
    const [part] = Object.values(closes) as { tools: object }[];
    expect(Object.keys(part?.tools ?? {})).toEqual([tools[0].tool]);
    expect(attacks).toEqual([{ name: 'one call', passes: true }]);
  }
});

test('the page of one tool, and what definitions cost', async () => {
  await using rig = new Rig();
  const policy = join(rig.folder, 'p.json');
  writeFileSync(policy, JSON.stringify({ version: '1', default: 'allow', hide: ['purge_*'] }));
  const server = recorder(['get_page', 'delete_page', 'purge_cache']);
  const page = await command(rig, ['tools', 'delete_page', '-p', policy, ...server]);
  expect(page).toMatchObject({ code: 0 });
  expect(page.stdout).toContain('class     Destructive, risk critical');
  expect(page.stdout).toContain('How do I block delete_page?');
  expect(page.stdout).toContain('Related tools: get_page');
  const json = JSON.parse(
    (await command(rig, ['tools', 'delete_page', '--json', '-p', policy, ...server])).stdout,
  );
  expect(json).toMatchObject({ name: 'delete_page', class: 'Destructive', rule: { action: 'approve' } });
  expect(json.tokens).toBeGreaterThan(0);

  const cost = JSON.parse(
    (await command(rig, ['tools', '--cost', '--json', '-p', policy, ...server])).stdout,
  );
  const sum = (visible: boolean) =>
    cost.tools
      .filter((tool: { visible: boolean }) => tool.visible === visible)
      .reduce((total: number, { tokens }: { tokens: number }) => total + tokens, 0);
  expect(cost.tokens).toEqual({ visible: sum(true), hidden: sum(false) });
  expect(cost.tools.find(({ name }: { name: string }) => name === 'purge_cache').visible).toBe(false);

  expect(await command(rig, ['tools', 'delete_pages', ...server])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('delete_page'),
  });
});
