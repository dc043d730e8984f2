import { describe, expect, test } from 'vitest';
import { inventory } from '../../../src/cli/commands/tools.js';
import { effectOf } from '../../../src/cli/effect-parts.js';
import { stack } from '../../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { command } from '../../support/command.js';
import { RECORDER, Rig } from '../../support/rig.js';

const recorder = (options: object) => ['--', process.execPath, RECORDER, JSON.stringify(options)];

describe('what the policy does with a tool', () => {
  const holds = [{ conditions: [{ path: 'args.a', op: 'exists' }] }];
  const limit = { counter: 'c', window: 'minute', max: 30 };
  test.each([
    ['allow', {}],
    ['allow', { action: 'allow' }],
    ['hide', { action: 'hide' }],
    ['deny', { action: 'deny' }],
    ['deny', { limits: [{ ...limit, max: 0 }] }],
    ['ask', { action: 'approve' }],
    ['ask sometimes', { approve_if: holds }],
    ['conditions', { require: holds }],
    ['conditions', { deny_if: holds }],
    ['conditions', { hours: { days: 'mon' } }],
    ['conditions', { before: [{ tools: ['preview'] }] }],
    ['conditions', { arguments: 'declared' }],
    ['limit 30/minute', { limits: [limit] }],
    ['limit 10/15 minutes', { rate_limit: '10/15m' }],
    ['limit 500 of args.total/minute', { limits: [{ ...limit, max: 500, amount: 'args.total' }] }],
    ['ask sometimes; limit 30/minute', { limits: [{ ...limit, on_exceed: 'approve' }] }],
    ['ask; limit 30/minute; conditions', { action: 'approve', limits: [limit], require: holds }],
    [
      'limit 1/minute, 2/minute, 3/minute; 1 more limits',
      { limits: [1, 2, 3, 4].map((max) => ({ counter: `c${max}`, window: 'minute', max })) },
    ],
  ])('%s: %j', (effect, entry) => {
    const { policy, problems } = loadPolicy(
      JSON.stringify({ version: '1', default: 'deny', tools: { t: entry } }),
      'p',
    );
    expect(problems).toEqual([]);
    expect(effectOf(stack(policy!), 't')).toBe(effect);
    expect(effectOf(stack(policy!), 'other')).toBe('not listed');
  });

  test('all_tools counts too, and default allow is allow', () => {
    const text = JSON.stringify({
      version: '1',
      default: 'allow',
      hide: ['x*'],
      all_tools: { limits: [limit] },
    });
    const { policy } = loadPolicy(text, 'p');
    expect(effectOf(stack(policy!), 'any')).toBe('limit 30/minute');
    expect(effectOf(stack(policy!), 'xy')).toBe('hide');
    expect(effectOf(undefined, 'any')).toBe('no policy');
  });
});

test('of a policy and what it extends the stricter counts', () => {
  const policyOf = (tools: object) =>
    loadPolicy(JSON.stringify({ version: '1', default: 'deny', tools }), 'p').policy!;
  const own = policyOf({ a: {}, b: {}, c: { rate_limit: '5/minute' }, d: {}, e: {} });
  const general = policyOf({
    a: {},
    b: { action: 'hide' },
    c: { rate_limit: '9/hour' },
    d: { action: 'deny' },
  });
  const effects = ['a', 'b', 'c', 'd', 'e'].map((tool) => effectOf(stack(own, [general]), tool));
  expect(effects).toEqual(['allow', 'hide', 'limit 9/hour, 5/minute', 'deny', 'not listed']);
});

test('the most severe tools come first', () => {
  const names = ['get_a', 'frob', 'update_a', 'run_command', 'pay_bill', 'delete_b', 'delete_a'];
  const rows = inventory(
    names.map((name) => ({ name })),
    undefined,
  );
  expect(rows.map(({ name, risk }) => `${name} ${risk}`)).toEqual([
    'delete_a critical',
    'delete_b critical',
    'pay_bill critical',
    'run_command high',
    'update_a medium',
    'frob low',
    'get_a low',
  ]);
});

describe('policy-wrap tools', () => {
  test('--json is what programs are promised', async () => {
    await using rig = new Rig();
    const policy = rig.file('p.json', { version: '1', default: 'deny', tools: { get_user: {} } });
    const { code, stdout } = await command(rig, [
      'tools',
      '--json',
      ...['--policy', policy, '--server', 'mine'],
      ...recorder({ tools: ['get_user', 'delete_user'] }),
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      server: 'mine',
      tools: [
        {
          name: 'delete_user',
          class: 'Destructive',
          risk: 'critical',
          reason: 'name: "delete"',
          policy: 'not listed',
          findings: [],
        },
        {
          name: 'get_user',
          class: 'Read',
          risk: 'low',
          reason: 'name: "get"',
          policy: 'allow',
          findings: [],
        },
      ],
    });
  });

  test('2,000 tools on 40 pages are all there, and a preset may be named', async () => {
    await using rig = new Rig();
    const names = Array.from({ length: 2000 }, (_, i) => `get_${i}`);
    // The list is too long for a command line: the server makes it itself.
    const server = `const tools = Array.from({ length: 2000 }, (_, i) => 'get_' + i);
      process.argv[2] = JSON.stringify({ tools, pages: 40 }); await import(${JSON.stringify(RECORDER)});`;
    const args = ['tools', '--json', '--preset', 'afip', '--', process.execPath];
    const { stdout } = await command(rig, [...args, rig.file('server.mjs', server)]);
    const rows: { name: string; policy: string }[] = JSON.parse(stdout).tools;
    expect(rows.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(new Set(rows.map(({ policy }) => policy))).toEqual(new Set(['not listed']));
  });

  test('hostile names cannot steer the terminal or make a line of their own', async () => {
    await using rig = new Rig();
    const name = 'get\u001b[2J\u009b\u202e\nall_is_well  Read';
    const tool = { name, description: 'x\u001b]0;title\u0007', inputSchema: { type: 'object' } };
    for (const json of [[], ['--json']]) {
      const { stdout } = await command(rig, ['tools', ...json, ...recorder({ tools: [tool, '\u2028'] })]);
      expect(stdout).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(stdout).not.toMatch(/^all_is_well/m);
    }
  });

  test.each([
    ['no server', ['tools'], 2, 'no server'],
    ['an invalid policy', ['tools', '--policy', 'bad.json', ...recorder({})], 3, 'bad.json:1:1'],
    ['a server that is not there', ['tools', '--', 'no-such-server'], 127, 'no-such-server'],
    ['a server that says nothing', ['tools', '--', process.execPath, '-e', ''], 1, 'did not list its tools'],
  ])('%s', async (_, args, code, says) => {
    await using rig = new Rig();
    rig.file('bad.json', '{}');
    const finished = await command(rig, args);
    expect(finished).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(says) });
  });
});
