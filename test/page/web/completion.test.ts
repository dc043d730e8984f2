import { describe, expect, test } from 'vitest';
import { keysAt, type Schema, valuesAt } from '../../../src/page/web/editor/completion.js';
import { placeAt } from '../../../src/page/web/editor/json-place.js';
import { policyJsonSchema } from '../../../src/policy/read/json-schema.js';

const SCHEMA = policyJsonSchema([
  { name: 'create_invoice', paths: ['args.amount_total', 'args.doc_number'] },
]) as Schema;

/** What is offered at `|`. */
function offered(marked: string): readonly string[] {
  const at = marked.indexOf('|');
  const text = marked.replace('|', '');
  const place = placeAt(text, at);
  if (!place) return [];
  const { kind, path, present } = place;
  return (kind === 'key' ? keysAt(SCHEMA, path, present) : valuesAt(SCHEMA, path)).map((offer) => offer.text);
}

describe('what is offered in the editor comes from our schema', () => {
  test.each<[string, string[], string[]]>([
    ['{ | }', ['version', 'default', 'tools', 'all_tools'], []],
    ['{ "version": "1", "def| }', ['default', 'tools'], ['version']],
    ['{ "version": "1", "def|": "deny" }', ['default'], ['version']],
    ['{ "version": "1", "def|\n}', ['default'], ['version']],
    ['// a comment\n{ "default": | }', ['"allow"', '"deny"'], []],
    ['{ "default": "d|" }', ['"allow"', '"deny"'], []],
    ['{ "tools": { "|" } }', ['create_invoice'], []],
    ['{ "tools": { "create_invoice": { | } } }', ['limits', 'require', 'action', 'rate_limit'], []],
    [
      '{ "tools": { "other_*": { "limits": [ { "counter": "c", | } ] } } }',
      ['window', 'max', 'scope'],
      ['counter'],
    ],
    ['{ "tools": { "x": { "limits": [ { "scope": | } ] } } }', ['"grant"', '"session"', '"machine"'], []],
    [
      '{ "tools": { "create_invoice": { "require": [ { "conditions": [ { "path": "|" } ] } ] } } }',
      ['"args.amount_total"'],
      [],
    ],
    ['{ "tools": { "x": { "require": [ { "conditions": [ { "op": "|" } ] } ] } } }', ['"eq"', '"regex"'], []],
    ['{ "hide": ["|"] }', ['"create_invoice"'], []],
    ['{ "annotate": | }', ['true', 'false'], []],
  ])('%s', (text, some, none) => {
    const all = offered(text);
    expect(all).toEqual(expect.arrayContaining(some));
    expect(all.filter((one) => none.includes(one))).toEqual([]);
  });

  test('what is chosen takes the place of all that is there, quotes and all', () => {
    for (const text of ['{ "de|\n}', '{ "de|f": 1 }', '{ |"def": 1 }', '{ de| }']) {
      const place = placeAt(text.replace('|', ''), text.indexOf('|'));
      expect(place && text.replace('|', '').slice(0, place.from), text).toBe('{ ');
    }
  });

  test.each(['// |\n{}', '{ /* | */ }', '{ "a": 1 } // x |'])('nothing in a comment: %s', (text) => {
    expect(offered(text)).toEqual([]);
  });

  test('a sign of a comment inside of a text is no comment', () => {
    expect(offered('{ "description": "http://x", "default": | }')).toContain('"deny"');
  });

  test('a schema that refers to itself ends', () => {
    const schema: Schema = { $ref: '#', anyOf: [{ $ref: '#' }], properties: { a: { $ref: '#' } } };
    expect(keysAt(schema, ['a', 'a', 'a'], new Set()).map(({ text }) => text)).toEqual(['a']);
  });
});
