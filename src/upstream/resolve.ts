import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, extname, join, resolve } from 'node:path';
import { PolicyWrapError } from '../errors.js';
import { pathFolders } from './environment.js';

/** How to start a server. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** What the person should know about it; for stderr. */
  readonly note: string | undefined;
}

/**
 * Finds the program that a server's command names: a path as it is; a name on PATH, then among the commands installed
 * next to this package; then, for a known server, through npm by its scoped name and pinned version. Never through npm
 * by a bare name, which anyone could register.
 *
 * @param install false forbids npm (`--no-install`); `cwd`: from where a relative path leads
 * @throws PolicyWrapError UPSTREAM_NOT_STARTED (exit code 127) with what was searched
 */
export async function findServer(
  command: string,
  args: readonly string[],
  { install, env, cwd = '' }: { install: boolean; env: NodeJS.ProcessEnv; cwd?: string | undefined },
): Promise<Launch> {
  if (/[\\/]/.test(command)) {
    const file = resolve(cwd, command);
    if (executable(file)) return { file, args, note: undefined };
    throw notStarted(
      `${command} is not a program that can be started`,
      'check the path and that it is executable',
    );
  }
  const searched = [...foldersOf(env), ...installedFolders()];
  const file = search(command, searched, env);
  if (file) return { file, args, note: undefined };

  const { knownServer } = await import('../catalog/servers.js');
  const known = knownServer(command);
  if (!known) {
    throw notStarted(
      `${command} was not found; searched ${searched.join(delimiter)}`,
      'give the absolute path of the server: clients start it with a shorter PATH than your shell has',
    );
  }
  const spec = `${known.packageName}@${known.version}`;
  if (!install) {
    throw notStarted(
      `${command} was not found, and --no-install forbids fetching ${spec}; searched ${searched.join(delimiter)}`,
      `npm install -g ${spec}`,
    );
  }
  const npx = search('npx', [dirname(process.execPath), ...searched], env);
  if (!npx) throw notStarted(`${command} was not found, nor npx to fetch ${spec}`, `npm install -g ${spec}`);
  return {
    file: npx,
    args: ['-y', spec, ...args],
    note: `${command} is not installed; starting ${spec} through npm (faster and offline: npm install -g ${spec})`,
  };
}

function notStarted(message: string, hint: string): PolicyWrapError {
  return new PolicyWrapError('UPSTREAM_NOT_STARTED', message, { hint });
}

function foldersOf(env: NodeJS.ProcessEnv): string[] {
  return pathFolders(env.PATH ?? (process.platform === 'win32' ? env.Path : undefined) ?? '');
}

/** Folders of the commands installed next to this package, and of its own while it is developed; none above those. */
function installedFolders(): string[] {
  let root = import.meta.dirname;
  while (!existsSync(join(root, 'package.json')) && root !== dirname(root)) root = dirname(root);
  const beside = basename(dirname(root)) === 'node_modules' ? [join(dirname(root), '.bin')] : [];
  return [...beside, join(root, 'node_modules', '.bin')].filter((folder) =>
    statSync(folder, { throwIfNoEntry: false })?.isDirectory(),
  );
}

function search(name: string, folders: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const endings =
    process.platform === 'win32' && extname(name) === ''
      ? (env.PATHEXT ?? '.COM;.EXE;.BAT;.CMD').split(';')
      : [''];
  for (const folder of folders) {
    for (const ending of endings) {
      const file = join(folder, name + ending);
      if (executable(file)) return file;
    }
  }
  return undefined;
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
