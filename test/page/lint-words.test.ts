import { expect, test } from 'vitest';
import { lintPolicy } from '../../src/advice/lint.js';
import { problemTold } from '../../src/page/words/lint-spanish.js';
import { loadPolicy } from '../../src/policy/read/load.js';

const TOOLS = [
  {
    name: 'pay',
    inputSchema: {
      type: 'object',
      properties: { total: { type: 'number' }, note: { type: 'string' }, kind: { enum: ['A', 'B'] } },
      required: ['total'],
    },
  },
  { name: 'list', inputSchema: { type: 'object', properties: {} } },
];

const when = (path: string, op: string, value: unknown) => [{ conditions: [{ path, op, value }] }];
const limit = (extra: object) => [{ counter: 'c', window: 'day', max: 5, ...extra }];

/** The findings of a policy about `pay`, in both languages. */
function told(policy: object) {
  const loaded = loadPolicy(JSON.stringify({ version: '1', default: 'deny', ...policy }), 'p.json');
  if (!loaded.policy) throw new Error(JSON.stringify(loaded.problems));
  const problems = lintPolicy(loaded as Parameters<typeof lintPolicy>[0], TOOLS);
  return {
    spanish: problems.map((problem) => problemTold(problem, 'es')),
    english: problems.map((problem) => problemTold(problem, 'en')),
  };
}

test.each<[policy: object, message: string, hint: string]>([
  [
    { tools: { pya: {}, pay: {}, list: {} } },
    'El servidor no tiene ninguna herramienta llamada "pya"; esto no juzga nada.',
    'Corrige el nombre, o quítalo.',
  ],
  [
    { tools: { pay: {} } },
    '1 herramienta del servidor no coincide con ninguna entrada y se rechaza por omisión: list.',
    'Dale a cada una una entrada en "tools", o un nombre en "hide".',
  ],
  [
    { tools: { list: {}, pay: { require: when('args.total', 'eq', 'x') } } },
    '"eq" no se puede cumplir nunca para args.total, que según el esquema de pay es un número; así que se rechaza toda llamada.',
    'Usa un operador y un valor que correspondan.',
  ],
  [
    { tools: { list: {}, pay: { deny_if: when('args.kind', 'eq', 'C') } } },
    '"eq" no se puede cumplir nunca para args.kind, que según el esquema de pay es uno de "A", "B"; así que nunca rechaza.',
    'Usa un operador y un valor que correspondan.',
  ],
  [
    { tools: { list: {}, pay: { deny_if: when('args.note', 'eq', 'x') } } },
    'args.note es opcional en pay: una llamada sin él pasa esta regla, tome lo que tome el servidor en su lugar.',
    'Si tiene que estar, agrega {"path": "args.note", "op": "exists"} en "require".',
  ],
  [
    { tools: { list: {}, pay: { approve_if: when('args.sum', 'gt', 5) } } },
    'El esquema de pay no tiene args.sum, así que nunca pregunta.',
    'Tiene: total, note, kind.',
  ],
  [
    { tools: { list: {}, pay: { limits: limit({ amount: 'args.note' }) } } },
    'args.note no es un número según el esquema de pay: no se suma nada a "c", y se rechaza toda llamada.',
    'Nombra un argumento que sea un número.',
  ],
  [
    { tools: { list: {}, pay: { limits: limit({ amount: 0 }) } } },
    'Cada llamada suma 0 a "c", así que nunca cuenta.',
    'Escribe otra cantidad, o quita el límite.',
  ],
  [
    { hide: ['pay'], tools: { list: {}, pay: {} } },
    '"hide" tiene "pay", así que esta entrada nunca se mira.',
    'Quítala, o saca el nombre de "hide".',
  ],
  [
    { tools: { pay: { action: 'deny' }, list: { action: 'deny' } } },
    'Ninguna de las 2 herramientas del servidor se podría llamar nunca.',
    'El servidor tiene: pay, list.',
  ],
])('what is found in %j is told in Spanish', (policy, message, hint) => {
  const { spanish, english } = told(policy);
  expect(spanish).toContainEqual(expect.objectContaining({ message, hint, lang: 'es' }));
  expect(english.every(({ lang }) => lang === 'en')).toBe(true);
  expect(english.map(({ message }) => message)).not.toContain(message);
});

test('what the reader of a policy says stays English, and is marked so', () => {
  const { problems } = loadPolicy('{"version": "1", "default": "x"}', 'p.json');
  expect(problems.length).toBeGreaterThan(0);
  for (const problem of problems) expect(problemTold(problem, 'es')).toEqual({ ...problem, lang: 'en' });
});
