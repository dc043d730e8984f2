import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
// OpenTelemetry's own definitions of the wire format, as their tools generated code from them.
import root from 'otlp-protos/build/src/generated/root.js';

// biome-ignore lint/suspicious/noExplicitAny: the generated code has no types of its own
const { opentelemetry } = root as any;
const requests = {
  '/v1/traces': opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest,
  '/v1/logs': opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest,
  '/v1/metrics': opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest,
} as const;

// biome-ignore lint/suspicious/noExplicitAny: decoded by a schema of others
export type Decoded = any;

/** A collector that decodes what it gets, and takes nothing that it cannot. */
export class Collector {
  readonly spans: Decoded[] = [];
  readonly logs: Decoded[] = [];
  readonly metrics: Decoded[] = [];
  readonly resources: Decoded[] = [];
  readonly headers: IncomingHttpHeaders[] = [];
  readonly #server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const type = requests[request.url as keyof typeof requests];
        const message = type.toObject(type.decode(Buffer.concat(chunks)), { longs: String, enums: String });
        for (const { resource, scopeSpans = [] } of message.resourceSpans ?? []) {
          this.resources.push(flat(resource));
          for (const { spans } of scopeSpans) this.spans.push(...spans);
        }
        for (const { scopeLogs = [] } of message.resourceLogs ?? [])
          for (const { logRecords } of scopeLogs) this.logs.push(...logRecords);
        for (const { scopeMetrics = [] } of message.resourceMetrics ?? [])
          for (const { metrics } of scopeMetrics) this.metrics.push(...metrics);
        this.headers.push(request.headers);
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
  }

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.#server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Attributes as an object. */
export function flat({ attributes = [] }: Decoded): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }: Decoded) => [key, Object.values(value as object)[0]]),
  );
}
