import { describe, expect, test } from 'vitest';
import { sentencesIn } from '../../../src/advice/sentences/read.js';
import { sentences } from '../../../src/page/web/i18n/sentences.js';
import type { Phrase } from '../../../src/page/web/i18n/strings.js';
import { daysValue, takenDays } from '../../../src/page/web/sentences/days.js';
import { type Say, sentenceText } from '../../../src/page/web/sentences/words.js';
import { OPERATOR_NAMES } from '../../../src/policy/operators.js';
import { ABOUT } from '../../advice/sentences/policies.js';

const saying =
  (language: 0 | 1): Say =>
  (key, values = {}) => {
    const phrase: Phrase = sentences[key][language];
    const text = typeof phrase === 'string' ? phrase : values.n === 1 ? phrase.one : phrase.other;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  };
const [EN, ES] = [saying(0), saying(1)];

function said(entry: object, say: Say): string[] {
  const text = JSON.stringify({ version: '1', default: 'deny', pin: 'hold', tools: { t: entry } });
  const { sentences: all = [], others } = sentencesIn(text, { path: ['tools', 't'], about: ABOUT }) ?? {};
  expect(others).toEqual([]);
  return all.map((sentence) => sentenceText(sentence, say));
}

const limit = { counter: 'c', window: 'minute', max: 30, scope: 'grant' };
const when = (path: string, op: string, value: unknown) => ({ path, op, value });

test.each<[entry: object, english: string, spanish: string]>([
  [{ limits: [limit] }, 'At most 30 calls a minute', 'Como máximo 30 llamadas por minuto'],
  [{ limits: [{ ...limit, max: 1, window: 20 }] }, 'At most 1 call in 20s', 'Como máximo 1 llamada en 20s'],
  [{ rate_limit: '5/15m' }, 'At most 5 calls in 15m', 'Como máximo 5 llamadas en 15m'],
  [
    { limits: [{ ...limit, window: 'day', max: 100000, amount: 'args.amount_total' }] },
    'At most 100000 of amount_total a day',
    'Como máximo 100000 de amount_total por día',
  ],
  [
    { limits: [{ ...limit, amount: { sum: 'args.items[*].price' }, per: ['args.note', 'env.REGION'] }] },
    'At most 30 of items[*].price added up a minute, for each note and env.REGION',
    'Como máximo 30 de items[*].price sumados por minuto, por cada note y env.REGION',
  ],
  [
    {
      limits: [
        { ...limit, max: 3, window: '10m', refund: 'on_success', on_exceed: 'approve', scope: 'session' },
      ],
    },
    'At most 3 calls in 10m, counting calls that fail alone, beyond that, I am asked, counted for each session by itself',
    'Como máximo 3 llamadas en 10m, contando solo las que fallan, si se supera, se me pregunta, contando cada sesión por separado',
  ],
  [
    { approve_if: [{ conditions: [when('args.amount_total', 'gt', 100000)] }] },
    'Ask me when amount_total is over 100000',
    'Preguntarme cuando amount_total supera 100000',
  ],
  [
    { require: [{ conditions: [when('args.invoice_type', 'in', [1, 6, 11])] }] },
    'Refuse unless invoice_type is one of 1, 6, 11',
    'Rechazar salvo si invoice_type es uno de 1, 6, 11',
  ],
  [
    {
      deny_if: [
        {
          conditions: [
            when('args.currency', 'neq', 'ARS'),
            when('args.urgent', 'eq', true),
            when('args.note', 'exists', false),
          ],
          on_deny: 'Pesos only.',
        },
      ],
    },
    'Refuse if currency is not ARS and urgent is yes and note is not given, the model is told: Pesos only.',
    'Rechazar si currency no es ARS y urgent es sí y note no está presente, al modelo se le dice: Pesos only.',
  ],
  [{ action: 'approve' }, 'Ask me about every call', 'Preguntarme en cada llamada'],
  [{ deny_if: [{ conditions: [] }] }, 'Refuse every call', 'Rechazar todas las llamadas'],
  [
    { hours: { days: 'mon-fri', from: '09:00', to: '18:00', outside: 'approve' } },
    'Calls pass Mon, Tue, Wed, Thu, Fri, from 09:00 to 18:00 only, at other times I am asked',
    'Solo pasan llamadas lun, mar, mié, jue, vie, de 09:00 a 18:00, a otras horas se me pregunta',
  ],
  [
    { hours: {} },
    'Calls pass every day, from 00:00 to 24:00 only',
    'Solo pasan llamadas todos los días, de 00:00 a 24:00',
  ],
  [
    { after: [{ tools: ['fetch_*', 'web/read'], within: 'hour' }] },
    'Refuse for an hour after fetch_* or web/read was called',
    'Rechazar durante una hora después de llamar a fetch_* o web/read',
  ],
  [
    { before: [{ tools: ['preview'], within: '10m', scope: 'session' }] },
    'Refuse until preview has succeeded, within 10m, looking at calls of the same session',
    'Rechazar hasta que preview haya salido bien, en 10m, mirando las llamadas de la misma sesión',
  ],
  [
    { arguments: 'declared' },
    'Refuse arguments that the tool does not declare',
    'Rechazar argumentos que la herramienta no declara',
  ],
])('%j', (entry, english, spanish) => {
  expect(said(entry, EN)).toEqual([english]);
  expect(said(entry, ES)).toEqual([spanish]);
});

test('every operator has words in both languages', () => {
  for (const op of OPERATOR_NAMES)
    for (const say of [EN, ES]) expect(say(`word.op.${op}`)).toMatch(/^\p{L}/u);
});

describe('days', () => {
  test.each([
    [null, null],
    ['mon-fri', 'mon-fri'],
    ['sat', 'sat'],
    [
      ['mon', 'wed-fri'],
      ['mon', 'wed-fri'],
    ],
    ['fri-mon', ['mon', 'fri-sun']],
    [
      ['mon', 'tue'],
      ['mon', 'tue'],
    ],
  ])('%j are spelled %j', (value, spelled) => {
    const days = takenDays(value);
    expect(daysValue(days ?? [])).toEqual(spelled);
    expect(takenDays(spelled)).toEqual(days);
  });

  test('a word that is no day is not shown as one', () => {
    expect(takenDays('Monday')).toBeUndefined();
    expect(takenDays(['mon', 5])).toBeUndefined();
  });
});
