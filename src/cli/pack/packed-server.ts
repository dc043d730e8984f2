import { statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { PolicyWrapError } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { MASK, maskWords, soundsSecret } from '../../text/masking.js';
import { FILES, leadsOut, type PackedFile, type PackedFolder, packedFolder } from './packed-files.js';

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
  /** What stays out of `files`, by its path in the folder. */
  readonly leftOut: readonly string[];
  /** By the name of the variable, its value, or a place for the answer. */
  readonly env: Readonly<Record<string, string>>;
  readonly asked: Readonly<Record<string, Asked>>;
}

/** The folder of the bundle; the client fills it in. */
export const FOLDER = `\${__dirname}`;
const place = (key: string) => `\${user_config.${key}}`;

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
  const packed = files === undefined ? undefined : packedFolder(resolve(cwd, files));
  const asked = new Map<string, Asked>();
  const masked = maskWords(words);
  const started = words.map((word, at) => {
    assertNothingToFillIn(word);
    const shown = masked[at] ?? word;
    if (shown === word) return inBundle(word, packed, cwd);
    const flag = at > 0 && masked[at - 1] === words[at - 1] ? words[at - 1] : undefined;
    assertSecretAlone(word, shown, flag);
    const [first = '', ...rest] = shown.split(MASK);
    // Several secrets in one word are asked for one by one.
    return rest.reduce((text, more) => `${text}${place(askedFor(shown, flag, asked))}${more}`, first);
  });
  const env = new Map<string, string>();
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
      env.set(name, value);
      continue;
    }
    const key = freeKey(name, asked);
    asked.set(key, { title: name, what, secret, required, isFile });
    env.set(name, place(key));
  }
  return {
    words: started,
    files: packed?.files ?? [],
    leftOut: packed?.leftOut ?? [],
    env: Object.fromEntries(env),
    asked: Object.fromEntries(asked),
  };
}

export interface Variable {
  readonly name: string;
  readonly value: string | undefined;
  readonly what: string;
  readonly secret: boolean;
  readonly required: boolean;
  readonly isFile: boolean;
}

/** @throws PolicyWrapError USAGE for a place that a client fills in, with something of its own */
export function assertNothingToFillIn(word: string): void {
  if (!word.includes('${')) return;
  throw new PolicyWrapError('USAGE', `${printable(word, 80)}: a client would fill this in`, {
    hint: 'Give the variable to the bundle (--env NAME): it asks for the value where it is installed.',
  });
}

const HEADER_FLAG = /^(?:-H|--headers?)$/;

/**
 * A secret within a line of a shell or a text is not known to the letter, and an answer with a quote or a dollar sign in
 * it would be read as part of the line.
 *
 * @param shown the word, masked
 */
function assertSecretAlone(word: string, shown: string, flag: string | undefined): void {
  const isAlone = shown === MASK || !/\s/.test(word) || /^(?:-|\s*[[{])/.test(word);
  if (isAlone || HEADER_FLAG.test(flag ?? '')) return;
  throw new PolicyWrapError('USAGE', `${printable(shown, 80)}: a secret stands inside of a text`, {
    hint: 'Take it out and give the server the variable (--env NAME): the bundle asks for it where it is installed.',
  });
}

/**
 * Adds a question for a secret of the command line.
 *
 * @param shown the word, masked: nothing else of it may give the question its name, which stands in the bundle
 * @param flag the word in front of it, where that is no secret itself
 * @returns the question's key
 */
function askedFor(shown: string, flag: string | undefined, asked: Map<string, Asked>): string {
  const [, own] = /^-{0,2}([A-Za-z][\w.-]{0,63})\s*[=:]\s*\*{3}$/.exec(shown) ?? [];
  const key = freeKey(own ?? (flag?.startsWith('-') ? flag : 'secret'), asked);
  asked.set(key, { title: key, what: 'a secret of the server', secret: true, required: true, isFile: false });
  return key;
}

/** A key of `user_config` that is not taken yet. */
function freeKey(name: string, taken: ReadonlyMap<string, unknown>): string {
  const base = name.replace(/^-+/, '').replace(/\W+/g, '_').toLowerCase() || 'secret';
  for (let n = 1; ; n += 1) {
    const key = n === 1 ? base : `${base}_${n}`;
    if (!taken.has(key)) return key;
  }
}

const OR_PACKAGE = 'or name the server by its package (npx -y name@1.2.3).';

/** A word that names a file: where it lies in the bundle. */
function inBundle(word: string, packed: PackedFolder | undefined, cwd: string): string {
  const [, head = '', path = word] = /^(--?[\w-]+=)(.+)$/.exec(word) ?? [];
  if (path === '' || path.includes('\0')) return word;
  const real = resolve(cwd, path);
  const stat = statSync(real, { throwIfNoEntry: false });
  if (packed !== undefined && stat !== undefined) {
    const below = relative(packed.folder, real);
    if (!leadsOut(below)) {
      const inside = `${FILES}/${below.split(sep).join('/')}`.replace(/\/$/, '');
      if (stat.isFile() && !packed.files.some((file) => file.path === inside))
        throw new PolicyWrapError(
          'USAGE',
          `${printable(path, 200)} stays out of bundles: it may be a secret`,
          {
            hint: 'Give the server a variable for it (--env NAME): whoever installs the bundle is asked for it.',
          },
        );
      return `${head}${FOLDER}/${inside}`;
    }
  }
  const isPath = isAbsolute(path) || /^\.{1,2}[\\/]/.test(path) || /[\\/].*\.\w+$/.test(path);
  if (stat?.isFile() && (isPath || /\.(?:[cm]?js|ts|py|sh|jar|exe)$/i.test(path)))
    throw new PolicyWrapError('USAGE', `${printable(path, 200)} is a file of this machine alone`, {
      hint:
        packed === undefined
          ? `Pack it along with the folder that holds it (--files <folder>), ${OR_PACKAGE}`
          : `It is not in ${printable(packed.folder, 200)}, which --files names: name the folder that holds it, ${OR_PACKAGE}`,
    });
  return word;
}
