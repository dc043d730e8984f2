import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const NEWLINE = 10;
/** Longer than any burst: what takes longer hangs, and the run fails instead of waiting for ever. */
const HANG_MS = 120_000;

/**
 * @typedef {{ prefix: string, suffix: string | Buffer }} Template a request without its id, which stands between the two
 */

/** A contestant that runs: a process tree that is driven on stdin and stdout, as a client would. */
export class Peer {
  /** @param {string} name @param {readonly string[]} argv @param {NodeJS.ProcessEnv} env */
  constructor(name, argv, env) {
    this.name = name;
    const [command, ...args] = argv;
    this.startedAt = performance.now();
    this.child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.pid = this.child.pid;
    this.errors = '';
    this.child.stderr.on('data', (chunk) => {
      this.errors = (this.errors + chunk).slice(-4000);
    });
    this.child.stdin.on('error', () => {});
    this.child.stdout.on('data', (chunk) => this.#read(chunk));
    this.exit = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.errors += error.message;
        this.#fail();
        resolve();
      });
      this.child.once('close', () => {
        this.#fail();
        resolve();
      });
    });
    // Fixed width, so that every request of a template has the same size.
    this.nextId = 1_000_000;
    /** Calls of `echo` that were answered. */
    this.calls = 0;
    this.onLines = undefined;
    this.reject = undefined;
    /** Kept only when somebody wants to read them. */
    this.text = undefined;
  }

  #read(chunk) {
    if (this.text !== undefined) this.text += chunk.toString('latin1');
    let lines = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, end + 1)) lines++;
    if (lines > 0) this.onLines?.(lines);
  }

  #fail() {
    this.reject?.(new Error(`${this.name} ended: ${this.errors}`));
  }

  /** @param {Template} template */
  #write({ prefix, suffix }) {
    const { stdin } = this.child;
    const start = prefix + this.nextId++;
    if (typeof suffix === 'string') {
      stdin.write(start + suffix);
      return;
    }
    stdin.cork();
    stdin.write(start);
    stdin.write(suffix);
    stdin.uncork();
  }

  /**
   * Makes `count` requests, `inFlight` at a time.
   *
   * @param {readonly Template[]} templates taken in turn
   * @returns {Promise<{ ms: number, latencies: Float64Array }>} time of all; of each only where one is in flight
   */
  burst(templates, count, inFlight) {
    const latencies = new Float64Array(inFlight === 1 ? count : 0);
    return new Promise((resolve, reject) => {
      const hang = setTimeout(() => reject(new Error(`${this.name} hangs: ${this.errors}`)), HANG_MS);
      let sent = 0;
      let answered = 0;
      let sentAt = 0;
      const finish = (action, value) => {
        clearTimeout(hang);
        this.onLines = undefined;
        this.reject = undefined;
        action(value);
      };
      const begin = performance.now();
      const send = () => {
        const template = templates[sent++ % templates.length];
        sentAt = performance.now();
        this.#write(template);
      };
      this.reject = (error) => finish(reject, error);
      this.onLines = (lines) => {
        const now = performance.now();
        if (inFlight === 1) latencies[answered] = now - sentAt;
        answered += lines;
        if (answered >= count) return finish(resolve, { ms: now - begin, latencies });
        for (let i = 0; i < lines && sent < count; i++) send();
      };
      while (sent < Math.min(inFlight, count)) send();
    });
  }

  /** @returns {Promise<any>} the answer to one request, parsed; nothing else may be in flight */
  async request(method, params) {
    this.text = '';
    await this.burst([request(method, params)], 1, 1);
    const message = JSON.parse(Buffer.from(this.text, 'latin1').toString('utf8'));
    this.text = undefined;
    return message;
  }

  /** @returns {Promise<number>} milliseconds from the start of the process to the answer to `initialize` */
  async initialize() {
    await this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'bench', version: '1.0.0' },
    });
    const ms = performance.now() - this.startedAt;
    this.child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    return ms;
  }

  /**
   * Calls `echo` as `burst` does, and counts.
   *
   * @returns also what it cost this process per call, in microseconds of processor time
   */
  async drive(templates, count, inFlight) {
    const before = this.processorTime() ?? Number.NaN;
    const result = await this.burst(templates, count, inFlight);
    this.calls += count;
    const cost = (((this.processorTime() ?? Number.NaN) - before) * 1000) / count;
    return { ...result, cost };
  }

  /** @throws when a call was answered that the server never saw: a refusal is quick, and would look like speed */
  async verify() {
    const answer = await this.request('tools/call', { name: 'count', arguments: {} });
    const seen = Number(answer.result?.content?.[0]?.text);
    if (seen !== this.calls)
      throw new Error(
        `${this.name}: ${this.calls} calls were answered, the server saw ${seen}. ${this.errors}`,
      );
  }

  /** Resident memory of this process alone in bytes, without its server; undefined where /proc is missing. */
  memory() {
    try {
      const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
      return line ? Number(line[1]) * 1024 : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Processor time of this process alone so far in milliseconds, undefined where /proc does not tell. Hardly depends
   * on what else the machine does, other than time by the clock.
   */
  processorTime() {
    try {
      const tasks = readdirSync(`/proc/${this.pid}/task`);
      const nanoseconds = tasks.map((task) =>
        Number(readFileSync(`/proc/${this.pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]),
      );
      return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e6;
    } catch {
      return undefined;
    }
  }

  async end() {
    this.child.stdin.end();
    const kill = setTimeout(() => this.child.kill('SIGTERM'), 3000);
    const killHard = setTimeout(() => this.child.kill('SIGKILL'), 6000);
    await this.exit;
    clearTimeout(kill);
    clearTimeout(killHard);
  }
}

/** @returns {Template} */
export function request(method, params) {
  const rest = JSON.stringify(params);
  return { prefix: '{"jsonrpc":"2.0","id":', suffix: `,"method":"${method}","params":${rest}}\n` };
}
