import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { Collector, type Decoded, flat } from '../support/collector.js';
import { Receiver } from '../support/receiver.js';
import { Rig, refusalCode } from '../support/rig.js';

function settings(rig: Rig, endpoint: string): void {
  const folder = join(rig.folder, 'config', 'policy-wrap');
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ version: '1', channels: {}, telemetry: { endpoint } });
  writeFileSync(join(folder, 'notify.json'), text, { mode: 0o600 });
}

const POLICY = {
  version: '1',
  default: 'allow',
  tools: {
    tag: { limits: [{ max: 2, window: 'hour', counter: 'tags' }] },
    gone: { action: 'deny' },
    split: { limits: [{ max: 5, window: 'hour', counter: 'by_name', per: 'args.name' }] },
  },
};
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

describe('telemetry', () => {
  test('a span, a log record and numbers for each call, with the names of the conventions and without arguments', async () => {
    await using rig = new Rig();
    await using collector = await Collector.start();
    settings(rig, collector.url);
    const wrapper = rig.wrap({ policy: POLICY });
    await wrapper.initialize();
    await wrapper.request('tools/list');
    const traceparent = `00-${TRACE}-${PARENT}-01`;
    await wrapper.request('tools/call', {
      name: 'tag',
      arguments: { note: 'private' },
      _meta: { traceparent },
    });
    await wrapper.call('tag');
    expect(refusalCode(await wrapper.call('tag'))).toBe('LIMIT');
    expect(refusalCode(await wrapper.call('gone'))).toBe('ACTION_DENY');
    await wrapper.call('split', { name: 'customer 7' });
    await wrapper.end();
    const spans = collector.spans.map((span) => ({ ...span, attributes: flat(span) }));
    expect(
      spans.map(({ name, attributes }) => [
        name,
        attributes['policy_wrap.decision'],
        attributes['policy_wrap.code'],
      ]),
    ).toEqual([
      ['tools/call tag', 'allow', undefined],
      ['tools/call tag', 'allow', undefined],
      ['tools/call tag', 'deny', 'LIMIT'],
      ['tools/call gone', 'deny', 'ACTION_DENY'],
      ['tools/call split', 'allow', undefined],
    ]);
    expect(Buffer.from(spans[0].traceId).toString('hex')).toBe(TRACE);
    expect(Buffer.from(spans[0].parentSpanId).toString('hex')).toBe(PARENT);
    expect(spans[0].attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'tag',
      'mcp.method.name': 'tools/call',
      'policy_wrap.outcome': 'ok',
    });
    expect(spans[2]).toMatchObject({
      status: { code: 'STATUS_CODE_ERROR' },
      attributes: { 'error.type': 'LIMIT', 'policy_wrap.rule': '/tools/tag/limits/tags' },
    });
    expect(
      collector.logs.map(({ body, severityNumber }) => [body.stringValue, severityNumber]),
    ).toContainEqual(['deny tag LIMIT /tools/tag/limits/tags', 'SEVERITY_NUMBER_WARN']);
    const metric = (name: string) => collector.metrics.findLast((each) => each.name === name);
    const refused = metric('policy_wrap.decisions').sum.dataPoints.map((point: Decoded) => [
      flat(point)['policy_wrap.rule'],
      point.asDouble ?? Number(point.asInt),
    ]);
    expect(refused).toContainEqual(['/tools/tag/limits/tags', 1]);
    const used = metric('policy_wrap.counter.used').gauge.dataPoints;
    expect(
      used.map((point: Decoded) => [
        flat(point)['policy_wrap.counter'],
        point.asDouble ?? Number(point.asInt),
      ]),
    ).toEqual([['tags', 2]]);
    expect(collector.resources[0]).toMatchObject({
      'service.name': 'policy-wrap',
      'policy_wrap.server': 'recorder',
    });
    expect(JSON.stringify([collector.spans, collector.logs, collector.metrics])).not.toMatch(
      /private|customer 7/,
    );
  });

  test('arguments are sent where the policy has the log keep them', async () => {
    await using rig = new Rig();
    await using collector = await Collector.start();
    settings(rig, collector.url);
    const wrapper = rig.wrap({ policy: { ...POLICY, audit: { arguments: 'full' } } });
    await wrapper.initialize();
    await wrapper.request('tools/list');
    await wrapper.call('tag', { note: 'private' });
    await wrapper.end();
    expect(collector.spans.map((span) => flat(span)['gen_ai.tool.call.arguments'])).toEqual([
      '{"note":"private"}',
    ]);
  });

  test('variables of the wrapped server send nothing to the collector, and change nothing of what is sent', async () => {
    await using rig = new Rig();
    await using receiver = await Receiver.start();
    settings(rig, receiver.url);
    const wrapper = rig.wrap({
      policy: POLICY,
      env: {
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret-of-the-server,x-other=1',
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-traces=secret-too',
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_TRACES_SAMPLER: 'always_off',
        OTEL_SDK_DISABLED: 'true',
      },
    });
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('free'))).toBeUndefined();
    expect(await wrapper.end()).toBe(0);
    const paths = receiver.received.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['/v1/traces', '/v1/logs', '/v1/metrics']));
    expect(JSON.stringify(receiver.received.map(({ headers }) => headers))).not.toMatch(
      /secret|x-other|gzip/,
    );
  });

  test('a traceparent that is none, and a collector that fails or hangs, change nothing but a line', async () => {
    await using rig = new Rig();
    await using broken = await Receiver.start((_, response) => void response.writeHead(400).end());
    settings(rig, broken.url);
    const wrapper = rig.wrap({ policy: POLICY });
    await wrapper.initialize();
    await wrapper.request('tools/list');
    for (const traceparent of ['x', 7, `00-${'0'.repeat(32)}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01-extra`])
      expect(
        refusalCode(
          await wrapper.request('tools/call', { name: 'free', arguments: {}, _meta: { traceparent } }),
        ),
      ).toBeUndefined();
    expect(await wrapper.end()).toBe(0);
    await vi.waitFor(() => expect(wrapper.stderr).toContain('telemetry does not reach 127.0.0.1'), 10_000);
    await using hanging = await Receiver.start(() => {});
    settings(rig, hanging.url);
    const other = rig.wrap({ policy: POLICY });
    await other.initialize();
    expect(refusalCode(await other.call('free'))).toBeUndefined();
    expect(await other.end()).toBe(0);
  });
});
