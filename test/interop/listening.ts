import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Rig } from '../support/rig.js';

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * Starts a server of others, which ends with the rig.
 *
 * @param words the arguments of Node
 * @param port where it listens, told in `PORT` too
 * @returns its address once it answers
 */
export async function listening(
  words: readonly string[],
  port: number,
  rig: Rig,
  path = '/mcp',
): Promise<URL> {
  const child = spawn(process.execPath, [...words], {
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  rig.endsToo(() => (child.pid === undefined ? [] : [child.pid]));
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  const url = new URL(`http://127.0.0.1:${port}${path}`);
  for (const since = performance.now(); ; ) {
    if (child.exitCode !== null || performance.now() - since > 30_000)
      throw new Error(`the server does not listen: ${said.slice(-1000)}`);
    try {
      await fetch(url, { method: 'OPTIONS' }).then((response) => response.body?.cancel());
      return url;
    } catch {
      await wait(50);
    }
  }
}
