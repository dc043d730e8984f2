import { afterAll, describe, expect, test } from 'vitest';
import type { Layers } from '../../src/policy/evaluate/layers.js';
import { evaluateLayers, stack } from '../../src/policy/evaluate/layers.js';
import { connect } from '../../src/store/sqlite/driver.js';
import { type Admitted, type Outcome, Store } from '../../src/store/store.js';
import { policyOf } from '../policy/support.js';
import { clock, done, eachDriver, tempDir } from './support.js';
import { admission, INFO, settlement } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ALLOW_ALL = { default: 'allow' };

/** A wrapper of its own: a server, a policy, a connection to the file. */
class Wrapper {
  readonly store: Store;
  readonly #layers: Layers;
  readonly #session: string;

  constructor(
    path: string,
    now: () => number,
    policy: object,
    info: Partial<typeof INFO> = {},
    rows = 1_000_000,
  ) {
    this.store = Store.open(path, { now, retention: { rows } });
    this.#layers = stack(policyOf(policy));
    this.#session = this.store.startSession({ ...INFO, ...info });
  }

  admit(tools: readonly string[]): Admitted[] {
    const calls = tools.map((tool) => {
      const evaluation = evaluateLayers(this.#layers, { tool, args: {}, env: {} });
      const approval = { argumentsHash: tool, argumentsText: '{}', expiresMs: 600_000 };
      return admission(evaluation, { tool, approval });
    });
    return done(this.store.admit(this.#session, calls));
  }

  call(tool: string, outcome?: Outcome): Admitted {
    const [admitted] = this.admit([tool]);
    if (!admitted) throw new Error('no answer');
    if (outcome) done(this.store.settle([settlement(admitted.row, outcome)]));
    return admitted;
  }

  [Symbol.dispose](): void {
    this.store.close();
  }
}

/** `allowed`, or what refuses and until when. */
const brief = (admitted: Admitted): unknown => {
  if (admitted.kind === 'unmet') return [admitted.unmet.demand.kind, admitted.unmet.retryAt];
  return admitted.kind === 'exceeded' ? ['limit', admitted.exceeded.retryAt] : admitted.kind;
};

const after = (rule: object = {}) => ({
  default: 'allow',
  tools: { send: { after: [{ tools: ['fetch_*'], within: '1h', ...rule }] } },
});
const before = (rule: object = {}) => ({
  default: 'allow',
  tools: { pay: { before: [{ tools: ['preview'], ...rule }] } },
});

eachDriver('after', () => {
  test('G5: one wrapper reads, another is refused until retryAt, and allowed at it; neither knows the other’s policy', () => {
    const path = temp.path();
    const time = clock();
    using web = new Wrapper(path, time.now, ALLOW_ALL, { server: 'web', grant: 'other' });
    using mail = new Wrapper(path, time.now, after(), { server: 'mail' });
    expect(brief(mail.call('send'))).toBe('allowed');
    const read = time.at;
    web.call('fetch_page', 'ok');
    time.at += 10 * MINUTE;
    expect(mail.call('send')).toMatchObject({
      kind: 'unmet',
      unmet: { retryAt: read + HOUR, earlier: { server: 'web', tool: 'fetch_page', at: read } },
    });
    expect(brief(mail.call('other'))).toBe('allowed');
    time.at = read + HOUR - 1;
    expect(brief(mail.call('send'))).toEqual(['after', read + HOUR]);
    time.at = read + HOUR;
    expect(brief(mail.call('send'))).toBe('allowed');
  });

  test('holds after both have ended and a third begins, in flight, answered or failed; not for what was never sent', () => {
    const outcomes: (Outcome | undefined)[] = [
      undefined,
      'ok',
      'tool_error',
      'error',
      'unanswered',
      'cancelled',
    ];
    for (const outcome of [...outcomes, 'not_sent' as const]) {
      const path = temp.path();
      const time = clock();
      {
        using web = new Wrapper(path, time.now, ALLOW_ALL, { server: 'web' });
        web.call('fetch_page', outcome);
      }
      using mail = new Wrapper(path, time.now, after());
      expect(brief(mail.call('send'))).toEqual(
        outcome === 'not_sent' ? 'allowed' : ['after', time.at + HOUR],
      );
    }
  });

  test('a call that turns out never to have been sent leaves the one before it', () => {
    const path = temp.path();
    const time = clock();
    using web = new Wrapper(path, time.now, ALLOW_ALL, { server: 'web' });
    using mail = new Wrapper(path, time.now, after());
    const first = time.at;
    web.call('fetch_page', 'ok');
    time.at += MINUTE;
    const second = web.call('fetch_more');
    expect(brief(mail.call('send'))).toEqual(['after', time.at + HOUR]);
    done(web.store.settle([settlement(second.row, 'not_sent')]));
    expect(brief(mail.call('send'))).toEqual(['after', first + HOUR]);
  });

  test('calls that arrive together are seen by those behind them, and by none before', () => {
    using wrapper = new Wrapper(temp.path(), clock().now, after());
    const kinds = wrapper.admit(['send', 'fetch_page', 'send', 'other']).map(({ kind }) => kind);
    expect(kinds).toEqual(['allowed', 'allowed', 'unmet', 'allowed']);
  });

  test('a refused or hidden call was not made; one that an observing wrapper let pass was', () => {
    const path = temp.path();
    const time = clock();
    const refuses = { default: 'deny', hide: ['fetch_secret'], tools: { fetch_page: { action: 'deny' } } };
    using web = new Wrapper(path, time.now, refuses, { server: 'web' });
    using watched = new Wrapper(path, time.now, refuses, { server: 'web', observe: true });
    using mail = new Wrapper(path, time.now, after());
    for (const tool of ['fetch_page', 'fetch_secret', 'fetch_other']) web.call(tool);
    expect(brief(mail.call('send'))).toBe('allowed');
    for (const tool of ['fetch_page', 'fetch_secret', 'fetch_other']) {
      time.at += 2 * HOUR;
      watched.call(tool);
      expect(brief(mail.call('send'))).toEqual(['after', time.at + HOUR]);
    }
  });

  test.each<[object, string, [string, string, string][]]>([
    // The rule, who makes the call, and the tools that count.
    [
      {},
      'web',
      [
        ['web', 'fetch_a', 'unmet'],
        ['web', 'read', 'allowed'],
        ['web', 'FETCH_A', 'unmet'],
        ['web', 'ｆetch_a', 'unmet'],
      ],
    ],
    [
      { tools: ['web/fetch_*'] },
      'web',
      [
        ['web', 'fetch_a', 'unmet'],
        ['other', 'fetch_a', 'allowed'],
        ['Web', 'fetch_a', 'unmet'],
      ],
    ],
    [
      { tools: ['w*/read', 'x'] },
      'web',
      [
        ['web', 'read', 'unmet'],
        ['mail', 'read', 'allowed'],
        ['mail', 'x', 'unmet'],
      ],
    ],
    [
      { tools: ['a/b'] },
      'web',
      [
        ['a', 'b', 'unmet'],
        ['other', 'a/b', 'unmet'],
        ['other', 'b', 'allowed'],
      ],
    ],
    [
      { tools: ['*/a/b'] },
      'web',
      [
        ['other', 'a/b', 'unmet'],
        ['other', 'b', 'allowed'],
      ],
    ],
    [{ tools: ['*'] }, 'web', [['other', 'anything', 'unmet']]],
    [
      { scope: 'grant' },
      'mcp-afip',
      [
        ['web', 'fetch_a', 'allowed'],
        ['mcp-afip', 'fetch_a', 'unmet'],
      ],
    ],
  ])('%j counts the calls that it names', (rule, _, calls) => {
    for (const [server, tool, kind] of calls) {
      const path = temp.path();
      using reader = new Wrapper(path, clock().now, ALLOW_ALL, { server });
      using sender = new Wrapper(path, clock().now, after(rule));
      reader.call(tool, 'ok');
      expect([server, tool, sender.call('send').kind]).toEqual([server, tool, kind]);
    }
  });

  test('scope: session counts this process alone, grant this server and grant', () => {
    const path = temp.path();
    const time = clock();
    using one = new Wrapper(path, time.now, after({ scope: 'session' }));
    using other = new Wrapper(path, time.now, after({ scope: 'session' }));
    using granted = new Wrapper(path, time.now, after({ scope: 'grant' }));
    using stranger = new Wrapper(path, time.now, after({ scope: 'grant' }), { grant: 'stranger' });
    one.call('fetch_page', 'ok');
    expect([one, other, granted, stranger].map((wrapper) => wrapper.call('send').kind)).toEqual([
      'unmet',
      'allowed',
      'unmet',
      'allowed',
    ]);
  });

  test('a name that the log has cut may be any', () => {
    const path = temp.path();
    using web = new Wrapper(path, clock().now, ALLOW_ALL, { server: 'web' });
    using mail = new Wrapper(path, clock().now, after({ tools: ['*_fetch'] }));
    web.call(`${'a'.repeat(600)}_fetch`, 'ok');
    expect(mail.call('send').kind).toBe('unmet');
  });

  test('G10: then approve asks a person, says why, and an approval serves once', () => {
    const path = temp.path();
    // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
    using wrapper = new Wrapper(path, clock().now, after({ then: 'approve' }));
    wrapper.call('fetch_page', 'ok');
    const asked = wrapper.call('send');
    if (asked.kind !== 'asked') throw new Error(asked.kind);
    expect(asked.approval.reason).toBe(
      'fetch_page of mcp-afip was called at 2026-11-22T11:00:00.000Z, and within one hour of that this needs a person',
    );
    done(wrapper.store.decideApproval(asked.approval.id, 'approved', 'cli'));
    expect(wrapper.call('send').kind).toBe('allowed');
    expect(wrapper.call('send').kind).toBe('asked');
  });

  test('G5: with a limit beside it the later of the two instants is named, and nothing is charged', () => {
    const time = clock();
    const policy = after();
    Object.assign(policy.tools.send, { limits: [{ counter: 'c', window: '2h', max: 1 }] });
    using wrapper = new Wrapper(temp.path(), time.now, policy);
    const start = time.at;
    expect(brief(wrapper.call('send'))).toBe('allowed');
    wrapper.call('fetch_page', 'ok');
    expect(brief(wrapper.call('send'))).toEqual(['after', start + 2 * HOUR]);
    time.at = start + HOUR + MINUTE;
    wrapper.call('fetch_page', 'ok');
    expect(brief(wrapper.call('send'))).toEqual(['after', start + 2 * HOUR + MINUTE]);
    time.at = start + 2 * HOUR + MINUTE;
    expect(brief(wrapper.call('send'))).toBe('allowed');
  });

  test('is not forgotten when rows are removed: a flood of calls pushes nothing out', () => {
    const path = temp.path();
    const time = clock();
    using web = new Wrapper(path, time.now, ALLOW_ALL, { server: 'web' }, 50);
    const read = time.at;
    web.call('fetch_page', 'ok');
    for (let i = 0; i < 20; i += 1) web.admit(Array.from({ length: 10 }, () => 'noise'));
    while (!web.store.maintain(1000));
    expect(web.store.log({ limit: 1000 }).map(({ tool }) => tool)).not.toContain('fetch_page');
    using late = new Wrapper(path, time.now, after());
    expect(brief(late.call('send'))).toEqual(['after', read + HOUR]);
    // Another hour, another call: both are found, wherever they are.
    time.at = read + 30 * MINUTE;
    web.call('fetch_page', 'ok');
    expect(brief(late.call('send'))).toEqual(['after', read + 30 * MINUTE + HOUR]);
    time.at = read + 90 * MINUTE;
    expect(brief(late.call('send'))).toBe('allowed');
  });

  test('a flood of invented names is remembered in bounded room, as some tool of its server', () => {
    const path = temp.path();
    const time = clock();
    const read = time.at;
    {
      using web = new Wrapper(path, time.now, ALLOW_ALL, { server: 'web' });
      web.call('fetch_page', 'ok');
      const db = connect(path, 1000);
      db.exec(`INSERT INTO past_calls (server, grant_name, session, tool, at)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10500)
        SELECT 'flood', 'g', 's', 'invented_' || i, ${read + MINUTE} + i FROM n`);
      db.close();
      time.at = read + HOUR;
      while (!web.store.maintain(1000));
    }
    const db = connect(path, 1000);
    expect(db.prepare('SELECT count(*) AS n FROM past_calls').get()?.n).toBeLessThanOrEqual(10_001);
    expect(db.prepare("SELECT at FROM past_calls WHERE tool = ''").get()?.at).toBe(read + MINUTE + 500);
    db.close();
    using mail = new Wrapper(path, time.now, after({ tools: ['*_fetch'] }));
    expect(mail.call('send')).toMatchObject({ unmet: { earlier: { server: 'flood', tool: '' } } });
    // What passed before is told apart from it as ever.
    using pays = new Wrapper(path, time.now, before({ scope: 'machine', tools: ['flood/*'] }));
    expect(pays.call('pay').kind).toBe('unmet');
  });

  test('G4: setting the clock back brings no fresh start', () => {
    const path = temp.path();
    const time = clock();
    using wrapper = new Wrapper(path, time.now, after());
    const read = time.at;
    wrapper.call('fetch_page', 'ok');
    time.at = read - 3 * HOUR;
    expect(brief(wrapper.call('send'))).toEqual(['after', read + HOUR]);
    using late = new Wrapper(path, time.now, after());
    expect(brief(late.call('send'))).toEqual(['after', read + HOUR]);
  });
});

test('a person says that the clock is right: what a wrong one logged counts as made now, everywhere, once', () => {
  const path = temp.path();
  const time = clock();
  const start = time.at;
  using wrapper = new Wrapper(path, time.now, after());
  using other = new Wrapper(path, time.now, after());
  time.at = Date.UTC(2099, 0, 1);
  wrapper.call('fetch_page', 'ok');
  time.at = start;
  expect([wrapper, other].map((one) => one.call('send').kind)).toEqual(['unmet', 'unmet']);
  expect(wrapper.store.callsAhead()).toEqual({ count: 1, until: Date.UTC(2099, 0, 1) });
  done(wrapper.store.resetClock('cli', 100));
  expect(wrapper.store.callsAhead().count).toBe(0);
  expect([wrapper, other].map((one) => brief(one.call('send')))).toEqual([
    ['after', start + HOUR],
    ['after', start + HOUR],
  ]);
  time.at = start + HOUR;
  expect([wrapper, other].map((one) => brief(one.call('send')))).toEqual(['allowed', 'allowed']);
  // The log keeps the times that it was given.
  expect(wrapper.store.log({ limit: 1000 }).map(({ at }) => at)).toContain(Date.UTC(2099, 0, 1));
});

eachDriver('before', () => {
  test('refuses until one of the tools has succeeded, and again when that is too long ago', () => {
    const time = clock();
    using wrapper = new Wrapper(temp.path(), time.now, before({ within: '10m' }));
    expect(brief(wrapper.call('pay'))).toEqual(['before', undefined]);
    for (const outcome of ['tool_error', 'error', 'unanswered', 'cancelled', 'not_sent'] as const)
      wrapper.call('preview', outcome);
    expect(brief(wrapper.call('pay'))).toEqual(['before', undefined]);
    const open = wrapper.call('preview');
    expect(brief(wrapper.call('pay'))).toEqual(['before', undefined]);
    done(wrapper.store.settle([settlement(open.row, 'ok')]));
    expect(brief(wrapper.call('pay'))).toBe('allowed');
    expect(brief(wrapper.call('pay'))).toBe('allowed');
    time.at += 10 * MINUTE - 1;
    expect(brief(wrapper.call('pay'))).toBe('allowed');
    time.at += 1;
    expect(brief(wrapper.call('pay'))).toEqual(['before', undefined]);
  });

  test('outlasts restarts and removed rows; lookalikes and cut names are not the tool', () => {
    const path = temp.path();
    const time = clock();
    {
      using wrapper = new Wrapper(path, time.now, before(), {}, 20);
      for (const tool of ['Preview', 'ｐreview', 'a/preview', `${'preview'.repeat(100)}`])
        wrapper.call(tool, 'ok');
      expect(wrapper.call('pay').kind).toBe('unmet');
      wrapper.call('preview', 'ok');
      wrapper.admit(Array.from({ length: 100 }, () => 'noise'));
      while (!wrapper.store.maintain(1000));
    }
    time.at += 30 * 24 * HOUR;
    using wrapper = new Wrapper(path, time.now, before());
    expect(wrapper.store.log({ limit: 1000 }).map(({ tool }) => tool)).not.toContain('preview');
    expect(wrapper.call('pay').kind).toBe('allowed');
    time.at += 2 * 24 * HOUR;
    expect(wrapper.call('pay').kind).toBe('unmet');
  });

  test('scope: this server and grant, unless the rule says otherwise; a server may be named', () => {
    const path = temp.path();
    const time = clock();
    using desk = new Wrapper(path, time.now, ALLOW_ALL, { server: 'desk' });
    using here = new Wrapper(path, time.now, before());
    using anywhere = new Wrapper(path, time.now, before({ scope: 'machine' }));
    using named = new Wrapper(path, time.now, before({ scope: 'machine', tools: ['desk/preview'] }));
    using misnamed = new Wrapper(path, time.now, before({ scope: 'machine', tools: ['Desk/preview'] }));
    desk.call('preview', 'ok');
    expect([here, anywhere, named, misnamed].map((wrapper) => wrapper.call('pay').kind)).toEqual([
      'unmet',
      'allowed',
      'allowed',
      'unmet',
    ]);
  });

  test('G5: a full limit names no time at which the call that came before no longer counts', () => {
    const time = clock();
    const policy = before({ within: '10m' });
    Object.assign(policy.tools.pay, { limits: [{ counter: 'c', window: '1h', max: 1 }] });
    using wrapper = new Wrapper(temp.path(), time.now, policy);
    wrapper.call('preview', 'ok');
    expect(brief(wrapper.call('pay'))).toBe('allowed');
    expect(wrapper.call('pay')).toMatchObject({
      kind: 'exceeded',
      exceeded: { retryAt: undefined, isBarred: true },
    });
    time.at += 55 * MINUTE;
    wrapper.call('preview', 'ok');
    const free = time.at + 5 * MINUTE;
    expect(brief(wrapper.call('pay'))).toEqual(['limit', free]);
    time.at = free;
    expect(brief(wrapper.call('pay'))).toBe('allowed');
  });
});

describe('what looking back costs', () => {
  test.each([
    ['a thousand calls in flight are waited for', 1000, 'allowed'],
    ['of more than a thousand calls in flight the oldest is given up', 1001, 'unmet'],
  ])('%s', (_, inFlight, oldest) => {
    using shop = new Wrapper(temp.path(), clock().now, before());
    const first = shop.call('preview');
    const second = shop.call('preview');
    shop.admit(Array(998).fill('preview'));
    expect(shop.call('pay').kind).toBe('unmet');
    if (inFlight > 1000) shop.call('preview');
    // Looked at while all of them are in flight.
    expect(shop.call('pay').kind).toBe('unmet');
    done(shop.store.settle([settlement(first.row, 'ok')]));
    expect(shop.call('pay').kind).toBe(oldest);
    done(shop.store.settle([settlement(second.row, 'ok')]));
    expect(shop.call('pay').kind).toBe('allowed');
  });

  test('reads only what came since it was looked at last', () => {
    const path = temp.path();
    const time = clock();
    using web = new Wrapper(path, time.now, ALLOW_ALL, { server: 'web' });
    using mail = new Wrapper(path, time.now, after());
    for (let i = 0; i < 10; i += 1) web.admit(Array.from({ length: 48 }, () => 'noise'));
    mail.call('send');
    const measured = (calls: number) => {
      const start = process.cpuUsage();
      for (let i = 0; i < calls; i += 1) mail.call('send');
      const { user, system } = process.cpuUsage(start);
      return (user + system) / calls;
    };
    measured(50);
    const few = Math.min(...[1, 2, 3].map(() => measured(100)));
    for (let i = 0; i < 200; i += 1) web.admit(Array.from({ length: 48 }, () => 'noise'));
    mail.call('send');
    const many = Math.min(...[1, 2, 3].map(() => measured(100)));
    expect(many).toBeLessThan(5 * few + 200);
  });
});
