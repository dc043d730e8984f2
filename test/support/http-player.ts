import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One peer's turn, as in the scenes of the stdio wire. */
interface Turn {
  readonly from: 'client' | 'server';
  readonly bytes: Buffer;
}

/** The lines of a turn without their ends. */
export function linesIn(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split('\n');
  return lines.slice(0, -1).map((line) => line.replace(/\r$/, ''));
}

/**
 * The server's half of a scene, over HTTP: Streamable HTTP, or HTTP with SSE (2024-11-05). Each line goes where the
 * specification has it: an answer on the stream of its request, all else on the stream that listens, or on that of a
 * request that waits.
 */
export class HttpPlayer {
  /** The bodies that came, in order. */
  readonly received: string[] = [];
  readonly #turns: readonly Turn[];
  readonly #wire: 'Streamable HTTP' | 'HTTP with SSE';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #open = new Map<string, ServerResponse>();
  #listener: ServerResponse | undefined;
  #queued: string[] = [];
  #wake = () => {};
  #next = 0;
  #due = 0;

  private constructor(turns: readonly Turn[], wire: HttpPlayer['wire']) {
    this.#turns = turns;
    this.#wire = wire;
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    });
  }

  static async start(turns: readonly Turn[], wire: HttpPlayer['wire']): Promise<HttpPlayer> {
    const player = new HttpPlayer(turns, wire);
    await new Promise<void>((resolve) => player.#server.listen(0, '127.0.0.1', resolve));
    player.#play();
    return player;
  }

  get wire(): 'Streamable HTTP' | 'HTTP with SSE' {
    return this.#wire;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const isEvents = this.#wire === 'HTTP with SSE';
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      if (isEvents) response.write('event: endpoint\ndata: /messages\n\n');
      this.#listener = response;
      this.#flush();
      return;
    }
    if (request.method === 'DELETE' || (isEvents && request.url === '/mcp')) {
      response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
      return;
    }
    const body = Buffer.concat(chunks).toString('utf8');
    this.received.push(body);
    this.#wake();
    const { id, method } = JSON.parse(body);
    if (isEvents || id === undefined || method === undefined) response.writeHead(202).end();
    else {
      const session = method === 'initialize' ? { 'mcp-session-id': 's1' } : {};
      response.writeHead(200, { 'content-type': 'text/event-stream', ...session }).flushHeaders();
      this.#open.set(JSON.stringify(id), response);
    }
    this.#flush();
    this.#play();
  }

  /** Waits until `count` messages have come. */
  async has(count: number): Promise<void> {
    while (this.received.length < count)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  /** Plays the server's turns for which all earlier lines of the client are there. */
  #play(): void {
    for (; this.#next < this.#turns.length; this.#next++) {
      const turn = this.#turns[this.#next];
      if (turn === undefined) return;
      const lines = linesIn(turn.bytes);
      if (turn.from === 'server') this.#queued.push(...lines);
      else if (this.received.length < this.#due + lines.length) break;
      else this.#due += lines.length;
    }
    this.#flush();
  }

  #flush(): void {
    while (this.#queued[0] !== undefined && this.#emit(this.#queued[0])) this.#queued.shift();
  }

  /** @returns whether there was a stream for it */
  #emit(line: string): boolean {
    const { id, method } = JSON.parse(line);
    const key = JSON.stringify(id);
    const own = method === undefined ? this.#open.get(key) : undefined;
    const stream = own ?? this.#listener ?? [...this.#open.values()].at(-1);
    if (stream === undefined) return false;
    stream.write(`event: message\ndata: ${line}\n\n`);
    if (own) {
      this.#open.delete(key);
      own.end();
    }
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
