import { describe, expect, test } from 'vitest';
import { argumentAt, argumentPaths } from '../../src/advice/tool-schema.js';
import { parsePath } from '../../src/policy/evaluate/path.js';

function look(schema: object, text: string): string {
  const path = parsePath(text);
  if ('fault' in path) throw new Error(path.fault);
  const found = argumentAt(schema, path);
  if (found.kind === 'mismatch') return `${found.at} is no ${found.expected}`;
  if (found.kind === 'absent') return `${found.parent} has no ${found.name}, but ${found.siblings}`;
  if (found.kind === 'unknown') return 'unknown';
  const types = found.types ? [...found.types].join('|') : 'any';
  const values = found.values ? ` of ${JSON.stringify(found.values)}` : '';
  return `${found.required ? 'required' : 'optional'} ${types}${values}`;
}

const object = (properties: object, ...required: string[]) => ({ type: 'object', properties, required });
const A = object({ a: { type: 'integer' } }, 'a');

describe('what a schema says of an argument', () => {
  test.each<[string, object, string, string]>([
    ['a required one', A, 'args.a', 'required number'],
    ['an optional one', object({ a: { type: ['string', 'null'] } }), 'args.a', 'optional string|null'],
    ['optional below required', object({ o: object({ a: {} }) }, 'o'), 'args.o.a', 'optional any'],
    ['required below optional', object({ o: A }), 'args.o.a', 'optional number'],
    ['required below required', object({ o: A }, 'o'), 'args.o.a', 'required number'],
    ['values', object({ a: { enum: ['x', 1] } }), 'args.a', 'optional string|number of ["x",1]'],
    ['one value', object({ a: { const: null } }), 'args.a', 'optional null of [null]'],
    ['absent', A, 'args.b', 'args has no b, but a'],
    ['more allowed', { ...A, additionalProperties: true }, 'args.b', 'unknown'],
    ['more allowed by form', { ...A, patternProperties: {} }, 'args.b', 'unknown'],
    ['no more allowed', { ...A, additionalProperties: false }, 'args.b', 'args has no b, but a'],
    ['names nothing', { type: 'object' }, 'args.b', 'unknown'],
    ['through a text', object({ a: { type: 'string' } }), 'args.a.b', 'args.a is no object'],
    ['no list', A, 'args.a[*]', 'args.a is no array'],
    ['an element', object({ l: { type: 'array', items: A } }, 'l'), 'args.l[*].a', 'required number'],
    ['a list of anything', object({ l: { type: 'array' } }), 'args.l[*].a', 'unknown'],
    ['another root', A, 'env.a', 'unknown'],
    ['every choice requires it', { anyOf: [A, A] }, 'args.a', 'required number'],
    ['one choice requires it', { oneOf: [A, object({ a: {} })] }, 'args.a', 'optional any'],
    ['or null', object({ o: { anyOf: [A, { type: 'null' }] } }, 'o'), 'args.o.a', 'required number'],
    ['all of them', { allOf: [A, object({ b: {} })] }, 'args.a', 'required number'],
    ['required by the whole', { required: ['a'], allOf: [object({ a: {} })] }, 'args.a', 'required any'],
    ['a reference', { $ref: '#/$defs/x', $defs: { x: A } }, 'args.a', 'required number'],
    ['a name with ~ and /', { $ref: '#/d/~01~1', d: { '~1/': A } }, 'args.a', 'required number'],
    ['a circle', { $ref: '#' }, 'args.a', 'unknown'],
    ['elsewhere', { $ref: 'https://example.org/x' }, 'args.a', 'unknown'],
  ])('%s', (_, schema, path, says) => {
    expect(look(schema, path)).toBe(says);
  });
});

describe('the paths that are offered', () => {
  test('lists, choices, references and odd names', () => {
    const schema = {
      ...object({ l: { items: A }, 'x.y': {}, r: { $ref: '#/$defs/o' } }),
      anyOf: [object({ c: {} })],
      $defs: { o: A },
    };
    expect(argumentPaths(schema)).toEqual([
      'args.l',
      'args.l[*]',
      'args.l[*].a',
      'args["x.y"]',
      'args.r',
      'args.r.a',
      'args.c',
    ]);
  });

  test('five levels, and two hundred at most', () => {
    let deep: object = {};
    for (let n = 0; n < 7; n += 1) deep = object({ a: deep });
    expect(argumentPaths(deep)).toEqual(Array.from({ length: 5 }, (_, n) => `args${'.a'.repeat(n + 1)}`));
    const wide = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`a${n}`, {}]));
    expect(argumentPaths(object(wide))).toHaveLength(200);
  });
});
