import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { alive, BIN, RECORDER, Rig, type Wrapper } from '../support/rig.js';

const UNRULY = resolve('test/fixtures/servers/unruly.js');

interface Unruly {
  readonly wrapper: Wrapper;
  /** Of the server and what it started. */
  readonly pids: () => number[];
  readonly orphans: () => number[];
}

/** The built command around the unruly server, which has started when this returns. */
async function unruly(
  rig: Rig,
  options: object,
  policy: object = ALLOW_ALL,
  how: { detached?: boolean } = {},
): Promise<Unruly> {
  const file = join(rig.folder, 'pids');
  const expected = 1 + ((options as { children?: unknown[] }).children?.length ?? 0);
  const pids = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []);
  const wrapper = rig.wrap({
    policy,
    argv: [process.execPath, UNRULY, JSON.stringify({ pids: file, ...options })],
    ...how,
  });
  rig.endsToo(pids);
  await expect.poll(() => pids().length).toBe(expected);
  return { wrapper, pids, orphans: () => pids().filter(alive) };
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** What comes first; only what never comes takes as long as the second. */
const orLate = <T>(event: Promise<T>): Promise<T | 'still there'> =>
  Promise.race([event, pause(40_000).then(() => 'still there' as const)]);

describe.concurrent('no ending leaves a process behind', () => {
  test.each<[string, number | string, (unruly: Unruly) => unknown]>([
    ['the end of input', 0, ({ wrapper }) => wrapper.end()],
    ['SIGTERM: the end of input comes first', 0, ({ wrapper }) => wrapper.child.kill('SIGTERM')],
    [
      'our SIGKILL: the server sees the end of its input',
      'SIGKILL',
      ({ wrapper }) => wrapper.child.kill('SIGKILL'),
    ],
    ["the server's death by a signal", 137, ({ wrapper }) => wrapper.call('die')],
    [
      'a client that is gone',
      0,
      ({ wrapper }) => {
        wrapper.child.stdout.destroy();
        wrapper.send({ jsonrpc: '2.0', id: 1, method: 'ping' });
      },
    ],
  ])('G9: %s', async (_, code, end) => {
    await using rig = new Rig();
    const server = await unruly(rig, {});
    await server.wrapper.request('ping');
    await end(server);
    expect(await server.wrapper.exit).toBe(code);
    await expect.poll(server.orphans).toEqual([]);
  });

  test('G9: an input that has ended before we start', async () => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, {});
    wrapper.child.stdin.end();
    expect(await wrapper.exit).toBe(0);
    expect(orphans()).toEqual([]);
  });

  test.each<[string, object]>([
    ['in the group of the server', { detached: false, chatty: false }],
    ['in the group, writing on and on', { detached: false, chatty: true }],
  ])('G9: a process that holds the output open, %s, ends with the server', async (_, child) => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, { children: [child], atCall: { bytes: 10, exit: 7 } });
    await wrapper.call('last');
    expect(await orLate(wrapper.exit)).toBe(7);
    await expect.poll(orphans).toEqual([]);
  });

  test.each<[string, object]>([
    ['is silent', { detached: true, chatty: false }],
    ['writes on and on', { detached: true, chatty: true }],
  ])('G9: one that left the group and %s is not waited for', async (_, child) => {
    await using rig = new Rig();
    const { wrapper } = await unruly(rig, { children: [child], atCall: { bytes: 10, exit: 7 } });
    await wrapper.call('last');
    expect(await orLate(wrapper.exit)).toBe(7);
  });
});

describe.concurrent('whatever ends us', () => {
  const STUBBORN = { ignore: ['EOF', 'SIGTERM', 'SIGINT', 'SIGHUP'] };

  test('G9: after kill -9 a server that ignores everything ends, and so does what it started', async ({
    expect,
  }) => {
    await using rig = new Rig();
    const server = await unruly(rig, { ...STUBBORN, children: [{ detached: false, chatty: false }] });
    await server.wrapper.request('ping');
    server.wrapper.child.kill('SIGKILL');
    expect(await server.wrapper.exit).toBe('SIGKILL');
    await expect.poll(server.orphans).toEqual([]);
  });

  test('G9: after kill -9 of our whole group too', async ({ expect }) => {
    await using rig = new Rig();
    const server = await unruly(rig, STUBBORN, ALLOW_ALL, { detached: true });
    await server.wrapper.request('ping');
    process.kill(-Number(server.wrapper.child.pid), 'SIGKILL');
    await expect.poll(server.orphans).toEqual([]);
  });

  test('G9: after kill -9 a server that flushes at the end of its input has the time for it', async ({
    expect,
  }) => {
    await using rig = new Rig();
    const file = join(rig.folder, 'flushed');
    const server = await unruly(rig, { flush: { ms: 1500, file }, ignore: ['SIGTERM'] });
    await server.wrapper.request('ping');
    server.wrapper.child.kill('SIGKILL');
    await expect.poll(server.orphans).toEqual([]);
    expect(existsSync(file)).toBe(true);
  });

  test.runIf(existsSync('/proc/self/cmdline'))(
    'G9: what watches over the server is there as long as the wrapper, and no longer',
    async ({ expect }) => {
      await using rig = new Rig();
      const { wrapper, pids } = await unruly(rig, {});
      await wrapper.request('ping');
      const [group = 0] = pids();
      const [watcher = 0] = watchersOf(group);
      expect(alive(watcher)).toBe(true);
      expect(readlinkSync(`/proc/${watcher}/fd/1`)).toBe('/dev/null');
      expect(readlinkSync(`/proc/${watcher}/fd/2`)).toBe('/dev/null');
      expect(await wrapper.end()).toBe(0);
      await expect.poll(() => alive(watcher)).toBe(false);
    },
  );

  /** The shells that watch over a group. */
  const watchersOf = (group: number) =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith(`\0policy-wrap\0${group}\0`);
        } catch {
          return false;
        }
      })
      .map(Number);
});

describe.concurrent('the ladder: end of input, SIGTERM, and SIGKILL after 3.5 s', () => {
  const STUBBORN = { ignore: ['EOF', 'SIGTERM', 'SIGINT', 'SIGHUP'] };
  const SOONEST = 3400;

  test.each<[string, (wrapper: Wrapper) => unknown]>([
    ['the end of its input', (wrapper) => wrapper.child.stdin.end()],
    ['a signal', (wrapper) => wrapper.child.kill('SIGTERM')],
    [
      'the end of its input and a signal 2 s later, as SDK clients send it',
      async (wrapper) => {
        wrapper.child.stdin.end();
        await pause(2000);
        wrapper.child.kill('SIGTERM');
      },
    ],
  ])('G9: a server that minds nothing is killed after %s, and not before 3.5 s', async (_, end) => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, STUBBORN);
    const start = performance.now();
    await end(wrapper);
    expect(await wrapper.exit).toBe(137);
    expect(performance.now() - start).toBeGreaterThan(SOONEST);
    expect(orphans()).toEqual([]);
  });

  test('G9: signal after signal comes to SIGKILL sooner, and does not put the end off', async () => {
    await using rig = new Rig();
    await using other = new Rig();
    const [pressed, patient] = await Promise.all([unruly(rig, STUBBORN), unruly(other, STUBBORN)]);
    patient.wrapper.child.kill('SIGTERM');
    const timer = setInterval(() => pressed.wrapper.child.kill('SIGTERM'), 50);
    try {
      const first = await Promise.race([
        pressed.wrapper.exit.then(() => 'pressed'),
        patient.wrapper.exit.then(() => 'patient'),
      ]);
      expect(first).toBe('pressed');
    } finally {
      clearInterval(timer);
    }
    // Or by the signal itself, if it meets us when all is done and nobody catches it any more.
    expect([137, 'SIGTERM']).toContain(await pressed.wrapper.exit);
    expect(pressed.orphans()).toEqual([]);
  });

  test('G9: one that ignores only the end of its input gets SIGTERM', async () => {
    await using rig = new Rig();
    const { wrapper } = await unruly(rig, { ignore: ['EOF'] });
    wrapper.child.stdin.end();
    expect(await wrapper.exit).toBe(143);
  });

  test.each<[NodeJS.Signals, number]>([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ])('G9: one that ignores the end of its input gets our %s', async (signal, code) => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, { ignore: ['EOF'] });
    wrapper.child.kill(signal);
    expect(await wrapper.exit).toBe(code);
    expect(orphans()).toEqual([]);
  });

  test.each<[string, object]>([
    ['at once, and does not catch signals', { flush: { ms: 0 } }],
    ['in its own time', { flush: { ms: 1200 }, ignore: ['SIGTERM'] }],
  ])('G9: on a signal a server sees the end of its input, and flushes %s', async (_, options) => {
    await using rig = new Rig();
    const file = join(rig.folder, 'flushed');
    const flush = { ...(options as { flush: object }).flush, file };
    const { wrapper } = await unruly(rig, { ...options, flush });
    await wrapper.request('ping');
    wrapper.child.kill('SIGTERM');
    expect(await wrapper.exit).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('flushed');
  });

  test('G9: the end of input is noticed while the server reads nothing', async () => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, { deaf: true });
    for (let i = 0; i < 60; i++) {
      wrapper.send({ jsonrpc: '2.0', method: 'notifications/x', params: { x: 'x'.repeat(10_000) } });
    }
    wrapper.child.stdin.end();
    expect(await wrapper.exit).toBe(143);
    expect(orphans()).toEqual([]);
  });

  /** Writes until the wrapper reads no more; some of it still waits on our side. */
  async function fill({ child }: Wrapper): Promise<void> {
    const line = JSON.stringify({
      jsonrpc: '2.0',
      method: 'notifications/x',
      params: { x: 'x'.repeat(10_000) },
    });
    for (let i = 0; i < 400; i++) child.stdin.write(`${line}\n`);
    let last = -1;
    for (let same = 0; same < 6; await pause(250)) {
      same = child.stdin.writableLength === last ? same + 1 : 0;
      last = child.stdin.writableLength;
    }
    expect(child.stdin.writableLength).toBeGreaterThan(0);
  }

  test('G9: the end of input is seen behind a full pipe to a server that reads nothing', async () => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, { deaf: true });
    await fill(wrapper);
    // What is still on our side is thrown away: this is how the input ends when a client is killed.
    wrapper.child.stdin.destroy();
    expect(await orLate(wrapper.exit)).toBe(143);
    expect(orphans()).toEqual([]);
  });

  test('G9: a client that pours without end into a server that reads nothing, and is killed', async ({
    expect,
  }) => {
    await using rig = new Rig();
    const pids = join(rig.folder, 'pids');
    const policy = rig.file('policy.json', ALLOW_ALL);
    const server = [process.execPath, UNRULY, JSON.stringify({ pids, deaf: true })];
    const argv = [BIN, '--policy', policy, '--db', rig.db, '--server', 'unruly', '--', ...server];
    const pour = `const child = require('node:child_process').spawn(process.execPath, ${JSON.stringify(argv)});
      require('node:fs').appendFileSync(${JSON.stringify(pids)}, child.pid + '\\n');
      const line = JSON.stringify({ jsonrpc: '2.0', method: 'n', params: { x: 'x'.repeat(50_000) } }) + '\\n';
      const more = () => { while (child.stdin.write(line)); };
      child.stdin.on('drain', more).on('error', () => {});
      more();`;
    const client = spawn(process.execPath, ['-e', pour], { env: rig.env(), stdio: 'ignore' });
    try {
      const running = () =>
        existsSync(pids) ? readFileSync(pids, 'utf8').trim().split('\n').map(Number).filter(alive) : [];
      rig.endsToo(running);
      await expect.poll(running).toHaveLength(2);
      await pause(1500);
      client.kill('SIGKILL');
      await expect.poll(running).toEqual([]);
    } finally {
      client.kill('SIGKILL');
    }
  });
});

describe.concurrent('last words', () => {
  /** Reads a little, then nothing for a while, again and again; begins with more than a second of nothing. */
  async function readSlowly({ child }: Wrapper): Promise<void> {
    child.stdout.pause();
    await pause(1500);
    let budget = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      budget += chunk.length;
      if (budget < 500_000) return;
      budget = 0;
      child.stdout.pause();
      setTimeout(() => child.stdout.resume(), 10);
    });
    child.stdout.resume();
  }

  test('G9: 20 MB at the exit reach a slow reader whole, with the exit code', async () => {
    await using rig = new Rig();
    const { wrapper } = await unruly(rig, { atCall: { bytes: 20_000_000, exit: 3 } });
    const answer = wrapper.call('last');
    await readSlowly(wrapper);
    expect((await answer).result.content[0].text).toHaveLength(20_000_000);
    expect(await wrapper.exit).toBe(3);
  });

  test('G9: what the server wrote right before its death waits for a reader that is away longer than we wait for others', async () => {
    await using rig = new Rig();
    // Fits in the pipes: the server is gone long before it is read.
    const { wrapper, orphans } = await unruly(rig, { atCall: { bytes: 150_000, exit: 3 } });
    wrapper.child.stdout.pause();
    const answer = wrapper.call('last');
    await expect.poll(orphans).toEqual([]);
    await pause(2500);
    wrapper.child.stdout.resume();
    expect((await answer).result.content[0].text).toHaveLength(150_000);
    expect(await wrapper.exit).toBe(3);
  });

  test('G9: with a client that reads no more, a signal ends us all the same', async () => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, { atCall: { bytes: 2_000_000, exit: 3 } });
    wrapper.child.stdout.pause();
    wrapper.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'last' } });
    await pause(1000);
    wrapper.child.kill('SIGTERM');
    const gone = new Promise((done) => wrapper.child.once('exit', done));
    expect(await orLate(gone)).not.toBe('still there');
    wrapper.child.stdout.resume();
    expect(orphans()).toEqual([]);
  });

  test('G9: a server that dies leaves no call unanswered', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, recorder: { exitOn: { tool: 'die', code: 9 } } });
    const answers = await Promise.all([wrapper.call('die'), wrapper.call('after'), wrapper.request('x')]);
    expect(answers.map((answer) => answer.error?.code)).toEqual([-32603, -32603, -32603]);
    expect(await wrapper.exit).toBe(9);
  });
});

describe.concurrent('a client that cannot be answered', () => {
  const CALLS = [
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    ...[2, 3, 4].map((id) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'pay' } })),
  ];

  /** Runs the built command with standard output as a shell makes it, and sends one line after another. */
  async function runInto(rig: Rig, redirection: string) {
    const recorder = [process.execPath, RECORDER, JSON.stringify({ journal: rig.journal })];
    const own = ['--policy', rig.file('p.json', ALLOW_ALL), '--db', rig.db, '--server', 'recorder'];
    const argv = [process.execPath, BIN, ...own, '--', ...recorder];
    const child = spawn('/bin/sh', ['-c', `exec "$@" ${redirection}`, 'sh', ...argv], {
      env: rig.env(),
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (text) => {
      stderr += text;
    });
    child.stdin?.on('error', () => {});
    for (const message of CALLS) child.stdin?.write(`${JSON.stringify(message)}\n`);
    const code = await new Promise((done) => {
      child.once('close', done);
      setTimeout(() => child.kill('SIGKILL'), 30_000).unref();
    });
    return { code, stderr };
  }

  test.each<[string, string]>([
    ['closed', '>&-'],
    ['the null device', '>/dev/null'],
    ['a device that is full', '>/dev/full'],
  ])('G9: with standard output %s from the start nothing is started', async (_, redirection) => {
    await using rig = new Rig();
    const { code, stderr } = await runInto(rig, redirection);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^policy-wrap: standard output .*\n {2}Nothing was started/);
    expect(rig.received()).toEqual([]);
  });

  test('G9: where an answer cannot be written any more, as on a full disk, that is the end and no success', async () => {
    await using rig = new Rig();
    const server = [process.execPath, UNRULY, JSON.stringify({ floodAt: 8_000_000 })];
    const own = ['--policy', rig.file('p.json', ALLOW_ALL), '--db', rig.db, '--server', 'unruly'];
    // No file may grow longer than 1 MiB (2 with some shells).
    const script = `trap '' XFSZ; ulimit -f 2048; exec "$@" > ${rig.folder}/answers`;
    const child = spawn('/bin/sh', ['-c', script, 'sh', process.execPath, BIN, ...own, '--', ...server], {
      env: rig.env(),
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.stdin.on('error', () => {});
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'go' })}\n`);
    const code = await new Promise((done) => child.once('close', done));
    clearTimeout(late);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot be passed on: EFBIG');
  });
});

describe.concurrent('a client that is gone', () => {
  /** Processor time used so far, in seconds. */
  const cpu = (pid: number) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };

  test.each<[string, number]>([
    ['while nothing is on its way', 0],
    ['in the middle of a flood that it did not read', 50_000_000],
  ])('G9: EPIPE ends both without spinning: %s', async (_, flood) => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, { flood, ignore: ['EOF', 'SIGTERM'] });
    if (flood === 0) await wrapper.request('ping');
    else {
      wrapper.child.stdout.pause();
      await pause(500);
    }
    const before = cpu(wrapper.child.pid ?? 0);
    wrapper.child.stdout.destroy();
    wrapper.send({ jsonrpc: '2.0', id: 1, method: 'ping' });
    await pause(1000);
    // Its input stays open: only the broken pipe tells. The server's ladder takes 2 s, of which we waste none.
    if (flood === 0) expect(cpu(wrapper.child.pid ?? 0) - before).toBeLessThan(0.5);
    expect(await orLate(wrapper.exit)).toBe(137);
    expect(orphans()).toEqual([]);
  });
});

describe.concurrent('a server that has closed its input', () => {
  test('G9: its clients learn at once that nothing was sent, and a call that was not sent costs nothing', async () => {
    await using rig = new Rig();
    const policy = {
      version: '1',
      default: 'deny',
      tools: { pay: { limits: [{ counter: 'pay', window: 'day', max: 1 }] } },
    };
    const { wrapper } = await unruly(rig, { closeInput: true }, policy);
    await wrapper.request('ping');
    for (let i = 0; i < 3; i++) {
      expect((await wrapper.call('pay')).error).toEqual({
        code: -32603,
        message: 'The server has closed its input; nothing was sent to it.',
      });
    }
    expect((await wrapper.request('ping')).error.code).toBe(-32603);
    wrapper.child.stdin.end();
    expect(await wrapper.exit).toBe(143);
  });
});

describe.concurrent('standard error', () => {
  test('G9: a client that never reads it stops nothing, and the end does not wait for it', async () => {
    await using rig = new Rig();
    const { wrapper, orphans } = await unruly(rig, { noise: { bytes: 20_000_000, lineBytes: 10_000 } });
    wrapper.child.stderr.pause();
    await wrapper.call('a');
    await wrapper.call('b');
    const rss = residentKb(wrapper.child.pid ?? 0);
    await wrapper.call('c');
    await wrapper.request('ping');
    expect(residentKb(wrapper.child.pid ?? 0) - rss).toBeLessThan(10_000);
    const gone = new Promise((done) => wrapper.child.once('exit', done));
    wrapper.child.stdin.end();
    expect(await orLate(gone)).toBe(0);
    expect(orphans()).toEqual([]);
    wrapper.child.stderr.resume();
  });

  test('comes through whole to a client that reads, in lines of 1 MiB at most', async () => {
    await using rig = new Rig();
    const { wrapper } = await unruly(rig, { noise: { bytes: 3_500_000, lineBytes: 3_500_000 } });
    await wrapper.call('a');
    await expect.poll(() => wrapper.stderr.length).toBeGreaterThanOrEqual(3_500_000);
    await wrapper.end();
    const lines = wrapper.stderr.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(1 << 20);
    expect(wrapper.stderr.replaceAll('\n', '') === 'n'.repeat(3_499_999)).toBe(true);
  });
});

function residentKb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

describe.concurrent('a server that cannot be started', () => {
  test.each<[string, (rig: Rig) => string, RegExp]>([
    ['is not there', (rig) => join(rig.folder, 'nothing'), /nothing/],
    [
      'is a directory',
      (rig) => {
        mkdirSync(join(rig.folder, 'folder'));
        return join(rig.folder, 'folder');
      },
      /folder/,
    ],
    ['is not executable', (rig) => rig.file('plain', '#!/bin/sh\n'), /plain/],
    [
      'names an interpreter that is not there',
      (rig) => executable(rig, 'script', '#!/no/such/interpreter\n'),
      /script.*interpreter/s,
    ],
  ])('G8: exit 127, the reason on stderr, nothing on stdout: %s', async (_, make, reason) => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, argv: [make(rig)] });
    expect(await wrapper.exit).toBe(127);
    expect(wrapper.stderr).toMatch(reason);
    expect(wrapper.stderr).not.toContain('this is a bug');
    expect(wrapper.stdout).toBe('');
  });

  test('a script without an interpreter line runs as any shell would run it', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, argv: [executable(rig, 'plain', 'exit 5\n')] });
    expect(await wrapper.exit).toBe(5);
  });
});

function executable(rig: Rig, name: string, text: string): string {
  const path = rig.file(name, text);
  chmodSync(path, 0o755);
  return path;
}
