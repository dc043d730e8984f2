import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const BIN = resolve('bin/policy-wrap.js');
export const RECORDER = resolve('test/fixtures/servers/recorder.js');

/** A message as it came off the wire. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export type Message = any;

/** A temporary folder with a database, policies and journals in it, and the processes started there. */
export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'policy-wrap-'));
  readonly db = join(this.folder, 'state', 'policy-wrap.db');
  readonly journal = join(this.folder, 'journal.jsonl');
  readonly #processes: Wrapper[] = [];
  readonly #others: (() => readonly number[])[] = [];

  /** @param pids processes that are ended with the rig if they still run, also when a test fails */
  endsToo(pids: () => readonly number[]): void {
    this.#others.push(pids);
  }

  file(name: string, content: string | Buffer | object): string {
    const path = join(this.folder, name);
    const isRaw = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(path, isRaw ? content : JSON.stringify(content));
    return path;
  }

  /** Lines that the recorder received, parsed where they parse. */
  received(): Message[] {
    if (!existsSync(this.journal)) return [];
    const lines = readFileSync(this.journal, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      try {
        return JSON.parse(line);
      } catch {
        return line;
      }
    });
  }

  /** Calls that the recorder received, by tool name. */
  receivedCalls(): string[] {
    return this.received()
      .filter((m) => m?.method === 'tools/call')
      .map((m) => m.params?.name);
  }

  /** Starts the built command around the recorder; `argv` replaces what stands after `--`. */
  wrap(options: {
    policy?: object | string;
    args?: string[];
    recorder?: object;
    argv?: string[];
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    detached?: boolean;
  }): Wrapper {
    const policy =
      options.policy === undefined
        ? []
        : ['--policy', this.file(`policy-${this.#processes.length}.json`, options.policy)];
    const server = options.argv ?? [
      process.execPath,
      RECORDER,
      JSON.stringify({ journal: this.journal, ...options.recorder }),
    ];
    return this.spawn(
      [...policy, '--db', this.db, '--server', 'recorder', ...(options.args ?? []), '--', ...server],
      options,
    );
  }

  /** Starts the built command with exactly these arguments. */
  spawn(
    args: string[],
    options: { env?: NodeJS.ProcessEnv; cwd?: string; detached?: boolean } = {},
  ): Wrapper {
    const child = spawn(process.execPath, [BIN, ...args], {
      env: { ...this.env(), ...options.env },
      cwd: options.cwd ?? this.folder,
      detached: options.detached ?? false,
    });
    const wrapper = new Wrapper(child);
    this.#processes.push(wrapper);
    return wrapper;
  }

  /** An environment in which nothing of this machine's own settings is found. */
  env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.folder,
      XDG_CONFIG_HOME: join(this.folder, 'config'),
      XDG_DATA_HOME: join(this.folder, 'data'),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#processes) child.kill('SIGKILL');
    await Promise.all(this.#processes.map(({ exit }) => exit));
    for (const pid of this.#others.flatMap((pids) => pids())) if (alive(pid)) process.kill(pid, 'SIGKILL');
    await removed(this.folder);
  }
}

/** A running command, driven by raw lines. */
export class Wrapper {
  readonly child: ChildProcessWithoutNullStreams;
  /** Exit code, or the signal's name. */
  readonly exit: Promise<number | string>;
  stdout = '';
  stderr = '';
  readonly messages: Message[] = [];
  readonly #waiting: { test: (message: Message) => boolean; resolve: (message: Message) => void }[] = [];
  #parts: Buffer[] = [];
  #id = 0;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    child.stdin.on('error', () => {});
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    child.stderr.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.exit = new Promise((resolve) =>
      child.once('close', (code, signal) => resolve(code ?? signal ?? -1)),
    );
  }

  #read(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...this.#parts.splice(0), chunk.subarray(start, end)]).toString('utf8');
      this.stdout += `${line.length > 100_000 ? `${line.slice(0, 100)}...` : line}\n`;
      this.#take(JSON.parse(line));
      start = end + 1;
    }
    if (start < chunk.length) this.#parts.push(chunk.subarray(start));
  }

  #take(message: Message): void {
    this.messages.push(message);
    for (const waiter of [...this.#waiting]) {
      if (!waiter.test(message)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve(message);
    }
  }

  write(text: string | Buffer): void {
    this.child.stdin.write(text);
  }

  send(message: object): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  /** The first message, past or to come, that passes the test; fails when the process ends without it. */
  async next(test: (message: Message) => boolean): Promise<Message> {
    const seen = this.messages.find(test);
    if (seen !== undefined) return seen;
    const found = new Promise<Message>((resolve) => this.#waiting.push({ test, resolve }));
    const ended = this.exit.then((code) => {
      const late = this.messages.find(test);
      if (late !== undefined) return late;
      throw new Error(`the process ended (${code}) without the expected message; stderr: ${this.stderr}`);
    });
    return Promise.race([found, ended]);
  }

  async request(method: string, params: object = {}): Promise<Message> {
    const id = `r${this.#id++}`;
    this.send({ jsonrpc: '2.0', id, method, params });
    return this.next((message) => message.id === id);
  }

  async initialize(version = '2025-06-18'): Promise<Message> {
    const answer = await this.request('initialize', {
      protocolVersion: version,
      capabilities: {},
      clientInfo: { name: 'rig', version: '1' },
    });
    this.send({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return answer;
  }

  call(name: string, args: object = {}): Promise<Message> {
    return this.request('tools/call', { name, arguments: args });
  }

  end(): Promise<number | string> {
    this.child.stdin.end();
    return this.exit;
  }
}

/** The code in a refusal, or undefined when the call went through. */
export function refusalCode(answer: Message): string | undefined {
  return answer.result?._meta?.['policy-wrap/decision']?.code ?? answer.error?.data?.code;
}

/** Removes a folder in which a server whose wrapper was killed may still write its journal a moment longer. */
async function removed(folder: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (tries === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Whether a process runs; one that has ended and waits to be reaped does not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}
