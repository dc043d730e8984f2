import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads its input, which ends with us however we end, a SIGKILL included; where it was not told before that all is over,
 * the server's group gets a moment to go by itself (its input has ended too), then SIGTERM, then SIGKILL. A group that
 * is gone cannot be signalled, and nothing more is done.
 */
const WATCH = `
read -r over && exit
sleep 1
kill -s TERM -- "-$1" || exit
for second in 1 2 3; do
  sleep 1
  kill -s 0 -- "-$1" || exit
done
kill -s KILL -- "-$1"
`;

/** Sees to it that the group of a server does not outlive this process (G9). */
export interface EndWatch {
  /** The group has ended, and is watched no longer. */
  over(): void;
}

/**
 * Starts a shell, a megabyte of memory, at the other end of a pipe that this process holds and nobody else does. In a
 * session of its own: what is signalled to our group, to the server's or from a terminal does not reach it. It holds
 * none of our three streams.
 *
 * Not on Windows: there Node puts the processes that it starts into a job that ends with it, and what those have started
 * sees the end of its input.
 *
 * @param group id of the server's process group
 */
export function watchEnd(group: number): EndWatch {
  if (process.platform === 'win32') return { over: () => {} };
  const shell: ChildProcess = spawn('/bin/sh', ['-c', WATCH, 'policy-wrap', String(group)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    // Where sleep is: nowhere else on some systems.
    env: { PATH: process.env.PATH ? `${process.env.PATH}:/usr/bin:/bin` : '/usr/bin:/bin' },
  });
  // Where there is no shell, a SIGKILL of ours leaves a server that ignores the end of its input.
  shell.on('error', () => {});
  shell.stdin?.on('error', () => {});
  shell.unref();
  return { over: () => void shell.stdin?.end('over\n') };
}
