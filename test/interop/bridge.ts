import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Message } from '../support/rig.js';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
const VERSION = 'io.modelcontextprotocol/protocolVersion';

/** One request's way back to its HTTP client: plain JSON when its answer comes first, else a stream of events. */
class Answering {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  event(message: Message): void {
    if (!this.#response.headersSent) this.#response.writeHead(200, { 'content-type': 'text/event-stream' });
    this.#response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  }

  answer(message: Message, status: number): void {
    if (this.#response.headersSent) {
      this.event(message);
      this.#response.end();
    } else {
      this.#response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(message));
    }
  }

  end(): void {
    this.#response.end();
  }
}

/** A stdio server and the requests that it has not answered. */
class Stdio {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #open = new Map<string, { id: Message; progressToken: Message; answering: Answering }>();
  /** Where messages go that belong to no open request. */
  standalone: Answering | undefined;
  readonly #rewrites: boolean;
  #next = 0;
  #rest = '';

  /** @param rewrites clients that know nothing of each other share this server: their ids are made unique */
  constructor(command: readonly string[], env: NodeJS.ProcessEnv, rewrites: boolean) {
    const [file = '', ...args] = command;
    this.#rewrites = rewrites;
    this.#child = spawn(file, args, { env });
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.resume();
    this.#child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (this.#rest + chunk).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') this.#take(JSON.parse(line));
    });
    this.#child.once('close', () => {
      for (const { answering } of this.#open.values()) answering.end();
    });
  }

  send(message: Message): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends a request; gives the id under which the server knows it. */
  ask(message: Message, answering: Answering): Message {
    const id = this.#rewrites ? `b${this.#next++}` : message.id;
    const progressToken = message.params?._meta?.progressToken;
    this.#open.set(JSON.stringify(id), { id: message.id, progressToken, answering });
    this.send({ ...message, id });
    return id;
  }

  close(): Promise<void> {
    this.#child.stdin.end();
    return new Promise((done) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) done();
      else this.#child.once('close', () => done());
    });
  }

  #take(message: Message): void {
    if (message.method === undefined && message.id !== undefined) {
      const key = JSON.stringify(message.id);
      const request = this.#open.get(key);
      this.#open.delete(key);
      request?.answering.answer({ ...message, id: request.id }, statusOf(message, this.#rewrites));
      return;
    }
    const { progressToken, _meta } = message.params ?? {};
    const requests = [...this.#open.entries()];
    const subscription = _meta?.[SUBSCRIPTION];
    if (subscription !== undefined) {
      const listener = this.#open.get(JSON.stringify(subscription));
      if (listener) _meta[SUBSCRIPTION] = listener.id;
      (listener?.answering ?? this.standalone)?.event(message);
      return;
    }
    const related =
      requests.find(([, r]) => progressToken !== undefined && r.progressToken === progressToken) ??
      requests.at(-1);
    (related?.[1].answering ?? this.standalone)?.event(message);
  }
}

/** What the streamable HTTP transport of 2026-07-28 wants beside the error itself. */
function statusOf({ error }: Message, modern: boolean): number {
  if (!modern || !error) return 200;
  if (error.code === -32601) return 404;
  return error.code <= -32600 || (error.code <= -32020 && error.code >= -32099) ? 400 : 200;
}

export interface Bridge extends AsyncDisposable {
  readonly url: string;
}

/**
 * A streamable HTTP server in front of a stdio server, for suites that speak only HTTP: a process for each session of
 * the legacy era, one for all requests of the modern one.
 */
export async function bridge(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Bridge> {
  const sessions = new Map<string, Stdio>();
  let modern: Stdio | undefined;
  const sharedModern = () => {
    if (modern) return modern;
    modern = new Stdio(command, env, true);
    // Settles the era for the process before somebody's broken request can.
    modern.send({
      jsonrpc: '2.0',
      id: 'bridge',
      // Not `server/discover`, after which a process may still turn out to be of the old era.
      method: 'tools/list',
      params: { _meta: { [VERSION]: '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} } },
    });
    return modern;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const refuse = (status: number) => {
      response.writeHead(status).end();
      return undefined;
    };
    const { host = '', origin } = request.headers;
    const local = /^(localhost|127\.0\.0\.1)(:\d+)?$/;
    if (!local.test(host) || (origin !== undefined && !local.test(new URL(origin).host))) return refuse(403);
    const session = request.headers['mcp-session-id'];
    const stdio = typeof session === 'string' ? sessions.get(session) : undefined;
    if (session !== undefined && !stdio) return refuse(404);
    if (request.method === 'DELETE' && typeof session === 'string') {
      sessions.delete(session);
      void stdio?.close();
      return refuse(200);
    }
    if (request.method === 'GET' && stdio) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      stdio.standalone = new Answering(response);
      return undefined;
    }
    if (request.method !== 'POST') return refuse(405);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const message = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return post(message, request, response, stdio);
  };

  const post = (message: Message, request: IncomingMessage, response: ServerResponse, known?: Stdio) => {
    const version = message.params?._meta?.[VERSION] ?? request.headers['mcp-protocol-version'];
    const isModern = !known && (message.method !== 'initialize' || (version ?? '') >= '2026');
    let stdio = known;
    if (!stdio && isModern) stdio = sharedModern();
    if (!stdio) {
      const session = randomUUID();
      stdio = new Stdio(command, env, false);
      sessions.set(session, stdio);
      response.setHeader('mcp-session-id', session);
    }
    if (message.id === undefined || message.method === undefined) {
      stdio.send(message);
      response.writeHead(202).end();
      return;
    }
    const target = stdio;
    const requestId = target.ask(message, new Answering(response));
    response.once('close', () => {
      if (isModern && !response.writableFinished) {
        target.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
      }
    });
  };

  const server: Server = createServer((request, response) => {
    handle(request, response).catch(() => response.writeHead(400).end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await Promise.all([...sessions.values(), ...(modern ? [modern] : [])].map((stdio) => stdio.close()));
    },
  };
}
