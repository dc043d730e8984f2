import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { BIN, RECORDER, Rig } from '../support/rig.js';

const KEPT_MEMORY = new URL('../fixtures/kept-memory.js', import.meta.url).href;
const UNRULY = resolve('test/fixtures/servers/unruly.js');
const MB = 1_000_000;
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** The wrapper with a client that reads nothing until told to, and the most memory it took since it was ready. */
class Watched implements AsyncDisposable {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly exit: Promise<unknown>;
  #base = 0;
  #peak = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param server it writes its id to the file `pids` once it runs */
  static async start(rig: Rig, server: string, options: object): Promise<Watched> {
    const pids = join(rig.folder, 'pids');
    const watched = new Watched(rig, server, { pids, ...options });
    rig.endsToo(() => (existsSync(pids) ? readFileSync(pids, 'utf8').trim().split('\n').map(Number) : []));
    await expect.poll(() => existsSync(pids)).toBe(true);
    // Opening the database takes memory too, and comes after the server's start.
    await expect.poll(() => existsSync(rig.db)).toBe(true);
    await pause(500);
    watched.#base = watched.#resident();
    watched.#timer = setInterval(() => watched.#resident(), 20);
    return watched;
  }

  private constructor(rig: Rig, server: string, options: object) {
    const args = ['--policy', rig.file('p.json', ALLOW_ALL), '--db', rig.db, '--', process.execPath, server];
    const nodeOptions = ['--expose-gc', '--import', KEPT_MEMORY];
    this.child = spawn(process.execPath, [...nodeOptions, BIN, ...args, JSON.stringify(options)], {
      env: rig.env(),
      stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    }) as ChildProcessByStdio<Writable, Readable, Readable>;
    this.child.stdin.on('error', () => {});
    this.child.stderr.resume();
    this.exit = new Promise((done) => this.child.once('exit', done));
  }

  /** Megabytes above what it had when it was ready. */
  get growth(): number {
    return (Math.max(this.#peak, this.#resident()) - this.#base) / MB;
  }

  /** Megabytes that are in use once all garbage is collected. */
  async kept(): Promise<number> {
    this.child.send('how much?');
    const [bytes] = await once(this.child, 'message');
    return bytes / MB;
  }

  #resident(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    const bytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
    this.#peak = Math.max(this.#peak, bytes);
    return bytes;
  }

  /** Writes the same bytes again and again, as long as they are taken; gives how many were. */
  async flood(bytes: Buffer, forMs: number): Promise<number> {
    const end = performance.now() + forMs;
    let taken = 0;
    while (performance.now() < end) {
      if (this.child.stdin.writableLength < bytes.length) {
        this.child.stdin.write(bytes, (error) => {
          if (!error) taken += bytes.length;
        });
      }
      await pause(1);
    }
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    // Not SIGKILL: a server that reads nothing would not notice that we are gone.
    this.child.kill('SIGTERM');
    await this.exit;
  }
}

const request = (method: string) => `{"jsonrpc":"2.0","id":1,"method":"${method}"}\n`;

describe.runIf(process.platform === 'linux')(
  'whoever does not read costs no memory',
  { timeout: 180_000 },
  () => {
    test('a server that floods 256 MB at a client that does not read for seconds costs at most 10 MB, and all arrives', async () => {
      await using rig = new Rig();
      await using wrapper = await Watched.start(rig, UNRULY, { floodAt: 256 * MB });
      wrapper.child.stdin.write(request('go'));
      await pause(3000);
      expect(wrapper.growth).toBeLessThan(10);

      let bytes = 0;
      let tail = '';
      wrapper.child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        tail = (tail + chunk.subarray(-100).toString()).slice(-100);
      });
      await expect.poll(() => tail, { timeout: 150_000 }).toContain('"result":{}');
      expect(bytes).toBeGreaterThan(256 * MB);
      // While it flows there is garbage too.
      expect(wrapper.growth).toBeLessThan(32);
    });

    test('a client that floods a server that does not read costs at most 10 MB', async () => {
      await using rig = new Rig();
      await using wrapper = await Watched.start(rig, UNRULY, { deaf: true });
      const line = `{"jsonrpc":"2.0","method":"x","params":{"d":"${'y'.repeat(10_000)}"}}\n`;
      const taken = await wrapper.flood(Buffer.from(line.repeat(20)), 3000);
      expect(taken).toBeLessThan(5 * MB);
      expect(wrapper.growth).toBeLessThan(10);
    });

    test('a client that floods what is refused and does not read the refusals is read no further', async () => {
      await using rig = new Rig();
      await using wrapper = await Watched.start(rig, RECORDER, {});
      const taken = await wrapper.flood(Buffer.from('[]\n'.repeat(20_000)), 2000);
      expect(taken).toBeLessThan(MB);
      expect(wrapper.growth).toBeLessThan(32);
    });

    /** Pings without end to it: a hundred thousand of them, none answered. */
    const pings = (round: number, id: (i: number) => string) =>
      Array.from(
        { length: 100_000 },
        (_, i) => `{"jsonrpc":"2.0","id":${id(round * 100_000 + i)},"method":"ping"}\n`,
      ).join('');

    test.each<[string, object, (wrapper: Watched, round: number) => Promise<unknown>]>([
      [
        'of a client that nobody answers',
        { silent: true },
        async (wrapper, round) => {
          await new Promise((done) => wrapper.child.stdin.write(pings(round, String), done));
        },
      ],
      [
        'of a server that nobody answers',
        {},
        async (wrapper, round) => {
          const answered = new Promise<void>((done) => {
            let tail = '';
            const read = (chunk: Buffer) => {
              tail = (tail + chunk.subarray(-200).toString()).slice(-200);
              if (!tail.includes(`"burst ${round}"`)) return;
              wrapper.child.stdout.off('data', read);
              done();
            };
            wrapper.child.stdout.on('data', read);
          });
          wrapper.child.stdin.write(request(`burst/${round}`).replace(':1,', `:"burst ${round}",`));
          await answered;
        },
      ],
    ])('requests %s do not pile up', async (_, options, play) => {
      await using rig = new Rig();
      for (let i = 0; i < 20; i++) rig.file(`burst-${i}`, pings(i, String));
      await using wrapper = await Watched.start(rig, RECORDER, { burstsIn: rig.folder, ...options });
      wrapper.child.stdout.resume();
      for (let round = 0; round < 3; round++) await play(wrapper, round);
      const before = await wrapper.kept();
      for (let round = 3; round < 20; round++) await play(wrapper, round);
      // What is resident depends on when garbage was last collected.
      expect((await wrapper.kept()) - before).toBeLessThan(10);
    });
  },
);
