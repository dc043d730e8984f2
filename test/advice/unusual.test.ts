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

  test('few earlier calls say nothing of values', () => {
    expect(judge('{"amount":999,"currency":"USD","x":1}', past.slice(0, 4)).unusual).toEqual([]);
  });
});
