import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { lintPolicy } from '../../src/advice/lint.js';
import { classify } from '../../src/catalog/classify.js';
import { proposePolicy } from '../../src/catalog/propose.js';
import { AFIP_TOOLS } from '../../src/catalog/servers/afip/tools.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import { isVisible } from '../../src/policy/evaluate/resolve.js';
import type { Policy } from '../../src/policy/model.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { printableJson } from '../../src/text/escape.js';

const propose = (tools: readonly ToolDefinition[]) =>
  proposePolicy('some-server', tools, { schema: './policy.schema.json', date: '2026-11-22' });

function load(text: string): Policy {
  const loaded = loadPolicy(text, 'proposed');
  expect(loaded.problems).toEqual([]);
  return loaded.policy!;
}

const judge = (policy: Policy, tool: string) => evaluate(policy, { tool, args: {}, env: {} });

describe('what it says', () => {
  const policy = load(
    propose([
      { name: 'get_user' },
      { name: 'update_user' },
      { name: 'run_command' },
      { name: 'delete_user' },
      { name: 'create_payment' },
      { name: 'frobnicate' },
    ]).text,
  );

  test('Read is allowed', () => {
    expect(judge(policy, 'get_user')).toEqual({ kind: 'open', charges: [], ask: undefined });
  });

  test.each([
    ['update_user', 30],
    ['run_command', 10],
  ])('%s is limited to %d a minute', (tool, max) => {
    const evaluation = judge(policy, tool);
    expect(evaluation).toMatchObject({ kind: 'open', ask: undefined });
    const limits = evaluation.kind === 'open' ? evaluation.charges.map(({ limit }) => limit) : [];
    expect(limits.map((limit) => [limit.max.toNumber(), limit.windowMs])).toEqual([[max, 60_000]]);
  });

  test.each(['create_payment', 'frobnicate'])('%s asks a person', (tool) => {
    expect(judge(policy, tool)).toMatchObject({ kind: 'open', ask: { code: 'APPROVAL_REQUIRED' } });
  });

  test('Destructive is hidden', () => {
    expect(judge(policy, 'delete_user')).toEqual({ kind: 'hidden' });
    expect(isVisible(policy, 'delete_user')).toBe(false);
  });

  test('what is not listed is refused', () => {
    expect(judge(policy, 'get_users')).toMatchObject({ refusal: { code: 'NOT_LISTED' } });
  });

  test('each tool has its evidence beside it, and the file its schema', () => {
    const { text, counts } = propose([{ name: 'get_user' }, { name: 'create_payment' }]);
    expect(text).toMatch(/"get_user": \{\n\s+\/\/ low: name: "get"\n/);
    expect(text).toMatch(/"create_payment": \{\n\s+\/\/ critical: name: "create" of "payment"\n/);
    expect(text).toContain('"$schema": "./policy.schema.json"');
    expect(counts).toMatchObject({ Read: 1, Financial: 1, Write: 0 });
  });

  test('no tools at all is a policy that refuses everything', () => {
    expect(load(propose([]).text)).toMatchObject({ default: 'deny' });
  });

  test('of two tools with one name the worse counts', () => {
    const mild = { name: 'handle', description: 'Gets a user.' };
    const severe = { name: 'handle', description: 'Deletes a user.' };
    for (const tools of [
      [mild, severe],
      [severe, mild],
    ])
      expect(judge(load(propose(tools).text), 'handle')).toEqual({ kind: 'hidden' });
  });
});

describe('names', () => {
  test.each(['*', 'get_*', '*user', 'get_*_by_id'])('%s is refused, and speaks for no other tool', (name) => {
    const { text, unlisted } = propose([{ name }, { name: 'delete_user' }, { name: 'get_user' }]);
    const policy = load(text);
    expect(unlisted).toEqual([name]);
    expect(policy.patterns).toEqual([]);
    expect(judge(policy, name)).toMatchObject({ refusal: { code: 'NOT_LISTED' } });
    expect(judge(policy, 'get_all_by_id')).toMatchObject({ refusal: { code: 'NOT_LISTED' } });
    expect(judge(policy, 'get_user')).toMatchObject({ kind: 'open' });
    expect(judge(policy, 'delete_user')).toEqual({ kind: 'hidden' });
  });

  test.each([
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'get"x',
    'get\\x',
    'get }, /x/ y',
    'get // x',
    'get\n"x": {} //',
    'get\r\nx',
    'get\u2028x',
    'get\u2029x',
    'get\u0085x',
    'get\u202ex',
    'get\u0000x',
    'get\ud800x',
    'get\u001b[2Jx',
    'get🧾',
    '$schema',
    'version',
  ])('%j is listed as it is', (name) => {
    const { text } = propose([{ name, description: `${name} "} // */` }]);
    expect([...load(text).tools.keys()]).toEqual([name]);
  });

  test('names that differ in case alone each have their own entry', () => {
    const policy = load(propose([{ name: 'GET_x' }, { name: 'get_x' }]).text);
    expect([...policy.tools.keys()]).toEqual(['GET_x', 'get_x']);
  });

  test('2,000 tools are listed; what would make the file too long is refused', () => {
    const many = Array.from({ length: 2000 }, (_, i) => ({ name: `get_${i}` }));
    expect(load(propose(many).text).tools.size).toBe(2000);
    const long = Array.from({ length: 1500 }, (_, i) => ({ name: `get_${i}_${'\u202e'.repeat(400)}` }));
    const { text, unlisted, counts } = propose([...long, { name: 'get'.repeat(1000) }]);
    const policy = load(text);
    expect(unlisted.length).toBeGreaterThan(100);
    expect(policy.tools.size).toBe(counts.Read);
    expect(unlisted.length + counts.Read).toBe(1501);
    for (const name of unlisted.slice(-3))
      expect(judge(policy, name)).toMatchObject({ refusal: { code: 'NOT_LISTED' } });
  });
});

/** Words that a text could try to leave a comment or a string with, among any other characters. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom(
        '\n',
        '\r',
        '\u2028',
        '*/',
        '/*',
        '//',
        '"',
        '\\',
        '}',
        ',',
        '"default": "allow"',
        '*',
        'get_',
        'delete_',
        'pay',
      ),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

const definition = fc.record({
  name: hostile,
  description: hostile,
  inputSchema: fc
    .dictionary(hostile, fc.constantFrom({ type: 'number' }, { type: 'string', enum: ['delete'] }))
    .map((properties) => ({ type: 'object', properties, required: Object.keys(properties) })),
});

test('what it writes for mcp-afip has nothing that the linter finds fault with', () => {
  const loaded = loadPolicy(propose(AFIP_TOOLS).text, 'proposed');
  expect(loaded.policy && lintPolicy(loaded, AFIP_TOOLS)).toEqual([]);
});

test('whatever a server says, the policy loads without a problem and holds nothing but an entry a tool', () => {
  fc.assert(
    fc.property(fc.array(definition, { maxLength: 8 }), (tools) => {
      const { text, unlisted } = propose(tools);
      const policy = load(text);
      expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(policy).toMatchObject({ default: 'deny', hide: [], patterns: [] });
      expect(Object.keys(parse(text))).toEqual(['$schema', 'version', 'default', 'tools']);
      const listed = new Set(tools.map(({ name }) => name).filter((name) => !unlisted.includes(name)));
      expect([...policy.tools.keys()].sort()).toEqual([...listed].sort());
      for (const tool of tools) {
        // A name that is listed twice is taken for the worst that is said of it, and money is worse than deletion.
        const classes = tools.filter(({ name }) => name === tool.name).map((one) => classify(one).class);
        const found = judge(policy, tool.name);
        if (classes.includes('Financial')) {
          if (found.kind === 'open') expect(found.ask).toBeDefined();
        } else if (classes.includes('Destructive')) expect(found.kind).not.toBe('open');
      }
    }),
    { numRuns: 300 },
  );
});

describe('spending limits', () => {
  /** Takes off the marks, as the comment says. */
  const uncommented = (text: string) => text.replace(/^( +)\/\/ (?=("limits": \[| {2}\{ |\],))/gm, '$1');

  test('are comments until a person takes off the marks, and then charge what they name', () => {
    const schema = {
      type: 'object',
      properties: { amount_total: { type: 'number' }, amount_net: { type: 'number' } },
      required: ['amount_total'],
    };
    const { text } = propose([{ name: 'create_invoice', inputSchema: schema }]);
    expect(load(text).tools.get('create_invoice')?.limits).toEqual([]);
    const policy = load(uncommented(text));
    const call = { tool: 'create_invoice', args: { amount_total: 250 }, env: {} };
    const evaluation = evaluate(policy, call);
    const charges = evaluation.kind === 'open' ? evaluation.charges : [];
    expect(charges.map(({ amount, limit }) => [String(amount), limit.windowText])).toEqual([['250', 'day']]);
  });

  test('add up what stands in a list', () => {
    const items = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] };
    const inputSchema = { type: 'object', properties: { orders: { type: 'array', items } } };
    const policy = load(uncommented(propose([{ name: 'buy_many', inputSchema }]).text));
    expect(policy.tools.get('buy_many')?.limits).toMatchObject([
      { amount: { kind: 'sum', path: { text: 'args.orders[*].amount' } } },
    ]);
  });

  test('are proposed neither for what is read nor for what is hidden', () => {
    const inputSchema = { type: 'object', properties: { amount: { type: 'number' } } };
    for (const name of ['get_quote', 'delete_order'])
      expect(propose([{ name, inputSchema }]).text).not.toContain('"limits"');
  });

  test('load for arguments of any name', () => {
    // Longer ones are no amounts (200 characters), and escaped make paths that are not proposed (512).
    const word = fc
      .tuple(hostile, fc.constant('amount'), hostile)
      .map((parts) => parts.join(' '))
      .filter((name) => printableJson(name).length <= 200);
    fc.assert(
      fc.property(fc.uniqueArray(word, { maxLength: 3 }), (names) => {
        const properties = Object.fromEntries(names.map((name) => [name, { type: 'number' }]));
        const inputSchema = { type: 'object', properties, required: names };
        const policy = load(uncommented(propose([{ name: 'pay_order', inputSchema }]).text));
        const steps = policy.tools
          .get('pay_order')
          ?.limits.map(({ amount }) => (amount.kind === 'value' ? amount.path.steps : []));
        expect(steps).toEqual(names.map((name) => [name]));
      }),
      { numRuns: 200 },
    );
  });
});
