import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-watch-'));
const children: ChildProcess[] = [];

beforeAll(() => {
  const source = readFileSync('src/upstream/end-watch.ts', 'utf8');
  writeFileSync(join(folder, 'end-watch.mjs'), transformSync(source, { loader: 'ts' }).code);
  writeFileSync(
    join(folder, 'holder.mjs'),
    `import { watchEnd } from './end-watch.mjs';
     const watch = watchEnd(Number(process.argv[2]));
     if (process.argv[3] === 'over') watch.over();
     console.log('watching');
     setInterval(() => {}, 1000);`,
  );
});
afterAll(() => {
  for (const { pid } of children) if (pid !== undefined) endGroup(pid);
  rmSync(folder, { recursive: true, force: true });
});

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Starts a program at the head of a group of its own, and waits for its first output. */
async function started(...args: string[]): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child as ChildProcess & { pid: number };
}

/** A server of which `traps` says what it does with SIGTERM. */
const server = (traps: string) => started('-e', `${traps}; console.log('up'); setInterval(() => {}, 1000)`);

async function killedHolder(group: number, ...words: string[]): Promise<void> {
  const holder = await started(join(folder, 'holder.mjs'), String(group), ...words);
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
}

const exitOf = async (child: ChildProcess) =>
  child.exitCode ?? child.signalCode ?? (await once(child, 'exit')).find((value) => value !== null);

describe.skipIf(process.platform === 'win32').concurrent('when the process that watches was killed', () => {
  test('G9: the group gets SIGTERM, and time to end by itself', async ({ expect }) => {
    const mark = join(folder, 'term');
    const write = `require('fs').writeFileSync(${JSON.stringify(mark)}, '')`;
    const child = await server(`process.on('SIGTERM', () => { ${write}; process.exit(3) })`);
    await killedHolder(child.pid);
    expect(await exitOf(child)).toBe(3);
    expect(existsSync(mark)).toBe(true);
  });

  test('G9: who ignores that gets SIGKILL', async ({ expect }) => {
    const child = await server(`process.on('SIGTERM', () => {})`);
    await killedHolder(child.pid);
    expect(await exitOf(child)).toBe('SIGKILL');
  });

  test('a group of which it was told that all is over is left alone', async ({ expect }) => {
    const child = await server('');
    await killedHolder(child.pid, 'over');
    // Longer than the watcher waits before its first signal.
    await new Promise((done) => setTimeout(done, 2_500));
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
  });
});

test.skipIf(process.platform === 'win32')(
  'a system without a shell, or one that starts nothing more, keeps the process going',
  async () => {
    const source = readFileSync(join(folder, 'end-watch.mjs'), 'utf8').replace('/bin/sh', '/no/such/shell');
    writeFileSync(join(folder, 'no-shell.mjs'), source);
    const holder = join(folder, 'no-shell-holder.mjs');
    writeFileSync(
      holder,
      `import { watchEnd } from './no-shell.mjs';
     const watch = watchEnd(${2 ** 30});
     // What fails to start says so in a later turn.
     setTimeout(() => { watch.over(); console.log('still here'); setTimeout(() => process.exit(7), 50); }, 50);`,
    );
    expect(await exitOf(await started(holder))).toBe(7);
  },
);

test.skipIf(process.platform === 'win32')('while that process lives nothing is signalled', async () => {
  const child = await server('');
  const holder = await started(join(folder, 'holder.mjs'), String(child.pid));
  await new Promise((done) => setTimeout(done, 2_500));
  expect([child.exitCode, child.signalCode, holder.exitCode]).toEqual([null, null, null]);
});
