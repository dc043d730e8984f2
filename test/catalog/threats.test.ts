import { expect, test } from 'vitest';
import { closes, joinedEntry } from '../../src/catalog/threats/threats.js';

const [one, other] = [{ conditions: [] }, { conditions: [], on_deny: 'x' }];

test('two rules for one tool refuse and ask for what either does', () => {
  expect(
    joinedEntry([
      { require: [one], action: 'approve', reason: 'first', limits: [{ max: 1 }] },
      { require: [other], approve_if: [one], limits: [{ max: 1 }, { max: 2 }], arguments: 'declared' },
    ]),
  ).toEqual({
    require: [one, other],
    action: 'approve',
    reason: 'first',
    limits: [{ max: 1 }, { max: 2 }],
    arguments: 'declared',
  });
  const allowed = { action: 'allow', reason: 'a', limits: [{ max: 1 }] };
  expect(joinedEntry([allowed, { action: 'hide', reason: 'b' }])).toEqual({ action: 'hide' });
  expect(joinedEntry([{ action: 'deny', reason: 'b' }, allowed])).toEqual({ action: 'deny', reason: 'b' });
});

test('what closes several openings keeps the rules of each, by server and tool', () => {
  expect(
    closes([
      { fix: { web: { hide: ['a'], tools: { send: { require: [one] }, read: {} } } } },
      { fix: { web: { hide: ['b'], tools: { send: { require: [other] } } }, mail: { pin: 'hold' } } },
    ]),
  ).toEqual({
    web: { hide: ['a', 'b'], tools: { send: { require: [one, other] }, read: {} } },
    mail: { pin: 'hold' },
  });
});
