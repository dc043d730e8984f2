import fc from 'fast-check';
import { expect, test } from 'vitest';
import { policyKind, toolKind } from '../../src/policy/document.js';
import { type AnyKind, fits } from '../../src/policy/grammar.js';
import { zodOf } from '../../src/policy/grammar-zod.js';

/** Values of a kind, and every so often something else in their place. */
function near(kind: AnyKind): fc.Arbitrary<unknown> {
  const wrong = fc.oneof(
    fc.constantFrom(null, '', 'deny', '1', 0, -1, Number.POSITIVE_INFINITY, true, [], {}, [[]], { max: 1 }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  return fc.oneof({ weight: 40, arbitrary: of(kind) }, { weight: 1, arbitrary: wrong });
}

function of(kind: AnyKind): fc.Arbitrary<unknown> {
  switch (kind.form) {
    case 'text':
      return fc.string();
    case 'number':
      return fc.double({ noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'anything':
      return fc.jsonValue({ maxDepth: 2 });
    case 'exactly':
      return fc.constant(kind.value);
    case 'words':
      return fc.constantFrom(...kind.words);
    case 'optional':
      return near(kind.of);
    case 'list':
      return fc.array(near(kind.of), { maxLength: 2 });
    case 'either':
      return fc.oneof(...kind.options.map(near));
    case 'byName':
      return fc.dictionary(fc.string(), near(kind.of), { maxKeys: 2 });
    case 'fields': {
      const all = Object.entries(kind.fields);
      const needed = all.filter(([, { form }]) => form !== 'optional').map(([name]) => name);
      const record = fc.record(Object.fromEntries(all.map(([name, field]) => [name, near(field)])), {
        requiredKeys: needed,
      });
      const odd = fc
        .tuple(record, fc.constantFrom('toString', 'max', 'Version', ''), fc.constantFrom(...needed, ''))
        .map(([value, more, less]) => {
          const { [less]: _, ...rest } = value;
          return { ...rest, ...(more !== '' && { [more]: 1 }) };
        });
      return fc.oneof({ weight: 40, arbitrary: record }, { weight: 1, arbitrary: odd });
    }
  }
}

test.each([
  ['a policy', policyKind],
  ['an entry', toolKind],
])('what fits as %s is what zod accepts, and nothing else', (_, kind: AnyKind) => {
  const schema = zodOf(kind);
  const seen = { fit: 0, other: 0 };
  fc.assert(
    fc.property(near(kind), (value) => {
      // An entry that zod does not look at: it has a test of its own.
      fc.pre(!Object.hasOwn(Object(Object(value).tools), '__proto__'));
      const fit = fits(kind, value);
      seen[fit ? 'fit' : 'other'] += 1;
      expect(schema.safeParse(value).success).toBe(fit);
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(seen.fit, seen.other)).toBeGreaterThan(100);
});

test('an entry called `__proto__` is looked at like any other, though zod does not', () => {
  const policy = JSON.parse('{"version":"1","default":"allow","tools":{"__proto__":{"action":"no word"}}}');
  expect([fits(policyKind, policy), zodOf(policyKind).safeParse(policy).success]).toEqual([false, true]);
  policy.tools = JSON.parse('{"__proto__":{"action":"deny"}}');
  expect(fits(policyKind, policy)).toBe(true);
});
