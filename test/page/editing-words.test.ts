import { expect, test } from 'vitest';
import { effectParts } from '../../src/cli/effect-parts.js';
import { effectTold, noteTold, whyNotTold } from '../../src/page/words/editing.js';
import { editEntry, type Wish } from '../../src/policy/edit/edit-entry.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../src/policy/read/load.js';

function loaded(policy: object) {
  const text = JSON.stringify({ version: '1', default: 'deny', ...policy });
  const found = loadPolicy(text, 'p.json');
  if (!found.policy) throw new Error(JSON.stringify(found.problems));
  return { text, policy: found.policy };
}

const LIMIT = { counter: 'c', window: 'day', max: 5 };

test.each<[policy: object, wish: Wish, notes: string[]]>([
  [{ hide: ['t'] }, { kind: 'hide' }, ['ya está oculta']],
  [{ tools: { t: {} } }, { kind: 'hide' }, ['su entrada queda, para cuando se la vuelva a permitir']],
  [{ tools: { 't*': {} } }, { kind: 'allow' }, ['ya la permite "t*"']],
  [{ default: 'allow' }, { kind: 'allow' }, ['ya la permite "default"']],
  [{ default: 'allow', hide: ['t'] }, { kind: 'allow' }, ['la permite "default"']],
  [
    { tools: { 't*': { limits: [LIMIT] } } },
    { kind: 'ask' },
    [
      'las reglas de "t*", que la juzgaba hasta ahora, se copian en una entrada propia',
      'conserva sus otras reglas: limits',
    ],
  ],
  [
    { tools: { t: { action: 'approve', limits: [LIMIT] } } },
    { kind: 'limit', rate: '1/day' },
    ['se sigue preguntando a una persona por cada llamada', 'sus otros límites valen además de este'],
  ],
])('what an edit of %j leaves (%j) is told in Spanish', (before, wish, notes) => {
  const { text, policy } = loaded(before);
  const told = editEntry(text, policy, 't', wish).notes.map((note) => noteTold(note, 'es'));
  expect(told).toEqual(notes.map((note) => ({ text: note, lang: 'es' })));
});

test('why nothing can be edited is told in Spanish', () => {
  const { text, policy } = loaded({ tools: { t: { action: 'deny' } } });
  const { impossible } = editEntry(text, policy, 't', { kind: 'limit', rate: '1/day' });
  expect(impossible && whyNotTold(impossible, 'es')).toEqual({
    text: 'toda llamada a ella se rechaza (action "deny"), así que no hay nada que limitar',
    lang: 'es',
  });
  expect(whyNotTold({ code: 'pattern_name' }, 'es').text).toContain('que una política lee como patrón');
  expect(whyNotTold({ code: 'pattern_name' }, 'en')).toMatchObject({ lang: 'en' });
});

test.each<[entry: object | undefined, words: string]>([
  [undefined, 'no está en la lista'],
  [{}, 'permitir'],
  [{ action: 'deny' }, 'rechazar'],
  [{ action: 'hide' }, 'ocultar'],
  [{ action: 'approve', limits: [LIMIT] }, 'preguntar; límite 5/día'],
  [
    { limits: [{ ...LIMIT, on_exceed: 'approve', amount: 'args.total', window: '15m' }] },
    'preguntar a veces; límite 5 de args.total/15 minutos',
  ],
  [{ limits: [{ ...LIMIT, amount: 2 }] }, 'límite 5 de a 2/día'],
  [
    {
      limits: ['a', 'b', 'c', 'd'].map((counter) => ({ ...LIMIT, counter })),
      require: [{ conditions: [{ path: 'args.n', op: 'lte', value: 5 }] }],
    },
    'límite 5/día, 5/día, 5/día; 1 más; condiciones',
  ],
])('what a policy does with a tool (%j): %s', (entry, words) => {
  const { policy } = loaded({ tools: entry ? { t: entry } : { other: {} } });
  expect(effectTold(effectParts(stack(policy, []), 't'), 'es')).toEqual({ text: words, lang: 'es' });
});

test('without a policy that is said', () => {
  expect(effectTold(effectParts(undefined, 't'), 'es').text).toBe('sin política');
});
