import { createHmac } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { Poster } from '../../src/notify/channels/post.js';
import { approvalNotice, type Notice, storeNotice } from '../../src/notify/notice.js';
import { Notifier, type NotifierParts } from '../../src/notify/notifier.js';
import type { NotifySettings } from '../../src/notify/settings.js';
import type { Claim } from '../../src/store/store.js';
import { Receiver } from '../support/receiver.js';

const NOON = Date.UTC(2026, 10, 26, 12, 0, 0);
const SECRET = `whsec_${Buffer.from('a secret of the test').toString('base64')}`;
const NOTICE = approvalNotice(
  'afip',
  {
    id: 'abc123',
    server: 'afip',
    grant: 'default',
    tool: 'create_invoice',
    arguments: '{"amount_total":121000.50,"note":"\u202eevil"}',
    argumentsHash: '',
    policyHash: '',
    rule: '/tools/create_invoice/action',
    reason: 'args.amount_total is 121000.50',
    severe: true,
    lookedAt: undefined,
    channels: ['queue'],
    session: 's',
    state: 'pending',
    askedAt: NOON,
    expiresAt: NOON + 600_000,
    decidedAt: undefined,
    decidedBy: undefined,
    note: undefined,
  },
  NOON,
);

interface Lost {
  readonly channel: string;
  readonly reason: string;
}

function notifier(
  channels: NotifySettings['channels'],
  parts: Partial<NotifierParts> & { readonly settings?: never; more?: Partial<NotifySettings> } = {},
): { notifier: Notifier; lost: Lost[]; claimed: string[] } {
  const lost: Lost[] = [];
  const claimed: string[] = [];
  const { more, ...rest } = parts;
  return {
    lost,
    claimed,
    notifier: new Notifier({
      claim: async (key) => {
        const isNew = !claimed.includes(key);
        claimed.push(key);
        return isNew ? { kind: 'mine' } : { kind: 'known' };
      },
      lost: (_, channel, reason) => lost.push({ channel, reason }),
      link: () => undefined,
      env: {},
      now: () => NOON,
      pause: async () => {},
      ...rest,
      settings: () => ({ version: '1', channels, ...more }),
    }),
  };
}

const webhook = (url: string, more: object = {}) =>
  ({ type: 'webhook', url, secret: SECRET, ...more }) as const;

describe('what arrives', () => {
  test('a webhook is signed over id, time and body, and carries no arguments', async () => {
    await using receiver = await Receiver.start();
    const { notifier: told } = notifier({ hook: webhook(`${receiver.url}/hook?a=1`) });
    told.tell(NOTICE);
    const [got] = await receiver.count(1);
    await told.close();
    const {
      'webhook-id': id,
      'webhook-timestamp': time,
      'webhook-signature': signature,
    } = got?.headers ?? {};
    const expected = createHmac('sha256', 'a secret of the test')
      .update(`${id}.${time}.${got?.body}`)
      .digest('base64');
    expect(signature).toBe(`v1,${expected}`);
    expect(Number(time)).toBe(NOON / 1000);
    expect(got?.path).toBe('/hook?a=1');
    expect(got?.json).toMatchObject({
      version: 1,
      event: 'approval',
      at: '2026-11-26T12:00:00.000Z',
      server: 'afip',
      tool: 'create_invoice',
      rule: '/tools/create_invoice/action',
      approval: { id: 'abc123', expires_at: '2026-11-26T12:10:00.000Z' },
    });
    expect(got?.body).not.toContain('121000');
  });

  test('arguments are sent where a person wants them, exact and escaped', async () => {
    await using receiver = await Receiver.start();
    const { notifier: told } = notifier({ hook: webhook(receiver.url, { arguments: true }) });
    told.tell(NOTICE);
    const [got] = await receiver.count(1);
    await told.close();
    expect(got?.json.arguments).toBe('{"amount_total":121000.50,"note":"\\u202eevil"}');
    expect(got?.json.reason).toContain('121000.50');
    expect(got?.body).not.toContain('\u202e');
  });

  test.each([
    ['slack', (json: never) => JSON.stringify((json as { blocks: unknown }).blocks)],
    ['teams', (json: never) => JSON.stringify((json as { attachments: unknown }).attachments)],
    ['ntfy', (json: never) => JSON.stringify(json)],
  ] as const)('%s gets title and text as text', async (type, textsOf) => {
    await using receiver = await Receiver.start();
    const { notifier: told } = notifier({ one: { type, url: `${receiver.url}/topic` } });
    told.tell({ ...NOTICE, title: '<!channel> *pay* [x](http://evil)' });
    const [got] = await receiver.count(1);
    await told.close();
    expect(textsOf(got?.json as never)).toContain('create_invoice');
    if (type === 'slack') expect(got?.json.text).toBe('&lt;!channel&gt; *pay* [x](http://evil)');
    if (type === 'ntfy') expect(got).toMatchObject({ path: '/', json: { topic: 'topic', priority: 4 } });
  });
});

describe('in which words', () => {
  /** What one channel of a kind is sent. */
  async function sent(channel: object, notice: Notice, parts: Partial<NotifierParts> = {}) {
    await using receiver = await Receiver.start();
    const one = { url: `${receiver.url}/a/topic`, ...channel } as NotifySettings['channels'][string];
    const { notifier: told } = notifier({ one }, parts as never);
    told.tell(notice);
    const [got] = await receiver.count(1);
    await told.close();
    return got;
  }
  const link = () => 'http://127.0.0.1:1/#/waiting';

  test('ntfy is sent the topic of its address, with what is urgent above the rest', async () => {
    const urgent = await sent({ type: 'ntfy', token: 't' }, NOTICE, { link });
    expect(urgent).toMatchObject({
      path: '/a/',
      headers: { authorization: 'Bearer t' },
      json: { topic: 'topic', priority: 4, tags: ['raised_hand'], click: link() },
    });
    expect(urgent?.json.message).not.toContain(link());
    const plain = await sent({ type: 'ntfy' }, storeNotice('afip', 'locked'));
    expect(plain?.json).toMatchObject({ priority: 4, tags: ['warning'] });
    expect(plain?.headers).not.toHaveProperty('authorization');
    expect(plain?.json).not.toHaveProperty('click');
    const limit = await sent({ type: 'ntfy' }, { ...NOTICE, event: 'limit' });
    expect(limit?.json).toMatchObject({ priority: 3, tags: ['warning'] });
  });

  test('Slack and Teams are sent each line, and where the page is', async () => {
    const slack = await sent(
      { type: 'slack', arguments: true },
      { ...NOTICE, title: 't'.repeat(200), text: 'x'.repeat(4000) },
      { link },
    );
    const [header, section, context] = slack?.json.blocks ?? [];
    expect([header.text.text.length, section.text.text.length]).toEqual([150, 3000]);
    expect(context.elements[0].text).toMatch(/ · approval$/);
    expect(JSON.stringify(slack?.json)).toContain('"emoji":false');
    const teams = await sent({ type: 'teams', arguments: true }, NOTICE, { link });
    const runs = teams?.json.attachments[0].content.body.map(
      ({ inlines }: { inlines: object[] }) => inlines[0],
    );
    expect(runs.map(({ text }: { text: string }) => text)).toEqual([
      NOTICE.title,
      NOTICE.text,
      NOTICE.reason,
      expect.stringContaining('121000.50'),
      link(),
      expect.stringMatching(/ · approval$/),
    ]);
    expect(runs.at(-1)).toMatchObject({ isSubtle: true });
  });

  test('a program is sent an answer to who asks for one, and arguments no longer than a person reads', async () => {
    const hook = { type: 'webhook', secret: 'plain text', arguments: true };
    const got = await sent(
      hook,
      { ...NOTICE, argumentsText: JSON.stringify({ a: 'x'.repeat(3000) }) },
      { link },
    );
    expect(got?.json.arguments).toHaveLength(2001);
    expect(got?.json.arguments).toMatch(/x…$/);
    expect(got?.json.link).toBe(link());
    const {
      'webhook-id': id,
      'webhook-timestamp': time,
      'webhook-signature': signature,
    } = got?.headers ?? {};
    const mac = createHmac('sha256', 'plain text').update(`${id}.${time}.${got?.body}`).digest('base64');
    expect(signature).toBe(`v1,${mac}`);
    const whole = await sent(hook, { ...NOTICE, argumentsText: JSON.stringify('x'.repeat(1998)) });
    expect(whole?.json.arguments).toHaveLength(2000);
    const without = await sent(hook, storeNotice('afip', 'locked'));
    expect(Object.keys(without?.json)).not.toContain('arguments');
    expect(Object.keys(without?.json)).not.toContain('approval');
  });
});

describe('how often it is told', () => {
  /** Tells notices at times of a test's choosing. */
  function paced(more: Partial<NotifySettings> = {}, parts: Partial<NotifierParts> = {}) {
    let now = 1_000_000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const asked: string[] = [];
    const { notifier: told } = notifier(
      { hook: webhook('http://127.0.0.1:1', { events: ['approval', 'limit'] }) },
      {
        more,
        claim: async (key: string) => {
          asked.push(key);
          return { kind: 'known' };
        },
        ...parts,
      } as never,
    );
    return { told, asked, pass: (ms: number) => (now += ms) };
  }

  test('the state is asked once a minute about one thing, sooner where it may be told again sooner', () => {
    const { told, asked, pass } = paced();
    const sooner = { ...NOTICE, key: 'sooner', againAfterMs: 10_000 };
    const later = { ...NOTICE, key: 'later', againAfterMs: 3_600_000 };
    const all = () => {
      for (const notice of [NOTICE, sooner, later]) told.tell(notice);
      return asked.splice(0);
    };
    expect(all()).toHaveLength(3);
    pass(9999);
    expect(all()).toEqual([]);
    pass(1);
    expect(all()).toEqual(['sooner']);
    pass(49_999);
    expect(all()).toEqual(['sooner']);
    pass(1);
    expect(all()).toEqual([NOTICE.key, 'later']);
  });

  test('what was seen is remembered of a thousand things; one more, and it is looked at anew', async () => {
    const { told, asked } = paced();
    for (let i = 0; i < 1000; i += 1) {
      told.tell({ ...NOTICE, event: 'store', key: `k${i}` });
      // No more than a hundred are on their way at a time.
      if (i % 50 === 0) await new Promise((resume) => setImmediate(resume));
    }
    await new Promise((resume) => setImmediate(resume));
    told.tell({ ...NOTICE, key: 'k0' });
    expect(asked).toEqual([]);
    told.tell({ ...NOTICE, key: 'k1000' });
    told.tell({ ...NOTICE, key: 'k1' });
    expect(asked).toEqual(['k1000', 'k1']);
  });

  test('what a person is asked comes first, by the hour that they want', async () => {
    const terms: object[] = [];
    const claim: NotifierParts['claim'] = async (_, asked) => {
      terms.push(asked);
      return { kind: 'known' };
    };
    for (const more of [{}, { per_hour: 7 }]) {
      const { told } = paced(more, { claim });
      told.tell(NOTICE);
      told.tell({ ...NOTICE, event: 'limit', key: 'l', againAfterMs: 5 });
      await told.close();
    }
    expect(terms).toEqual([
      { againAfterMs: undefined, perHour: 30, isFirstClass: true },
      { againAfterMs: 5, perHour: 30, isFirstClass: false },
      { againAfterMs: undefined, perHour: 7, isFirstClass: true },
      { againAfterMs: 5, perHour: 7, isFirstClass: false },
    ]);
  });

  test('where the state cannot be asked, an hour later more is told', async () => {
    await using receiver = await Receiver.start();
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const { notifier: told } = notifier(
      { hook: webhook(receiver.url) },
      { claim: async () => undefined, more: { per_hour: 1 } },
    );
    const tell = async (key: string, count: number) => {
      told.tell({ ...NOTICE, key });
      await receiver.count(count);
    };
    await tell('a', 1);
    now = 3_599_999;
    told.tell({ ...NOTICE, key: 'b' });
    now += 1;
    await tell('c', 2);
    await told.close();
    expect(receiver.received).toHaveLength(2);
  });

  test.each([
    ['approval', /^No more are sent for now\./],
    ['limit', /^No more are sent for now, but for calls that wait for you\./],
  ] as const)('too much of %s is told in its words', async (event, text) => {
    await using receiver = await Receiver.start();
    const claim = async () => ({ kind: 'too_many', isFirst: true }) as const;
    const { notifier: told } = notifier({ hook: webhook(receiver.url) }, { claim });
    told.tell({ ...NOTICE, event });
    await told.close();
    expect(receiver.received.map(({ json }) => json.text)).toEqual([expect.stringMatching(text)]);
  });

  test('a hundred are on their way at a time; one more is lost, and said to be', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const claim = async () => {
      await held;
      return { kind: 'known' } as const;
    };
    const { notifier: told, lost } = notifier({ hook: webhook('http://127.0.0.1:1') }, { claim });
    for (let i = 0; i < 101; i += 1) told.tell({ ...NOTICE, key: `k${i}` });
    expect(lost).toEqual([{ channel: '', reason: 'too many were on their way' }]);
    release();
    await told.close();
    told.tell({ ...NOTICE, key: 'after the end' });
    expect(lost).toHaveLength(1);
  });

  test('a receiver is left alone for longer each time, and as long as it asks, up to a minute', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    const wanted = [undefined, '30', '120', '9', 'soon', '7'];
    await using receiver = await Receiver.start((_, response) => {
      const after = wanted.shift();
      response.writeHead(503, after === undefined ? {} : { 'retry-after': after }).end();
    });
    const pauses: number[] = [];
    const { notifier: told } = notifier(
      { hook: webhook(receiver.url) },
      { pause: async (ms) => void pauses.push(ms) },
    );
    told.tell(NOTICE);
    await receiver.count(4);
    told.tell({ ...NOTICE, key: 'another' });
    await receiver.count(8);
    await told.close();
    expect(pauses).toEqual([1000, 30_000, 60_000, 1000, 7000, 16_000]);
  });

  test.each([
    [408, 4],
    [429, 4],
    [500, 4],
    [499, 1],
    [400, 1],
    [299, 1],
    [200, 1],
  ])('a receiver that answers %i is asked %i times', async (status, times) => {
    await using receiver = await Receiver.start((_, response) => void response.writeHead(status).end());
    const { notifier: told, lost } = notifier({ hook: webhook(receiver.url) });
    told.tell(NOTICE);
    await receiver.count(times);
    await told.close();
    expect(receiver.received).toHaveLength(times);
    expect(lost).toHaveLength(status < 300 ? 0 : 1);
  });
});

describe('who is told', () => {
  test('one key goes out once, whoever asks; another process that knows it sends nothing', async () => {
    await using receiver = await Receiver.start();
    const { notifier: told, claimed } = notifier({ hook: webhook(receiver.url) });
    for (let i = 0; i < 50; i += 1) told.tell(NOTICE);
    await receiver.count(1);
    await told.close();
    expect(claimed).toHaveLength(1);
    const { notifier: other } = notifier(
      { hook: webhook(receiver.url) },
      { claim: async () => ({ kind: 'known' }) },
    );
    other.tell(NOTICE);
    await other.close();
    expect(receiver.received).toHaveLength(1);
  });

  test('events, quiet hours and what is told all the same', async () => {
    await using receiver = await Receiver.start();
    const store = storeNotice('afip', 'locked');
    const quiet = { from: '11:00', to: '13:00', timezone: 'UTC' };
    const told = async (notice: Notice, channel: object, more: Partial<NotifySettings>) => {
      const before = receiver.received.length;
      const { notifier: one } = notifier({ hook: webhook(receiver.url, channel) }, { more });
      one.tell(notice);
      await one.close();
      return receiver.received.length - before;
    };
    expect(await told(store, { events: ['approval'] }, {})).toBe(0);
    expect(await told(store, { events: ['store'] }, {})).toBe(1);
    expect(await told(NOTICE, {}, { quiet })).toBe(0);
    expect(await told(NOTICE, {}, { quiet: { ...quiet, except: ['approval'] } })).toBe(1);
    expect(await told(NOTICE, {}, { quiet: { ...quiet, from: '13:00', to: '11:00' } })).toBe(1);
    expect(await told(NOTICE, {}, { quiet: { ...quiet, days: ['mon'] } })).toBe(1);
  });

  test('where too much was told, one message says that no more come', async () => {
    await using receiver = await Receiver.start();
    const claims: Claim[] = [
      { kind: 'too_many', isFirst: true },
      { kind: 'too_many', isFirst: false },
    ];
    const { notifier: told } = notifier(
      { hook: webhook(receiver.url) },
      { claim: async () => claims.shift(), more: { per_hour: 7 } },
    );
    told.tell(NOTICE);
    told.tell(storeNotice('afip', 'locked'));
    await told.close();
    expect(receiver.received.map(({ json }) => json.title)).toEqual([
      'policy-wrap: too much for 7 messages in an hour',
    ]);
  });

  test('where the state cannot be asked it is told all the same', async () => {
    await using receiver = await Receiver.start();
    const { notifier: told } = notifier({ hook: webhook(receiver.url) }, { claim: async () => undefined });
    told.tell(NOTICE);
    told.tell(NOTICE);
    await receiver.count(1);
    await told.close();
    expect(receiver.received).toHaveLength(1);
  });

  test('where the state cannot be asked, no more is told in an hour than a person wants', async () => {
    await using receiver = await Receiver.start();
    const { notifier: told, lost } = notifier(
      { hook: webhook(receiver.url) },
      { claim: async () => undefined, more: { per_hour: 5 } },
    );
    for (let i = 0; i < 60; i += 1) told.tell({ ...NOTICE, key: `key ${i}` });
    await receiver.count(5);
    await told.close();
    expect(receiver.received).toHaveLength(5);
    expect(lost).toEqual([]);
  });
});

describe('what does not arrive', () => {
  test('a receiver that fails is tried again with the same id, and no more than four times', async () => {
    await using flaky = await Receiver.start(
      (_, response, count) => void response.writeHead(count < 3 ? 503 : 200).end(),
    );
    await using broken = await Receiver.start((_, response) => void response.writeHead(500).end());
    const { notifier: told, lost } = notifier({ flaky: webhook(flaky.url), broken: webhook(broken.url) });
    told.tell(NOTICE);
    await Promise.all([flaky.count(3), broken.count(4)]);
    await told.close();
    expect(new Set(flaky.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect([flaky.received.length, broken.received.length]).toEqual([3, 4]);
    expect(lost).toEqual([
      { channel: 'broken', reason: expect.stringMatching(/^127\.0\.0\.1:\d+ answered 500$/) },
    ]);
  });

  test('a refusal, a redirect and a receiver that is gone are written down, without the address', async () => {
    await using refusing = await Receiver.start((_, response) => void response.writeHead(404).end());
    await using elsewhere = await Receiver.start();
    await using redirecting = await Receiver.start(
      (_, response) => void response.writeHead(307, { location: elsewhere.url }).end(),
    );
    const gone = await Receiver.start();
    const goneUrl = gone.url;
    await gone[Symbol.asyncDispose]();
    const secret = '/services/T0/B0/topsecret';
    const { notifier: told, lost } = notifier({
      refusing: webhook(refusing.url + secret),
      redirecting: webhook(redirecting.url + secret),
      gone: webhook(goneUrl + secret),
    });
    told.tell(NOTICE);
    await told.close();
    expect(lost.map(({ channel }) => channel).sort()).toEqual(['gone', 'redirecting', 'refusing']);
    expect(JSON.stringify(lost)).not.toContain('topsecret');
    expect(refusing.received).toHaveLength(1);
    expect(elsewhere.received).toHaveLength(0);
  });

  test('one that does not answer in time, and one that is not there, may answer the next time', async () => {
    const hanging = await Receiver.start(() => {});
    const { url } = hanging;
    const poster = new Poster({});
    const over = new AbortController();
    const sent = expect(poster.post(url, {}, '', over.signal)).rejects.toMatchObject({
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ did not answer in time$/),
      isPassing: true,
    });
    await hanging.count(1);
    over.abort();
    await sent;
    await hanging[Symbol.asyncDispose]();
    await expect(poster.post(url, {}, '', new AbortController().signal)).rejects.toMatchObject({
      isPassing: true,
    });
    await poster.close();
  });

  test('one that hangs holds up neither the others nor the end', async () => {
    await using hanging = await Receiver.start(() => {});
    await using fine = await Receiver.start();
    const { notifier: told, lost } = notifier({ hanging: webhook(hanging.url), fine: webhook(fine.url) });
    told.tell(NOTICE);
    await Promise.all([hanging.count(1), fine.count(1)]);
    await told.close();
    expect(lost.map(({ channel }) => channel)).toEqual(['hanging']);
  });

  test('G9: with nothing on its way nothing keeps the wrapper from ending', async () => {
    const { notifier: told } = notifier({});
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    await told.close();
    expect(timers()).toBeLessThanOrEqual(before);
  });

  test('a file of settings that is wrong is written down, and nothing is thrown', async () => {
    const lost: string[] = [];
    const told = new Notifier({
      settings: () => {
        throw new Error('it is wrong');
      },
      claim: async () => ({ kind: 'mine' }),
      lost: (_, __, reason) => lost.push(reason),
      link: () => undefined,
      env: {},
      now: () => NOON,
    });
    told.tell(NOTICE);
    await told.close();
    expect(lost).toEqual(['it is wrong']);
  });
});
