import { describe, expect, test } from 'vitest';
import { type LoggedRow, readLogged } from '../../src/advice/logged-call.js';
import { compareWithLog, type EarlierCall } from '../../src/advice/unusual.js';
import { parseJson } from '../../src/json/exact.js';
import type { JsonObject } from '../../src/json/value.js';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 22, 11, 0, 0);

function earlier(args: string, at: number, more: Partial<LoggedRow> & { client?: string } = {}): EarlierCall {
  const { client = 'cursor', ...row } = more;
  return {
    client,
    call: readLogged({
      ...{ auditId: '1', at, tool: 'pay', decision: 'allow', code: undefined, rule: undefined },
      ...{ observe: false, approval: undefined, outcome: 'ok', grant: 'default' },
      arguments: args,
      ...row,
    }),
  };
}

/** One call a day. */
const days = (texts: readonly string[], more?: Parameters<typeof earlier>[2]): EarlierCall[] =>
  texts.map((text, at) => earlier(text, NOW - (texts.length - at) * 24 * HOUR, more));

const judge = (text: string, past: readonly EarlierCall[], client = 'cursor') =>
  compareWithLog({ args: parseJson(text) as JsonObject, client, at: NOW }, past);

describe('what is unusual in a call', () => {
  const past = days(['10', '20', '30', '40', '50'].map((n) => `{"amount":${n},"currency":"ARS"}`));

  test('nothing, in a call like the others', () => {
    expect(judge('{"amount":50,"currency":"ARS"}', past)).toEqual({
      calls: 5,
      withValues: 5,
      since: NOW - 5 * 24 * HOUR,
      unusual: [],
    });
  });

  test('a tool that has never passed, also where it was refused before', () => {
    const refused = days(['{"amount":1}'], { decision: 'deny', code: 'LIMIT' });
    expect(judge('{"amount":1}', refused)).toMatchObject({ calls: 0, unusual: [{ kind: 'first_call' }] });
  });

  test('a client that has never called it', () => {
    expect(judge('{"amount":1,"currency":"ARS"}', past, 'codex').unusual).toEqual([{ kind: 'new_client' }]);
  });

  test('a number above every earlier one, with every digit', () => {
    const large = days(Array.from({ length: 5 }, () => '{"amount":9007199254740992}'));
    expect(judge('{"amount":9007199254740993}', large).unusual).toEqual([
      { kind: 'larger', path: 'amount', value: '9007199254740993', before: '9007199254740992' },
    ]);
    expect(judge('{"amount":9007199254740992}', large).unusual).toEqual([]);
  });

  test('the largest of a list counts', () => {
    const lists = days(Array.from({ length: 5 }, () => '{"items":[{"price":1},{"price":7}]}'));
    expect(judge('{"items":[{"price":8},{"price":2}]}', lists).unusual).toEqual([
      { kind: 'larger', path: 'items[*].price', value: '8', before: '7' },
    ]);
  });

  test('a text where there were the same few, and not where texts differ anyway', () => {
    expect(judge('{"amount":1,"currency":"USD"}', past).unusual).toEqual([
      { kind: 'new_value', path: 'currency', before: 1 },
    ]);
    const notes = days(['a', 'b', 'c', 'd', 'e', 'f'].map((note) => `{"note":"${note}"}`));
    expect(judge('{"note":"g"}', notes).unusual).toEqual([]);
  });

  test('arguments that are new or missing, by their names alone', () => {
    const names = days(Array.from({ length: 5 }, () => '["amount","currency"]'));
    expect(judge('{"amount":1,"bcc":"x"}', names)).toMatchObject({
      withValues: 0,
      unusual: [
        { kind: 'new_argument', path: 'bcc' },
        { kind: 'missing_argument', path: 'currency' },
      ],
    });
    // What was cut off in the log says nothing of names.
    expect(judge('{"bcc":"x"}', days(['["…"]', '["…"]', '["…"]', '["…"]', '["…"]'])).unusual).toEqual([]);
  });

  test('more calls in an hour than ever', () => {
    const burst = [
      ...past,
      earlier('{"amount":1,"currency":"ARS"}', NOW - 2000),
      earlier('{"amount":1,"currency":"ARS"}', NOW - 1000),
    ];
    expect(judge('{"amount":1,"currency":"ARS"}', burst).unusual).toEqual([
      { kind: 'often', calls: 3, before: 1 },
    ]);
  });

  test('a client that nobody named is no new one', () => {
    const call = {
      args: parseJson('{"amount":1,"currency":"ARS"}') as JsonObject,
      client: undefined,
      at: NOW,
    };
    expect(compareWithLog(call, past).unusual).toEqual([]);
  });

  test.each<[what: string, texts: string[], isChoice: boolean]>([
    ['eight texts, each twice', [...'abcdefghabcdefgh'], true],
    ['nine texts, each twice', [...'abcdefghiabcdefghi'], false],
    ['three texts in six calls', [...'abcabc'], true],
    ['three texts in five calls', [...'abcab'], false],
    ['one text in four calls of five', ['a', 'a', 'a', 'a', ''], false],
  ])('of %s another one is unusual: %s', (_, texts, isChoice) => {
    const calls = days(texts.map((text) => (text === '' ? '{}' : `{"x":"${text}"}`)));
    const before = new Set(texts).size;
    expect(judge('{"x":"z"}', calls).unusual).toEqual(
      isChoice ? [{ kind: 'new_value', path: 'x', before }] : [],
    );
    expect(judge('{"x":"a"}', calls).unusual).toEqual([]);
  });

  test('a number is compared where there were enough, and texts of a list are not', () => {
    const few = days(['{"n":1}', '{"n":1}', '{"n":1}', '{"n":1}', '{"n":"1"}']);
    expect(judge('{"n":2}', few).unusual).toEqual([]);
    const enough = days(['{"n":1}', '{"n":3}', '{"n":2}', '{"n":1}', '{"n":1}', '{"n":"1"}']);
    expect(judge('{"n":4}', enough).unusual).toEqual([
      { kind: 'larger', path: 'n', value: '4', before: '3' },
    ]);
    const lists = days(Array.from({ length: 5 }, () => '{"l":["a","a"]}'));
    expect(judge('{"l":["b"]}', lists).unusual).toEqual([]);
  });

  test('values are looked at to a depth, and so many of them', () => {
    const nested = (depth: number, n: number) => `${'{"a":'.repeat(depth)}${n}${'}'.repeat(depth)}`;
    const five = (text: string) => days(Array.from({ length: 5 }, () => text));
    expect(judge(nested(4, 2), five(nested(4, 1))).unusual).toMatchObject([{ path: 'a.a.a.a' }]);
    expect(judge(nested(5, 2), five(nested(5, 1))).unusual).toEqual([]);
    const many = (count: number, n: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, n])));
    expect(judge(many(200, 2), five(many(200, 1))).unusual).toHaveLength(200);
    expect(judge(many(201, 2), five(many(201, 1))).unusual).toHaveLength(200);
  });

  test('an argument that only some calls had is not missing', () => {
    const some = days(['["a","b"]', '["a","b"]', '["a","b"]', '["a","b"]', '["a"]']);
    expect(judge('{"a":1}', some).unusual).toEqual([]);
    expect(judge('{"b":1}', some).unusual).toEqual([{ kind: 'missing_argument', path: 'a' }]);
  });

  test.each<[what: string, agesOfLast: number[], often: number | undefined]>([
    ['an hour ago', [HOUR], undefined],
    ['less than an hour ago', [HOUR - 1], 2],
    ['after this one, by a clock that was set back', [-1000], undefined],
    ['at the same time', [0], 2],
  ])('another call %s', (_, ages, calls) => {
    const calm = days(Array.from({ length: 5 }, () => '[]'));
    const all = [...calm, ...ages.map((age) => earlier('[]', NOW - age))];
    expect(judge('{}', all).unusual).toEqual(
      calls === undefined ? [] : [{ kind: 'often', calls, before: 1 }],
    );
  });

  test('as many calls in an hour as once before are not often, and an hour apart they are not in one', () => {
    const at = (...hours: number[]) => hours.map((hour) => earlier('[]', NOW - hour * HOUR));
    expect(judge('{}', at(9, 8.5, 5, 4, 3, 0.5)).unusual).toEqual([]);
    expect(judge('{}', at(9, 8, 7, 6, 5, 0.5)).unusual).toEqual([{ kind: 'often', calls: 2, before: 1 }]);
    expect(judge('{}', at(9, 8, 7, 6, 0.5)).unusual).toEqual([]);
  });

  test('few earlier calls say nothing of values', () => {
    expect(judge('{"amount":999,"currency":"USD","x":1}', past.slice(0, 4)).unusual).toEqual([]);
  });
});
