import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { PolicyWrapError } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { MASK, maskWords, soundsSecret } from '../../text/masking.js';

/** A file of a bundle. */
export interface PackedFile {
  /** Inside of the bundle, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What whoever installs the bundle is asked. */
export interface Asked {
  readonly title: string;
  readonly what: string;
  readonly secret: boolean;
  readonly required: boolean;
  /** A file is chosen rather than typed. */
  readonly isFile: boolean;
}

/** How the server is started from a bundle. */
export interface PackedServer {
  readonly words: readonly string[];
  readonly files: readonly PackedFile[];
  /** By the name of the variable, its value, or a place for the answer. */
  readonly env: Readonly<Record<string, string>>;
  readonly asked: Readonly<Record<string, Asked>>;
}

/** The folder of the bundle; the client fills it in. */
export const FOLDER = `\${__dirname}`;
const place = (key: string) => `\${user_config.${key}}`;

/** Longest of all files together, in bytes: more than any server needs, less than a folder taken by mistake. */
const MOST_BYTES = 256 << 20;

/**
 * Takes the words that start a server apart: its own files go along, and what is secret is asked for where the bundle is
 * installed.
 *
 * @param words the command and its arguments, or our own options for a remote server
 * @param files a folder with the server's files
 * @param variables the server's, by name, with a value where the bundle has one
 * @throws PolicyWrapError USAGE for what would be a secret in the bundle, for a file that would not be in it, and for what
 *   the client would fill in
 */
export function packedServer(
  words: readonly string[],
  files: string | undefined,
  variables: readonly Variable[],
  cwd: string,
): PackedServer {
  const folder = files === undefined ? undefined : resolve(cwd, files);
  const asked: Record<string, Asked> = {};
  const masked = maskWords(words);
  const packed = words.map((word, at) => {
    if (word.includes('${'))
      throw new PolicyWrapError('USAGE', `${printable(word, 80)}: a client would fill this in`, {
        hint: 'Give the variable to the bundle (--env NAME): it asks for the value where it is installed.',
      });
    const shown = masked[at] ?? word;
    if (shown !== word) {
      const name = words[at - 1]?.startsWith('-') && !/^-.*=/.test(word) ? words[at - 1] : word.split('=')[0];
      const key = freeKey(name ?? '', asked);
      asked[key] = {
        title: key,
        what: 'a secret of the server',
        secret: true,
        required: true,
        isFile: false,
      };
      return shown.split(MASK).join(place(key));
    }
    return inBundle(word, folder, cwd);
  });
  const env: Record<string, string> = {};
  for (const { name, value, what, secret, required, isFile } of variables) {
    if (value !== undefined) {
      if (
        soundsSecret(name) ||
        value.includes('${') ||
        maskWords([`${name}=${value}`])[0] !== `${name}=${value}`
      )
        throw new PolicyWrapError('USAGE', `--env ${printable(name)}: its value would stand in the bundle`, {
          hint: `Leave the value out (--env ${printable(name)}): whoever installs the bundle is asked for it.`,
        });
      env[name] = value;
      continue;
    }
    const key = freeKey(name, asked);
    asked[key] = { title: name, what, secret, required, isFile };
    env[name] = place(key);
  }
  return { words: packed, files: folder === undefined ? [] : filesIn(folder), env, asked };
}

export interface Variable {
  readonly name: string;
  readonly value: string | undefined;
  readonly what: string;
  readonly secret: boolean;
  readonly required: boolean;
  readonly isFile: boolean;
}

/** A key of `user_config` that is not taken yet. */
function freeKey(name: string, taken: Readonly<Record<string, unknown>>): string {
  const base = name.replace(/^-+/, '').replace(/\W+/g, '_').toLowerCase() || 'secret';
  for (let n = 1; ; n += 1) {
    const key = n === 1 ? base : `${base}_${n}`;
    if (!Object.hasOwn(taken, key)) return key;
  }
}

const leadsOut = (below: string) => below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below);

const OR_PACKAGE = 'or name the server by its package (npx -y name@1.2.3).';

/** A word that names a file: where it lies in the bundle. */
function inBundle(word: string, folder: string | undefined, cwd: string): string {
  const [, head = '', path = word] = /^(--?[\w-]+=)(.+)$/.exec(word) ?? [];
  const real = resolve(cwd, path);
  if (folder !== undefined) {
    const below = relative(folder, real);
    if (!leadsOut(below) && statSync(real, { throwIfNoEntry: false }) !== undefined)
      return `${head}${FOLDER}/files/${below.split(sep).join('/')}`.replace(/\/$/, '');
  }
  const isPath = isAbsolute(path) || /^\.{1,2}[\\/]/.test(path) || /[\\/].*\.\w+$/.test(path);
  const stat = statSync(real, { throwIfNoEntry: false });
  if (stat?.isFile() && (isPath || /\.(?:[cm]?js|ts|py|sh|jar|exe)$/i.test(path)))
    throw new PolicyWrapError('USAGE', `${printable(path, 200)} is a file of this machine alone`, {
      hint:
        folder === undefined
          ? `Pack it along with the folder that holds it (--files <folder>), ${OR_PACKAGE}`
          : `It is not in ${printable(folder, 200)}, which --files names: name the folder that holds it, ${OR_PACKAGE}`,
    });
  return word;
}

/** @throws PolicyWrapError USAGE for what is no folder, or too much, for a link out of it, and for names that a client's system could read as another place */
function filesIn(folder: string): PackedFile[] {
  const files: PackedFile[] = [];
  let length = 0;
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    throw new PolicyWrapError('USAGE', `--files: ${printable(folder)} is no folder that can be read`, {
      cause: error,
    });
  }
  for (const name of names) {
    const path = name.split(sep).join('/');
    const real = join(folder, name);
    if (!statSync(real, { throwIfNoEntry: false })?.isFile()) continue;
    if (/[\\:]/.test(path) || printable(path) !== path)
      throw new PolicyWrapError('USAGE', `--files: ${printable(path, 200)} is no name that every system has`);
    // A link may lead to anything on this machine, a key too.
    const below = relative(realpathSync(folder), realpathSync(real));
    if (leadsOut(below))
      throw new PolicyWrapError('USAGE', `--files: ${printable(path, 200)} is a link out of the folder`, {
        hint: 'Copy the file there, or take the link away.',
      });
    if (/(?:^|\/)(?:\.git|\.env[^/]*|\.npmrc|\.DS_Store)(?:\/|$)/.test(path)) continue;
    const bytes = readFileSync(real);
    length += bytes.length;
    if (length > MOST_BYTES)
      throw new PolicyWrapError('USAGE', `--files: ${printable(folder)} holds more than 256 MiB`);
    files.push({ path: `files/${path}`, bytes });
  }
  return files;
}
