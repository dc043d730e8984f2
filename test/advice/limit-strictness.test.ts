import { describe, expect, test } from 'vitest';
import { isAsStrict } from '../../src/advice/limit-strictness.js';
import { merged } from '../../src/advice/sentences/merge.js';
import { readJsonc } from '../../src/json/relaxed.js';

const LIMIT = { counter: 'c', window: 'minute', max: 10 };

describe('a limit that makes another one needless', () => {
  test.each<[title: string, one: object, than: object]>([
    ['the same under another name', { ...LIMIT, counter: 'd' }, LIMIT],
    ['fewer calls', { ...LIMIT, max: 9 }, LIMIT],
    ['with what holds by itself spelled out', { ...LIMIT, scope: 'grant', align: 'sliding' }, LIMIT],
    ['over more sessions and servers', { ...LIMIT, scope: 'machine' }, LIMIT],
    ['over more sessions', LIMIT, { ...LIMIT, scope: 'session' }],
    ['it refuses where the other asks', LIMIT, { ...LIMIT, on_exceed: 'approve' }],
    ['both ask', { ...LIMIT, on_exceed: 'approve' }, { ...LIMIT, on_exceed: 'approve' }],
  ])('%s', (_, one, than) => {
    expect(isAsStrict({ ...one }, { ...than })).toBe(true);
  });

  test.each<[title: string, one: object]>([
    ['more calls', { max: 11 }],
    ['another window', { window: 'hour' }],
    ['a count that each session begins anew', { scope: 'session' }],
    [
      'a window that begins anew with the minute, and so passes twice as many around it',
      { align: 'calendar' },
    ],
    ['a count that is split', { per: 'args.to' }],
    ['a count of amounts', { amount: 'args.total' }],
    ['some calls are not counted', { except: ['args.draft'] }],
    ['calls that failed are given back', { refund: 'on_error' }],
    ['it asks where the other refuses', { on_exceed: 'approve' }],
    ['no number', { max: '10' }],
  ])('not: %s', (_, other) => {
    expect(isAsStrict({ ...LIMIT, ...other }, LIMIT)).toBe(false);
  });
});

test.each([{ scope: 'session' }, { align: 'calendar' }, { except: ['args.draft'] }])(
  'a rate is added beside %j, which lets more through',
  (looser) => {
    const text = JSON.stringify({
      ...{ version: '1', default: 'deny' },
      tools: { pay: { limits: [{ ...LIMIT, ...looser }] } },
    });
    const after = merged(text, { tools: { pay: { rate_limit: '10/minute' } } });
    expect(readJsonc(after)?.doubles).toMatchObject({
      tools: { pay: { limits: [{ ...LIMIT, ...looser }], rate_limit: '10/minute' } },
    });
  },
);
