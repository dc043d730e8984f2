import { describe, expect, test } from 'vitest';
import { lintPolicy } from '../../src/advice/lint.js';
import { PRESETS, preset } from '../../src/catalog/servers.js';
import { STRENGTH_NAMES, STRENGTH_TITLES, type Strength } from '../../src/catalog/strengths.js';
import type { JsonObject } from '../../src/json/value.js';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import type { Policy } from '../../src/policy/model.js';
import { loadPolicy } from '../../src/policy/read/load.js';

const load = (name: Strength) => {
  const loaded = loadPolicy(preset(name)?.text ?? '', name);
  expect(loaded.problems).toEqual([]);
  return loaded;
};

/** What becomes of a first call of a tool. */
function effectOf(policy: Policy, tool: string, args: JsonObject = {}): string {
  const found = evaluate(policy, { tool, args, env: {} });
  if (found.kind === 'refused') return found.refusal.code;
  if (found.kind !== 'open') return found.kind;
  return found.ask === undefined ? 'open' : 'asked';
}

describe.each(STRENGTH_NAMES)('the preset %s', (name) => {
  test('loads, says what it is, and has no rule that could never do anything', () => {
    expect(preset(name)?.title).toContain(STRENGTH_TITLES[name]);
    const loaded = load(name);
    const found = loaded.policy ? lintPolicy(loaded).map(({ code }) => code) : [];
    expect(found).toEqual(name === 'locked' ? ['NOTHING_CALLABLE'] : []);
  });
});

test.each<[tool: string, watch: string, brake: string, careful: string]>([
  ['read_file', 'open', 'open', 'open'],
  ['browser_click', 'open', 'open', 'asked'],
  ['write_file', 'open', 'open', 'asked'],
  ['delete_file', 'open', 'asked', 'asked'],
  ['notion-delete-page', 'open', 'asked', 'asked'],
  ['deleteFile', 'open', 'asked', 'asked'],
  ['bulkDeleteFiles', 'open', 'asked', 'asked'],
  ['DeleteFile', 'open', 'asked', 'asked'],
  ['create_payment', 'open', 'asked', 'asked'],
  ['list_payments', 'open', 'open', 'open'],
  ['deleted_items', 'open', 'open', 'asked'],
  ['GetFile', 'open', 'open', 'asked'],
  // Names of payment, file, database and browser servers.
  ['AWSDeleteBucket', 'open', 'asked', 'asked'],
  ['find_and_delete', 'open', 'asked', 'asked'],
  ['find_one_and_delete', 'open', 'asked', 'asked'],
  ['describe_and_purge_queue', 'open', 'asked', 'asked'],
  ['get_deleted_files', 'open', 'open', 'open'],
  ['redis_del', 'open', 'asked', 'asked'],
  ['flushdb', 'open', 'asked', 'asked'],
  ['rm', 'open', 'asked', 'asked'],
  ['git_reset', 'open', 'asked', 'asked'],
  ['prune_images', 'open', 'asked', 'asked'],
  ['anular_comprobante', 'open', 'asked', 'asked'],
  ['crear_factura', 'open', 'asked', 'asked'],
  ['emitirComprobante', 'open', 'asked', 'asked'],
  ...[
    ...['excluir_nota', 'apagar_nota', 'remover_nota', 'deletarNota', 'cancelar_nota_fiscal', 'limpar_banco'],
    ...['estornar_cobranca', 'enviar_pix', 'destruir_datos', 'venderAcciones'],
  ].map((tool): [string, string, string, string] => [tool, 'open', 'asked', 'asked']),
  ['pixel_color', 'open', 'open', 'asked'],
  ['create_credit_note', 'open', 'asked', 'asked'],
  ['create_debit_note', 'open', 'asked', 'asked'],
  ['createCreditNote', 'open', 'asked', 'asked'],
  ['issue-debit-notes', 'open', 'asked', 'asked'],
  ['nota_de_credito', 'open', 'asked', 'asked'],
  ['crearNotaDebito', 'open', 'asked', 'asked'],
  ['create_note', 'open', 'open', 'asked'],
  ['list_credit_notes', 'open', 'open', 'open'],
  ['send_money', 'open', 'asked', 'asked'],
  ['sendTransaction', 'open', 'asked', 'asked'],
  ['create_subscription', 'open', 'asked', 'asked'],
  // What is asked in SQL may change something.
  ['query_database', 'open', 'open', 'asked'],
  ['browser_navigate', 'open', 'open', 'asked'],
  ['screenshot_delta', 'open', 'open', 'asked'],
])('%s under each preset, by its name alone', (tool, watch, brake, careful) => {
  expect(STRENGTH_NAMES.map((name) => effectOf(load(name).policy!, tool))).toEqual([
    watch,
    brake,
    careful,
    'NOT_LISTED',
  ]);
});

test('no preset has the name of another', () => {
  expect(new Set(PRESETS.map(({ name }) => name)).size).toBe(PRESETS.length);
});

test.each<[Strength, string | undefined, string | undefined, string | undefined, string | undefined]>([
  ['watch', undefined, undefined, undefined, undefined],
  ['brake', undefined, undefined, undefined, undefined],
  ['careful', 'asked', 'asked', 'open', 'open'],
  ['locked', 'NOT_LISTED', 'NOT_LISTED', 'NOT_LISTED', 'NOT_LISTED'],
])('what a server asks of the client under %s', (name, sampling, secret, form, roots) => {
  const judged = (tool: string, args: JsonObject) => {
    const { serverRequests } = load(name).policy!;
    return serverRequests && effectOf(serverRequests, tool, args);
  };
  expect(judged('sampling/createMessage', { maxTokens: 100 })).toBe(sampling);
  expect(judged('elicitation/create', { message: 'Your API key, please.' })).toBe(secret);
  const properties = { Password: { type: 'string' } };
  expect(judged('elicitation/create', { message: 'x', requestedSchema: { properties } })).toBe(secret);
  expect(judged('elicitation/create', { message: 'Which city?', requestedSchema: {} })).toBe(form);
  expect(judged('roots/list', {})).toBe(roots);
});
