import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { messageOf, PolicyWrapError } from '../../errors.js';
import { quotedCommand } from '../../text/masking.js';

/** What is installed with us, in the version that package.json names: 13 does not run on Node 20. */
export const ADDON = 'better-sqlite3@12';

/** Where things lie, for the command that mends it. */
export interface Places {
  /** The Node that runs this. */
  readonly node: string;
  /** Folder of the package better-sqlite3; undefined where it is not installed. */
  readonly addon: string | undefined;
  /** Folder of our own package. */
  readonly root: string;
  readonly platform: NodeJS.Platform;
}

/** Why each of the two could not be loaded; undefined for one that was not tried. */
export interface Refusals {
  readonly addon: unknown;
  readonly builtin: unknown;
}

/**
 * No SQLite: what happened, in the loader's own words, and the command that mends it.
 *
 * @param forced the only one that may be used, as POLICY_WRAP_SQLITE has it
 */
export function noSqlite(
  { addon, builtin }: Refusals,
  forced: string | undefined,
  places: Places,
): PolicyWrapError {
  const problem = (message: string, hint: string) =>
    new PolicyWrapError('STATE_UNAVAILABLE', `no SQLite could be loaded: ${message}`, {
      hint,
      cause: new AggregateError([addon, builtin].filter((error) => error !== undefined)),
    });
  if (forced)
    return problem(
      `POLICY_WRAP_SQLITE allows ${forced} alone, and ${forced === 'node' ? `Node ${process.version} does not bring it` : 'it does not load'}: ${reasonOf(addon ?? builtin)}`,
      'Unset it.',
    );
  const missing = `the addon better-sqlite3 ${
    places.addon === undefined
      ? `is not installed for the package in ${places.root}`
      : `does not load: ${reasonOf(addon)}`
  }`;
  const stay = remedyFor(addon, places);
  return isBrought(process.versions.node)
    ? problem(
        `the one of Node ${process.version} is switched off or left out (${reasonOf(builtin)}), and ${missing}`,
        `Start Node without --no-experimental-sqlite. To use the addon: ${stay}`,
      )
    : problem(
        `Node ${process.version} brings none, and ${missing}`,
        `Use Node 22.13 or later, which brings its own. To stay with this one: ${stay}`,
      );
}

/** Whether a Node of this version brings SQLite, unless somebody took it out. */
export function isBrought(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 13);
}

/** The loader's reason in one line, without its own advice, which is for another folder, and its lists of places. */
function reasonOf(error: unknown): string {
  return messageOf(error)
    .replace(/(?:Please try re-compiling|Tried:|Require stack:).*/s, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
}

/** What makes the addon load for this Node, as a person would type it. */
function remedyFor(error: unknown, { node, addon, root, platform }: Places): string {
  if ((error as { code?: unknown }).code === 'ERR_DLOPEN_DISABLED')
    return 'start it without --no-addons, and with --allow-addons where it has --permission';
  // A shell's own Node is often another than the one that a client starts, and an addon is built for one alone.
  const withThisNode = (...words: string[]) =>
    platform === 'win32'
      ? quotedCommand(words)
      : `PATH=${quotedCommand([dirname(node)])}:$PATH ${quotedCommand(words)}`;
  if (addon === undefined) return withThisNode(...installing(root, platform));
  if (/[\\/]\.yarn[\\/]/.test(addon)) return withThisNode('yarn', 'rebuild', 'better-sqlite3');
  // Its own script fetches a compiled copy, or compiles. One that was fetched and asks for newer libraries than there
  // are would be fetched again.
  const needsNewer = /GLIBC|GLIBCXX|undefined symbol/.test(String(error));
  return withThisNode('npm', 'run', needsNewer ? 'build-release' : 'install', '--prefix', addon);
}

/** What installs the addon where our package finds it. */
function installing(root: string, platform: NodeJS.Platform): string[] {
  if (/[\\/]\.yarn[\\/]/.test(root)) return ['yarn', 'add', ADDON];
  // pnpm keeps packages in folders of their own below the project's.
  const modules = dirname(root.replace(/([\\/]node_modules[\\/])\.pnpm[\\/].*/, '$1policy-wrap'));
  const at = dirname(modules);
  if (basename(modules) !== 'node_modules') return ['npm', 'install', '--prefix', root];
  const has = (name: string) => existsSync(join(at, name));
  if (has('pnpm-lock.yaml')) return ['pnpm', 'add', '--dir', at, ADDON];
  if (has('yarn.lock')) return ['yarn', '--cwd', at, 'add', ADDON];
  if (has('bun.lock') || has('bun.lockb')) return ['bun', 'add', '--cwd', at, ADDON];
  if (has('package.json')) return ['npm', 'install', '--prefix', at, ADDON];
  // npm's own folder for commands is `lib/node_modules` below a prefix, and `node_modules` on Windows.
  const prefix = platform !== 'win32' && basename(at) === 'lib' ? dirname(at) : at;
  return ['npm', 'install', '-g', '--prefix', prefix, ADDON];
}
