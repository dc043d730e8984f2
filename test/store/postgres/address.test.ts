import { expect, test } from 'vitest';
import { Decimal } from '../../../src/json/decimal.js';
import { fitsNumeric } from '../../../src/policy/limits/numeric.js';
import { keyOf } from '../../../src/store/counters/counter-key.js';
import { parseStoreAddress, shownAddress } from '../../../src/store/postgres/address.js';
import { literal } from '../../../src/store/postgres/engine.js';
import { sharedKeyOf, sharedKeyOfLocal } from '../../../src/store/postgres/shared-key.js';
import { storable } from '../../../src/store/postgres/storable.js';
import { limit } from '../support-shapes.js';

test('an address names host, login, database and team, and is shown without more', () => {
  const address = parseStoreAddress('postgres://alice@db.example:6000/app?team=billing');
  expect(address).toEqual({
    host: 'db.example',
    port: 6000,
    user: 'alice',
    database: 'app',
    team: 'billing',
    tls: 'verify-full',
    ca: undefined,
  });
  expect(shownAddress(address)).toBe('postgres://alice@db.example:6000/app?team=billing');
});

test.each([
  ['postgres://alice@127.0.0.1/app?team=b', 'off'],
  ['postgres://alice@localhost/app?team=b', 'off'],
  ['postgres://alice@[::1]/app?team=b', 'off'],
  ['postgres://alice@127.0.0.1/app?team=b&ca=/etc/ca.pem', 'verify-full'],
  ['postgres://alice@127.0.0.1.example/app?team=b', 'verify-full'],
  ['postgres://alice@10.0.0.1/app?team=b', 'verify-full'],
  ['postgresql://alice@db/app?team=b', 'verify-full'],
])('%s has TLS %s', (text, tls) => {
  expect(parseStoreAddress(text).tls).toBe(tls);
});

test.each([
  ['nonsense', /no address of a store/],
  ['mysql://alice@db/app?team=b', /begins with postgres/],
  ['postgres://alice:secret@db/app?team=b', /has a password/],
  ['postgres://db/app?team=b', /names no login/],
  ['postgres://alice@db?team=b', /names no database/],
  ['postgres://alice@db/app', /names no team/],
  ['postgres://alice@db/app?team=a%20b', /names no team/],
  ['postgres://alice@db/app?team=b&sslmode=disable', /\?sslmode=/],
])('%s is refused, and no password is shown', (text, message) => {
  expect(() => parseStoreAddress(text)).toThrow(message);
  expect(() => parseStoreAddress(text)).not.toThrow(/secret/);
});

test('a text that cannot be stored is written out, and two that differ stay different', () => {
  expect(storable('plain 😀')).toBe('plain 😀');
  const odd = ['a\u0000', 'a\ud800', 'a\udc00', 'a\ufffd'];
  expect(new Set(odd.map(storable)).size).toBe(odd.length);
  expect(storable('\ud83d\u0000\ude00')).toBe('\\ud83d\\u0000\\ude00');
});

test('a text as SQL ends where it ends, whatever it says', () => {
  expect(literal("it's \\' -- ; DROP")).toBe("E'it''s \\\\'' -- ; DROP'");
  expect(literal({ a: 'b\\"' })).toBe(`E'{"a":"b\\\\\\\\\\\\""}'`);
  expect(literal(undefined)).toBe('NULL');
  expect(() => literal('\u0000')).toThrow('NUL');
});

test.each([
  ['1e499', true],
  ['1e500', false],
  ['1e-500', true],
  ['1e-501', false],
  ['0.1', true],
])('%s fits a shared store: %s', (text, fits) => {
  expect(fitsNumeric(Decimal.from(text))).toBe(fits);
});

test('one count is one key on all machines, and what has to differ does', () => {
  const owner = { server: 'afip', grant: 'default', session: 's1', observe: false };
  const key = (changes: object, machine = 'm1', who = owner, split = '') =>
    sharedKeyOf(who, machine, limit(changes), split);
  expect(key({})).toBe(key({}, 'm2'));
  expect(key({})).toBe(key({}, 'm1', { ...owner, session: 's2' }));
  const layer = (identity: string) => ({ layer: { identity, counter: 'a' } });
  expect(key(layer('/home/a/base.json'))).toBe(key(layer('/Users/b/base.json')));
  const different = [
    key({}),
    key({ scope: 'machine' }),
    key({ scope: 'machine' }, 'm2'),
    key({ scope: 'session' }),
    key({ scope: 'session' }, 'm1', { ...owner, session: 's2' }),
    key({}, 'm1', { ...owner, grant: 'other' }),
    key({}, 'm1', { ...owner, observe: true }),
    key({}, 'm1', owner, '["1"]'),
    key({ windowMs: 1000 }),
    key(layer('/home/a/base.json')),
  ];
  expect(new Set(different).size).toBe(different.length);
});

test('a counter of this machine keeps its count when it is taken over', () => {
  const owner = { server: 'afip', grant: 'default', session: 's1', observe: false };
  for (const changes of [
    {},
    { scope: 'machine' as const },
    { align: { kind: 'calendar' as const, unit: 'day' as const, timezone: 'UTC' } },
  ])
    for (const split of ['', '["20"]'])
      expect(sharedKeyOfLocal(keyOf(owner, limit(changes), split), 'm1')).toBe(
        sharedKeyOf(owner, 'm1', limit(changes), split),
      );
  expect(sharedKeyOfLocal(keyOf(owner, limit({ scope: 'session' }), ''), 'm1')).toBeUndefined();
});
