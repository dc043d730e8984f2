import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ChildProcess } from '../../src/upstream/child-process.js';
import type { Upstream } from '../../src/upstream/upstream.js';

const started: Upstream[] = [];
afterAll(() => {
  for (const upstream of started) {
    upstream.terminate('SIGKILL');
    upstream.terminate('SIGKILL');
  }
});

async function start(code: string): Promise<Upstream> {
  const upstream = await ChildProcess.start(process.execPath, ['-e', code], process.env);
  started.push(upstream);
  return upstream;
}

/** Sends, and tells later whether it was reported as not sent. */
function send(upstream: Upstream, bytes: number): { notSent: boolean } {
  const sent = { notSent: false };
  upstream.send([Buffer.alloc(bytes, 0x20)], () => {
    sent.notSent = true;
  });
  return sent;
}

describe('what provably never reached the server', () => {
  test('what waits behind a write that fails is reported; the write itself, of which a part left, is not', async () => {
    // Reads nothing, and ends half a second later.
    const upstream = await start('setTimeout(() => {}, 500)');
    const partly = send(upstream, 10_000_000);
    const behind = send(upstream, 10);
    const later = send(upstream, 10);
    await upstream.closed;
    await new Promise(setImmediate);
    expect([partly, behind, later]).toEqual([{ notSent: false }, { notSent: true }, { notSent: true }]);
  });

  test('what is written to an input that was closed before is reported', async () => {
    const upstream = await start(
      "require('fs').closeSync(0); console.log('closed'); setTimeout(() => {}, 5000)",
    );
    await new Promise((done) => upstream.stdout.once('data', done));
    const first = send(upstream, 10);
    await expect.poll(() => first).toEqual({ notSent: true });
    const second = send(upstream, 10);
    await expect.poll(() => second).toEqual({ notSent: true });
    upstream.terminate('SIGKILL');
    expect(await upstream.closed).toBe(137);
  });

  test('what the server reads is not', async () => {
    const upstream = await start('process.stdin.resume()');
    const sent = [send(upstream, 10), send(upstream, 5_000_000), send(upstream, 10)];
    upstream.end();
    expect(await upstream.closed).toBe(0);
    expect(sent).toEqual(Array(3).fill({ notSent: false }));
  });
});

/** Starts a server that says when it is up, and waits for that. */
async function up(code: string): Promise<Upstream> {
  const upstream = await start(`${code}; console.log('up'); setInterval(() => {}, 1000)`);
  await new Promise((done) => upstream.stdout.once('data', done));
  return upstream;
}

/** Whether a process is there. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const ON_INPUT_END = "process.stdin.resume().on('end', () => process.exit(4))";

describe.skipIf(process.platform === 'win32').concurrent('G9: a server ends', () => {
  test('by itself when its input ends, with its own exit code', async ({ expect }) => {
    const upstream = await up(ON_INPUT_END);
    upstream.end();
    expect(await upstream.closed).toBe(4);
  });

  test('at the end of its input also where a signal asked for it', async ({ expect }) => {
    const upstream = await up(`${ON_INPUT_END}; process.on('SIGTERM', () => process.exit(5))`);
    upstream.terminate('SIGTERM');
    await upstream.signalled;
    expect(await upstream.closed).toBe(4);
  });

  test('by SIGTERM when the end of its input is not enough', async ({ expect }) => {
    const upstream = await up("process.on('SIGTERM', () => process.exit(5))");
    upstream.end();
    upstream.end();
    expect(await upstream.closed).toBe(5);
  });

  test('by the signal that we got, and by no other', async ({ expect }) => {
    const upstream = await up(
      "process.on('SIGINT', () => process.exit(6)); process.on('SIGTERM', () => process.exit(5))",
    );
    upstream.terminate('SIGINT');
    expect(await upstream.closed).toBe(6);
  });

  test('by SIGTERM once, though its input has ended before', async ({ expect }) => {
    const upstream = await up(
      "let n = 0; process.on('SIGTERM', () => { n++; setTimeout(() => process.exit(n), 1500) })",
    );
    upstream.end();
    await new Promise((done) => setTimeout(done, 1_700));
    upstream.terminate('SIGTERM');
    expect(await upstream.closed).toBe(1);
  });

  test('by SIGKILL when it ignores all of that; sooner after a second signal', async ({ expect }) => {
    const ignoring = "for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {})";
    const [patient, hurried] = await Promise.all([up(ignoring), up(ignoring)]);
    const order: string[] = [];
    void patient.closed.then(() => order.push('patient'));
    void hurried.closed.then(() => order.push('hurried'));
    patient.end();
    hurried.terminate('SIGTERM');
    hurried.terminate('SIGINT');
    expect(await Promise.all([patient.closed, hurried.closed])).toEqual([137, 137]);
    expect(order).toEqual(['hurried', 'patient']);
  });

  test('at once with a second signal that it heeds', async ({ expect }) => {
    const upstream = await up(
      "process.on('SIGINT', () => process.exit(6)); process.on('SIGTERM', () => process.exit(5))",
    );
    upstream.terminate('SIGTERM');
    upstream.terminate('SIGINT');
    expect(await upstream.closed).toBe(6);
  });

  test('together with what it started, which may hold its output open', async ({ expect }) => {
    const upstream = await start(
      `const child = require('child_process').spawn(process.execPath,
         ['-e', "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: 'inherit' });
       process.stdout.write(child.pid + ' ', () => process.exit(7));`,
    );
    let said = '';
    upstream.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    expect(await upstream.closed).toBe(7);
    await expect.poll(() => lives(Number(said)), { timeout: 30_000 }).toBe(false);
  });

  test('and none of its pipes is kept open by what left its group', async ({ expect }) => {
    const upstream = await start(
      `const child = require('child_process').spawn(process.execPath,
         ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
       process.stdout.write(child.pid + ' ', () => process.exit(9));`,
    );
    let said = '';
    upstream.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    upstream.stderr.resume();
    try {
      expect(await upstream.closed).toBe(9);
      // An open pipe would keep this process from ending.
      expect([upstream.stdout.destroyed, upstream.stderr.destroyed]).toEqual([true, true]);
    } finally {
      process.kill(Number(said), 'SIGKILL');
    }
  });

  test('and all that it wrote is read, also by who begins to read afterwards', async ({ expect }) => {
    const upstream = await start(
      "process.stderr.write('why\\n'); process.stdout.write('x'.repeat(40_000), () => process.exit(8))",
    );
    // Longer than others who hold the output open are waited for.
    await new Promise((done) => setTimeout(done, 2_500));
    let bytes = 0;
    let words = '';
    upstream.stderr.on('data', (chunk: Buffer) => {
      words += chunk;
    });
    upstream.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    expect(await upstream.closed).toBe(8);
    expect([bytes, words]).toEqual([40_000, 'why\n']);
  });
});

test('what waits for the server is counted, and it is told when there is room again', async () => {
  const upstream = await start(
    "setTimeout(() => process.stdin.resume(), 200); process.stdin.on('end', () => {})",
  );
  let drained = false;
  upstream.onDrain(() => {
    drained = true;
  });
  expect(upstream.unsent).toBe(0);
  send(upstream, 5_000_000);
  expect(upstream.unsent).toBe(5_000_000);
  await expect.poll(() => drained, { timeout: 30_000 }).toBe(true);
  expect(upstream.unsent).toBe(0);
  upstream.end();
  await upstream.closed;
});

test.skipIf(process.platform === 'win32')('what cannot be started says why, and how to mend it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-start-'));
  try {
    const script = join(folder, 'server');
    writeFileSync(script, '#!/no/such/interpreter\n');
    chmodSync(script, 0o755);
    await expect(ChildProcess.start(script, [], {})).rejects.toMatchObject({
      code: 'UPSTREAM_NOT_STARTED',
      message: expect.stringContaining(`${script} could not be started`),
      hint: 'Its first line names an interpreter that does not exist.',
    });
    await expect(ChildProcess.start(folder, [], {})).rejects.toMatchObject({
      code: 'UPSTREAM_NOT_STARTED',
      hint: undefined,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each<[args: string[], env: NodeJS.ProcessEnv, cwd: string | undefined]>([
  [['a\0b'], {}, undefined],
  [[], { A: '\0' }, undefined],
  [[], {}, '/\0'],
])('a zero byte, which a file in JSON can hold, is told: %j %j %j', async (args, env, cwd) => {
  await expect(ChildProcess.start(process.execPath, args, env, cwd)).rejects.toMatchObject({
    code: 'UPSTREAM_NOT_STARTED',
    message: expect.stringContaining('zero byte'),
  });
});
