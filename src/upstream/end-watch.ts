import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Reads its input, which ends when this process ends, by SIGKILL too. Unless it was told before that all is over, the
 * server's group gets a moment to go by itself (its input has ended as well), then SIGTERM, then SIGKILL. It stops as
 * soon as the group is gone and cannot be signalled.
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

/** Ends a server's process group when this process was killed and could not (G9). */
export interface EndWatch {
  /** Stops watching, because the group has ended. */
  over(): void;
}

/**
 * Starts a shell (a megabyte of memory) at the other end of a pipe that only this process holds. It has a session of
 * its own, so signals to our group, to the server's or from a terminal do not reach it, and holds none of our three
 * streams.
 *
 * Does nothing on Windows, untested there: Node puts the processes that it starts into a job that ends with it, and what
 * those started sees the end of its input.
 *
 * @param group id of the server's process group
 */
export function watchEnd(group: number): EndWatch {
  if (process.platform === 'win32') return { over: () => {} };
  const shell: ChildProcess = spawn('/bin/sh', ['-c', WATCH, 'policy-wrap', String(group)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    // `sleep` lies in one of these on every system.
    env: { PATH: process.env.PATH ? `${process.env.PATH}:/usr/bin:/bin` : '/usr/bin:/bin' },
  });
  // Without a shell, a server that ignores the end of its input survives when we get SIGKILL.
  shell.on('error', () => {});
  shell.stdin?.on('error', () => {});
  shell.unref();
  return { over: () => void shell.stdin?.end('over\n') };
}
