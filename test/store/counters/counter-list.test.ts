import { afterAll, describe, expect, test } from 'vitest';
import type { CounterFilter } from '../../../src/store/store.js';
import { admit, done, freshStore, tempDir } from '../support.js';
import { charge, INFO, limit, settlement } from '../support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const MINUTE = 60_000;
const DAY = 86_400_000;
const fresh = freshStore(temp);
/** A new session's charges, each allowed. */
function charged(info: Partial<typeof INFO>, ...charges: ReturnType<typeof charge>[]): string {
  const session = fresh.store.startSession({ ...INFO, ...info });
  for (const each of charges) expect(admit(fresh.store, session, each).kind).toBe('allowed');
  return session;
}
/** Charges stand in the rows of their calls first, and then in rows of their own: both count alike. */
const post = () => done(fresh.store.resetCounter('there is none', {}, 'cli'));
const eachPlace = describe.each([
  ['in the rows of their calls', () => {}],
  ['in rows of their own', post],
] as const);
const shares = (filter: CounterFilter, most: number) => {
  const { counters, total } = fresh.store.fullestCounters(filter, most);
  return [total, ...counters.map(({ name, split, used, max }) => `${name}${split} ${used}/${max}`)];
};

eachPlace('charges %s', (_, settle) => {
  test('the fullest come first, only so many of them, and equal ones as they were made', () => {
    const by = limit({ counter: 'n', max: 10, per: [{ text: 'args.n', root: 'args', steps: ['n'] }] });
    charged(
      {},
      ...[charge(by, 3, '1'), charge(by, 9, '2'), charge(by, 3, '3')],
      ...[charge(limit({ counter: 'day', max: 2 }), 1), charge(limit({ counter: 'none', max: 0 }), 0)],
    );
    settle();
    expect(shares({}, 9)).toEqual([5, 'none 0/0', 'n2 9/10', 'day 1/2', 'n1 3/10', 'n3 3/10']);
    expect(shares({}, 2)).toEqual([5, 'none 0/0', 'n2 9/10']);
    expect(shares({ name: 'n' }, 1)).toEqual([3, 'n2 9/10']);
    expect(shares({ name: 'nobody' }, 9)).toEqual([0]);
  });

  test('what a counter holds is what still counts, and it frees as soon as it falls below max', () => {
    const start = fresh.time.at;
    const rate = limit({ counter: 'rate', max: 10 });
    charged({}, charge(rate, 4));
    fresh.time.at = start + 10;
    charged({}, charge(rate, 6));
    settle();
    expect(fresh.store.counters()).toMatchObject([{ freesAt: start + MINUTE, aheadMs: 0 }]);
    // A count that is at max is not below it.
    const told = (max: number) => {
      expect(admit(fresh.store, fresh.session, charge(limit({ counter: 'rate', max }))).kind).toBe(
        'exceeded',
      );
      return fresh.store.counters()[0]?.freesAt;
    };
    expect(told(6)).toBe(start + 10 + MINUTE);
    expect(told(10)).toBe(start + MINUTE);
    fresh.time.at = start + MINUTE - 1;
    expect(String(fresh.store.counters()[0]?.used)).toBe('10');
    fresh.time.at = start + MINUTE;
    expect(fresh.store.counters()).toMatchObject([{ freesAt: undefined }]);
    expect(String(fresh.store.counters()[0]?.used)).toBe('6');
    // A smaller max, told by a refused call: what is left fills it until it is gone too.
    expect(told(6)).toBe(start + MINUTE + 10);
  });

  test('of a calendar the period counts, and all of it frees at its end', () => {
    const align = { kind: 'calendar', unit: 'day', timezone: 'UTC' } as const;
    const day = limit({ counter: 'day', max: 3, windowMs: DAY, align });
    const other = limit({ counter: 'month', max: 9, windowMs: 31 * DAY, align: { ...align, unit: 'month' } });
    charged({}, charge(day, 1), charge(day, 2), charge(other, 3), charge(limit({ max: 2 })));
    settle();
    const midnight = Date.UTC(2026, 10, 23);
    expect(fresh.store.counters({ name: 'day' })).toMatchObject([
      { freesAt: midnight, calendar: { unit: 'day', timezone: 'UTC' } },
    ]);
    fresh.time.at = midnight - 1;
    // Which are the fullest is estimated: of what is not posted yet it is not asked whether it still counts.
    const isExact = settle === post;
    if (isExact) expect(shares({}, 2)).toEqual([3, 'day 3/3', 'month 3/9']);
    fresh.time.at = midnight;
    expect(String(fresh.store.counters({ name: 'day' })[0]?.used)).toBe('0');
    if (isExact) expect(shares({}, 2)).toEqual([3, 'month 3/9', 'day 0/3']);
  });

  test('what another store goes on with: charges that count, of counters that enforce something', () => {
    const start = fresh.time.at;
    const rate = limit({ counter: 'rate', max: 10 });
    charged({}, charge(rate, '1.5'), charge(limit({ counter: 'empty' }), 0));
    fresh.time.at = start + 10;
    charged({}, charge(rate, 2));
    charged({ observe: true }, charge(rate, 3));
    settle();
    const live = () => fresh.store.liveCharges().map(({ entry, charges }) => ({ name: entry.name, charges }));
    const both = [
      { at: start, amount: '1.5' },
      { at: start + 10, amount: '2' },
    ];
    expect(live()).toEqual([{ name: 'rate', charges: both }]);
    fresh.time.at = start + MINUTE;
    expect(live()).toEqual([{ name: 'rate', charges: both.slice(1) }]);
    fresh.time.at = start + MINUTE + 10;
    expect(live()).toEqual([]);
  });

  test('counters that are ahead of the clock are counted once each, with the latest time; a second is no matter', () => {
    const start = fresh.time.at;
    const [a, b] = [charge(limit({ counter: 'a' })), charge(limit({ counter: 'b' }))];
    fresh.time.at = start + 5000;
    charged({}, a, b);
    settle();
    fresh.time.at = start + 6000;
    charged({}, a, a);
    fresh.time.at = start + 5000;
    expect(fresh.store.countersAhead()).toEqual({ count: 0, until: start + 5000 });
    fresh.time.at = start + 4999;
    expect(fresh.store.countersAhead()).toEqual({ count: 1, until: start + 6000 });
    fresh.time.at = start;
    expect(fresh.store.countersAhead()).toEqual({ count: 2, until: start + 6000 });
  });
});

test('a filter goes by every part of it', () => {
  const machine = limit({ counter: 'machine', scope: 'machine' });
  const split = limit({ counter: 'split', per: [{ text: 'args.n', root: 'args', steps: ['n'] }] });
  charged(
    {},
    charge(limit({ counter: 'own' })),
    charge(machine),
    charge(split, 1, '1'),
    charge(split, 1, '2'),
  );
  const other = charged(
    { server: 'other', grant: 'second' },
    charge(limit({ counter: 'own', scope: 'session' })),
  );
  charged({ observe: true }, charge(limit({ counter: 'own' })));
  const found = (filter: CounterFilter) =>
    fresh.store
      .counters(filter)
      .map(({ name, server, observe, split }) => `${name}${split} ${server ?? '*'}${observe ? ' seen' : ''}`);
  const [all, own, seen] = ['machine *', 'own mcp-afip', 'own mcp-afip seen'];
  const [one, two] = ['split1 mcp-afip', 'split2 mcp-afip'];
  expect(found({})).toEqual([all, own, 'own other', seen, one, two]);
  expect(found({ name: 'own' })).toEqual([own, 'own other', seen]);
  expect(found({ server: 'other' })).toEqual(['own other']);
  expect(found({ ofServer: 'other' })).toEqual([all, 'own other']);
  expect(found({ grant: 'default', name: 'own' })).toEqual([own, seen]);
  expect(found({ observe: true })).toEqual([seen]);
  expect(found({ observe: false, server: INFO.server })).toEqual([own, one, two]);
  expect(found({ split: '2' })).toEqual([two]);
  expect(fresh.store.counters({ server: 'other' })).toMatchObject([{ session: other, grant: 'second' }]);
  expect(fresh.store.counterNames(2)).toEqual(['machine', 'own']);
  expect(fresh.store.counterNames(9)).toEqual(['machine', 'own', 'split']);
});

test('a reset empties so many counters, gives nothing back twice, and names who did it', () => {
  const by = limit({ max: 5, refund: 'on_error', per: [{ text: 'args.n', root: 'args', steps: ['n'] }] });
  const first = admit(fresh.store, fresh.session, charge(by, 2, '1'));
  charged({}, charge(by, 3, '2'), charge(by, 1, '3'));
  const gone = done(fresh.store.resetCounter(by.counter, {}, 'page', 2));
  expect(gone.map(({ split, used }) => `${split}: ${used}`)).toEqual(['1: 2', '2: 3']);
  expect(fresh.store.counters().map(({ split }) => split)).toEqual(['3']);
  done(fresh.store.settle([settlement(first.row, 'error')]));
  expect(fresh.store.counters().map(({ used }) => String(used))).toEqual(['1']);
  expect(fresh.store.events().map(({ who, kind }) => `${kind} ${who}`)).toEqual([
    'counter.reset page',
    'counter.reset page',
  ]);
});
