import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A wire on loopback between a client and a server, on which things go wrong when a test says so.
 *
 * `pass` forwards; `stall` swallows both directions and keeps the connections; `cut` ends new connections at once.
 */
export class Between {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  port = 0;
  mode: 'pass' | 'stall' | 'cut' = 'pass';
  /** Bytes of the next answers that still come through; then the client's side is cut. Infinite: all. */
  answerBytes = Number.POSITIVE_INFINITY;
  /** Bytes of the next requests that still come through; then the server's side is cut. */
  requestBytes = Number.POSITIVE_INFINITY;

  /** The port of what it leads to. */
  target: number;

  private constructor(target: number) {
    this.target = target;
    this.#server = createServer((client) => {
      if (this.mode === 'cut') {
        client.destroy();
        return;
      }
      const server = connect(this.target, '127.0.0.1');
      const pair = [client, server] as const;
      this.#pairs.add(pair);
      for (const socket of pair) {
        socket.on('error', () => {});
        socket.setNoDelay(true);
      }
      client.on('data', (bytes) => {
        if (this.mode === 'stall') return;
        const part = bytes.subarray(0, this.requestBytes);
        this.requestBytes -= part.length;
        server.write(part);
        if (part.length < bytes.length) this.#end(pair);
      });
      server.on('data', (bytes) => {
        if (this.mode === 'stall') return;
        const part = bytes.subarray(0, this.answerBytes);
        this.answerBytes -= part.length;
        client.write(part);
        // The server goes on: it is not told that nobody listens.
        if (part.length < bytes.length) client.destroy();
      });
      client.on('end', () => server.end());
      server.on('end', () => client.end());
      server.on('close', () => client.destroy());
    });
  }

  static async to(target: number): Promise<Between> {
    const between = new Between(target);
    await new Promise<void>((done) => between.#server.listen(0, '127.0.0.1', done));
    between.port = (between.#server.address() as { port: number }).port;
    return between;
  }

  /** Cuts every connection that there is. */
  cut(): void {
    for (const pair of this.#pairs) this.#end(pair);
    this.#pairs.clear();
  }

  heal(): void {
    this.mode = 'pass';
    this.answerBytes = Number.POSITIVE_INFINITY;
    this.requestBytes = Number.POSITIVE_INFINITY;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((done) => this.#server.close(done));
  }

  #end(pair: readonly [Socket, Socket]): void {
    for (const socket of pair) socket.destroy();
  }
}
