import { describe, expect, test } from 'vitest';
import { THREATS } from '../../src/catalog/threats/threats.js';
import { hintAbout, traceCall } from '../../src/draft/outlook.js';
import { hintTold, notJudgedTold, stepTold, whyTold } from '../../src/page/words/told.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { OPERATOR_NAMES } from '../../src/policy/operators.js';
import { loadPolicy } from '../../src/policy/read/load.js';

const NOW = Date.UTC(2026, 10, 22, 11);

/** What a call comes to, and each step, in both languages. */
function told(entry: object, args: object, policy: object = {}) {
  const text = JSON.stringify({ version: '1', default: 'deny', tools: { pay: entry }, ...policy });
  const loaded = loadPolicy(text, 'p.json');
  if (!loaded.policy) throw new Error(JSON.stringify(loaded.problems));
  const { outlook, trace } = traceCall(
    stack(loaded.policy, []),
    { tool: 'pay', args: args as never, env: {} },
    { server: 's', grant: 'default' },
    (look) => look(undefined),
    NOW,
  );
  const last = trace.at(-1);
  if (!last) throw new Error('no step');
  return {
    why: whyTold(outlook, trace, 'es'),
    english: whyTold(outlook, trace, 'en'),
    steps: trace.map((step) => stepTold(step, 'es')),
  };
}

const when = (path: string, op: string, value: unknown) => ({ conditions: [{ path, op, value }] });

describe('why a call comes to what it does, in Spanish', () => {
  test.each<[object, object, string]>([
    [{ require: [when('args.a', 'lte', 100)] }, { a: 500 }, 'args.a es 500, y debe ser como mucho 100'],
    [{ require: [when('args.a', 'lte', 100)] }, {}, 'falta args.a, y debe ser como mucho 100'],
    [
      { require: [when('args.a', 'lte', 100)] },
      { a: '5' },
      'args.a es "5" (texto), y debe ser como mucho 100',
    ],
    [{ deny_if: [when('args.a', 'gt', 100)] }, { a: 500 }, 'args.a es 500, que es mayor que 100'],
    [{ deny_if: [when('args.a', 'eq', 'C')] }, { a: 'C' }, 'args.a es "C"'],
    [{ deny_if: [when('args.a', 'in', ['x', 'y'])] }, { a: 'x' }, 'args.a es "x", que es uno de "x", "y"'],
    [
      { deny_if: [when('args.a', 'regex', '^a')] },
      { a: ['b', 'c'] },
      'args.a es una lista de 2 elementos, que puede coincidir con ^a',
    ],
    [{ action: 'deny' }, {}, 'la política rechaza toda llamada'],
    [{ action: 'approve' }, {}, 'la política pregunta a una persona por cada llamada'],
    [{}, {}, 'nada la rechaza'],
    [{ action: 'hide' }, {}, 'la herramienta está oculta: se responde como a una desconocida'],
    [
      { rate_limit: { max: 0, window: 60 } },
      {},
      'se usaron 0 de 0 llamadas por minuto; una llamada de este tamaño no puede pasar nunca',
    ],
  ])('%j with %j', (entry, args, words) => {
    expect(told(entry, args).why).toEqual({ text: words, lang: 'es' });
  });

  test('every operator has words, and none of them is English', () => {
    for (const op of OPERATOR_NAMES) {
      const value =
        { in: ['x'], not_in: ['x'], exists: true, regex: '^x', starts_with: 'x', contains: 'x' }[
          op as string
        ] ?? 1;
      const { why } = told({ require: [when('args.a', op, value)] }, {});
      if (why.text === 'nada la rechaza') continue;
      expect(why.lang).toBe('es');
      expect(why.text).toMatch(/^falta args\.a, y debe (ser|estar|coincidir|contener|empezar) /);
    }
  });

  test('what people have written stays as it is, and is called nobody’s language', () => {
    const own = { ...when('args.a', 'gt', 1), on_deny: 'Ask Ana first.' };
    expect(told({ approve_if: [own] }, { a: 2 }).why).toEqual({ text: 'Ask Ana first.', lang: undefined });
    expect(told({ deny_if: [own] }, { a: 2 }).why).toEqual({
      text: 'Ask Ana first. (args.a es 2, que es mayor que 1)',
      lang: 'es',
    });
  });

  test('what has no facts stays English, and is said to be', () => {
    const { why, steps } = told({ deny_if: [when('args.a.b', 'eq', 1)] }, { a: 'text' });
    expect(why).toEqual({ text: expect.stringContaining('args.a is a text, without a field'), lang: 'en' });
    expect(steps[0]).toEqual({ text: 'la juzga la entrada "pay"', lang: 'es' });
  });

  test('on the English page all of it is English', () => {
    expect(told({ deny_if: [when('args.a', 'gt', 100)] }, { a: 500 }).english).toEqual({
      text: 'args.a is 500, which is more than 100',
      lang: 'en',
    });
  });
});

test('each attack pattern has its texts in Spanish, and none is there that the catalogue does not know', async () => {
  const { SPANISH_PATTERNS } = await import('../../src/page/web/i18n/spanish-patterns.js');
  expect(Object.keys(SPANISH_PATTERNS).sort()).toEqual(THREATS.map(({ id }) => id).sort());
});

test.each([
  [
    { code: 'reads', rule: '/tools/pay/require/0', reads: 'args.total' },
    'lee args.total, que el registro no tiene',
  ],
  [{ code: 'again' }, 'la misma llamada otra vez'],
  [{ code: 'no_part' }, 'ninguna política tuvo parte'],
] as const)('why a recorded call cannot be judged is told in Spanish: %j', (why, words) => {
  expect(notJudgedTold(why, 'es')).toEqual({ text: expect.stringContaining(words), lang: 'es' });
  expect(notJudgedTold(why, 'en')).toMatchObject({ lang: 'en' });
});

test('what may be wrong with a tool’s name is told in Spanish', () => {
  const meant = (policy: object, known: readonly string[]) => {
    const { policy: loaded } = loadPolicy(JSON.stringify({ version: '1', default: 'deny', ...policy }), 'p');
    const hint = loaded && hintAbout('create_invoice', [loaded], known);
    return hint && hintTold(hint, 'es');
  };
  expect(meant({}, ['create_invoices'])).toEqual({
    text: '¿quisiste decir "create_invoices"? Ese es el nombre con el que se encuentran las reglas',
    lang: 'es',
  });
  expect(meant({ tools: { mcp__afip__create_invoice: {} } }, [])?.text).toContain(
    'la política tiene "mcp__afip__create_invoice", que es como un cliente muestra "create_invoice"',
  );
  expect(meant({}, ['create_invoice'])).toBeUndefined();
});
