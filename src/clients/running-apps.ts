import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Client } from './known-clients.js';

const run = promisify(execFile);
/** A listing that takes longer is not worth waiting for: it only feeds a warning. Milliseconds. */
const PATIENCE = 5_000;

/**
 * The command lines of the running processes (image names on Windows), for `isRunning`. They may hold secrets and are
 * never shown.
 *
 * @returns undefined where it cannot be determined
 */
export async function runningCommands(platform: NodeJS.Platform): Promise<string[] | undefined> {
  try {
    switch (platform) {
      case 'linux':
        return linuxCommands('/proc');
      case 'win32':
        return imageNames(await output('tasklist', ['/fo', 'csv', '/nh']));
      default:
        return (await output('ps', ['-axww', '-o', 'args='])).split('\n').map((line) => line.trim());
    }
  } catch {
    return undefined;
  }
}

async function output(command: string, args: string[]): Promise<string> {
  const { stdout } = await run(command, args, {
    timeout: PATIENCE,
    maxBuffer: 32 * 1024 * 1024,
    windowsHide: true,
  });
  return stdout;
}

/** One command line per process below a folder laid out as /proc is. */
export function linuxCommands(proc: string): string[] {
  return readdirSync(proc)
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((name) => {
      try {
        const line = readFileSync(`${proc}/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return line === '' ? [] : [line];
      } catch {
        // It has ended since the folder was read, or is not ours to see.
        return [];
      }
    });
}

/** The first column of tasklist's CSV. */
export function imageNames(csv: string): string[] {
  return csv.split(/\r?\n/).flatMap((line) => /^"([^"]+)"/.exec(line)?.[1] ?? []);
}

/** Whether a client is among the running commands. */
export function isRunning(client: Client, commands: readonly string[]): boolean {
  return commands.some((command) => client.process.test(command));
}
