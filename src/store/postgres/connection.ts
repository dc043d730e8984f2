import type { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { ClientConfig } from 'pg';
import Client from 'pg/lib/client.js';
import { PolicyWrapError } from '../../errors.js';
import type { StoreAddress } from '../shared-store.js';

/** What a request came to that did not give an answer. */
export class Failure extends Error {
  /** Five characters of the engine's, where it is the engine that says so. */
  readonly state: string | undefined;
  /** The request had left: what it asks for may have been done. */
  readonly wasSent: boolean;

  constructor(message: string, state: string | undefined, wasSent: boolean) {
    super(message);
    this.state = state;
    this.wasSent = wasSent;
  }
}

export interface ConnectionOptions {
  readonly address: StoreAddress;
  /** Asked for with each new connection; undefined where the login needs none. */
  readonly password: () => Promise<string | undefined>;
  /** Longest time for one request, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Drivers wait for ever for an engine that hangs, and on a connection of which only one side knows that it ended
 * (node-postgres#2973): each request has a timer of our own here, and a connection that is silent until it ends is destroyed.
 */
export const TIMEOUT_MS = 2000;

/**
 * One connection, made when it is needed and again after it was lost. One request at a time: the caller queues.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  #client: Client | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Whether the next request finds an open connection. */
  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /**
   * Runs a text of statements, which the engine gets in one message: it needs one round trip, and nothing prepared that
   * a pooler in between would have to know.
   *
   * @returns the rows of each statement
   * @throws Failure
   */
  async run(text: string): Promise<(readonly Readonly<Record<string, unknown>>[])[]> {
    const client = this.#client ?? (await this.#connect());
    try {
      const results = await this.#timed(client, client.query(text) as unknown as Promise<unknown>, true);
      return [results].flat().map((one) => (one as { rows?: readonly Record<string, unknown>[] }).rows ?? []);
    } catch (error) {
      // A transaction may still be open in it, or an answer under way that belongs to nobody.
      this.#destroy(client);
      throw error instanceof Failure ? error : failureOf(error, true);
    }
  }

  /** Says goodbye to the engine, and does not wait long for it. */
  async close(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    this.#client = undefined;
    try {
      await this.#timed(client, client.end(), false);
    } catch {
      // It is closed either way.
    }
    this.#destroy(client);
  }

  async #connect(): Promise<Client> {
    let password: string | undefined;
    try {
      password = await this.#options.password();
    } catch (error) {
      throw PolicyWrapError.is(error) ? error : failureOf(error, false);
    }
    const client = clientFor(this.#options.address, password);
    // What happens between requests shows with the next one.
    client.on('error', () => this.#destroy(client));
    const isProven =
      this.#options.address.tls === 'off' && password !== undefined ? prove(client) : undefined;
    try {
      await this.#timed(client, client.connect(), false);
      if (isProven?.() === false) throw unproven('did not show that it knows the password');
    } catch (error) {
      this.#destroy(client);
      throw error instanceof Failure || PolicyWrapError.is(error) ? error : failureOf(error, false);
    }
    client.on('end', () => this.#destroy(client));
    this.#client = client;
    return client;
  }

  async #timed<T>(client: Client, work: Promise<T>, wasSent: boolean): Promise<T> {
    const ms = this.#options.timeoutMs ?? TIMEOUT_MS;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Failure(`it did not answer within ${ms / 1000} s`, undefined, wasSent));
        this.#destroy(client);
      }, ms);
    });
    // Whichever loses is rejected later, when nobody waits for it any more.
    work.catch(() => {});
    late.catch(() => {});
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #destroy(client: Client): void {
    if (this.#client === client) this.#client = undefined;
    streamOf(client).destroy();
  }
}

/**
 * Without encryption whatever listens at the port gets what is sent: a program of another account, where a tunnel has
 * ended. So the password itself is not sent, nor what it could be guessed from, and the other end must show by SCRAM
 * that it knows the password, before it is asked to decide on anything.
 *
 * @returns whether it has
 */
function prove(client: Client): () => boolean {
  const parts = client as unknown as Record<string, unknown> & { readonly connection: EventEmitter };
  const refuse = () => parts.connection.emit('error', unproven('asks for the password as it is, or by MD5'));
  parts._handleAuthCleartextPassword = refuse;
  parts._handleAuthMD5Password = refuse;
  let isProven = false;
  // That its proof is right is looked at by the library, which fails else.
  parts.connection.once('authenticationSASLFinal', () => {
    isProven = true;
  });
  return () => isProven;
}

function unproven(what: string): PolicyWrapError {
  return new PolicyWrapError(
    'REFUSED',
    `what listens at the address of the store ${what}, and the connection is not encrypted`,
    {
      hint: 'It may be another program. If not: set password_encryption to scram-sha-256, set the password anew, and let pg_hba.conf ask for it (scram-sha-256). Where no password is needed, remove it here.',
    },
  );
}

function streamOf(client: Client): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}

/**
 * The driver fills what is left out, and what is empty, from variables that begin with PG: they belong to the server
 * that is wrapped. So every field is stated, and those that can only be empty are set afterwards.
 */
function clientFor(address: StoreAddress, password: string | undefined): Client {
  const { host, port, user, database } = address;
  const config: ClientConfig = {
    host,
    port,
    user,
    database,
    // A function is never empty; without a password nothing is looked for in files of the home folder.
    password: () => password ?? '',
    ssl: address.tls === 'off' ? false : tlsFor(address),
    application_name: 'policy-wrap',
    client_encoding: 'UTF8',
    connectionTimeoutMillis: 0,
    statement_timeout: false,
    query_timeout: 0,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  const stated = { ...config, sslnegotiation: 'postgres', binary: false } as ClientConfig;
  const client = new Client(stated);
  const parameters = (client as unknown as { connectionParameters: Record<string, unknown> })
    .connectionParameters;
  for (const name of EMPTY) parameters[name] = undefined;
  return client;
}

const EMPTY = ['options', 'replication', 'fallback_application_name', 'lock_timeout', 'binary'];

/** The certificate must be valid for the host's name, by authorities that are trusted. */
function tlsFor({ ca }: StoreAddress): ClientConfig['ssl'] {
  if (ca === undefined) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: readFileSync(ca, 'utf8') };
  } catch (error) {
    throw new PolicyWrapError('USAGE', `the certificates of the store cannot be read: ${ca}`, {
      cause: error,
    });
  }
}

function failureOf(error: unknown, wasSent: boolean): Failure {
  const { message, code } = error as { message?: string; code?: string };
  const isEngine = typeof code === 'string' && 'severity' in (error as object);
  const text = message || code || String(error);
  return new Failure(text.split('\n', 1)[0] ?? text, isEngine ? code : undefined, wasSent);
}
