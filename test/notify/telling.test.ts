import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { announcePage } from '../../src/config/page-address.js';
import { Decimal } from '../../src/json/decimal.js';
import { type CallSeen, noticeOf, type Seen } from '../../src/notify/seen.js';
import { openTelling, type Telling, type TellingParts } from '../../src/notify/start.js';
import type { ApprovalEntry } from '../../src/store/approval-entry.js';
import type { Exceeded } from '../../src/store/exceeded.js';
import type { Admitted } from '../../src/store/store.js';
import { charge, limit } from '../store/support-shapes.js';
import { Collector, type Decoded, flat } from '../support/collector.js';
import { Receiver } from '../support/receiver.js';

const NOON = Date.UTC(2026, 10, 26, 12, 0, 0);
const APPROVAL = {
  id: 'abc123',
  tool: 'pay',
  reason: '',
  rule: '/tools/pay/action',
  expiresAt: NOON + 60_000,
  arguments: '{}',
} as ApprovalEntry;
const EXCEEDED: Exceeded = {
  charge: charge(limit()),
  used: Decimal.from(30),
  retryAt: NOON,
  inFlight: undefined,
  clockWas: undefined,
};
const ADMITTED = {
  allowed: { kind: 'allowed', row: 1 },
  asked: { kind: 'asked', row: 1, approval: APPROVAL, isNew: true, exceeded: undefined },
  exceeded: { kind: 'exceeded', row: 1, exceeded: EXCEEDED },
  paused: { kind: 'refused', row: 1, code: 'PAUSED' },
  refused: { kind: 'refused', row: 1, code: 'DENY_IF' },
  unmet: { kind: 'unmet', row: 1, unmet: {}, now: NOON } as unknown as Admitted,
} satisfies Record<string, Admitted>;

/** A call that was decided; what a test is not about is as it mostly is. */
function decided(
  admitted: Admitted,
  {
    name = 'pay',
    args = {},
    params = {},
    ...more
  }: Partial<CallSeen> & { name?: string; args?: object; params?: object } = {},
): CallSeen {
  const call = {
    kind: 'call',
    id: 7,
    name,
    args: { names: [], values: args },
    params,
    era: 'modern',
    task: false,
  };
  return {
    kind: 'decided',
    call: call as unknown as CallSeen['call'],
    admitted,
    code: undefined,
    rule: undefined,
    keepsArguments: false,
    ...more,
  };
}
const refused = { code: 'DENY_IF', rule: '/tools/pay/deny_if/0' };

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-telling-'));
  file = join(folder, 'notify.json');
  for (const name of ['HOME', 'USERPROFILE', 'XDG_DATA_HOME']) vi.stubEnv(name, folder);
  return () => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  };
});
const settings = (more: object) =>
  writeFileSync(file, JSON.stringify({ version: '1', channels: {}, ...more }), { mode: 0o600 });

async function opened(parts: Partial<TellingParts> = {}) {
  const lost: string[] = [];
  const warnings: string[] = [];
  const claimed: string[] = [];
  const telling = await openTelling({
    server: 'afip',
    file,
    counters: () => [],
    warn: (text) => warnings.push(text),
    claim: async (key) => {
      claimed.push(key);
      return { kind: 'mine' };
    },
    lost: (_, __, reason) => lost.push(reason),
    env: {},
    now: () => NOON,
    ...parts,
  });
  return { telling, lost, warnings, claimed };
}

describe('what is told of what a wrapper sees', () => {
  const event = (seen: Seen) => noticeOf('afip', seen, NOON)?.event;

  test.each([
    ['allowed', undefined],
    ['asked', 'approval'],
    ['exceeded', 'limit'],
    ['paused', 'paused'],
    ['refused', undefined],
    ['unmet', undefined],
  ] as const)('a call that was %s: %s', (kind, told) => {
    expect(event(decided(ADMITTED[kind], refused))).toBe(told);
    // Under --observe nothing is refused.
    expect(event(decided(ADMITTED[kind]))).toBeUndefined();
  });

  test('a limit that fills, a change, a policy, a store that fails; nothing of an answer', () => {
    expect(event({ kind: 'settled', row: 1, outcome: 'error' })).toBeUndefined();
    const filled = { charge: charge(limit()), used: Decimal.from(24) };
    expect(noticeOf('afip', { kind: 'filled', tool: 'pay', filled }, NOON)?.text).toContain(
      '24 of 30 per minute',
    );
    expect(event({ kind: 'undecided', reason: 'locked' })).toBe('store');
    const policy = { kind: 'policy', source: '/p.json', hash: 'h' } as const;
    expect(noticeOf('afip', { ...policy, problem: undefined }, NOON)?.title).toBe('afip: another policy');
    expect(noticeOf('afip', { ...policy, problem: 'bad' }, NOON)?.title).toBe('afip: policy not taken');
    const changed = (...hashes: string[]) =>
      noticeOf('afip', { kind: 'changed', names: ['a', 'b'], hashes }, NOON);
    expect(changed('1', '2')?.title).toBe('afip: a and 1 more changed');
    expect(changed('1', '2')?.text).toMatch(/^a and 1 more of afip are new or not what was trusted\./);
    const one = noticeOf('afip', { kind: 'changed', names: ['a'], hashes: [] }, NOON);
    expect(one?.title).toBe('afip: a changed');
    expect(one?.text).toMatch(/^a of afip is new or not what was trusted\./);
    // Each change is told once, and the next one again.
    expect(changed('1', '2')?.key).toBe(changed('1', '2')?.key);
    expect(changed('1', '2')?.key).not.toBe(changed('1', '3')?.key);
  });

  test('how long a person has is counted by the clock of whoever decided', () => {
    expect(noticeOf('afip', decided(ADMITTED.asked, refused), NOON + 15_000)?.text).toContain(
      'Answer within 45 s',
    );
  });
});

describe('a wrapper that tells', () => {
  test('sends nothing where no person wants it, and looks anew for each notice', async () => {
    await using receiver = await Receiver.start();
    const { telling, lost, claimed } = await opened();
    expect(telling.wantsCalls).toBe(false);
    telling.saw(decided(ADMITTED.asked, refused), { at: NOON, now: NOON });
    settings({ channels: { hook: { type: 'slack', url: receiver.url } } });
    telling.saw({ kind: 'undecided', reason: 'locked' }, { at: NOON, now: NOON });
    telling.saw(decided(ADMITTED.allowed), { at: NOON, now: NOON });
    await telling.close();
    expect(claimed).toEqual(['store afip']);
    expect(receiver.received).toHaveLength(1);
    expect(lost).toEqual([]);
  });

  test('leads to the page of this machine while it is open', async () => {
    await using receiver = await Receiver.start();
    settings({ channels: { hook: { type: 'slack', url: receiver.url } } });
    const close = announcePage(4711);
    const { telling } = await opened();
    telling.saw({ kind: 'undecided', reason: 'locked' }, { at: NOON, now: NOON });
    await receiver.count(1);
    close();
    telling.saw(decided(ADMITTED.asked, refused), { at: NOON, now: NOON + 20_000 });
    await receiver.count(2);
    await telling.close();
    const texts = receiver.received.map(({ json }) => json.blocks[1].text.text);
    expect(texts[0]).toContain('http://127.0.0.1:4711/#/waiting');
    expect(texts[1]).toContain('Answer within 40 s');
    expect(texts[1]).not.toContain('http');
  });

  test('whose file is wrong says so with the first notice, and goes on', async () => {
    settings({ telemetry: { endpoint: 'no address' } });
    const { telling, lost } = await opened();
    expect(telling.wantsCalls).toBe(false);
    telling.saw(decided(ADMITTED.asked, refused), { at: NOON, now: NOON });
    telling.saw({ kind: 'settled', row: 1, outcome: 'ok' }, { at: NOON, now: NOON });
    await telling.close();
    expect(lost).toEqual([
      expect.stringContaining('telemetry.endpoint: an address that begins with https://'),
    ]);
  });
});

describe('telemetry', () => {
  /** What a collector has got when the wrapper has ended. */
  async function sent(
    work: (telling: Telling) => void,
    parts: Partial<TellingParts> = {},
    all = ({ headers }: Collector) => headers.length >= 3,
  ) {
    await using collector = await Collector.start();
    settings({ telemetry: { endpoint: `${collector.url}//`, headers: { 'x-key': 'k' } } });
    const { telling, warnings } = await opened(parts);
    expect(telling.wantsCalls).toBe(true);
    work(telling);
    await telling.close();
    await vi.waitFor(() => expect(all(collector)).toBe(true), 10_000);
    expect(warnings).toEqual([]);
    const spans: Decoded[] = collector.spans.map((span) => ({ ...span, attributes: flat(span) }));
    return {
      spans,
      logs: collector.logs,
      metrics: collector.metrics,
      headers: collector.headers,
      resources: collector.resources,
    };
  }
  const at = (ms: number) => ({ at: NOON + ms, now: 0 });
  const nanos = (ms: number) => `${NOON + ms}000000`;
  const hex = (bytes: Uint8Array) => Buffer.from(bytes ?? []).toString('hex');

  test('a call that was let through is a span from its decision to its answer', async () => {
    const { spans, logs, headers, resources } = await sent((telling) => {
      for (const [row, outcome] of [
        [1, 'ok'],
        [2, 'tool_error'],
      ] as const) {
        telling.saw(decided({ kind: 'allowed', row }), at(row));
        telling.saw({ kind: 'settled', row, outcome }, at(row + 10));
        // A second outcome, and one of a call that nobody knows, are nothing.
        telling.saw({ kind: 'settled', row, outcome: 'error' }, at(row + 20));
        telling.saw({ kind: 'settled', row: 99, outcome }, at(row + 20));
      }
    });
    expect(spans).toHaveLength(2);
    expect(spans[0]).toMatchObject({
      name: 'tools/call pay',
      kind: 'SPAN_KIND_SERVER',
      startTimeUnixNano: nanos(1),
      endTimeUnixNano: nanos(11),
    });
    expect(spans[0].attributes).toEqual({
      'policy_wrap.decision': 'allow',
      'policy_wrap.audit_id': '1',
      'policy_wrap.outcome': 'ok',
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'pay',
      'jsonrpc.request.id': '7',
    });
    expect(spans[0].status.code).not.toBe('STATUS_CODE_ERROR');
    expect(spans[1]).toMatchObject({
      endTimeUnixNano: nanos(12),
      status: { code: 'STATUS_CODE_ERROR' },
      attributes: { 'policy_wrap.outcome': 'tool_error', 'error.type': 'tool_error' },
    });
    expect(
      logs.map(({ body, severityNumber, timeUnixNano }) => [body.stringValue, severityNumber, timeUnixNano]),
    ).toEqual([
      ['allow pay', 'SEVERITY_NUMBER_INFO', nanos(1)],
      ['allow pay', 'SEVERITY_NUMBER_INFO', nanos(2)],
    ]);
    expect(hex(logs[0].spanId)).toBe(hex(spans[0].spanId));
    for (const each of headers) expect(each['x-key']).toBe('k');
    expect(resources[0]).toMatchObject({
      'service.version': packageJson.version,
      'policy_wrap.server': 'afip',
    });
  });

  test.each([
    ['asked', 'ask'],
    ['exceeded', 'deny'],
    ['refused', 'deny'],
    ['unmet', 'deny'],
  ] as const)('a call that was %s is a span of its own, a warning and a number', async (kind, decision) => {
    const { spans, logs, metrics } = await sent((telling) => {
      telling.saw(decided(ADMITTED[kind], refused), at(5));
      telling.saw({ kind: 'settled', row: 1, outcome: 'ok' }, at(9));
    });
    expect(spans).toHaveLength(1);
    expect(spans[0]).toMatchObject({
      startTimeUnixNano: nanos(5),
      endTimeUnixNano: nanos(5),
      status: { code: 'STATUS_CODE_ERROR' },
      attributes: {
        'policy_wrap.decision': decision,
        'policy_wrap.code': 'DENY_IF',
        'policy_wrap.rule': refused.rule,
        'error.type': 'DENY_IF',
      },
    });
    expect(spans[0].attributes).not.toHaveProperty('policy_wrap.outcome');
    expect(logs.map(({ body, severityNumber }) => [body.stringValue, severityNumber])).toEqual([
      [`${decision} pay DENY_IF /tools/pay/deny_if/0`, 'SEVERITY_NUMBER_WARN'],
    ]);
    const [point] = metrics.find(({ name }) => name === 'policy_wrap.decisions').sum.dataPoints;
    expect([flat(point), Number(point.asDouble ?? point.asInt)]).toEqual([
      { 'policy_wrap.decision': decision, 'policy_wrap.code': 'DENY_IF', 'policy_wrap.rule': refused.rule },
      1,
    ]);
  });

  test('what would have been refused under --observe is told, and goes on to its answer', async () => {
    const { spans } = await sent((telling) => {
      telling.saw(decided(ADMITTED.refused), at(5));
      telling.saw({ kind: 'settled', row: 1, outcome: 'ok' }, at(9));
    });
    expect(spans).toMatchObject([
      {
        endTimeUnixNano: nanos(9),
        attributes: { 'policy_wrap.decision': 'deny', 'policy_wrap.outcome': 'ok' },
      },
    ]);
    expect(spans[0].attributes).not.toHaveProperty('error.type');
  });

  test('arguments are sent where the policy keeps them, and names no longer than they may be', async () => {
    const long = { name: 'n'.repeat(300), args: { b: 'x'.repeat(20_000), a: 1 } };
    const { spans } = await sent((telling) => {
      telling.saw(decided(ADMITTED.refused, { ...refused, ...long }), at(0));
      telling.saw(
        decided(ADMITTED.refused, { ...refused, rule: 'r'.repeat(300), ...long, keepsArguments: true }),
        at(0),
      );
    });
    const [without, kept] = spans.map(({ attributes }) => attributes);
    expect(without).not.toHaveProperty('gen_ai.tool.call.arguments');
    expect(kept['gen_ai.tool.call.arguments']).toHaveLength(16_384);
    expect(kept['gen_ai.tool.call.arguments']).toMatch(/^\{"a":1,"b":"xxx/);
    expect(kept['gen_ai.tool.name']).toHaveLength(256);
    expect(kept['policy_wrap.rule']).toHaveLength(256);
  });

  test('what counters hold is sent as numbers', async () => {
    const counters = () => [
      { name: 'sum', used: 12.5, max: 100 },
      { name: 'calls', used: 0, max: 3 },
    ];
    const { metrics } = await sent((telling) => telling.saw(decided(ADMITTED.refused, refused), at(0)), {
      counters,
    });
    const values = (which: string) =>
      metrics
        .find(({ name }) => name === `policy_wrap.counter.${which}`)
        .gauge.dataPoints.map((point: Decoded) => [
          flat(point)['policy_wrap.counter'],
          Number(point.asDouble ?? point.asInt),
        ]);
    expect(values('used')).toEqual([
      ['sum', 12.5],
      ['calls', 0],
    ]);
    expect(values('max')).toEqual([
      ['sum', 100],
      ['calls', 3],
    ]);
  });

  test('a span of the client is the parent; what is not exactly one is none', async () => {
    const [trace, span, zero] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', '0'];
    const valid = `00-${trace}-${span}-00`;
    const metas: unknown[] = [
      { traceparent: valid },
      undefined,
      null,
      'text',
      { traceparent: 7 },
      { traceparent: `${valid}-x` },
      { traceparent: `x${valid}` },
      { traceparent: valid.toUpperCase() },
      { traceparent: `00-${zero.repeat(32)}-${span}-01` },
      { traceparent: `00-${trace}-${zero.repeat(16)}-01` },
      Object.create({ traceparent: valid }),
    ];
    const { spans } = await sent((telling) => {
      telling.saw(decided(ADMITTED.refused, refused), at(0));
      telling.saw(
        decided(ADMITTED.refused, { ...refused, params: Object.create({ _meta: metas[0] }) }),
        at(0),
      );
      for (const _meta of metas)
        telling.saw(decided(ADMITTED.refused, { ...refused, params: { _meta } }), at(0));
    });
    expect(spans).toHaveLength(metas.length + 2);
    const [, , child, ...others] = spans;
    expect([hex(child.traceId), hex(child.parentSpanId)]).toEqual([trace, span]);
    for (const other of [spans[0], spans[1], ...others]) {
      expect(hex(other.traceId)).toMatch(/^[\da-f]{32}$/);
      expect([hex(other.traceId), hex(other.parentSpanId)]).not.toEqual([trace, span]);
      expect(hex(other.parentSpanId)).toBe('');
    }
  });

  test('a call whose answer is still to come when the wrapper ends is sent without one', async () => {
    const { spans } = await sent((telling) => telling.saw(decided(ADMITTED.allowed), at(0)));
    expect(spans).toHaveLength(1);
    expect(spans[0].attributes).not.toHaveProperty('policy_wrap.outcome');
  });

  test('of more calls than are held open one is sent at once, without its answer', async () => {
    const last = ['10000', '10001'];
    const ofLast = (spans: readonly Decoded[]) =>
      spans.map(flat).filter(({ 'policy_wrap.audit_id': row }) => last.includes(String(row)));
    const { spans } = await sent(
      (telling) => {
        for (let row = 1; row <= 10_001; row += 1) telling.saw(decided({ kind: 'allowed', row }), at(0));
        for (const row of [10_001, 10_000]) telling.saw({ kind: 'settled', row, outcome: 'ok' }, at(1));
      },
      {},
      (collector) => ofLast(collector.spans).length === 2,
    );
    const ends = spans
      .map(({ attributes }) => attributes)
      .filter(({ 'policy_wrap.audit_id': row }) => last.includes(row))
      .map((each) => [each['policy_wrap.audit_id'], each['policy_wrap.outcome'], each['error.type']]);
    expect(ends.sort()).toEqual([
      ['10000', 'ok', undefined],
      ['10001', undefined, undefined],
    ]);
  });

  test('variables that are meant for the wrapped server change nothing, and stay as they are', async () => {
    const variables = {
      OTEL_TRACES_SAMPLER: 'always_off',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
      otel_sdk_disabled: 'true',
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    const { spans, headers } = await sent((telling) =>
      telling.saw(decided(ADMITTED.refused, refused), at(0)),
    );
    expect(spans).toHaveLength(1);
    expect(JSON.stringify(headers)).not.toContain('secret');
    expect(process.env).toMatchObject(variables);
  });

  test('a collector that does not take it, and one that does again, are told of once each', async () => {
    const warned: string[] = [];
    const held: (() => void)[] = [];
    // The first is not taken; the others are, once that was told.
    await using flaky = await Receiver.start((_, response, count) => {
      if (count === 1) return void response.writeHead(400).end();
      held.push(() => response.writeHead(200).end());
      if (warned.length > 0) for (const answer of held.splice(0)) answer();
    });
    settings({ telemetry: { endpoint: flaky.url } });
    const { telling } = await opened({
      warn: (text) => {
        warned.push(text);
        for (const answer of held.splice(0)) answer();
      },
    });
    telling.saw(decided(ADMITTED.refused, refused), at(0));
    await telling.close();
    await vi.waitFor(() => expect(warned).toHaveLength(2), 10_000);
    expect(warned).toEqual([
      expect.stringMatching(/^telemetry does not reach 127\.0\.0\.1:\d+: ./),
      expect.stringMatching(/^telemetry reaches 127\.0\.0\.1:\d+ again$/),
    ]);
    expect(flaky.received).toHaveLength(3);
  });
});
