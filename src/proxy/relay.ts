import type { Readable, Writable } from 'node:stream';
import { Conversation } from './conversation.js';
import { FromClient } from './from-client.js';
import { FromServer } from './from-server.js';
import type { Gate } from './gate.js';
import { RoundTrips } from './round-trips.js';
import type { ExitCode, Upstream } from './upstream.js';

export interface RelayOptions {
  readonly client: { readonly input: Readable; readonly output: Writable };
  readonly upstream: Upstream;
  readonly gate: Gate;
  /** Longest line in bytes, newline included. */
  readonly maxClientLine: number;
  readonly maxServerLine: number;
  /** UTC milliseconds. */
  readonly now: () => number;
  /** One line for the person, without line end. */
  readonly warn: (text: string) => void;
  /** What the server wrote that is no protocol; bytes with their line end. */
  readonly stray: (bytes: Buffer) => void;
}

/** Unwritten answers of ours, in bytes, above which nothing more is read from the client. */
const OUTPUT_HIGH_WATER = 1 << 20;

/** A conversation under way. */
export interface Relaying {
  /** The server's exit code, once the client has everything that is for it (G9). */
  readonly ended: Promise<ExitCode>;
  /** Tells the client, where it may be told, that the list of tools is another. */
  toolsChanged(): void;
}

/**
 * Moves lines between the client and the server until both are done: in order, byte for byte, with back-pressure in
 * both directions.
 */
export function relay(options: RelayOptions): Relaying {
  const { client, upstream, gate, warn } = options;
  const conversation = new Conversation();
  const roundTrips = new RoundTrips(options.now);
  const fromServer = new FromServer(conversation, gate, {
    roundTrips,
    maxLine: options.maxServerLine,
    warn,
    stray: options.stray,
  });
  const fromClient = new FromClient(
    conversation,
    gate,
    {
      toServer: (lines) => {
        if (!upstream.stdin.writable) return false;
        upstream.stdin.write(lines.length === 1 ? lines[0] : Buffer.concat(lines));
        return true;
      },
      toClient: (text) => client.output.write(text),
    },
    { roundTrips, maxLine: options.maxClientLine, warn },
  );

  const flow = () => {
    const blocked = upstream.stdin.writableNeedDrain || client.output.writableLength > OUTPUT_HIGH_WATER;
    if (blocked || fromClient.busy) client.input.pause();
    else client.input.resume();
    if (client.output.writableNeedDrain) upstream.stdout.pause();
    else upstream.stdout.resume();
  };
  let inputEnded = false;
  const endInput = () => {
    if (!inputEnded) fromClient.end();
    inputEnded = true;
    if (!fromClient.busy) upstream.end();
  };
  fromClient.onIdle(() => {
    if (inputEnded) upstream.end();
    flow();
  });

  client.input.on('data', (chunk: Buffer) => {
    fromClient.push(chunk);
    flow();
  });
  client.input.once('end', endInput).once('close', endInput).once('error', endInput);
  // EPIPE: the client is gone, which is a shutdown like the end of its input.
  client.output.on('error', endInput).once('close', endInput).on('drain', flow);
  upstream.stdin.on('drain', flow);

  const pass = (parts: readonly (Buffer | string)[]) => {
    if (parts.length === 0) return;
    client.output.cork();
    for (const part of parts) client.output.write(part);
    client.output.uncork();
    flow();
  };
  upstream.stdout.on('data', (chunk: Buffer) => pass(fromServer.push(chunk)));
  upstream.stdout.once('end', () => pass(fromServer.end()));

  const ended = upstream.closed.then(async (code) => {
    fromClient.abandon();
    const last = fromServer.oweNothing(code);
    if (last !== '' && client.output.writable) client.output.write(last);
    client.input.destroy();
    await finished(client.output);
    return code;
  });
  const toolsChanged = () => {
    for (const notification of conversation.toolsChanged())
      client.output.write(`${JSON.stringify(notification)}\n`);
  };
  return { ended, toolsChanged };
}

/** Ends a stream and waits until what was written has left this process, or nobody is there to take it. */
async function finished(output: Writable): Promise<void> {
  if (output.destroyed || output.errored) return;
  await new Promise<void>((resolve) => {
    output.once('error', () => resolve()).once('close', () => resolve());
    output.end(() => resolve());
  });
}
