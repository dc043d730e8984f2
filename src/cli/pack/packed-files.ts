import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { PolicyWrapError } from '../../errors.js';
import { printable } from '../../text/escape.js';

/** A file of a bundle. */
export interface PackedFile {
  /** Inside of the bundle, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Whether its owner may run it. */
  readonly isProgram?: boolean;
}

/** The files of a folder that go into a bundle. */
export interface PackedFolder {
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly PackedFile[];
  /** What is there and stays out, by its path below the folder; a folder stands for all that is in it. */
  readonly leftOut: readonly string[];
}

/** Where the server's own files lie in a bundle. */
export const FILES = 'files';

/** Longest of all files together, in bytes: more than any server needs, less than a folder taken by mistake. */
const MOST_BYTES = 256 << 20;
/** Most entries of all folders: links between folders could otherwise make a few of them endless. */
const MOST_ENTRIES = 100_000;
/** Largest file that is searched for a private key, in bytes. */
const MOST_SEARCHED = 1 << 20;

/**
 * Where programs keep what is theirs or their user's alone, by the name of a file or folder: secrets, what editors and
 * agents know of other servers, histories, earlier bundles.
 */
const PRIVATE_NAME = new RegExp(
  [
    String.raw`\.env.*|\.npmrc|\.yarnrc(?:\.yml)?|\.pypirc|[._]netrc|\.git-credentials|\.htpasswd|\.pgpass|\.my\.cnf`,
    String.raw`\.git|\.hg|\.svn|\.ssh|\.gnupg|\.aws|\.azure|\.kube|\.docker|\.cache`,
    String.raw`\.mcp\.json|\.vscode|\.idea|\.cursor|\.claude|\.codex|\.gemini`,
    String.raw`id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:p12|pfx|jks|keystore|kdbx|ppk|mcpb)|\.\w+_history|\.DS_Store`,
  ]
    .map((names) => `^(?:${names})$`)
    .join('|'),
  'i',
);
const PRIVATE_KEY = /^-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\r?$/m;

/** Names that Windows takes for devices, cannot have, or writes otherwise. */
const NOT_ON_WINDOWS = /[\\:*?"<>|]|[. ](?:\/|$)|(?:^|\/)(?:con|prn|aux|nul|com\d|lpt\d)(?:[./]|$)/i;

/**
 * Gathers what a folder holds, links followed as far as they stay in it.
 *
 * @param folder absolute
 * @throws PolicyWrapError USAGE for what is no folder, cannot be read, or is too much, for a link out of it, and for
 *   names that a client's system could not have, or could read as another place
 */
export function packedFolder(folder: string): PackedFolder {
  const files: PackedFile[] = [];
  const leftOut: string[] = [];
  const twins = new Map<string, string>();
  const root = readable(folder, () => realpathSync(folder));
  let entries = 0;
  let length = 0;

  const add = (path: string, real: string, stat: Stats): void => {
    length += stat.size;
    if (length > MOST_BYTES) throw wrong(`${printable(folder)} holds more than 256 MiB`);
    const bytes = readable(path, () => readFileSync(real));
    if (holdsPrivateKey(bytes)) {
      leftOut.push(path);
      return;
    }
    if (NOT_ON_WINDOWS.test(path) || printable(path) !== path)
      throw wrong(`${printable(path, 200)} is no name that every system has`);
    const key = path.normalize('NFC').toLowerCase();
    const twin = twins.get(key);
    if (twin !== undefined)
      throw wrong(`${printable(twin, 200)} and ${printable(path, 200)} are one file on Windows and macOS`);
    twins.set(key, path);
    files.push({ path: `${FILES}/${path}`, bytes, isProgram: (stat.mode & 0o100) !== 0 });
  };

  /** @param above real paths of the folders on the way: a link to one of them would lead round and round */
  const gather = (at: string, real: string, above: readonly string[]): void => {
    for (const name of readable(at === '' ? folder : at, () => readdirSync(real)).sort()) {
      entries += 1;
      if (entries > MOST_ENTRIES) throw wrong(`${printable(folder)} holds more than 100,000 files`);
      const path = at === '' ? name : `${at}/${name}`;
      const stat = readable(path, () => statSync(join(real, name), { throwIfNoEntry: false }));
      if (stat === undefined) continue;
      const target = readable(path, () => realpathSync(join(real, name)));
      const below = relative(root, target);
      // A link may lead to anything on this machine, a key too.
      if (leadsOut(below))
        throw wrong(
          `${printable(path, 200)} is a link out of the folder`,
          'Copy the file there, or take the link away.',
        );
      // By the name of what a link leads to as well.
      if (PRIVATE_NAME.test(name) || below.split(sep).some((part) => PRIVATE_NAME.test(part)))
        leftOut.push(path);
      else if (stat.isFile()) add(path, target, stat);
      else if (stat.isDirectory() && !above.includes(target)) gather(path, target, [...above, target]);
    }
  };
  if (!readable(folder, () => statSync(root)).isDirectory())
    throw wrong(`${printable(folder)} is no folder that can be read`);
  gather('', root, [root]);
  return { folder, files, leftOut };
}

/** Whether a path below a folder, as `relative` gives it, is none. */
export const leadsOut = (below: string) =>
  below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below);

/** A private key by its own look, whatever its file is called. */
function holdsPrivateKey(bytes: Buffer): boolean {
  return (
    bytes.length <= MOST_SEARCHED &&
    bytes.includes('PRIVATE KEY') &&
    PRIVATE_KEY.test(bytes.toString('latin1'))
  );
}

function wrong(what: string, hint?: string): PolicyWrapError {
  return new PolicyWrapError('USAGE', `--files: ${what}`, { hint });
}

/** @throws PolicyWrapError USAGE where the system does not let it be read */
function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const what =
      code === 'ENOENT' || code === 'ENOTDIR'
        ? 'is no folder that can be read'
        : `cannot be read${code && ` (${code})`}`;
    throw new PolicyWrapError('USAGE', `--files: ${printable(path, 200)} ${what}`, { cause });
  }
}
