import type { Readable, Writable } from 'node:stream';
import { RoundTrips } from '../approval/retry-state.js';
import { EXIT } from '../errors.js';
import type { ExitCode, Upstream } from '../upstream/upstream.js';
import { writeAll } from '../upstream/write-all.js';
import { type ListKind, McpSession } from '../wire/mcp-session.js';
import { ClientToServer } from './client-to-server.js';
import type { Gate } from './gate.js';
import { ServerToClient } from './server-to-client.js';

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

/** Unwritten bytes for either side above which the client is read no further; for the server: a chunk now and then. */
const HIGH_WATER = 1 << 20;
/** Milliseconds between those chunks: the end of the input is seen only by reading, so reading never stops for good. */
const LOOK_EVERY = 250;
/** Unwritten bytes for the server above which nothing is read at all, and only the death of our parent tells that the client is gone. */
const FULL = 16 << 20;
/** From a signal to our end with a client that does not read what is left for it, in milliseconds. */
const FLUSH_GRACE = 500;

/** A relay at work. */
export interface Relaying {
  /** The server's exit code, once the client has everything that is for it (G9). */
  readonly ended: Promise<ExitCode>;
  /** Tells the client, where it may be told, that these lists are others now. */
  listsChanged(kinds: Iterable<ListKind>): void;
}

/**
 * Moves lines between the client and the server until both are done: in order, byte for byte, with back-pressure in
 * both directions.
 */
export function relay(options: RelayOptions): Relaying {
  const { client, upstream, gate, warn } = options;
  const session = new McpSession();
  const roundTrips = new RoundTrips(options.now);
  const serverToClient = new ServerToClient(session, gate, {
    roundTrips,
    maxLine: options.maxServerLine,
    warn,
    stray: options.stray,
    toServer: (text) => upstream.send([Buffer.from(text)], () => {}),
    later: (parts) => {
      pass(parts);
      flow();
    },
  });
  const clientToServer = new ClientToServer(
    session,
    gate,
    {
      toServer: (parts, notSent) => upstream.send(parts, notSent),
      toClient: (text) => client.output.write(text),
    },
    { roundTrips, maxLine: options.maxClientLine, warn },
  );

  let inputEnded = false;
  /** Nobody reads what we write. */
  let gone = false;
  /** Standard output takes nothing more, though nobody closed it: a disk that is full. */
  let unwritable = false;
  const isClogged = () => upstream.unsent > HIGH_WATER;
  // A client that does not read either is noticed where we write to it.
  const isUnread = () => client.output.writableLength > HIGH_WATER;
  const parent = process.ppid;
  let nextLook: NodeJS.Timeout | undefined;
  const lookAtClient = () => {
    nextLook = undefined;
    if (!isClogged() || isUnread() || clientToServer.busy) return flow();
    if (upstream.unsent <= FULL) return void client.input.resume();
    if (process.ppid !== parent) return clientGone();
    nextLook = setTimeout(lookAtClient, LOOK_EVERY);
  };
  const flow = () => {
    if (isClogged() || isUnread() || clientToServer.busy) client.input.pause();
    else client.input.resume();
    if (isClogged() && !isUnread() && !inputEnded) nextLook ??= setTimeout(lookAtClient, LOOK_EVERY);
    const isFull = client.output.writableNeedDrain && !gone;
    if (isFull || serverToClient.busy) upstream.stdout.pause();
    else upstream.stdout.resume();
  };
  // While calls come thick and fast, chunks that are read in one turn of the event loop are decided together, in one
  // transaction; a call that comes alone does not wait for others.
  let unread: Buffer[] = [];
  const decideUnread = () => {
    if (unread.length === 0) return;
    const chunks = unread;
    unread = [];
    clientToServer.push(...chunks);
    flow();
  };
  const endInput = () => {
    decideUnread();
    if (!inputEnded) clientToServer.end();
    inputEnded = true;
    clearTimeout(nextLook);
    if (!clientToServer.busy) upstream.end();
  };
  clientToServer.onBusy(() => {
    if (inputEnded && !clientToServer.busy) upstream.end();
    flow();
  });

  client.input.on('data', (chunk: Buffer) => {
    if (gone) return;
    unread.push(chunk);
    if (session.isIdle) decideUnread();
    else if (unread.length === 1) setImmediate(decideUnread);
  });
  client.input.once('end', endInput).once('close', endInput).once('error', endInput);
  // Nobody would see the answer to a call that is decided now.
  const clientGone = () => {
    serverToClient.clientGone();
    gone = true;
    unread = [];
    inputEnded = true;
    clearTimeout(nextLook);
    clientToServer.abandon();
    upstream.end();
    // What was held back for it is read and thrown away, so that the server can end.
    flow();
  };
  client.output.on('error', (error: NodeJS.ErrnoException) => {
    // Without a reader it is a shutdown, like the end of its input.
    unwritable ||= error.code !== 'EPIPE' && error.code !== 'ECONNRESET';
    if (unwritable && !gone) warn(`the server's answers cannot be passed on: ${error.message}`);
    clientGone();
  });
  client.output.once('close', clientGone).on('drain', flow);
  upstream.onDrain(flow);
  upstream.onLost((id, reason) => {
    const answer = serverToClient.lost(id, reason);
    if (answer !== undefined) pass([answer]);
  });

  const pass = (parts: readonly (Buffer | string)[]) => {
    if (parts.length === 0 || gone) return;
    writeAll(client.output, parts);
    flow();
  };
  upstream.stdout.on('data', (chunk: Buffer) => {
    pass(serverToClient.push(chunk));
    if (serverToClient.busy) flow();
  });
  upstream.stdout.once('end', () => pass(serverToClient.end()));

  const ended = upstream.closed.then(async (code) => {
    decideUnread();
    // What could not be sent any more says so in a microtask, and is given back: it was not left unanswered.
    await undefined;
    await serverToClient.decided();
    clientToServer.abandon();
    const last = serverToClient.oweNothing(code);
    if (last !== '' && client.output.writable) client.output.write(last);
    client.input.destroy();
    await finished(client.output, upstream.signalled);
    clearTimeout(nextLook);
    return unwritable && code === EXIT.done ? EXIT.failed : code;
  });
  const listsChanged = (kinds: Iterable<ListKind>) => {
    for (const kind of kinds)
      for (const notification of session.listChanged(kind)) pass([`${JSON.stringify(notification)}\n`]);
  };
  return { ended, listsChanged };
}

/** Ends a stream and waits until what was written has left this process, nobody is there to take it, or we must go. */
async function finished(output: Writable, signalled: Promise<void>): Promise<void> {
  if (output.destroyed || output.errored) return;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    output.once('error', () => resolve()).once('close', () => resolve());
    output.end(() => resolve());
    void signalled.then(() => {
      timer = setTimeout(() => output.destroy(), FLUSH_GRACE);
    });
  });
  clearTimeout(timer);
}
