import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lintPolicy } from '../../src/advice/lint.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { formatProblem, type Problem } from '../../src/policy/read/problem.js';
import { judge } from '../policy/support.js';
import { growth } from '../support/growth.js';

const INVOICE = {
  type: 'object',
  properties: {
    amount_total: { type: 'number' },
    point_of_sale: { type: 'integer' },
    currency: { type: 'string', enum: ['PES', 'DOL'] },
    note: { type: ['string', 'null'] },
    draft: { type: 'boolean' },
    invoices: { type: 'array', items: { $ref: '#/$defs/item' } },
    buyer: {
      anyOf: [{ type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }, { type: 'null' }],
    },
    extra: {},
    free: { type: 'object', additionalProperties: { type: 'string' } },
  },
  required: ['amount_total', 'point_of_sale', 'invoices'],
  $defs: {
    item: {
      type: 'object',
      properties: { total: { type: 'number' }, kind: { const: 'x' } },
      required: ['total'],
    },
  },
};
const TOOLS: readonly ToolDefinition[] = [{ name: 't', inputSchema: INVOICE }];

function lint(body: object, tools?: readonly ToolDefinition[]): readonly Problem[] {
  const loaded = loadPolicy(JSON.stringify({ version: '1', default: 'deny', ...body }), 'x');
  if (!loaded.policy)
    throw new Error(loaded.problems.map((problem) => formatProblem(problem, 'x')).join('\n'));
  return lintPolicy(loaded, tools);
}

const brief = ({ code, pointer, likely }: Problem): string =>
  `${code} ${pointer}${likely ? ` -> ${likely}` : ''}`;
const when = (path: string, op: string, value?: unknown) => ({ path, op, value });
const rule = (...conditions: object[]) => [{ conditions }];
const limit = (extra: object) => [{ counter: 'c', window: 'day', max: 1, ...extra }];

describe('names', () => {
  test.each([
    ['mcp__afip__create_invoice', 'create_invoice'],
    ['afip__create_invoice', 'create_invoice'],
    ['afip.create_invoice', 'create_invoice'],
    ['afip/create_invoice', 'create_invoice'],
    ['mcp_afip_create_invoice', 'create_invoice'],
    ['creat_invoice', 'create_invoice'],
    ['mcp__afip__a__b', 'a__b'],
  ])('%s, as a client shows it, is %s of the server', (shown, own) => {
    const tools = [{ name: 'invoice' }, { name: 'create_invoice' }, { name: 'a__b' }];
    const absent = lint({ default: 'allow', tools: { [shown]: {} } }, tools).filter(
      ({ code }) => code === 'TOOL_ABSENT',
    );
    expect(absent.map(brief)).toEqual([`TOOL_ABSENT /tools/${shown.replaceAll('/', '~1')} -> ${own}`]);
  });

  test('without the server, names are told that only a client can have made', () => {
    const known = ['create_invoice', 'hub__search'];
    const loaded = loadPolicy(
      JSON.stringify({
        version: '1',
        default: 'allow',
        hide: ['mcp__x__drop', 'afip.create_invoice'],
        tools: { create_invoice: {}, hub__search: {}, other__tool: {}, 'mcp__*': {}, __init__: {} },
      }),
      'x',
    );
    if (!loaded.policy) throw new Error('invalid');
    expect(lintPolicy(loaded, undefined, known).map(brief)).toEqual([
      'TOOL_ABSENT /hide/0 -> drop',
      'TOOL_ABSENT /hide/1 -> create_invoice',
    ]);
  });

  test('2,000 patterns of any length are looked at within a bound, and what was not compared is said', () => {
    const tools = Object.fromEntries(
      Array.from({ length: 2000 }, (_, i) => [`${'*a'.repeat(350)}${i}*c`, {}]),
    );
    const findings = lint({ tools, hide: ['b*'] });
    expect(findings.filter(({ pointer }) => pointer === '').map(({ message }) => message)).toEqual([
      expect.stringContaining('too many patterns'),
    ]);
    const few = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${'*a'.repeat(50)}${i}*c`, {}]));
    expect(lint({ tools: few })).toEqual([]);
  });

  test('the pasted policy on a server without its tool: absent, and nothing could be called', () => {
    const text =
      '{ "version": "1", "default": "deny",\n  "tools": { "track_logout": { "limits": [\n    { "counter": "track_logout_rate", "window": "minute", "max": 30, "scope": "grant" } ] } } }';
    const loaded = loadPolicy(text, 'x');
    if (!loaded.policy) throw new Error('invalid');
    const problems = lintPolicy(loaded, [{ name: 'create_invoice' }, { name: 'get_invoice' }]);
    expect(problems.map((problem) => formatProblem(problem, 'policy.json'))).toEqual([
      'policy.json:1:1 warning NOTHING_CALLABLE: None of the 2 tools of the server could ever be called. The server has: create_invoice, get_invoice.',
      'policy.json:1:30 warning TOOL_UNPLACED: 2 tools of the server match no entry and are refused by default: create_invoice, get_invoice. Give each an entry under "tools", or a name under "hide".',
      'policy.json:2:14 warning TOOL_ABSENT: The server has no tool called "track_logout"; this judges nothing. Correct the name, or remove it.',
    ]);
  });

  test.each<[string, object, string[], string[]]>([
    ['all placed', { tools: { a: {}, 'b*': {} }, hide: ['c'] }, ['a', 'b1', 'c'], []],
    [
      'a misspelt tool',
      { tools: { get_invioce: {}, a: {} } },
      ['get_invoice', 'a'],
      ['TOOL_UNPLACED /default', 'TOOL_ABSENT /tools/get_invioce -> get_invoice'],
    ],
    [
      'a misspelt hidden one',
      { hide: ['delete_repos'], default: 'allow' },
      ['delete_repo'],
      ['TOOL_UNPLACED /default', 'TOOL_ABSENT /hide/0 -> delete_repo'],
    ],
    ['a pattern without a match', { tools: { 'x_*': {}, a: {} } }, ['a'], ['TOOL_ABSENT /tools/x_*']],
    ['the pattern *', { tools: { '*': {} } }, ['a'], []],
    ['unplaced under allow', { default: 'allow', tools: { a: {} } }, ['a', 'b'], ['TOOL_UNPLACED /default']],
    [
      'another case',
      { tools: { Pay: {}, a: {} } },
      ['pay', 'a'],
      ['TOOL_UNPLACED /default', 'TOOL_ABSENT /tools/Pay -> pay'],
    ],
    ['a server without tools', { tools: { a: {} } }, [], ['TOOL_ABSENT /tools/a']],
    ['hidden alone', { hide: ['*'] }, ['a'], ['NOTHING_CALLABLE ']],
    ['denied alone', { tools: { a: { action: 'deny' } } }, ['a'], ['NOTHING_CALLABLE ']],
  ])('%s', (_, body, names, expected) => {
    expect(
      lint(
        body,
        names.map((name) => ({ name })),
      )
        .map(brief)
        .sort(),
    ).toEqual([...expected].sort());
  });

  test.each<[string, object, string[]]>([
    ['no tools', {}, ['NOTHING_CALLABLE ']],
    ['no tools under allow', { default: 'allow' }, []],
    ['all hidden', { default: 'allow', hide: ['*'] }, ['NOTHING_CALLABLE ']],
    ['one listed', { tools: { t: {} } }, []],
    ['one hidden', { tools: { t: { action: 'hide' } } }, ['NOTHING_CALLABLE ']],
    ['refused for all', { tools: { t: {} }, all_tools: { deny_if: rule() } }, ['NOTHING_CALLABLE ']],
  ])('without a server: %s', (_, body, expected) => {
    expect(lint(body).map(brief)).toEqual(expected);
  });
});

describe('shadowed', () => {
  test.each<[string, object, string[]]>([
    ['an entry that is hidden', { hide: ['t'], tools: { t: {}, u: {} } }, ['/tools/t']],
    [
      'an entry under a hidden pattern',
      { hide: ['d*'], tools: { 'de*': {}, da: {}, e: {} } },
      ['/tools/de*', '/tools/da'],
    ],
    ['not an entry beside it', { hide: ['de*'], tools: { 'd*': {} } }, []],
    ['a pattern that matches the same', { tools: { 'a**': {}, 'a*': {} } }, ['/tools/a**']],
    [
      'rules after one without conditions',
      { tools: { t: { deny_if: [...rule(), ...rule(when('args.x', 'exists'))], limits: limit({}) }, u: {} } },
      ['/tools/t/deny_if/1', '/tools/t/limits/0'],
    ],
    [
      'not what a tool keeps that is switched off',
      { tools: { t: { deny_if: [...rule(when('args.x', 'exists')), ...rule()], limits: limit({}) }, u: {} } },
      [],
    ],
    [
      'questions after one that always asks',
      { tools: { t: { approve_if: [...rule(), ...rule(when('args.x', 'exists'))] } } },
      ['/tools/t/approve_if/1'],
    ],
  ])('%s', (_, body, expected) => {
    expect(
      lint(body)
        .filter(({ code }) => code === 'SHADOWED')
        .map(({ pointer }) => pointer)
        .sort(),
    ).toEqual([...expected].sort());
  });

  test('a pattern whose tools all have other entries', () => {
    const problems = lint({ tools: { get_a: {}, 'get_*': { action: 'deny' }, 'get_b*': {} } }, [
      { name: 'get_a' },
      { name: 'get_b1' },
    ]);
    expect(problems.map(brief)).toEqual(['SHADOWED /tools/get_*']);
  });
});

describe('arguments', () => {
  const P = '/tools/t/deny_if/0/conditions/0';

  test.each<[string, object, string[]]>([
    ['a required number', when('args.amount_total', 'gt', 5), []],
    ['an integer', when('args.point_of_sale', 'in', [1]), []],
    ['an optional one', when('args.draft', 'eq', true), [`ARGUMENT_OPTIONAL ${P}/path`]],
    ['whether an optional one is there', when('args.draft', 'exists', true), []],
    ['a required one of each element', when('args.invoices[*].total', 'gt', 5), []],
    [
      'an optional one of each element',
      when('args.invoices[*].kind', 'eq', 'x'),
      [`ARGUMENT_OPTIONAL ${P}/path`],
    ],
    ['one of an optional object', when('args.buyer.id', 'eq', 'x'), [`ARGUMENT_OPTIONAL ${P}/path`]],
    ['a misspelt one', when('args.amount', 'gt', 5), [`ARGUMENT_ABSENT ${P}/path`]],
    [
      'a nearly right one',
      when('args.amount_totl', 'gt', 5),
      [`ARGUMENT_ABSENT ${P}/path -> args.amount_total`],
    ],
    [
      'a misspelt one of each element',
      when('args.invoices[*].totl', 'gt', 5),
      [`ARGUMENT_ABSENT ${P}/path -> args.invoices[*].total`],
    ],
    ['another case', when('args.Draft', 'exists', true), [`ARGUMENT_ABSENT ${P}/path -> args.draft`]],
    ['elements of what is no list', when('args.draft[*]', 'eq', true), [`ARGUMENT_ABSENT ${P}/path`]],
    ['a field of what is no object', when('args.amount_total.x', 'eq', true), [`ARGUMENT_ABSENT ${P}/path`]],
    ['a field of a list', when('args.invoices.total', 'eq', 1), [`ARGUMENT_ABSENT ${P}/path`]],
    ['anything of what the schema leaves open', when('args.extra.x[*].y', 'gt', 5), []],
    ['any field of a map', when('args.free.x', 'gt', 5), []],
    ['the absence of what is never there', when('args.qqqq', 'exists', false), [`ARGUMENT_ABSENT ${P}/path`]],
    ['a number of text', when('args.currency', 'gt', 5), [`NEVER_HOLDS ${P}/op`]],
    ['a pattern of a number', when('args.amount_total', 'regex', '5'), [`NEVER_HOLDS ${P}/op`]],
    ['the beginning of a number', when('args.amount_total', 'starts_with', '5'), [`NEVER_HOLDS ${P}/op`]],
    ['a part of a number', when('args.amount_total', 'contains', 5), [`NEVER_HOLDS ${P}/op`]],
    ['text for a number', when('args.amount_total', 'eq', '5'), [`NEVER_HOLDS ${P}/op`]],
    ['text for a number, otherwise', when('args.amount_total', 'neq', '5'), [`NEVER_HOLDS ${P}/op`]],
    ['text among numbers', when('args.point_of_sale', 'not_in', [1, '2']), [`NEVER_HOLDS ${P}/op`]],
    ['what is not among the values', when('args.currency', 'eq', 'USD'), [`NEVER_HOLDS ${P}/op`]],
    ['none of the values', when('args.currency', 'in', ['USD', 'EUR']), [`NEVER_HOLDS ${P}/op`]],
    ['one of the values', when('args.currency', 'in', ['USD', 'DOL']), [`ARGUMENT_OPTIONAL ${P}/path`]],
    ['null where it may be', when('args.note', 'eq', null), [`ARGUMENT_OPTIONAL ${P}/path`]],
    ['null where it may not be', when('args.amount_total', 'eq', null), [`NEVER_HOLDS ${P}/op`]],
    ['an empty list', when('args.currency', 'in', []), [`NEVER_HOLDS ${P}/value`]],
    ['all but an empty list', when('args.currency', 'not_in', []), [`NEVER_HOLDS ${P}/value`]],
    ['a number of the environment', when('env.X', 'gt', 5), [`NEVER_HOLDS ${P}/op`]],
    ['text of the environment', when('env.X', 'eq', 'a'), []],
    ['the name of this tool', when('tool.name', 'eq', 't'), []],
    ['the name of another tool', when('tool.name', 'in', ['u', 'v']), [`NEVER_HOLDS ${P}/op`]],
  ])('deny_if of %s', (_, condition, expected) => {
    expect(lint({ tools: { t: { deny_if: rule(condition) } } }, TOOLS).map(brief)).toEqual(expected);
  });

  test('under require an optional argument is no finding, an absent one is', () => {
    const entry = {
      require: [
        ...rule(when('args.draft', 'eq', true)),
        ...rule(when('args.qqqq', 'exists', false)),
        ...rule(when('args.qqqq', 'exists', true)),
      ],
    };
    expect(lint({ tools: { t: entry } }, TOOLS).map(brief)).toEqual([
      'ARGUMENT_ABSENT /tools/t/require/2/conditions/0/path',
    ]);
  });

  test.each<[string, object, RegExp]>([
    ['require', when('args.qqqq', 'eq', 1), /so every call is refused/],
    ['deny_if', when('args.qqqq', 'eq', 1), /so it never refuses/],
    ['approve_if', when('args.qqqq', 'eq', 1), /so it never asks/],
    ['deny_if', when('args.qqqq', 'exists', false), /so every call is refused/],
    ['require', when('args.currency', 'gt', 1), /so every call is refused/],
    ['deny_if', when('args.currency', 'gt', 1), /so it counts as met for every call that has it/],
    ['deny_if', when('args.currency', 'eq', 'USD'), /so it never refuses/],
    ['deny_if', when('args.draft', 'eq', true), /a call without it passes this rule/],
  ])('%s %j says what follows', (list, condition, text) => {
    const [problem] = lint({ tools: { t: { [list]: rule(condition) } } }, TOOLS);
    expect(problem?.message).toMatch(text);
    // And that is what does follow, for arguments as the schema has them.
    const outcome = judge(
      { [list]: rule(condition) },
      { amount_total: 1, point_of_sale: 1, invoices: [], currency: 'PES' },
    );
    const refused = /every call is refused|every call that has it/.test(problem?.message ?? '');
    expect(outcome !== 'open').toBe(refused);
  });

  test('a pattern entry names the tools that lack an argument', () => {
    const tools = [
      { name: 'get_a', inputSchema: { type: 'object', properties: { id: {} }, required: ['id'] } },
      { name: 'get_b', inputSchema: { type: 'object', properties: { key: {} } } },
    ];
    const [problem, ...others] = lint(
      { tools: { 'get_*': { require: rule(when('args.id', 'exists')) } } },
      tools,
    );
    expect(others).toEqual([]);
    expect(problem?.message).toBe('The schema of get_b has no args.id, so every call is refused.');
  });

  test('rules for all tools may speak of arguments that some have', () => {
    const all = (path: string) => ({
      all_tools: { deny_if: rule(when(path, 'exists')) },
      tools: { '*': {} },
    });
    const tools = [...TOOLS, { name: 'u', inputSchema: { type: 'object', properties: { other: {} } } }];
    expect(lint(all('args.draft'), tools)).toEqual([]);
    expect(lint(all('args.qqqq'), tools).map(brief)).toEqual([
      'ARGUMENT_ABSENT /all_tools/deny_if/0/conditions/0/path',
    ]);
  });
});

describe('limits', () => {
  const L = '/tools/t/limits/0';

  test.each<[string, object, string[]]>([
    ['a required number', { amount: 'args.amount_total' }, []],
    ['nothing', { amount: 0 }, [`NEVER_COUNTS ${L}/amount`]],
    ['text', { amount: 'args.currency' }, [`NEVER_COUNTS ${L}/amount`]],
    ['a list as a number', { amount: { sum: 'args.invoices' } }, [`NEVER_COUNTS ${L}/amount`]],
    ['elements of a list', { amount: { sum: 'args.invoices[*].total' } }, []],
    ['the length of a list', { amount: { count: 'args.invoices' } }, []],
    ['the length of a number', { amount: { count: 'args.amount_total' } }, [`NEVER_COUNTS ${L}/amount`]],
    [
      'what is not there',
      { amount: 'args.amount_totall' },
      [`ARGUMENT_ABSENT ${L}/amount -> args.amount_total`],
    ],
    ['what is optional', { amount: 'args.extra' }, [`ARGUMENT_OPTIONAL ${L}/amount`]],
    ['per what is there', { per: ['args.currency', 'env.X', 'args'] }, []],
    [
      'per what is not there',
      { per: ['args.currency', 'args.curency'] },
      [`ARGUMENT_ABSENT ${L}/per/1 -> args.currency`],
    ],
    ['except what is there', { per: 'args', except: ['args.note'] }, []],
    [
      'except what is not there',
      { per: 'args', except: ['args.note', 'args.noted'] },
      [`ARGUMENT_ABSENT ${L}/except/1 -> args.note`],
    ],
    ['per one that is not there', { per: 'args.curency' }, [`ARGUMENT_ABSENT ${L}/per -> args.currency`]],
  ])('by %s', (_, extra, expected) => {
    expect(lint({ tools: { t: { limits: limit(extra) } } }, TOOLS).map(brief)).toEqual(expected);
  });
});

describe('schemas', () => {
  test.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['true', true],
    ['text', 'x'],
    ['empty', {}],
    ['a circle', { $ref: '#' }],
    ['a long circle', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } }],
    ['a circle of choices', { anyOf: [{ $ref: '#' }, { $ref: '#' }] }],
    ['many circles', { oneOf: Array(20).fill({ $ref: '#' }), allOf: Array(20).fill({ $ref: '#' }) }],
    ['circles of elements', { items: { $ref: '#' }, anyOf: Array(20).fill({ $ref: '#' }) }],
    ['a reference elsewhere', { $ref: 'https://example.com/schema' }],
    ['a reference to nothing', { $ref: '#/$defs/none' }],
    ['nonsense', { type: 5, properties: [], required: 'x', anyOf: {}, items: 3, enum: {} }],
    ['a map', { type: 'object', additionalProperties: true }],
  ])('that say nothing give no findings: %s', (_, inputSchema) => {
    const entry = {
      deny_if: rule(when('args.a.b[*].c', 'gt', 1)),
      limits: limit({ amount: 'args.x', per: 'args.y' }),
    };
    expect(lint({ tools: { t: entry } }, [{ name: 't', inputSchema }])).toEqual([]);
  });

  test('allOf and $ref are followed, and required in one part is required', () => {
    const inputSchema = {
      allOf: [{ $ref: '#/definitions/base' }, { type: 'object', required: ['a'] }],
      definitions: { base: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } } } },
    };
    const findings = (condition: object) =>
      lint({ tools: { t: { deny_if: rule(condition) } } }, [{ name: 't', inputSchema }]).map(
        ({ code }) => code,
      );
    expect(findings(when('args.a', 'eq', 'x'))).toEqual([]);
    expect(findings(when('args.a', 'gt', 1))).toEqual(['NEVER_HOLDS']);
    expect(findings(when('args.b', 'gt', 1))).toEqual(['ARGUMENT_OPTIONAL']);
    expect(findings(when('args.c', 'gt', 1))).toEqual(['ARGUMENT_ABSENT']);
  });

  test.each(['args[*]', 'args.a'])('a circle of choices does not fill the stack: %s', (path) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = Number.POSITIVE_INFINITY;
    let deepest = 0;
    const turn = {
      get $ref() {
        deepest = Math.max(deepest, (new Error().stack ?? '').split('\n').length);
        return '#';
      },
    };
    try {
      lint({ tools: { t: { deny_if: rule(when(path, 'gt', 1)) } } }, [
        { name: 't', inputSchema: { anyOf: [[], turn] } },
      ]);
    } finally {
      Error.stackTraceLimit = limit;
    }
    expect(deepest).toBeGreaterThan(50);
    expect(deepest).toBeLessThan(1000);
  });

  test('whatever a server sends, the linter settles', () => {
    const key = fc.constantFrom(
      'type',
      'properties',
      'items',
      'anyOf',
      'allOf',
      '$ref',
      'required',
      'enum',
      'const',
      'a',
      'b',
      '__proto__',
    );
    const schema = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom<unknown>('object', 'array', '#', '#/properties/a', 'a', null, 1, true),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.array(fc.tuple(key, tie('node')), { maxLength: 4 }).map(Object.fromEntries),
      ),
    })).node;
    fc.assert(
      fc.property(
        schema,
        fc.constantFrom('args.a', 'args.a.b', 'args.a[*].b', 'args[*]'),
        (inputSchema, path) => {
          const entry = { deny_if: rule(when(path, 'gt', 1)), require: rule(when(path, 'in', ['x'])) };
          for (const problem of lint({ tools: { t: entry } }, [{ name: 't', inputSchema }])) {
            expect(problem.severity).toBe('warning');
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('entries and tools are looked at in time that grows with their number', () => {
    const look = (size: number) => {
      const tools = Array.from({ length: 2 * size }, (_, i) => ({ name: `tool_${i}`, inputSchema: INVOICE }));
      const entries = Object.fromEntries(
        tools.slice(0, size).map(({ name }) => [name, { deny_if: rule(when('args.amount_total', 'gt', 1)) }]),
      );
      expect(lint({ tools: entries }, tools).map(({ code }) => code)).toEqual(['TOOL_UNPLACED']);
    };
    expect(growth(look, 100, 16)).toBeLessThan(100);
  });
});

test('G9: patterns are taken apart once, however many names they are compared with', () => {
  const names = Array.from({ length: 2000 }, (_, i) => `tool_${i}_*_x*`);
  const body = {
    tools: Object.fromEntries(names.map((name) => [name, {}])),
    hide: names.map((name) => `hidden_${name}`),
  };
  const tools = Array.from({ length: 100 }, (_, i) => ({ name: `another_${i}_tool`, inputSchema: {} }));
  // That not all were compared with all may be said, and nothing else is.
  expect(lint(body).filter(({ pointer }) => pointer !== '')).toEqual([]);
  const found = lint(body, tools);
  expect(found.filter(({ code }) => code === 'TOOL_ABSENT')).toHaveLength(4000);
});

test('declared arguments: schemas that refuse every call, and those that let any key through', () => {
  const tools: ToolDefinition[] = [
    { name: 't', inputSchema: INVOICE },
    { name: 'loose', inputSchema: { type: 'object', additionalProperties: true } },
    { name: 'typed', inputSchema: { type: 'object', additionalProperties: { type: 'string' } } },
    { name: 'odd', inputSchema: { $ref: 'https://example.com/x' } },
  ];
  const found = lint({ tools: { '*': { arguments: 'declared' } } }, tools);
  expect(found.map(({ code, message }) => [code, message])).toEqual([
    [
      'SCHEMA_UNUSABLE',
      'The input schema of odd cannot be used, so every call is refused: the reference "https://example.com/x" leads out of it, and is not followed.',
    ],
    ['SCHEMA_OPEN', 'The input schema of loose allows any key, so that keys are not refused there.'],
  ]);
  expect(found.every(({ pointer }) => pointer === '/tools/*/arguments')).toBe(true);
});

describe('hours', () => {
  const hours = (own: object, all?: object) =>
    lint({ ...(all && { all_tools: { hours: all } }), tools: { t: { hours: own } } }).map(
      ({ code, pointer }) => `${code} ${pointer}`,
    );

  test('that never are open at one time with those of all tools refuse every call', () => {
    expect(hours({ days: 'sat-sun' }, { days: 'mon-fri' })).toEqual(['NEVER_HOLDS /tools/t/hours']);
    expect(hours({ from: '22:00', to: '06:00' }, { from: '09:00', to: '18:00' })).toEqual([
      'NEVER_HOLDS /tools/t/hours',
    ]);
  });

  test.each([
    [{ days: 'fri', from: '22:00', to: '06:00' }, { days: 'sat' }],
    [{ days: 'sat-sun' }, { days: 'mon-fri', outside: 'approve' }],
    [{ from: '10:00' }, undefined],
  ])('%j beside %j are open at some time', (own, all) => {
    expect(hours(own, all)).toEqual([]);
  });
});

describe('rules over several tools', () => {
  const named = (names: string[]) =>
    names.map((name): ToolDefinition => ({ name, inputSchema: { type: 'object' } }));
  const found = (entry: object, tools = ['t', 'fetch_page']) =>
    lint({ default: 'allow', tools: { t: entry } }, named(tools))
      .filter(({ code }) => code !== 'TOOL_UNPLACED')
      .map(({ code, pointer, likely }) => `${code} ${pointer}${likely ? ` -> ${likely}` : ''}`);

  test.each<[object, string[]]>([
    [{ after: [{ tools: ['fetch_*'], within: '1h', scope: 'grant' }] }, []],
    [{ after: [{ tools: ['nothing'], within: '1h' }] }, []],
    [{ before: [{ tools: ['fetch_pages'] }] }, ['TOOL_ABSENT /tools/t/before/0/tools/0 -> fetch_page']],
    [{ before: [{ tools: ['web/fetch_page'] }] }, []],
    [{ before: [{ tools: ['web/read'], scope: 'session' }] }, ['TOOL_ABSENT /tools/t/before/0/tools/0']],
    [{ before: [{ tools: ['t'] }] }, ['NEVER_HOLDS /tools/t/before/0']],
    [{ before: [{ tools: ['t', 'fetch_page'] }] }, []],
    [{ before: [{ tools: ['resource:file:///work/*'] }, { tools: ['prompt:greet'] }] }, []],
  ])('%j', (entry, expected) => {
    expect(found(entry)).toEqual(expected);
  });

  test('a limit that only looks at a count which others fill says something', () => {
    const counter = { counter: 'untrusted', window: 'hour' };
    const looks = { limits: [{ ...counter, max: 0, amount: 0 }] };
    const fills = { limits: [{ ...counter, max: 1000 }] };
    expect(lint({ tools: { send: looks, read: fills } }).map(({ code }) => code)).toEqual([]);
    expect(lint({ tools: { send: looks } }).map(({ code }) => code)).toEqual(['NEVER_COUNTS']);
  });
});

describe('resources and prompts', () => {
  test.each<[object, string[]]>([
    [{ default: 'allow', resources: { 'memo://**': {} } }, ['UNUSED /resources']],
    [{ default: 'allow', resources: {} }, ['UNUSED /resources']],
    [{ default: 'allow', prompts: { a: {}, b: { rate_limit: '1/day' } } }, []],
    [{ resources: { 'memo://**': {} }, prompts: { a: {} } }, []],
    [{ resources: { 'file:///a/*': {}, 'file:///A/*': {} } }, ['SHADOWED /resources/file:~1~1~1a~1*']],
    [
      { resources: { 'note:a': { limits: limit({ max: 0, amount: 0 }) } } },
      ['NEVER_COUNTS /resources/note:a/limits/0/amount'],
    ],
  ])('%j', (body, expected) => {
    expect(lint({ tools: { t: {} }, ...body }).map(brief)).toEqual(expected);
  });
});
