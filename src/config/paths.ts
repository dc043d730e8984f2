/**
 * config: where our own files are, and which policy holds for a server.
 * May import policy, catalog, text, files and errors.
 * Never enters: the state database itself, servers, what clients have in their files.
 */

import { existsSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { type PlatformPath, posix, win32 } from 'node:path';
import { PolicyWrapError } from '../errors.js';
import { isFixedPath } from '../text/fixed-path.js';

/** What the folders depend on; tests give their own. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  exists(path: string): boolean;
}

const NAME = 'policy-wrap';
const DATABASE = 'policy-wrap.db';
/** Where a person says how they want to be told what waits. */
export const NOTIFY_FILE = 'notify.json';

export function surroundings(): Surroundings {
  const { platform, env } = process;
  return {
    platform,
    env,
    home: homeFolder(platform, homedir(), () => userInfo().homedir),
    exists: existsSync,
  };
}

/**
 * The home folder. A packaged app may give its children another one, and a client none at all; the account's own is
 * used then, so that all launchers share one database.
 *
 * @param given what the environment says
 * @param account the folder of this account; may throw
 */
export function homeFolder(platform: NodeJS.Platform, given: string, account: () => string): string {
  if (isFixedPath(given, platform) && (platform === 'win32' || !isPackaged(given))) return given;
  try {
    const home = account();
    return isFixedPath(home, platform) ? home : given;
  } catch {
    return given;
  }
}

/**
 * Where policies are looked for, `<config dir>/<server>.json`: where new ones go, then former places. Absolute, and
 * never below the working directory.
 */
export function configDirs({ platform, env, home }: Surroundings): [string, ...string[]] {
  if (platform === 'win32') {
    const roaming = env.APPDATA || win32.join(home, 'AppData', 'Roaming');
    return [win32.join(home, `.${NAME}`), win32.join(roaming, NAME)];
  }
  if (platform === 'darwin') return [posix.join(home, 'Library', 'Application Support', NAME)];
  return [posix.join(xdg(env.XDG_CONFIG_HOME, home) ?? posix.join(home, '.config'), NAME)];
}

/** Where the state database and the backups lie. Outside of AppData, which Windows redirects for packaged apps. */
export function dataDir({ platform, env, home }: Surroundings): string {
  if (platform === 'win32') return win32.join(home, `.${NAME}`);
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', NAME);
  return posix.join(xdg(env.XDG_DATA_HOME, home) ?? posix.join(home, '.local', 'share'), NAME);
}

/** Where the logins to remote servers lie. */
export function loginsFolder(around: Surroundings = surroundings()): string {
  return pathsOf(around).join(dataDir(around), 'logins');
}

/** It lies beside the policies; absolute. */
export function notifyFile(around: Surroundings = surroundings()): string {
  return pathsOf(around).join(configDirs(around)[0], NOTIFY_FILE);
}

/** The state database where nobody names one: in the data folder, or at a former place where only that one is there. */
export function databaseFile(around: Surroundings): string {
  const { join } = pathsOf(around);
  const file = join(dataDir(around), DATABASE);
  const former = around.platform === 'win32' ? join(formerDataDir(around), DATABASE) : undefined;
  return former !== undefined && !around.exists(file) && around.exists(former) ? former : file;
}

/**
 * Other places where databases may lie: those of earlier versions, and of wrappers that a packaged app gave a data
 * folder of its own.
 *
 * @param list the names in a folder
 */
export function otherDatabaseFiles(around: Surroundings, list: (folder: string) => string[]): string[] {
  const { env, home, platform } = around;
  const { join } = pathsOf(around);
  if (platform === 'darwin') return [];
  if (platform === 'win32') {
    const packages = join(localAppData(around), 'Packages');
    const packaged = list(packages).map((name) => join(packages, name, 'LocalCache', 'Local', NAME));
    return [dataDir(around), formerDataDir(around), ...packaged].map((folder) => join(folder, DATABASE));
  }
  const snap = join(home, 'snap');
  const flatpak = join(home, '.var', 'app');
  const shares = [
    join(home, '.local', 'share'),
    ...(env.XDG_DATA_HOME && posix.isAbsolute(env.XDG_DATA_HOME) ? [env.XDG_DATA_HOME] : []),
    ...list(snap).flatMap((name) =>
      list(join(snap, name)).map((revision) => join(snap, name, revision, '.local', 'share')),
    ),
    ...list(flatpak).map((name) => join(flatpak, name, 'data')),
  ];
  return shares.map((share) => join(share, NAME, DATABASE));
}

/** Whether a path lies where only one packaged app, or one revision of it, finds it again. */
export function isPrivatePlace(path: string, around: Surroundings): boolean {
  if (around.platform !== 'win32') return isBelowPackaged(path, around.home);
  return win32.normalize(path).toLowerCase().includes('\\appdata\\');
}

function localAppData({ env, home }: Surroundings): string {
  return env.LOCALAPPDATA || win32.join(home, 'AppData', 'Local');
}

function formerDataDir(around: Surroundings): string {
  return win32.join(localAppData(around), NAME);
}

/**
 * A base directory of the XDG specification, which has relative paths ignored. Snaps and Flatpaks point it at folders
 * of their own, where no other launcher looks.
 */
function xdg(value: string | undefined, home: string): string | undefined {
  return value && posix.isAbsolute(value) && !isBelowPackaged(value, home) ? value : undefined;
}

function isBelowPackaged(path: string, home: string): boolean {
  const normal = posix.normalize(path);
  return isPackaged(normal) || normal.startsWith(`${posix.join(home, 'snap')}/`);
}

/** Judged by the path alone: the home may have two names, or be such a folder itself. */
function isPackaged(path: string): boolean {
  return /\/\.var\/app\/|\/snap\/[^/]+\/(?:x?\d+|common|current)(?:\/|$)/.test(posix.normalize(path));
}

function pathsOf({ platform }: { readonly platform: NodeJS.Platform }): PlatformPath {
  return platform === 'win32' ? win32 : posix;
}

/** Whether a path has something in it that looks like a variable of a shell or a client. */
export function hasVariable(text: string): boolean {
  return VARIABLE.test(text);
}

const VARIABLE = /\$[A-Za-z_{(]|%[A-Za-z_][^%\\/]*%/;

/**
 * Reads a path that a person wrote in an option, one of our variables or a policy: `~` is the home folder. No shell
 * stands between a client and us, and a variable that nobody fills in would become a folder of that name.
 *
 * @param named what holds the path, for the message
 * @param base what a relative path is relative to; absolute
 * @returns an absolute path
 * @throws PolicyWrapError USAGE for a path with a variable in it
 */
export function writtenPath(text: string, named: string, base: string, around = surroundings()): string {
  if (VARIABLE.test(text)) {
    throw new PolicyWrapError('USAGE', `${named} ${text}: variables are not filled in here`, {
      hint: `Write the path itself: ${filledIn(text, around) ?? 'an absolute one, or one that begins with ~/'}`,
    });
  }
  return pathsOf(around).resolve(base, expanded(text, around));
}

/**
 * The same for a wrapper, whose working directory is the client's choice: a relative path would be another file in each
 * (G4: a fresh count).
 *
 * @throws PolicyWrapError USAGE also for a relative path
 */
export function fixedPath(text: string, named: string, base: string, around = surroundings()): string {
  const path = writtenPath(text, named, base, around);
  if (isFixedPath(expanded(text, around), around.platform)) return path;
  throw new PolicyWrapError(
    'USAGE',
    text === '' ? `${named} is empty` : `${named} ${text}: a relative path`,
    {
      hint: `Clients start servers in any folder, so it would be another file in each. Write: ${text === '' ? 'an absolute path' : path}`,
    },
  );
}

/** As `fixedPath`, of a path that stands in an entry of a client. @returns it, or what is wrong with it */
export function triedPath(
  ...path: Parameters<typeof fixedPath>
):
  | { readonly path: string; readonly problem?: undefined }
  | { readonly path?: undefined; readonly problem: string } {
  try {
    return { path: fixedPath(...path) };
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return { problem: error.message };
  }
}

function expanded(text: string, { platform, home }: Surroundings): string {
  const tilde = platform === 'win32' ? /^~(?=$|[\\/])/ : /^~(?=$|\/)/;
  return text.replace(tilde, () => home);
}

/** Only variables that name folders: what others hold may be a secret. */
function filledIn(text: string, { env }: Surroundings): string | undefined {
  const filled = text.replace(
    /\$\{(?:env:)?(\w+)\}|\$(\w+)|%(\w+)%/g,
    (whole, a?: string, b?: string, c?: string) => {
      const name = a ?? b ?? c ?? '';
      const known = /^(?:HOME|USERPROFILE|APPDATA|LOCALAPPDATA|XDG_(?:DATA|CONFIG|STATE)_HOME|PWD)$/.test(
        name,
      );
      return (known && env[name]) || whole;
    },
  );
  return VARIABLE.test(filled) ? undefined : filled;
}
