import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Message } from './rig.js';

/** A request as it came off the wire. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The body's bytes as text, and what they mean. */
  readonly body: string;
  readonly message: Message;
}

/** What a test lets the server do with a request; `undefined` leaves it to the well-behaved server. */
export type Behaviour = (
  received: Received,
  response: ServerResponse,
  server: RemoteServer,
) => boolean | undefined | Promise<boolean | undefined>;

/** A remote MCP server on loopback that does what its test says, and else what a server with sessions does. */
export class RemoteServer {
  readonly received: Received[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #behaviour: Behaviour;
  /** Streams that the client opened to listen. */
  readonly listeners: ServerResponse[] = [];
  sessions = 0;
  announces = false;

  private constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    });
  }

  /** @param port any when 0 */
  static async start(behaviour: Behaviour = () => undefined, port = 0): Promise<RemoteServer> {
    const server = new RemoteServer(behaviour);
    await new Promise<void>((resolve) => server.#server.listen(port, '127.0.0.1', resolve));
    return server;
  }

  /** Starts a server that does what the test says with calls, and with calls alone. */
  static onCalls(act: (received: Received, response: ServerResponse) => void): Promise<RemoteServer> {
    return RemoteServer.start((received, response) => {
      if (!isCall(received)) return undefined;
      act(received, response);
      return true;
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  /** The calls that reached it, by tool name. */
  get calls(): string[] {
    return this.received
      .filter(({ message }) => message?.method === 'tools/call')
      .map(({ message }) => message.params.name);
  }

  posted(method: string): Received[] {
    return this.received.filter(({ message }) => message?.method === method);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks).toString('utf8');
    const received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body,
      message: body.startsWith('{') ? JSON.parse(body) : undefined,
    };
    this.received.push(received);
    if (await this.#behaviour(received, response, this)) return;
    this.#behave(received, response);
  }

  #behave({ method, message }: Received, response: ServerResponse): void {
    if (method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      this.listeners.push(response);
      return;
    }
    if (method === 'DELETE' || message.id === undefined || message.method === undefined) {
      response.writeHead(method === 'DELETE' ? 200 : 202).end();
      return;
    }
    if (message.method === 'initialize') {
      const result = {
        protocolVersion: message.params.protocolVersion,
        capabilities: { tools: { listChanged: this.announces } },
        serverInfo: { name: 'remote', version: '1' },
      };
      answer(
        response,
        { jsonrpc: '2.0', id: message.id, result },
        { 'mcp-session-id': `s${++this.sessions}` },
      );
      return;
    }
    const result =
      message.method === 'tools/list'
        ? { tools: [{ name: 'act', inputSchema: { type: 'object' } }] }
        : { content: [{ type: 'text', text: `did ${message.params?.name}` }] };
    answer(response, { jsonrpc: '2.0', id: message.id, result });
  }

  /** Cuts every connection and takes no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

export function isCall({ message }: Received): boolean {
  return message?.method === 'tools/call';
}

/** Answers with one message as JSON. */
export function answer(
  response: ServerResponse,
  message: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(message));
}

/** Begins a stream of events. */
export function stream(response: ServerResponse): (event: string) => void {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  return (event) => void response.write(event);
}

/** Writes without end, as fast as it is read, until much more was written than anybody should take. */
export function endless(response: ServerResponse, wrote: (bytes: number) => void): void {
  let written = 0;
  const more = () => {
    if (response.destroyed || written > 200 << 20) return;
    written += 1 << 16;
    wrote(1 << 16);
    if (response.write('x'.repeat(1 << 16))) setImmediate(more);
    else response.once('drain', more);
  };
  more();
}

/** One event with a message. */
export function event(message: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`;
}
