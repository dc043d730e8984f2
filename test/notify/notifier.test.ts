import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
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
