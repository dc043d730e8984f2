import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dataDir, surroundings } from './paths.js';

/** Where a page that is open says so. */
function pageFile(): string {
  return join(dataDir(surroundings()), 'page.json');
}

/**
 * Writes down where this process serves the page, for messages that lead there.
 *
 * @returns takes it back, unless another page has come since
 */
export function announcePage(port: number): () => void {
  const file = pageFile();
  const text = JSON.stringify({ port, pid: process.pid });
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text, { mode: 0o600 });
  } catch {
    // Messages go without it.
    return () => {};
  }
  return () => {
    if (read(file) === text) rmSync(file, { force: true });
  };
}

/** @returns the address of the page on this machine, which lets nobody in by itself; undefined while none is open */
export function pageAddress(): string | undefined {
  const text = read(pageFile());
  const [, port, pid] = /^\{"port":(\d{1,5}),"pid":(\d{1,10})\}$/.exec(text ?? '') ?? [];
  if (port === undefined || pid === undefined || !isAlive(Number(pid))) return undefined;
  return `http://127.0.0.1:${port}/`;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
