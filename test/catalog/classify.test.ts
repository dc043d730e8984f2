import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { moneyArguments } from '../../src/catalog/arguments.js';
import { classify, isSevere, RISK_OF } from '../../src/catalog/classify.js';
import { SEVERITY, type ToolClass } from '../../src/catalog/evidence.js';
import { AFIP_TOOLS } from '../../src/catalog/servers/afip/tools.js';
import { LEGITI_TOOLS } from '../../src/catalog/servers/legiti/tools.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';
import { VERBS } from '../../src/catalog/verbs.js';
import { normalised } from '../support/growth.js';
import { LABELLED } from './labelled-tools.js';

const severity = (toolClass: ToolClass): number => SEVERITY.indexOf(toolClass);
const withEnum = (name: string, ...values: string[]) => ({
  type: 'object',
  properties: { [name]: { type: 'string', enum: values } },
});
const withText = (name: string) => ({ type: 'object', properties: { [name]: { type: 'string' } } });

describe('classify', () => {
  test.each(LABELLED)('%s (%s) is %s', (name, description, expected) => {
    expect(classify({ name, description })).toMatchObject({ class: expected, risk: RISK_OF[expected] });
  });

  test.each([
    ...AFIP_TOOLS.map((tool) => [tool, { create: 'Financial', cancel: 'Destructive' }] as const),
    ...LEGITI_TOOLS.map(
      (tool) => [tool, { evaluate: 'Execute', track: 'Write', update: 'Write', mark: 'Write' }] as const,
    ),
  ])('of the known servers: $name', (tool, byVerb: Record<string, string>) => {
    expect(classify(tool).class).toBe(byVerb[tool.name.split('_')[0] ?? ''] ?? 'Read');
  });

  test.each([
    ['delete_all', 'name: "delete"'],
    ['create_invoice', 'name: "create" of "invoice"'],
    ['transfer_ownership', 'name: "transfer" of "ownership"'],
    ['xyzzy', 'nothing known in name, description or arguments'],
  ])('the reason for %s is %s', (name, reason) => {
    expect(classify({ name }).reason).toBe(reason);
  });
});

describe('how a name is read', () => {
  test.each<[string, string, ToolClass]>([
    ['an "and" adds what follows it', 'search_and_update_records', 'Write'],
    ['without an "and" a later verb is no action', 'search_update_records', 'Read'],
    ["a verb before a plain one is a product's name", 'post_get_thread', 'Read'],
    ['a verb that reads is none', 'search_create_page', 'Read'],
    ['a verb that is a noun here', 'refund_list', 'Read'],
    ['the state of something', 'deploy_status', 'Read'],
    ['a record at the end', 'git_log', 'Read'],
    ['a record at the beginning is a verb', 'log_event', 'Write'],
    ['short verbs begin too many other words', 'postgres', 'Other'],
    ['long ones do not', 'updatefile', 'Write'],
    ['certain ones do not either', 'wipefile', 'Destructive'],
    ['forms of a verb: -ing', 'getting_page', 'Read'],
    ['forms of a verb: -ing for -e', 'updating_page', 'Write'],
    ['forms of a verb: -es', 'fixes_page', 'Write'],
    ['money', 'create_subscription', 'Financial'],
    ['what is not paid for', 'create_email_subscription', 'Write'],
    ['what is about money', 'create_payment_link', 'Write'],
    ['what makes a verb harmless', 'open_file', 'Read'],
    ['what makes a verb a change', 'clear_text', 'Write'],
    ['two words that mean one thing', 'log_in', 'Other'],
  ])('%s: %s', (_, name, expected) => {
    expect(classify({ name }).class).toBe(expected);
  });
});

describe('evidence against the name', () => {
  test.each<[string, ToolDefinition, ToolClass, string]>([
    [
      'an annotation is no proof of harmlessness',
      { name: 'delete_all', annotations: { readOnlyHint: true } },
      'Destructive',
      'name: "delete"',
    ],
    [
      'nor for money',
      { name: 'send_payment', annotations: { readOnlyHint: true, destructiveHint: false } },
      'Financial',
      'name: "send" of "payment"',
    ],
    [
      'where nothing else is known it holds',
      { name: 'xyzzy', annotations: { readOnlyHint: true } },
      'Read',
      'annotation readOnlyHint, and nothing else is known',
    ],
    [
      "the protocol's default is no word that it destroys",
      { name: 'update_page', annotations: { destructiveHint: true } },
      'Write',
      'name: "update"',
    ],
    [
      'but a word that it does something',
      { name: 'get_page', annotations: { destructiveHint: true } },
      'Write',
      'annotation destructiveHint',
    ],
    [
      'and where nothing else is known, that it may do anything',
      { name: 'xyzzy', annotations: { destructiveHint: true } },
      'Execute',
      'annotation destructiveHint, and nothing else is known',
    ],
    [
      'one hint takes back the other',
      { name: 'get_page', annotations: { readOnlyHint: true, destructiveHint: true } },
      'Read',
      'name: "get"',
    ],
    [
      'and when it says that it does not only read',
      { name: 'get_page', annotations: { readOnlyHint: false } },
      'Write',
      'annotation readOnlyHint is false',
    ],
    [
      'a description that deletes',
      { name: 'get_temp_files', description: 'Deletes temporary files and lists them' },
      'Destructive',
      'description: "deletes"',
    ],
    [
      'a description that says so further on',
      { name: 'update_plan', description: 'Changes the plan. This cannot be undone.' },
      'Destructive',
      'description: "cannot be undone"',
    ],
    [
      'a description that spends makes a change one with money',
      { name: 'update_subscription', description: 'Charges the stored card.' },
      'Financial',
      'description: "charges"',
    ],
    [
      'of what only reads, "pays" says what it reads about',
      { name: 'get_order', description: 'Pays the order.' },
      'Read',
      'name: "get"',
    ],
    [
      'words before the verb of a description',
      { name: 'xyzzy', description: 'This tool allows you to delete a file' },
      'Destructive',
      'description: "delete"',
    ],
    [
      'a state in a description',
      { name: 'xyzzy', description: 'Refund status of an order' },
      'Read',
      'description: "status"',
    ],
    [
      'a listed change behind a name that reads says little',
      { name: 'get_user', inputSchema: withEnum('action', 'get', 'create') },
      'Read',
      'name: "get"',
    ],
    [
      'an annotation that it does not destroy says nothing',
      { name: 'get_page', annotations: { destructiveHint: false } },
      'Read',
      'name: "get"',
    ],
    [
      'a listed action',
      { name: 'manage_user', inputSchema: withEnum('action', 'get', 'update', 'delete') },
      'Destructive',
      'argument "action" may be "delete"',
    ],
    [
      'a listed action behind a name that reads',
      { name: 'get_user', inputSchema: withEnum('operation', 'get', 'purge') },
      'Destructive',
      'argument "operation" may be "purge"',
    ],
    [
      'what is reported is not what is done',
      { name: 'track_account', inputSchema: withEnum('action', 'create', 'delete') },
      'Write',
      'name: "track"',
    ],
    [
      'an amount',
      { name: 'send', inputSchema: { type: 'object', properties: { amount: { type: 'number' } } } },
      'Financial',
      'name: "send" with argument "amount"',
    ],
    [
      'a query in a language that changes data',
      { name: 'd1_query', description: 'Execute a SQL query', inputSchema: withText('query') },
      'Execute',
      'argument "query" is run',
    ],
    [
      'also one that is said to change nothing, where the name says no such thing',
      { name: 'query', description: 'Run a read-only query', inputSchema: withText('sql') },
      'Execute',
      'argument "sql" is run',
    ],
    [
      'a name that looks, and a description that runs something that only looks',
      { name: 'read_query', description: 'Execute a SELECT of SQL', inputSchema: withText('query') },
      'Read',
      'name: "read"',
    ],
    [
      'a query that is explained',
      { name: 'explain_query', description: 'Plan of a SQL query', inputSchema: withText('query') },
      'Read',
      'name: "explain"',
    ],
    [
      'words to search for',
      { name: 'query_docs', description: 'Search the manual', inputSchema: withText('query') },
      'Read',
      'name: "query"',
    ],
    [
      'a script that is uploaded',
      { name: 'worker_put', description: 'Create or update a worker', inputSchema: withText('script') },
      'Execute',
      'argument "script" is run',
    ],
    [
      'the name of a script is none',
      { name: 'worker_put', description: 'Create or update a worker', inputSchema: withText('scriptName') },
      'Write',
      'name: "put"',
    ],
    [
      'a method of HTTP on an address',
      {
        name: 'fetch',
        inputSchema: { properties: { url: {}, method: { enum: ['GET', 'POST', 'DELETE'] } } },
      },
      'Execute',
      'argument "method" of a request to any address',
    ],
    [
      'a request that is kept',
      {
        name: 'create_request',
        inputSchema: { properties: { url: {}, method: { enum: ['GET', 'POST', 'DELETE'] } } },
      },
      'Write',
      'name: "create"',
    ],
    [
      'a page that is fetched',
      { name: 'fetch', inputSchema: { properties: { url: {}, method: { enum: ['GET', 'HEAD'] } } } },
      'Read',
      'name: "fetch"',
    ],
    [
      'code to run',
      { name: 'sandbox', inputSchema: { type: 'object', properties: { script: { type: 'string' } } } },
      'Execute',
      'argument "script"',
    ],
  ])('%s', (_, tool, expected, reason) => {
    expect(classify(tool)).toEqual({ class: expected, risk: RISK_OF[expected], reason });
  });

  test.each([
    'd\u200Belete_file',
    'ｄｅｌｅｔｅ_file',
    'délete_file',
    'd\u0435lete_file',
    'DeLeTe_file_delete',
  ])('%j is read as a person reads it', (name) => {
    expect(classify({ name }).class).toBe('Destructive');
  });

  test('an annotation never makes a tool look more harmless', () => {
    const hint = fc.option(fc.boolean(), { nil: undefined });
    fc.assert(
      fc.property(
        fc.constantFrom(...LABELLED),
        fc.record({ readOnlyHint: hint, destructiveHint: hint, idempotentHint: hint }),
        ([name, description], annotations) => {
          const before = classify({ name, description }).class;
          const after = classify({ name, description, annotations }).class;
          expect(severity(after)).toBeGreaterThanOrEqual(severity(before));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('a verb that is certain is critical wherever in a name it stands', () => {
    const verbs = VERBS.filter(({ sure }) => sure).flatMap(({ words }) => words.split(' '));
    const words = VERBS.flatMap((row) => row.words.split(' '));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...words), { maxLength: 3 }),
        fc.constantFrom(...verbs),
        fc.array(fc.constantFrom(...words), { maxLength: 3 }),
        fc.constantFrom('_', '-', '.', '/', ' '),
        (before, verb, after, separator) => {
          const name = [...before, verb, ...after].join(separator);
          expect(classify({ name }).risk, name).toBe('critical');
        },
      ),
      { numRuns: 2000 },
    );
  });
});

test.each([
  ['get-env', 'Returns all environment variables'],
  ['read_config', 'Returns the API keys of a project'],
  ['list_secrets', ''],
])('%s is a Read of high risk: what it gives out opens other doors', (name, description) => {
  expect(classify({ name, description })).toMatchObject({ class: 'Read', risk: 'high' });
});

test.each([
  ['get_secret_types', 'Kinds of secrets that are looked for'],
  ['list_environments', 'Environments of a project'],
])('%s is about secrets, and gives none out', (name, description) => {
  expect(classify({ name, description })).toMatchObject({ class: 'Read', risk: 'low' });
});

test.each([
  ['delete_customer', true],
  ['send_payment', true],
  ['run_command', false],
  ['update_page', false],
  ['get_page', false],
])('whether a mistake with %s cannot be taken back or costs money: %s', (name, severe) => {
  expect(isSevere({ name })).toBe(severe);
});

describe('definitions of any form', () => {
  test('never throw, and give the same twice', () => {
    const any = fc.anything({ maxDepth: 4 });
    const schema = fc.oneof(any, fc.record({ properties: any }), fc.constant(withEnum('action', 'delete')));
    const definition = fc.record({
      name: fc.oneof(fc.string({ unit: 'binary' }), any),
      description: fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), any),
      inputSchema: schema,
      annotations: any,
    });
    fc.assert(
      fc.property(definition, (tool) => {
        const first = classify(tool as ToolDefinition);
        expect(Object.keys(RISK_OF)).toContain(first.class);
        expect(classify(tool as ToolDefinition)).toEqual(first);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['__proto__', 'Other'],
    ['constructor', 'Other'],
    ['', 'Other'],
    ['___', 'Other'],
    [`${'x_'.repeat(100_000)}y`, 'Other'],
  ])('a name such as %.20s', (name, expected) => {
    expect(classify({ name }).class).toBe(expected);
  });

  test('the reason is one line, whatever the server writes', () => {
    const inputSchema = withEnum('action', 'delete\u001B[2J\n\u202Eall');
    const { reason } = classify({ name: 'manage', inputSchema });
    expect(reason).toBe('argument "action" may be "delete\\u{1b}[2J\\u{a}\\u{202e}all"');
  });
});

test('G9: argument names of stacked marks are read in linear time', () => {
  const marks = '\u0301\u0323'.repeat(120_000);
  const tool = {
    name: 'list_things',
    inputSchema: { properties: { [`äction${marks}`]: { enum: ['delete'] }, [`x${marks}`]: {} } },
  } as ToolDefinition;
  expect(normalised(() => expect(classify(tool).class).toBe('Destructive'))).toBeLessThan(1000);
});

describe('the table of evidence', () => {
  test('has every word once, folded', () => {
    const words = VERBS.flatMap((row) => row.words.split(' '));
    expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
    expect(words.filter((word) => !/^[a-z0-9]+$/.test(word))).toEqual([]);
  });
});

test.each([
  [
    AFIP_TOOLS.find(({ name }) => name === 'create_invoice')?.inputSchema,
    ['amount_total', 'amount_net', 'amount_iva'],
  ],
  [{ properties: { valorTotal: { type: ['number', 'null'] }, amount: { type: 'string' } } }, ['valorTotal']],
  [{ properties: { quantity: { type: 'integer' } } }, []],
  [undefined, []],
])('moneyArguments %#', (inputSchema, expected) => {
  expect(moneyArguments(inputSchema)).toEqual(expected);
});
