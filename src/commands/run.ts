import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { classify } from '../catalog/classify.js';
import { serverName } from '../catalog/server-name.js';
import { PolicyWrapError } from '../errors.js';
import { changeOf } from '../pin-change.js';
import { watchPolicy } from '../policy-watch.js';
import { Gate } from '../proxy/gate.js';
import { Ledger, reasonOf } from '../proxy/ledger.js';
import { relay } from '../proxy/relay.js';
import { Stderr } from '../proxy/stderr.js';
import { Upstream } from '../proxy/upstream.js';
import { findServer } from '../server-command.js';
import {
  findPolicy,
  type PolicyOptions,
  policyPlaces,
  problemsError,
  stateFile,
  upstreamEnv,
} from '../settings.js';
import { Store } from '../state/store.js';

export interface RunOptions extends PolicyOptions {
  readonly db?: string;
  readonly server?: string;
  readonly grant: string;
  readonly observe?: boolean;
  /** False with `--no-install`. */
  readonly install: boolean;
  /** Longest line in bytes. */
  readonly maxClientLine: number;
  readonly maxServerLine: number;
}

/** Lines of a changed tool's difference that go to stderr; `trust --dry-run` shows all. */
const CHANGE_LINES = 12;
/** Lines of the server's that are no protocol and go to stderr: so many a second, the rest is counted. */
const STRAY_PER_SECOND = 20;
const STRAY_LENGTH = 2000;

/**
 * Wraps a server: speaks MCP on this process's stdin and stdout until the server or the client ends.
 *
 * @param argv the server's command and its arguments
 * @returns the exit code: the server's own
 * @throws PolicyWrapError when there is nothing to run or the policy is invalid
 */
export async function run(argv: readonly string[], options: RunOptions): Promise<number> {
  const [command, ...args] = argv;
  if (command === undefined) {
    throw new PolicyWrapError('USAGE', 'no server to wrap', { hint: 'policy-wrap -- mcp-afip' });
  }
  const server = options.server ?? serverName(argv);
  const found = findPolicy(options, server, argv);
  if (found.kind === 'problems') throw problemsError(found);
  const env = upstreamEnv(process.env);
  const launch = findServer(command, args, { install: options.install, env });

  // Before the start: a signal that came right after it would end us and leave the server behind (G9).
  const signals = heldSignals();
  const upstream = await Upstream.start(launch.file, launch.args, env);
  signals.to((signal) => upstream.terminate(signal));
  // Not before: until here errors are thrown, and go to the same descriptor in another way.
  const stderr = new Stderr();
  const warn = (text: string) => stderr.say(text);
  if (launch.note) warn(launch.note);
  const policy = found.kind === 'policy' ? found.layers : undefined;
  const observe = options.observe ?? false;
  const ledger = new Ledger({
    openStore: () => Store.open(stateFile(options.db)),
    session: {
      server,
      grant: options.grant,
      pid: process.pid,
      policyHash: policy?.hash,
      policySource: policy?.source,
      observe,
    },
    toolsChanged: (tools) => {
      for (const pin of tools) {
        warn(`${pin.tool} is not what it was when it was first seen: policy-wrap trust ${server}`);
        for (const line of changeOf(pin, CHANGE_LINES).split('\n').slice(1)) warn(line);
      }
    },
    warn,
  });
  const gate = new Gate({
    policy,
    noPolicy: found.kind === 'none' ? found.advice : '',
    ledger,
    server,
    env,
    observe,
    riskOf: (tool) => {
      const { class: toolClass, risk } = classify(tool);
      return { class: toolClass, severe: risk === 'critical' };
    },
    now: Date.now,
    warn,
  });
  if (found.kind === 'none') warn(found.advice);
  if (process.stdin.isTTY) warn('waiting for an MCP client on standard input; end with Ctrl-D');

  stderr.copy(upstream.stderr);
  const running = relay({
    client: { input: process.stdin, output: clientOutput() },
    upstream,
    gate,
    maxClientLine: options.maxClientLine,
    maxServerLine: options.maxServerLine,
    now: Date.now,
    warn,
    stray: strayLines(warn),
  });
  // While the server boots: its first answer is some hundred milliseconds away, ours is needed at the first call.
  try {
    ledger.open();
  } catch (error) {
    warn(`every call is refused: ${reasonOf(error)}`);
  }
  const places = [...(found.kind === 'policy' ? found.files : []), ...policyPlaces(options, server)];
  let inForce = { hash: policy?.hash, source: policy?.source };
  const stopWatching = watchPolicy(
    places,
    () => findPolicy(options, server, argv),
    (reload) => {
      if (reload.kind === 'kept') {
        ledger.policyIs({ ...inForce, problem: reload.reason });
        return warn(`the policy stays as it was: ${reload.reason}`);
      }
      const { layers } = reload.found;
      inForce = { hash: layers.hash, source: layers.source };
      ledger.policyIs({ ...inForce, problem: undefined });
      if (gate.use(layers)) running.toolsChanged();
      return warn(`the policy was read again: ${layers.source}`);
    },
  );
  const code = await running.ended;
  stopWatching();
  ledger.close();
  await stderr.finish();
  return code;
}

/** Catches the signals that end a process, and gives them to `to` as they come, those that came before first. */
function heldSignals(): { to(receive: (signal: NodeJS.Signals) => void): void } {
  const early: NodeJS.Signals[] = [];
  let receive = (signal: NodeJS.Signals): void => void early.push(signal);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => receive(signal));
  return {
    to: (receiver) => {
      receive = receiver;
      for (const signal of early) receive(signal);
    },
  };
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
        warn(`${count - STRAY_PER_SECOND} more lines of the server were no protocol`);
      second = now;
      count = 0;
    }
    if (++count <= STRAY_PER_SECOND) {
      warn(`not protocol, from the server: ${bytes.toString('utf8', 0, STRAY_LENGTH).trimEnd()}`);
    }
  };
}
