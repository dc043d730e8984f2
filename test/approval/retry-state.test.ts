import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callDigest, carriesOurs, RoundTrips, withoutOurs } from '../../src/approval/retry-state.js';

const PROMPT = { message: 'Allow?', requestedSchema: {} };

describe('what is ours', () => {
  const member = fc.tuple(fc.string({ maxLength: 6 }), fc.jsonValue({ maxDepth: 2 }));
  const space = fc.constantFrom('', ' ', '\t', '\r');

  /** An object's text with white space of its own wherever JSON allows it. */
  const textOf = (members: readonly (readonly [string, string])[], spaces: readonly string[]) => {
    let n = 0;
    const gap = () => spaces[n++ % spaces.length] ?? '';
    return `{${members.map(([key, value]) => `${gap()}${JSON.stringify(key)}${gap()}:${gap()}${value}${gap()}`).join(',')}}`;
  };

  test('G7: is taken out wherever it stands, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(member, { selector: ([key]) => key, maxLength: 4 }),
        fc.uniqueArray(member, { selector: ([key]) => key, maxLength: 3 }),
        fc.array(space, { minLength: 1, maxLength: 5 }),
        fc.nat(9),
        fc.nat(9),
        (others, responses, spaces, at, inside) => {
          const plain = others
            .filter(([key]) => key !== 'inputResponses' && key !== 'requestState')
            .map(([key, value]) => [key, JSON.stringify(value)] as const);
          const theirs = responses
            .filter(([key]) => key !== 'pw.approval')
            .map(([key, value]) => [key, JSON.stringify(value)] as const);
          const answers = [...theirs];
          answers.splice(inside % (theirs.length + 1), 0, ['pw.approval', '{"action":"accept"}']);
          const params = [...plain];
          params.splice(at % (plain.length + 1), 0, ['inputResponses', textOf(answers, spaces)]);
          params.splice((at * inside) % (params.length + 1), 0, ['requestState', '"pw1.x.y"']);
          const line = `${textOf(
            [
              ['id', '1'],
              ['params', textOf(params, spaces)],
            ],
            spaces,
          )}\n`;
          const expected = Object.fromEntries(plain.map(([key, value]) => [key, JSON.parse(value)]));
          if (theirs.length > 0)
            expected.inputResponses = Object.fromEntries(
              theirs.map(([key, value]) => [key, JSON.parse(value)]),
            );
          expect(carriesOurs(JSON.parse(line).params)).toBe(true);
          expect(JSON.parse(withoutOurs(line)).params).toEqual(expected);
          expect(withoutOurs(withoutOurs(line))).toBe(withoutOurs(line));
          expect(withoutOurs(line).endsWith('\n')).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the state of a question', () => {
  const digest = callDigest('pay', { amount: 5 });
  const asked = (now: () => number) => {
    const trips = new RoundTrips(now);
    const line = JSON.parse(trips.question(1, 'abc234', digest, PROMPT, 10_000));
    const params = {
      requestState: line.result.requestState,
      inputResponses: { 'pw.approval': { action: 'accept' } },
    };
    return { trips, params };
  };

  test('G10: serves its own call until it expires', () => {
    let now = 1000;
    const { trips, params } = asked(() => now);
    now = 9999;
    expect(trips.answer(params, digest)).toEqual({
      approvalId: 'abc234',
      result: { action: 'accept' },
      afterMs: 8999,
    });
    expect(trips.answer(params, callDigest('pay', { amount: 6 }))).toBeUndefined();
    expect(trips.answer(params, callDigest('pay2', { amount: 5 }))).toBeUndefined();
    expect(new RoundTrips(() => now).answer(params, digest)).toBeUndefined();
    now = 10_000;
    expect(trips.answer(params, digest)).toBeUndefined();
  });

  test('G10: one changed character makes it none of ours', () => {
    const { trips, params } = asked(() => 1000);
    const { requestState } = params;
    for (let at = 4; at < requestState.length; at += 1) {
      const changed =
        requestState.slice(0, at) + (requestState[at] === 'A' ? 'B' : 'A') + requestState.slice(at + 1);
      expect(trips.answer({ ...params, requestState: changed }, digest), `at ${at}`).toBeUndefined();
    }
  });
});

test('each question of the server lets one retry go on, for a quarter of an hour', () => {
  let now = 0;
  const trips = new RoundTrips(() => now);
  const digest = callDigest('pay', {});
  trips.expectRetry(digest, 'theirs');
  expect(trips.roundOf({ requestState: 'theirs' }, callDigest('pay', { x: 1 }))).toBeUndefined();
  expect(trips.roundOf({ requestState: 'other' }, digest)).toBeUndefined();
  expect(trips.roundOf({}, digest)).toBeUndefined();
  expect(trips.roundOf({ requestState: 'theirs' }, digest)).toBe(1);
  expect(trips.roundOf({ requestState: 'theirs' }, digest)).toBeUndefined();
  trips.expectRetry(digest, 'theirs');
  now = 15 * 60_000;
  expect(trips.roundOf({ requestState: 'theirs' }, digest)).toBeUndefined();
});

test('G5: one charge covers ten retries, and the eleventh is a call of its own', () => {
  const trips = new RoundTrips(() => 0);
  const digest = callDigest('pay', {});
  const rounds: (number | undefined)[] = [];
  let round: number | undefined;
  do {
    trips.expectRetry(digest, 's', round);
    round = trips.roundOf({ requestState: 's' }, digest);
    rounds.push(round);
  } while (round !== undefined);
  expect(rounds).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, undefined]);
  // Nor is what was expected before.
  trips.expectRetry(digest, 's');
  trips.expectRetry(digest, 's', 10);
  expect(trips.roundOf({ requestState: 's' }, digest)).toBeUndefined();
});

test('a retry may carry answers alone, or a state that is no text; a thousand are waited for, the newest', () => {
  const trips = new RoundTrips(() => 0);
  const digest = callDigest('pay', {});
  trips.expectRetry(digest, undefined);
  expect(trips.roundOf({ inputResponses: {} }, digest)).toBe(1);
  expect(trips.roundOf({ inputResponses: {} }, digest)).toBeUndefined();
  trips.expectRetry(digest, 7);
  expect(trips.roundOf({ requestState: 8 }, digest)).toBe(1);
  for (let n = 0; n < 1002; n++) trips.expectRetry(digest, `s${n}`);
  const known = (n: number) => trips.roundOf({ requestState: `s${n}` }, digest) !== undefined;
  expect([0, 1, 2, 1001].map(known)).toEqual([false, false, true, true]);
});

test.each<[object, boolean]>([
  [{}, false],
  [{ requestState: 'pw1.x.y' }, true],
  [{ requestState: 'theirs' }, false],
  [{ requestState: 7 }, false],
  [{ inputResponses: { 'pw.approval': 1 } }, true],
  [{ inputResponses: { theirs: 1 } }, false],
  [{ inputResponses: ['pw.approval'] }, false],
  [{ requestState: 'theirs', inputResponses: { 'pw.approval': 1 } }, true],
  [{ requestState: 'pw1.', inputResponses: { theirs: 1 } }, true],
])('%j carries something of ours: %s', (params, isOurs) => {
  expect(carriesOurs(params as Record<string, unknown>)).toBe(isOurs);
});

test('G10: an answer belongs to our question only under our state and our key', () => {
  const trips = new RoundTrips(() => 0);
  const digest = callDigest('pay', {});
  const { requestState } = JSON.parse(trips.question(1, 'abc234', digest, PROMPT, 10)).result;
  const result = (params: object) => trips.answer(params as Record<string, unknown>, digest)?.result;
  expect(result({ requestState, inputResponses: { 'pw.approval': 'yes' } })).toBe('yes');
  expect(trips.answer({ requestState, inputResponses: { theirs: 'yes' } }, digest)).toMatchObject({
    approvalId: 'abc234',
    result: undefined,
  });
  for (const inputResponses of [undefined, ['yes'], 'yes'])
    expect(result({ requestState, inputResponses })).toBeUndefined();
  for (const state of [undefined, 7, 'theirs', 'pw1.', requestState.slice(4)])
    expect(
      trips.answer({ requestState: state, inputResponses: { 'pw.approval': 'yes' } }, digest),
    ).toBeUndefined();
});

test.each([
  '{"params":{"inputResponses":{}},"id":1}',
  '{"params":{ "inputResponses" : { "theirs": 1 } , "requestState":"theirs"}}\n',
  '{"params":{"inputResponses":[],"requestState":7}}',
  '{"id":1}',
])('what is not ours stays, to the byte: %s', (line) => {
  expect(withoutOurs(line)).toBe(line);
});
