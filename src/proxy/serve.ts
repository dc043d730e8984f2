import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { FoundPolicy } from '../config/policy-files.js';
import { reasonOf } from '../errors.js';
import { stack } from '../policy/evaluate/layers.js';
import type { SharedStore } from '../store/shared-store.js';
import { type PinEntry, type PolicyState, pinName, type SessionInfo, Store } from '../store/store.js';
import { printable } from '../text/escape.js';
import { Stderr } from '../upstream/stderr.js';
import type { Upstream } from '../upstream/upstream.js';
import { ArgumentChecks } from './argument-checks.js';
import { Gate } from './gate.js';
import type { Ledger } from './ledger.js';
import { Outside } from './outside.js';
import { watchPolicy } from './policy-watch.js';
import { relay } from './relay.js';
import type { SharedLedger } from './shared-ledger.js';
import { StateSession } from './state-session.js';
import { DefinitionFinder } from './suspicions.js';

/** All that was found out before the server was started. */
export interface ServeOptions {
  readonly upstream: Upstream;
  /** Its name here: counters, log and approvals are kept under it. */
  readonly server: string;
  readonly grant: string;
  /** The environment that it was given. */
  readonly env: NodeJS.ProcessEnv;
  /** What the person should know of how it was started. */
  readonly note: string | undefined;
  readonly found: Exclude<FoundPolicy, { readonly kind: 'problems' }>;
  /** Finds the policy anew, as at the start. */
  readonly findPolicy: () => FoundPolicy;
  /** Files in which a policy may appear or change; absolute paths. */
  readonly policyPlaces: readonly string[];
  /** Where people say how they want to be told what waits; an absolute path. */
  readonly notifyFile: string;
  /** The state database; an absolute path. */
  readonly stateFile: string;
  /** `full` flushes the disk with every decision. */
  readonly synchronous: 'normal' | 'full';
  /** The store that a team shares, which then decides; undefined: the state database does. */
  readonly store:
    | {
        readonly team: string;
        readonly open: () => Promise<SharedStore>;
        /** Calls that count nothing and ask nobody pass while it cannot be reached. */
        readonly uncounted: boolean;
      }
    | undefined;
  /** Refuse nothing. */
  readonly observe: boolean;
  /** Longest line in bytes. */
  readonly maxClientLine: number;
  readonly maxServerLine: number;
}

/** How long one try to open the database may block, in milliseconds; it is tried again. */
const OPEN_WAIT_MS = 250;
/** How often it is looked whether a person has trusted what the client does not get, in milliseconds. */
const TRUST_INTERVAL = 1000;
/** How many lines of a difference, and for how many changed tools, go to stderr; `trust --dry-run` shows all. */
const CHANGE_LINES = 12;
const CHANGED_TOOLS = 10;
/** How many lines of the server's that are no protocol go to stderr in a second, and how long each may be, in bytes. */
const STRAY_PER_SECOND = 20;
const STRAY_LENGTH = 2000;
/** A server that has not written anything by then is slow to boot, in milliseconds. */
const QUICK_BOOT = 60;

/** Without a policy, who only observes refuses nothing. */
function observedText(missing: string, server: string): string {
  return `${missing}: every call passes and is logged (--observe). Later, a policy from the log: policy-wrap recommend --server ${server}`;
}

/** Where the client and the person are. */
export interface Standard {
  readonly input: Readable;
  readonly output: Writable;
  readonly stderr: Stderr;
  /** A person has started this by hand, and types where a client would write. */
  readonly isTyped: boolean;
}

/**
 * Stands between the client, on this process's stdin and stdout, and a server that was started, until one of them
 * ends.
 *
 * @param standard not made before the start: until then errors are thrown, and go to the same descriptor in another way
 * @returns the server's exit code
 */
export async function serve(options: ServeOptions, standard = standardOfProcess()): Promise<number> {
  const { upstream, server, env, found, observe } = options;
  const { stderr } = standard;
  const warn = (text: string) => stderr.say(text);
  if (options.note) warn(options.note);
  const policy = found.kind === 'policy' ? stack(found.policy, found.extended) : undefined;
  let inForce = policy;
  const session: SessionInfo = {
    server,
    grant: options.grant,
    pid: process.pid,
    get policyHash() {
      return policy?.hash;
    },
    policySource: policy?.source,
    observe,
  };
  const stateSession = new StateSession({
    openStore: () =>
      Store.open(options.stateFile, { synchronous: options.synchronous, openWaitMs: OPEN_WAIT_MS }),
    session,
    toolsChanged: (tools) => {
      const told = tools.filter(({ changed }) => changed || inForce?.newTools === 'hide');
      if (told.length === 0) return;
      const hashes = told.map(({ definition, changed }) => changed?.hash ?? definition);
      outside.saw({ kind: 'changed', names: told.map(pinName), hashes });
      void warnOfChanges(told, server, warn);
    },
    warn,
  });
  const outside = new Outside({
    server,
    file: options.notifyFile,
    stateSession,
    now: () => ledger.now(),
    warn,
  });
  const argumentChecks = new ArgumentChecks();
  const finder = new DefinitionFinder();
  const [shared] = await Promise.all([
    options.store && sharedLedger(options.store, stateSession, session, warn),
    argumentChecks.loadFor(policy),
    finder.loadFor(policy),
  ]);
  const ledger: Ledger = shared ?? stateSession;
  const gate = new Gate({
    policy,
    argumentChecks,
    finder,
    noPolicy: found.kind === 'none' ? found.told : '',
    stateSession,
    ledger,
    team: options.store?.team,
    server,
    env,
    observe,
    warn,
    outside,
  });
  if (found.kind === 'none') warn(observe ? observedText(found.missing, server) : found.advice);
  if (standard.isTyped) warn('waiting for an MCP client on standard input; end with Ctrl-D');

  stderr.copy(upstream.stderr);
  const running = relay({
    client: standard,
    upstream,
    gate,
    maxClientLine: options.maxClientLine,
    maxServerLine: options.maxServerLine,
    now: () => ledger.now(),
    warn,
    stray: strayLines(warn),
  });
  const stopOpening = whenQuiet(upstream.stdout, () => {
    outside.prepare();
    try {
      stateSession.open();
      shared?.open();
    } catch (error) {
      warn(`every call is refused: ${reasonOf(error)}`);
    }
  });
  const policyIs = (state: PolicyState) => {
    stateSession.policyIs(state);
    shared?.policyIs(state);
  };
  const places = [...(found.kind === 'policy' ? found.files : []), ...options.policyPlaces];
  // One after the other: what a policy needs is loaded before it holds.
  let reading: Promise<void> = Promise.resolve();
  const stopWatching = watchPolicy(places, options.findPolicy, (reload) => {
    if (reload.kind === 'kept') {
      const kept = { hash: inForce?.hash, source: inForce?.source, problem: reload.reason };
      policyIs(kept);
      outside.saw({ kind: 'policy', ...kept });
      return warn(`the policy stays as it was: ${reload.reason}`);
    }
    const layers = stack(reload.found.policy, reload.found.extended);
    reading = reading
      .then(() => Promise.all([argumentChecks.loadFor(layers), finder.loadFor(layers)]))
      .then(() => {
        inForce = layers;
        const taken = { hash: layers.hash, source: layers.source, problem: undefined };
        policyIs(taken);
        outside.saw({ kind: 'policy', ...taken });
        running.listsChanged(gate.use(layers));
        warn(`the policy was reloaded: ${layers.source}`);
      })
      .catch((error: unknown) => warn(`the policy stays as it was: ${reasonOf(error)}`));
  });
  const trustWatch = setInterval(() => running.listsChanged(gate.trustedSince()), TRUST_INTERVAL);
  trustWatch.unref();
  const code = await running.ended;
  stopOpening();
  clearInterval(trustWatch);
  stopWatching();
  await outside.close();
  await shared?.close();
  stateSession.close();
  await stderr.finish();
  return code;
}

/** What a store of a team needs is loaded where there is one. */
async function sharedLedger(
  { open, uncounted }: NonNullable<ServeOptions['store']>,
  own: StateSession,
  session: SessionInfo,
  warn: (text: string) => void,
): Promise<SharedLedger> {
  const [{ SharedLedger }, store] = await Promise.all([import('./shared-ledger.js'), open()]);
  return new SharedLedger({ store, own, session, uncounted, warn });
}

/** Says on stderr what has changed; what finds that out is loaded when it is needed. */
async function warnOfChanges(
  tools: readonly PinEntry[],
  server: string,
  warn: (text: string) => void,
): Promise<void> {
  const shown = tools.slice(0, CHANGED_TOOLS);
  const rest = tools.length - shown.length;
  for (const pin of shown)
    warn(
      `${printable(pinName(pin), 200)} ${pin.late ? 'is new' : 'has changed since it was first seen'}: policy-wrap trust ${server}`,
    );
  if (rest > 0) warn(`${rest} more tools have changed: policy-wrap trust ${server} --dry-run`);
  try {
    const { changeOf } = await import('../store/definition-diff.js');
    for (const pin of shown) {
      if (shown.length > 1) warn(`${printable(pinName(pin), 200)}:`);
      for (const line of changeOf(pin, CHANGE_LINES).split('\n').slice(1)) warn(line);
    }
  } catch (error) {
    // Calls go on: what they may do does not hang on what is shown of a change.
    warn(`the change cannot be shown: ${reasonOf(error)}`);
  }
}

/**
 * Runs what takes some milliseconds and is not needed before the first call where it delays nothing: while the server
 * boots, and for one that answers sooner than that, once its first answer is on its way.
 *
 * @returns stops it
 */
function whenQuiet(server: Readable, work: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const start = () => {
    clearTimeout(timer);
    server.off('data', start);
    immediate = setImmediate(work);
  };
  const timer = setTimeout(start, QUICK_BOOT);
  server.on('data', start);
  return () => {
    clearTimeout(timer);
    clearImmediate(immediate);
  };
}

function standardOfProcess(): Standard {
  const { stdin } = process;
  return { input: stdin, output: clientOutput(), stderr: new Stderr(), isTyped: stdin.isTTY };
}

/**
 * Standard output as a stream that never blocks: Node writes to pipes synchronously on POSIX, and a client that does
 * not read would stop the whole process, signals included. A file or a terminal stays what Node makes of it.
 */
function clientOutput(): Writable {
  try {
    return new Socket({ fd: 1, readable: false, writable: true });
  } catch {
    return process.stdout;
  }
}

function strayLines(warn: (text: string) => void): (bytes: Buffer) => void {
  let second = 0;
  let count = 0;
  return (bytes) => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      if (count > STRAY_PER_SECOND)
        warn(`${count - STRAY_PER_SECOND} more lines from the server were not protocol`);
      second = now;
      count = 0;
    }
    if (++count <= STRAY_PER_SECOND) {
      warn(`not protocol, from the server: ${bytes.toString('utf8', 0, STRAY_LENGTH).trimEnd()}`);
    }
  };
}
