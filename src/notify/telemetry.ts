import { randomUUID } from 'node:crypto';
import { context, type Span, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import packageJson from '../../package.json' with { type: 'json' };
import { canonicalJson } from '../json/canonical.js';
import type { Outcome } from '../store/store.js';
import type { CallSeen } from './seen.js';
import type { TelemetrySettings } from './settings.js';

/** How often counters and numbers of calls are sent, in milliseconds. */
const METRICS_EVERY = 15_000;
/** Longest time for one request, in milliseconds. */
const PATIENCE = 5000;
/** How long the last of it may take when a wrapper ends, in milliseconds. */
const GRACE = 1500;
/** Calls that are with the server, at most: an answer to one beyond is sent without its span. */
const OPEN_MAX = 10_000;
/** Longest name that is sent, in characters. */
const NAME = 256;
/** Longest arguments that are sent, in characters. */
const ARGUMENTS = 16_384;

/** What a counter holds, for those who look. */
export interface CounterReading {
  readonly name: string;
  readonly used: number;
  readonly max: number;
}

export interface TelemetryParts {
  readonly server: string;
  /** The counters of this server that no argument splits: values of calls are nobody's business elsewhere. */
  readonly counters: () => readonly CounterReading[];
  readonly warn: (text: string) => void;
}

/**
 * Sends what is decided to a collector, by OTLP over HTTP: a span for each call, a log record for each decision, counters
 * as metrics. Names are those of OpenTelemetry's conventions for MCP and for tools of generative AI; ours begin with
 * `policy_wrap.`. Arguments are sent where the policy keeps them whole in its log too.
 */
export class Telemetry {
  readonly #traces: BasicTracerProvider;
  readonly #logs: LoggerProvider;
  readonly #metrics: MeterProvider;
  readonly #tracer;
  readonly #logger;
  readonly #decisions;
  /** Calls that are with the server, by their rows in the decision log. */
  readonly #open = new Map<number, Span>();

  /** What the file says holds, and nothing that the environment does. */
  static open(settings: TelemetrySettings, parts: TelemetryParts): Telemetry {
    return withoutVariables(OTEL, () => new Telemetry(settings, parts));
  }

  private constructor(
    { endpoint, headers = {} }: TelemetrySettings,
    { server, counters, warn }: TelemetryParts,
  ) {
    const resource = resourceFromAttributes({
      'service.name': 'policy-wrap',
      'service.version': packageJson.version,
      'service.instance.id': randomUUID(),
      'policy_wrap.server': server.slice(0, NAME),
    });
    const base = endpoint.replace(/\/+$/, '');
    const to = (signal: string) => ({ url: `${base}/v1/${signal}`, headers, timeoutMillis: PATIENCE });
    const failing = onFailure(warn, new URL(endpoint).host);
    this.#traces = new BasicTracerProvider({
      resource,
      spanProcessors: [new BatchSpanProcessor(failing(new OTLPTraceExporter(to('traces'))))],
    });
    this.#logs = new LoggerProvider({
      resource,
      processors: [new BatchLogRecordProcessor({ exporter: failing(new OTLPLogExporter(to('logs'))) })],
    });
    this.#metrics = new MeterProvider({
      resource,
      readers: [
        new PeriodicExportingMetricReader({
          exporter: failing(new OTLPMetricExporter(to('metrics'))),
          exportIntervalMillis: METRICS_EVERY,
          exportTimeoutMillis: PATIENCE,
        }),
      ],
    });
    this.#tracer = this.#traces.getTracer('policy-wrap', packageJson.version);
    this.#logger = this.#logs.getLogger('policy-wrap', packageJson.version);
    const meter = this.#metrics.getMeter('policy-wrap', packageJson.version);
    this.#decisions = meter.createCounter('policy_wrap.decisions', {
      description: 'Calls that were decided',
    });
    const used = meter.createObservableGauge('policy_wrap.counter.used', {
      description: 'What a counter holds',
    });
    const max = meter.createObservableGauge('policy_wrap.counter.max', {
      description: 'What a counter may hold',
    });
    meter.addBatchObservableCallback(
      (result) => {
        for (const counter of counters()) {
          const which = { 'policy_wrap.counter': counter.name };
          result.observe(used, counter.used, which);
          result.observe(max, counter.max, which);
        }
      },
      [used, max],
    );
  }

  /** @param at UTC milliseconds */
  decided({ call, admitted, code, rule, keepsArguments }: CallSeen, at: number): void {
    const decision = admitted.kind === 'allowed' ? 'allow' : admitted.kind === 'asked' ? 'ask' : 'deny';
    const tool = call.name.slice(0, NAME);
    const judged = {
      'policy_wrap.decision': decision,
      ...(code !== undefined && { 'policy_wrap.code': code }),
      ...(rule !== undefined && { 'policy_wrap.rule': rule.slice(0, NAME) }),
    };
    const attributes = {
      ...judged,
      'policy_wrap.audit_id': String(admitted.row),
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': tool,
      'jsonrpc.request.id': String(call.id),
      ...(keepsArguments && {
        'gen_ai.tool.call.arguments': canonicalJson(call.args.values).slice(0, ARGUMENTS),
      }),
    };
    const span = this.#tracer.startSpan(
      `tools/call ${tool}`,
      { kind: SpanKind.SERVER, attributes, startTime: at },
      parentOf(call.params),
    );
    this.#decisions.add(1, judged);
    this.#logger.emit({
      eventName: 'policy_wrap.decision',
      timestamp: at,
      severityNumber: decision === 'allow' ? SeverityNumber.INFO : SeverityNumber.WARN,
      body: [decision, tool, code, rule].filter((word) => word !== undefined).join(' '),
      attributes,
      context: trace.setSpan(context.active(), span),
    });
    const isForwarded = code === undefined;
    if (isForwarded && this.#open.size < OPEN_MAX) this.#open.set(admitted.row, span);
    else {
      // It ends here: the server never hears of it.
      if (code !== undefined) span.setAttribute('error.type', code).setStatus({ code: SpanStatusCode.ERROR });
      span.end(at);
    }
  }

  /** @param outcome what became of a call that was let through */
  settled(row: number, outcome: Outcome, at: number): void {
    const span = this.#open.get(row);
    if (!span) return;
    this.#open.delete(row);
    span.setAttribute('policy_wrap.outcome', outcome);
    if (outcome !== 'ok') span.setAttribute('error.type', outcome).setStatus({ code: SpanStatusCode.ERROR });
    span.end(at);
  }

  /** Sends what is left, within a moment. */
  async close(): Promise<void> {
    for (const span of this.#open.values()) span.end();
    this.#open.clear();
    const all = Promise.allSettled([
      this.#traces.shutdown(),
      this.#logs.shutdown(),
      this.#metrics.shutdown(),
    ]);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, GRACE);
    });
    await Promise.race([all, patience]);
    clearTimeout(timer);
  }
}

/**
 * Variables that the libraries read when they are set up, over and beside what they are given: headers with secrets for
 * another collector, certificates, a sampler that drops everything. They belong to the server that is wrapped.
 */
const OTEL = /^OTEL_/i;

function withoutVariables<T>(pattern: RegExp, work: () => T): T {
  const kept = Object.entries(process.env).filter(([name]) => pattern.test(name));
  for (const [name] of kept) delete process.env[name];
  try {
    return work();
  } finally {
    Object.assign(process.env, Object.fromEntries(kept));
  }
}

/**
 * The span that a client opened for this call (W3C Trace Context in `_meta`, as SEP-414 has it). What is not exactly of
 * that form is no parent.
 */
function parentOf(params: object): ReturnType<typeof context.active> {
  const meta: unknown = Object.hasOwn(params, '_meta') ? (params as { _meta: unknown })._meta : undefined;
  const text: unknown =
    typeof meta === 'object' && meta !== null && Object.hasOwn(meta, 'traceparent')
      ? (meta as { traceparent: unknown }).traceparent
      : undefined;
  const [, traceId, spanId, flags] =
    typeof text === 'string' ? (/^00-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/.exec(text) ?? []) : [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return context.active();
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return context.active();
  // What is refused is looked for, whether or not the client's own trace is kept.
  const traceFlags = Number.parseInt(flags, 16) | TraceFlags.SAMPLED;
  return trace.setSpanContext(context.active(), { traceId, spanId, traceFlags, isRemote: true });
}

interface Exporter {
  // biome-ignore lint/suspicious/noExplicitAny: three kinds of exporters, of which nothing else is touched
  export(items: any, done: (result: { readonly code: number; readonly error?: Error }) => void): void;
}

/** Says once that a collector does not take what it is sent, and once that it does again. */
function onFailure(warn: (text: string) => void, host: string): <E extends Exporter>(exporter: E) => E {
  let isFailing = false;
  return (exporter) => {
    const send = exporter.export.bind(exporter);
    exporter.export = (items, done) =>
      send(items, (result) => {
        const failed = result.code !== 0;
        if (failed !== isFailing)
          warn(
            failed
              ? `telemetry does not reach ${host}: ${result.error?.message ?? 'it is not taken'}`
              : `telemetry reaches ${host} again`,
          );
        isFailing = failed;
        done(result);
      });
    return exporter;
  };
}
