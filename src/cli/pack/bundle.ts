import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { zipSync } from 'fflate';
import { PLACES } from '../../config/bundle.js';
import type { PackedFile } from './packed-files.js';

/** The page in the browser and what is for people: a bundle only wraps. No addon is in it either: it would be for one system. */
const NOT_NEEDED = /\.(?:map|1)$|^page\//;

/** The files by which this installation runs. @param root its folder */
export function wrapperFiles(root: string): PackedFile[] {
  const own = ['package.json', 'LICENSE', 'THIRD-PARTY-NOTICES', 'bin', 'dist'];
  return own.flatMap((name) => filesBelow(join(root, name), `${PLACES.wrapper}/${name}`));
}

function filesBelow(real: string, path: string): PackedFile[] {
  const stat = statSync(real, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (stat.isFile()) return [{ path, bytes: readFileSync(real) }];
  return readdirSync(real, { recursive: true, encoding: 'utf8' })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => !NOT_NEEDED.test(name) && statSync(join(real, name)).isFile())
    .map((name) => ({ path: `${path}/${name}`, bytes: readFileSync(join(real, name)) }));
}

/** The earliest time that a ZIP file knows, by the local clock as it stores it. */
const ALWAYS = new Date(1980, 0, 1);
const UNIX = 3;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/** A ZIP file whose bytes go by its content alone: neither by the clock nor by the order of a folder. */
export function zipped(files: readonly PackedFile[]): Uint8Array {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return zipSync(
    Object.fromEntries(
      sorted.map(({ path, bytes, isProgram = false }) => {
        const attrs = (isProgram ? PROGRAM : FILE) << 16;
        return [path, [bytes, { level: 9, mtime: ALWAYS, os: UNIX, attrs }]];
      }),
    ),
  );
}
