import { RoundTrips } from '../../src/approval/retry-state.js';
import { type Layers, stack } from '../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { ArgumentChecks } from '../../src/proxy/argument-checks.js';
import { ClientToServer } from '../../src/proxy/client-to-server.js';
import { Gate } from '../../src/proxy/gate.js';
import type { Ledger } from '../../src/proxy/ledger.js';
import type { Outside } from '../../src/proxy/outside.js';
import { ServerToClient } from '../../src/proxy/server-to-client.js';
import { StateSession } from '../../src/proxy/state-session.js';
import { DefinitionFinder } from '../../src/proxy/suspicions.js';
import { type Admission, type Admitted, type Outcome, type PinEntry, Store } from '../../src/store/store.js';
import { McpSession } from '../../src/wire/mcp-session.js';
import { done } from '../store/support.js';
import { INFO } from '../store/support-shapes.js';
import type { Message } from '../support/rig.js';

const argumentChecks = new ArgumentChecks();
const finder = new DefinitionFinder();
await finder.load();
await argumentChecks.loadFor({ declares: true, pin: 'hold' });

/** A policy as it decides; fails on one that has errors. */
export function layersOf(policy: object): Layers {
  const { policy: loaded, problems } = loadPolicy(JSON.stringify(policy), '/policy.json');
  if (!loaded) throw new Error(JSON.stringify(problems));
  return stack(loaded);
}

/** This wrapper's side of a database. */
export function stateSession(
  path: string,
  changes: {
    observe?: boolean;
    server?: string;
    toolsChanged?: (tools: readonly PinEntry[]) => void;
    warnings?: string[];
  } = {},
): StateSession {
  return new StateSession({
    openStore: () => Store.open(path),
    session: { ...INFO, server: changes.server ?? 'recorder', observe: changes.observe ?? false },
    toolsChanged: changes.toolsChanged ?? (() => {}),
    warn: (text) => changes.warnings?.push(text),
  });
}

/** A real database whose answers come when the test says so, as those of a store beyond this machine do. */
export class LateLedger implements Ledger {
  readonly #own: StateSession;
  /** Batches that were asked about, answered or not. */
  readonly asked: (readonly Admission[])[] = [];
  readonly #answers: ((failure?: Error) => Promise<void>)[] = [];
  /** How far its clock is ahead of this machine's, in milliseconds. */
  ahead = 0;
  readonly settled: { row: number; outcome: Outcome }[] = [];

  constructor(own: StateSession) {
    this.#own = own;
  }

  admit(admissions: readonly Admission[]): Promise<readonly Admitted[]> {
    this.asked.push(admissions);
    return new Promise((resolve, reject) => {
      this.#answers.push(async (failure) => {
        if (failure) reject(failure);
        else resolve(done(this.#own.admit(admissions)));
        // What waits for it runs first.
        await new Promise((resume) => setImmediate(resume));
      });
    });
  }

  /** Answers the oldest batch. */
  async answer(failure?: Error): Promise<void> {
    await this.#answers.shift()?.(failure);
  }

  get isStarting(): boolean {
    return this.#own.isStarting;
  }

  now(): number {
    return this.#own.now() + this.ahead;
  }

  get asksHere(): boolean {
    return true;
  }

  needsOutcomes(needed: boolean): void {
    this.#own.needsOutcomes(needed);
  }

  settle(row: number, outcome: Outcome, latencyMs: number | undefined): void {
    this.settled.push({ row, outcome });
    this.#own.settle(row, outcome, latencyMs);
  }

  clientIs(name: string, version: string): void {
    this.#own.clientIs(name, version);
  }

  decide(id: string, state: 'approved' | 'rejected') {
    return this.#own.decide(id, state);
  }

  approvalState(id: string) {
    return this.#own.approvalState(id);
  }

  async approvalNow(id: string) {
    return this.#own.approvalState(id);
  }
}

/** All that stands between a client and a server, but for their processes: real parts on a database of their own. */
export class Between {
  readonly path: string;
  readonly session = new McpSession();
  readonly state: StateSession;
  readonly gate: Gate;
  readonly #clientToServer: ClientToServer;
  readonly #serverToClient: ServerToClient;
  /** Lines that either side got, parsed. */
  readonly toServer: Message[] = [];
  readonly toClient: Message[] = [];
  readonly warnings: string[] = [];
  readonly changed: string[][] = [];
  /** Looks at what is about to reach the server. */
  beforeServer: (() => void) | undefined;
  /** Set to let the server take nothing more. */
  isServerClosed = false;

  constructor(
    folder: { path: () => string },
    policy: object | undefined,
    options: {
      observe?: boolean;
      maxLine?: number;
      path?: string;
      server?: string;
      team?: string | undefined;
      ledger?: (own: StateSession) => Ledger;
      outside?: Pick<Outside, 'saw' | 'wantsCalls'>;
    } = {},
  ) {
    const { observe = false, maxLine = 1 << 20, server = 'recorder' } = options;
    this.path = options.path ?? folder.path();
    const warn = (text: string) => void this.warnings.push(text);
    this.state = stateSession(this.path, {
      observe,
      server,
      toolsChanged: (tools) => void this.changed.push(tools.map(({ tool }) => tool)),
      warnings: this.warnings,
    });
    this.gate = new Gate({
      policy: policy && layersOf(policy),
      noPolicy: 'make one: policy-wrap init',
      stateSession: this.state,
      ledger: options.ledger?.(this.state),
      team: options.team,
      argumentChecks,
      finder,
      server,
      env: { TAXPAYER: '20' },
      observe,
      warn,
      outside: options.outside,
    });
    const roundTrips = new RoundTrips(Date.now);
    this.#clientToServer = new ClientToServer(
      this.session,
      this.gate,
      {
        toServer: (parts, notSent) => {
          if (this.isServerClosed) notSent();
          else {
            this.beforeServer?.();
            this.toServer.push(...messages(Buffer.concat(parts).toString()));
          }
        },
        toClient: (text) => void this.toClient.push(...messages(text)),
      },
      { roundTrips, maxLine, warn },
    );
    this.#serverToClient = new ServerToClient(this.session, this.gate, {
      roundTrips,
      maxLine,
      warn,
      stray: (bytes) => void this.warnings.push(`stray: ${bytes}`),
      toServer: (text) => void this.toServer.push(...messages(text)),
      later: (parts) => void this.toClient.push(...messages(parts.join(''))),
    });
  }

  /** Lines that come from the client at once. */
  client(...lines: readonly (object | string)[]): void {
    this.#clientToServer.push(Buffer.from(textOf(lines)));
  }

  /** Lines that come from the server at once. */
  server(...lines: readonly (object | string)[]): void {
    const parts = this.#serverToClient.push(Buffer.from(textOf(lines)));
    this.toClient.push(...messages(parts.join('')));
  }

  call(id: number | string, name: string, args: object = {}, more: object = {}): void {
    this.client({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...more } });
  }

  /** What the client was answered under an id. */
  answer(id: number | string): Message {
    return this.toClient.find((message) => message.id === id && message.method === undefined);
  }

  /** Our questions to the client, oldest first. */
  get questions(): Message[] {
    return this.toClient.filter(({ method }) => method === 'elicitation/create');
  }

  /** Names of the calls that reached the server. */
  get calls(): string[] {
    return this.toServer.filter(({ method }) => method === 'tools/call').map(({ params }) => params.name);
  }

  /** Looks into the database. */
  read<T>(look: (store: Store) => T): T {
    const store = Store.open(this.path);
    try {
      return look(store);
    } finally {
      store.close();
    }
  }

  /** The server or the client is gone. */
  abandon(): void {
    this.#clientToServer.abandon();
  }

  [Symbol.dispose](): void {
    this.#clientToServer.abandon();
    this.state.close();
  }
}

function messages(text: string): Message[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

function textOf(lines: readonly (object | string)[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
}
