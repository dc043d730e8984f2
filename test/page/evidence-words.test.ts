import { expect, test } from 'vitest';
import { classify, judge } from '../../src/catalog/classify.js';
import { evidenceTold } from '../../src/page/words/evidence.js';

const text = { type: 'string' };
const withArguments = (properties: object) => ({ inputSchema: { type: 'object', properties } });

test.each<[tool: object, english: string, spanish: string]>([
  [{ name: 'get_weather' }, 'name: "get"', 'nombre: "get"'],
  [{ name: 'create_invoice' }, 'name: "create" of "invoice"', 'nombre: "create" de "invoice"'],
  [{ name: 'zzz', description: 'Deletes a thing.' }, 'description: "deletes"', 'descripción: "deletes"'],
  [
    { name: 'zzz' },
    'nothing known in name, description or arguments',
    'nada conocido en nombre, descripción ni argumentos',
  ],
  [
    { name: 'zzz', annotations: { readOnlyHint: true } },
    'annotation readOnlyHint, and nothing else is known',
    'la anotación readOnlyHint, y no se sabe nada más',
  ],
  [
    { name: 'zzz', annotations: { readOnlyHint: false } },
    'annotation readOnlyHint is false',
    'la anotación readOnlyHint es falsa',
  ],
  [{ name: 'zzz', ...withArguments({ command: text }) }, 'argument "command"', 'argumento "command"'],
  [
    { name: 'zzz', ...withArguments({ action: { enum: ['delete'] } }) },
    'argument "action" may be "delete"',
    'el argumento "action" puede ser "delete"',
  ],
  [
    { name: 'get_secret' },
    'name: "get", and it gives out secrets: "secret"',
    'nombre: "get", y entrega secretos: "secret"',
  ],
])('why %j is what it is', (tool, english, spanish) => {
  expect(classify(tool as never).reason).toBe(english);
  const { reason } = judge(tool as never);
  expect(evidenceTold(reason, 'en')).toEqual({ text: english, lang: 'en' });
  expect(evidenceTold(reason, 'es')).toEqual({ text: spanish, lang: 'es' });
});
