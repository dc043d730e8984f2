import { readdirSync } from 'node:fs';
import { type ParseError, parse } from 'jsonc-parser';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { KNOWN_SERVERS, preset } from '../../src/catalog/servers.js';
import type { ArgumentSchema, KnownTool } from '../../src/catalog/tool-definition.js';
import { OPERATOR_NAMES } from '../../src/policy/operators.js';
import { loadPolicy } from '../../src/policy/read/load.js';

// What the presets use of the policy language, with its defaults filled in, for looking into them.
const PATH = /^(?:args(?:\.[a-z_]+(?:\[\*\])?)+|env\.[A-Z_]+|tool\.name)$/;
const path = z.string().regex(PATH);
const condition = z.strictObject({ path, op: z.enum(OPERATOR_NAMES), value: z.json() });
const predicate = z.strictObject({ conditions: z.array(condition), on_deny: z.string().min(1).optional() });
const window = z.union([
  z.enum(['second', 'minute', 'hour', 'day', 'week', 'month']),
  z
    .number()
    .positive()
    .max(400 * 86_400),
  z.string().regex(/^\d+[smhd]$/),
]);
const amount = z.union([z.number(), path, z.strictObject({ sum: path }), z.strictObject({ count: path })]);
const limit = z.strictObject({
  counter: z.string().regex(/^[a-z_]+$/),
  window,
  max: z.number().nonnegative(),
  scope: z.enum(['grant', 'session', 'machine']).default('grant'),
  amount: amount.default(1),
  per: z.union([path, z.array(path)]).optional(),
  align: z.enum(['sliding', 'calendar']).default('sliding'),
  refund: z.enum(['never', 'on_error', 'on_success']).default('never'),
  on_exceed: z.enum(['deny', 'approve']).default('deny'),
  on_deny: z.string().optional(),
});
const checks = {
  require: z.array(predicate).default([]),
  deny_if: z.array(predicate).default([]),
  approve_if: z.array(predicate).default([]),
  limits: z.array(limit).default([]),
};
const policy = z.strictObject({
  version: z.literal('1'),
  default: z.literal('deny'),
  timezone: z
    .string()
    .refine((timeZone) => new Intl.DateTimeFormat('en', { timeZone }))
    .default('UTC'),
  pin: z.literal('hold'),
  server_requests: z.strictObject({}).optional(),
  hide: z.array(z.string()).default([]),
  approvals: z
    .strictObject({
      wait: z.string(),
      expires: z.string(),
      channels: z.array(z.enum(['client', 'queue'])),
    })
    .optional(),
  all_tools: z.strictObject(checks).prefault({}),
  tools: z.record(
    z.string(),
    z.strictObject({
      ...checks,
      action: z.enum(['allow', 'deny', 'approve', 'hide']).optional(),
      reason: z.string().optional(),
      rate_limit: z
        .union([z.string().regex(/^\d+\/(minute|hour|day)$/), z.strictObject({ max: z.number(), window })])
        .optional(),
    }),
  ),
});
type Policy = z.infer<typeof policy>;
type Limit = z.infer<typeof limit>;

function read(name: string): Policy {
  const errors: ParseError[] = [];
  const document: unknown = parse(preset(name)?.text ?? '', errors, { allowTrailingComma: true });
  expect(errors).toEqual([]);
  return policy.parse(document);
}

const serverOf = (name: string) =>
  KNOWN_SERVERS.find(({ presets }) => presets.some((each) => each.name === name));
const toolsOf = (name: string): readonly KnownTool[] => serverOf(name)?.tools ?? [];

/** The variable that says whether calls have real effects; mcp-legiti reads none, and its preset asks for one. */
const realVariable = (name: string): string | undefined =>
  name === 'legiti' ? 'LEGITI_ENV' : serverOf(name)?.environment.find(({ real }) => real)?.name;

/** The schema that a path of a condition ends at, and whether every step to it is a required argument. */
function follow(tool: KnownTool, text: string): { schema: ArgumentSchema; required: boolean } | undefined {
  let schema: ArgumentSchema | undefined = tool.inputSchema;
  let required = true;
  for (const step of text.replaceAll('[*]', '.[*]').split('.').slice(1)) {
    if (schema === undefined) return undefined;
    required &&= step === '[*]' || (schema.required ?? []).includes(step);
    schema = step === '[*]' ? schema.items : schema.properties?.[step];
  }
  return schema && { schema, required };
}

const paths = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat());
const amountPath = ({ amount: taken }: Limit): string[] =>
  typeof taken === 'string' ? [taken] : typeof taken === 'object' ? Object.values(taken) : [];

/** The strengths fit any server: strengths.test.ts. */
const NAMES = KNOWN_SERVERS.flatMap(({ presets }) => presets).map(({ name }) => name);

describe.each(NAMES)('preset %s', (name) => {
  test('loads without a problem, and refuses what it does not name', () => {
    const { policy: loaded, problems } = loadPolicy(preset(name)?.text ?? '', name);
    expect(problems).toEqual([]);
    expect(loaded?.default).toBe('deny');
  });

  test('places every tool of its server by name, and no other', () => {
    const { tools, hide } = read(name);
    const placed = new Set([...Object.keys(tools), ...hide]);
    expect([...placed].sort()).toEqual(
      toolsOf(name)
        .map((tool) => tool.name)
        .sort(),
    );
  });

  test('looks only at arguments that the tools have, and compares them as what they are', () => {
    for (const tool of toolsOf(name)) {
      const entry = read(name).tools[tool.name];
      const predicates = entry ? [...entry.require, ...entry.deny_if, ...entry.approve_if] : [];
      for (const { path: text, op, value } of predicates.flatMap(({ conditions }) => conditions)) {
        const found = follow(tool, text);
        expect(found, `${tool.name}: ${text}`).toBeDefined();
        const values = [value].flat();
        const type = op === 'regex' ? 'string' : typeof values[0];
        expect(found?.schema.type, `${tool.name}: ${text}`).toBe(type);
        if (op === 'regex') expect(() => new RegExp(String(value))).not.toThrow();
      }
    }
  });

  test('charges and splits by required arguments alone, so that leaving one out is no way around', () => {
    for (const tool of toolsOf(name))
      for (const each of read(name).tools[tool.name]?.limits ?? [])
        for (const text of [...amountPath(each), ...paths(each.per)])
          if (text.startsWith('args.'))
            expect(follow(tool, text)?.required, `${tool.name}: ${text}`).toBe(true);
  });

  test('requires an argument that the server does not require only where that is meant', () => {
    const meant = ['amount', 'analyst_id', 'chargeback_datetime', 'chargeback_reason', 'resolution_datetime'];
    for (const tool of toolsOf(name))
      for (const { path: text } of read(name).tools[tool.name]?.require.flatMap((p) => p.conditions) ?? [])
        if (!meant.includes(text.slice(5)))
          expect(follow(tool, text)?.required, `${tool.name}: ${text}`).toBe(true);
  });

  test('says of each check what is wrong, where a reason of the whole entry would stand in for it', () => {
    for (const [tool, { reason, require, deny_if }] of Object.entries(read(name).tools))
      for (const check of reason === undefined ? [] : [...require, ...deny_if])
        expect(check.on_deny, `${tool}: ${check.conditions[0]?.path}`).toBeDefined();
  });

  test('uses a counter in one way wherever it stands', () => {
    const { all_tools, tools } = read(name);
    const byCounter = new Map<string, Limit>();
    for (const each of [all_tools, ...Object.values(tools)].flatMap(({ limits }) => limits)) {
      const { window: span, max, scope, align, per, refund } = byCounter.get(each.counter) ?? each;
      expect(each).toMatchObject({ window: span, max, scope, align, refund, ...(per && { per }) });
      byCounter.set(each.counter, each);
    }
  });

  const variable = realVariable(name);
  test.runIf(variable)(
    'is refused where calls have real effects, with the way to take responsibility',
    () => {
      const check = read(name).all_tools.deny_if.find(
        ({ conditions }) => conditions[0]?.path === `env.${variable}`,
      );
      expect(check?.conditions).toHaveLength(1);
      expect(check?.conditions[0]).toMatchObject({ op: 'not_in' });
      expect(check?.conditions[0]?.value).not.toContain('production');
      expect(check?.on_deny).toContain(`policy-wrap presets ${name} > my.json`);
      expect(check?.on_deny).toContain('--policy my.json');
    },
  );

  test('says that its amounts are examples', () => {
    expect(preset(name)?.text).toContain('All amounts are examples');
  });
});

describe.each(NAMES.filter((name) => name.startsWith('afip')))('%s', (name) => {
  const issuing = ['create_invoice', 'create_invoice_batch', 'create_debit_note'] as const;
  const limitOf = (tool: string, counter: string): Limit | undefined =>
    read(name).tools[tool]?.limits.find((each) => each.counter === counter);

  test.each(['invoices_gap', 'invoices_per_hour', 'invoices_per_day', 'billed_per_day', 'invoice_failures'])(
    'shares %s over everything that bills, for one CUIT on this machine',
    (counter) => {
      for (const tool of issuing)
        expect(limitOf(tool, counter)).toMatchObject({ scope: 'machine', per: 'env.AFIP_CUIT' });
    },
  );

  test('counts and adds up the invoices of a batch', () => {
    expect(limitOf('create_invoice_batch', 'invoices_per_day')?.amount).toEqual({ count: 'args.invoices' });
    const sum = { sum: 'args.invoices[*].amount_total' };
    for (const [counter, amountOfOne] of read(name)
      .tools.create_invoice!.limits.map((each) => [each.counter, each.amount] as const)
      .filter(([counter]) => counter.startsWith('billed'))) {
      expect(amountOfOne).toBe('args.amount_total');
      expect(limitOf('create_invoice_batch', counter)?.amount).toEqual(sum);
      expect(limitOf('create_debit_note', counter)?.amount).toBe('args.amount_total');
    }
  });

  test('counts days as Buenos Aires does', () => {
    expect(read(name).timezone).toBe('America/Argentina/Buenos_Aires');
    for (const counter of ['invoices_per_day', 'billed_per_day'])
      expect(limitOf('create_invoice', counter)).toMatchObject({ window: 'day', align: 'calendar' });
  });

  test('asks a person before each document', () => {
    const { tools } = read(name);
    for (const tool of ['create_invoice_batch', 'create_credit_note', 'create_debit_note'])
      expect(tools[tool]?.action).toBe('approve');
    const always = { conditions: [{ path: 'args.amount_total', op: 'gte', value: 0 }] };
    if (name === 'afip') expect(tools.create_invoice?.action).toBe('approve');
    else expect(tools.create_invoice?.approve_if).toMatchObject([always]);
  });

  test('hides what cancels nothing and what issues by the hundred', () => {
    expect(read(name).hide).toEqual(['cancel_invoice', 'create_invoice_batch']);
  });

  test('takes pesos alone where it adds up', () => {
    for (const tool of issuing)
      expect(read(name).tools[tool]?.deny_if.flatMap(({ conditions }) => conditions)).toContainEqual(
        expect.objectContaining({
          path: expect.stringMatching(/\.currency$/),
          op: 'not_in',
          value: ['PES', 'ARS'],
        }),
      );
  });
});

test('legiti limits track_logout as the hosted policy does', () => {
  expect(read('legiti').tools.track_logout?.limits).toMatchObject([
    { counter: 'track_logout_rate', window: 'minute', max: 30, scope: 'grant' },
  ]);
  expect(read('legiti').hide).not.toContain('track_logout');
});

test('every folder of servers/ is in the list', () => {
  const folders = readdirSync('src/catalog/servers', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  expect(KNOWN_SERVERS.map((server) => server.name).sort()).toEqual(folders.sort());
});

test('every known server has presets of its own, and other names have none', () => {
  for (const { presets } of KNOWN_SERVERS) for (const each of presets) expect(preset(each.name)).toBe(each);
  expect(new Set(NAMES).size).toBe(NAMES.length);
  expect(preset('nothing')).toBeUndefined();
  expect(preset('__proto__')).toBeUndefined();
});
