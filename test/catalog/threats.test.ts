import { expect, test } from 'vitest';
import { closes, joinedEntry } from '../../src/catalog/threats/threats.js';

const [one, other] = [{ conditions: [] }, { conditions: [], on_deny: 'x' }];

test('two rules for one tool refuse and ask for what either does', () => {
  expect(
    joinedEntry([
      { require: [one], action: 'deny', reason: 'first', limits: [{ max: 1 }] },
      { require: [other], action: 'approve', limits: [{ max: 1 }, { max: 2 }], arguments: 'declared' },
    ]),
  ).toEqual({
    require: [one, other],
    action: 'deny',
    reason: 'first',
    limits: [{ max: 1 }, { max: 2 }],
    arguments: 'declared',
  });
  expect(
    joinedEntry([
      { action: 'allow', reason: 'a' },
      { action: 'hide', reason: 'b' },
    ]),
  ).toEqual({
    action: 'hide',
    reason: 'b',
  });
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
