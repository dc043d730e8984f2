import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { lintPolicy } from '../../src/advice/lint.js';
import { classify } from '../../src/catalog/classify.js';
import { proposePolicy } from '../../src/catalog/propose.js';
import { AFIP_TOOLS } from '../../src/catalog/servers/afip/tools.js';
import { STRENGTH_NAMES, type Strength } from '../../src/catalog/strengths.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import { isVisible } from '../../src/policy/evaluate/resolve.js';
import type { Policy } from '../../src/policy/model.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { printableJson } from '../../src/text/escape.js';

const propose = (tools: readonly ToolDefinition[], strength: Strength = 'careful') =>
  proposePolicy(strength, 'some-server', tools, { schema: './policy.schema.json', date: '2026-11-22' });

function load(text: string): Policy {
  const loaded = loadPolicy(text, 'proposed');
  expect(loaded.problems).toEqual([]);
  return loaded.policy!;
}

const judge = (policy: Policy, tool: string) => evaluate(policy, { tool, args: {}, env: {} });

/** A tool of each class, one that gives out secrets, and an unknown one that its server calls destructive. */
const ONE_OF_EACH: readonly ToolDefinition[] = [
  { name: 'get_user' },
  { name: 'update_user' },
  { name: 'run_command' },
  { name: 'remove_user', description: 'Removes a user.' },
  { name: 'delete_user', description: 'Deletes a user.' },
  { name: 'create_payment' },
  { name: 'frobnicate' },
  { name: 'print_env' },
  { name: 'frobnicate_all', annotations: { destructiveHint: true } },
];
const EFFECTS: Readonly<Record<Strength, readonly string[]>> = {
  watch: Array(9).fill('allowed'),
  brake: ['allowed', 'limited', 'limited', 'asked', 'asked', 'asked', 'limited', 'allowed', 'limited'],
  careful: ['allowed', 'limited', 'limited', 'asked', 'hidden', 'asked', 'asked', 'asked', 'asked'],
  locked: Array(9).fill('refused'),
};

/** What a policy does with a tool, in the words of a proposal; limits over all tools are none of the tool's own. */
function effectOf(policy: Policy, tool: string): string {
  const found = judge(policy, tool);
  if (found.kind !== 'open') return found.kind;
  if (found.ask !== undefined) return 'asked';
  return found.charges.some(({ limit }) => limit.pointer.startsWith('/tools/')) ? 'limited' : 'allowed';
}

/** [counter, max, window in seconds] of what a call is charged. */
const chargesOf = (policy: Policy, tool: string) => {
  const found = judge(policy, tool);
  const charges = found.kind === 'open' ? found.charges : [];
  return charges.map(({ limit }) => [limit.counter, limit.max.toNumber(), limit.windowMs / 1000]);
};

describe.each(STRENGTH_NAMES)('%s', (strength) => {
  const { text, placed } = propose(ONE_OF_EACH, strength);
  const policy = load(text);

  test('does with each class what it says', () => {
    const expected = Object.fromEntries(ONE_OF_EACH.map(({ name }, at) => [name, EFFECTS[strength][at]]));
    expect(Object.fromEntries(placed.map(({ name, effect }) => [name, effect]))).toEqual(expected);
    for (const { name, effect } of placed) expect([name, effectOf(policy, name)]).toEqual([name, effect]);
  });

  test('says no more of itself than its policy does, of no tools and of odd ones', () => {
    expect(load(propose([], strength).text).default).toBe(policy.default);
    const odd = propose([{ name: 'delete_*', description: 'Deletes.' }, { name: '' }], strength);
    const loaded = load(odd.text);
    expect(odd.unlisted).toEqual(
      strength === 'watch' || strength === 'locked' ? ['', 'delete_*'] : ['', 'delete_*'],
    );
    for (const { name, effect } of odd.placed) expect([name, effectOf(loaded, name)]).toEqual([name, effect]);
  });
});

describe('what it says', () => {
  const policy = load(propose(ONE_OF_EACH).text);

  test('brake and careful stop loops over all tools, and what only looks is one of them', () => {
    const overAll = [
      ['calls', 60, 60],
      ['failures', 10, 600],
      ['same_call', 30, 600],
    ];
    for (const strength of ['brake', 'careful'] as const) {
      const held = load(propose(ONE_OF_EACH, strength).text);
      expect(chargesOf(held, 'get_user')).toEqual(overAll);
      expect(chargesOf(held, 'update_user')).toEqual(
        expect.arrayContaining([...overAll, ['same_change', 5, 600]]),
      );
    }
  });

  test.each([
    ['update_user', 30],
    ['run_command', 10],
  ])('%s is limited to %d a minute', (tool, max) => {
    expect(chargesOf(policy, tool)).toContainEqual([`${tool}_rate`, max, 60]);
  });

  test('what name and description call destruction is hidden; where either leaves a doubt, a person is asked', () => {
    const tools = [
      { name: 'delete_file', description: 'Delete a file.' },
      { name: 'purge_cache', description: 'Tidies up.' },
      { name: 'cancel_order', description: 'Deletes an order.' },
      { name: 'tidy', description: 'Deletes everything.' },
      { name: 'erase_disk' },
    ];
    const careful = load(propose(tools).text);
    expect(tools.map(({ name }) => effectOf(careful, name))).toEqual([
      'hidden',
      ...['asked', 'asked', 'asked', 'asked'],
    ]);
    expect(isVisible(careful, 'delete_file')).toBe(false);
  });

  test('destructiveHint alone neither hides nor asks, for it is the default of every tool that is not read-only', () => {
    const annotations = { readOnlyHint: false, destructiveHint: true };
    const tools = [
      { name: 'write_file', annotations },
      { name: 'move_file', annotations },
      { name: 'browser_click', annotations },
      { name: 'search_pages', annotations: { destructiveHint: true } },
    ];
    for (const strength of ['brake', 'careful'] as const)
      expect(propose(tools, strength).placed.map(({ name, effect }) => [name, effect])).toEqual([
        ['browser_click', 'limited'],
        ['move_file', 'limited'],
        ['search_pages', 'limited'],
        ['write_file', 'limited'],
      ]);
  });

  test('brake judges tools added later by their names, in any case', () => {
    const brake = load(propose(ONE_OF_EACH, 'brake').text);
    for (const name of [
      'delete_page',
      'DeletePage',
      'bulk-delete',
      'bulkDeletePages',
      'pay_bill',
      'db.drop_table',
    ])
      expect([name, effectOf(brake, name)]).toEqual([name, 'asked']);
    for (const name of ['undelete_page', 'deleted_items', 'dropdown', 'repay', 'write_page', 'reordering'])
      expect([name, effectOf(brake, name)]).toEqual([name, 'limited']);
  });

  test('G3: brake lets no tool pass unasked because there are too many of them', () => {
    const many = Array.from({ length: 12_000 }, (_, i) => ({ name: `delete_${i}_${'x'.repeat(400)}` }));
    const { text, placed } = propose(many, 'brake');
    const held = load(text);
    expect(placed).toHaveLength(many.length);
    for (const { name } of [many[0]!, many.at(-1)!]) expect(effectOf(held, name)).not.toBe('limited');
  });

  test('what is not listed is refused', () => {
    expect(judge(policy, 'get_users')).toMatchObject({ refusal: { code: 'NOT_LISTED' } });
  });

  test('each tool has its evidence beside it, and the file its schema', () => {
    const { text, placed } = propose([{ name: 'get_user' }, { name: 'create_payment' }]);
    expect(text).toMatch(/"get_user": \{\n\s+\/\/ low: name: "get"\n/);
    expect(text).toMatch(/"create_payment": \{\n\s+\/\/ critical: name: "create" of "payment"\n/);
    expect(text).toContain('"$schema": "./policy.schema.json"');
    expect(placed).toEqual([
      { name: 'create_payment', class: 'Financial', effect: 'asked' },
      { name: 'get_user', class: 'Read', effect: 'allowed' },
    ]);
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
      expect(effectOf(load(propose(tools).text), 'handle')).toBe('asked');
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
    expect(effectOf(policy, 'delete_user')).toBe('asked');
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
    const { text, unlisted, placed } = propose([...long, { name: 'get'.repeat(1000) }]);
    const policy = load(text);
    expect(unlisted.length).toBeGreaterThan(100);
    expect(policy.tools.size).toBe(placed.filter(({ effect }) => effect === 'allowed').length);
    expect(unlisted.length + policy.tools.size).toBe(1501);
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
      expect(Object.keys(parse(text))).toEqual([
        '$schema',
        'version',
        'default',
        'pin',
        'server_requests',
        'all_tools',
        'tools',
      ]);
      const listed = new Set(tools.map(({ name }) => name).filter((name) => !unlisted.includes(name)));
      expect([...policy.tools.keys()].sort()).toEqual([...listed].sort());
      for (const tool of tools) {
        // A name that is listed twice is taken for the worst that is said of it, and money is worse than deletion.
        const classes = tools.filter(({ name }) => name === tool.name).map((one) => classify(one).class);
        const found = judge(policy, tool.name);
        if (classes.includes('Financial')) {
          if (found.kind === 'open') expect(found.ask).toBeDefined();
        } else if (classes.includes('Destructive') && found.kind === 'open') expect(found.ask).toBeDefined();
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
    expect(
      charges
        .filter(({ limit }) => limit.pointer.startsWith('/tools/'))
        .map(({ amount, limit }) => [String(amount), limit.windowText]),
    ).toEqual([['250', 'day']]);
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
      expect(propose([{ name, inputSchema }]).text).not.toContain('"window": "day"');
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
