import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'machine-id';

/**
 * What tells this machine from the others of a team: made once, at random. Counts with `"scope": "machine"` go by it.
 *
 * @param folder the data folder; made when it is missing
 */
export function machineId(folder: string): string {
  const file = join(folder, FILE);
  const known = read(file);
  if (known !== undefined) return known;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Several wrappers start at once: whoever links first has made it, and nobody reads half of one.
  const draft = join(folder, `${FILE}.${randomUUID()}`);
  writeFileSync(draft, `${randomUUID()}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const made = read(file);
  if (made === undefined) throw new Error(`${file} has no id`);
  return made;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
