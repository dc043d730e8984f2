import { readdirSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { PolicyWrapError } from '../errors.js';
import type { Policy } from '../policy/model.js';
import { type Loaded, loadPolicy } from '../policy/read/load.js';
import { formatProblem, type Problem } from '../policy/read/problem.js';
import { count } from '../text/count.js';
import { printable } from '../text/escape.js';
import { shownCommand } from '../text/masking.js';
import { configDirs, databaseFile, fixedPath, NOTIFY_FILE, surroundings, writtenPath } from './paths.js';
import { readTextFile } from './text-file.js';

/** The options by which every command finds a policy. */
export interface PolicyOptions {
  readonly policy?: string;
  readonly preset?: string;
}

/** What a server is called. Names are made when they are asked for: a file that was named holds for every name. */
export interface ServerWords {
  /** The one that counts first: the one it is known under here, then its program's. */
  readonly names: readonly [string, ...string[]];
  /** What names it on our command line (`-- mcp-afip`, `--url https://...`), for the advice; may be empty. */
  readonly words: readonly string[];
}

export type FoundPolicy =
  | {
      readonly kind: 'policy';
      readonly policy: Policy;
      /** What it extends, then what that extends, and so on; a call is decided by all of them. */
      readonly extended: readonly Policy[];
      /** The policy as it was loaded, with the places of its rules, for findings that come later. */
      readonly loaded: Extract<Loaded, { readonly policy: Policy }>;
      /** Absolute paths of the files that it was read from; none for a preset. */
      readonly files: readonly string[];
    }
  | { readonly kind: 'problems'; readonly source: string; readonly problems: readonly Problem[] }
  /** None of the places holds one. */
  | {
      readonly kind: 'none';
      /** `there is no policy for afip`. */
      readonly missing: string;
      /** The command that makes one. */
      readonly make: string;
      /** What that comes to for calls, with the command that makes one. */
      readonly advice: string;
      /** The same for the model: where a policy would be, and no command, which it would run. */
      readonly told: string;
    };

/**
 * The same as `findPolicy`, but for the policies that ship with us: a wrapper that has a file need not load them.
 *
 * @throws PolicyWrapError POLICY_NOT_FOUND, USAGE
 */
export function findPolicyFile(options: PolicyOptions, server: ServerWords): FoundPolicy {
  if (options.policy !== undefined && options.preset !== undefined) {
    throw new PolicyWrapError('USAGE', '--policy and --preset exclude each other');
  }
  if (options.preset === undefined) {
    const named = namedPolicy(options);
    if (named !== undefined) return readPolicy(named);
    for (const own of server.names.flatMap(ownPolicies)) {
      const text = read(own);
      if (text !== undefined) return loadWithLayers(text, own);
    }
  }
  const { names, words } = server;
  const missing = `there is no policy for ${names[0]}`;
  const make =
    words.length > 0
      ? `policy-wrap init ${shownCommand(words)}`
      : `policy-wrap init --server ${names[0]} -- <command> [args]`;
  const refused = `${missing}, so every call is refused`;
  const told = `${refused}. The user can write one, in ${ownPolicies(names[0])[0]}`;
  return { kind: 'none', missing, make, advice: `${refused}. Make one: ${make}`, told };
}

/** The files in which a policy for this server is found, or would be; none when a preset was asked for. */
export function policyPlaces(options: PolicyOptions, names: readonly string[]): string[] {
  if (options.preset !== undefined) return [];
  const named = namedPolicy(options);
  return named === undefined ? names.flatMap(ownPolicies) : [named];
}

/** The policy file that `--policy` or `POLICY_WRAP_POLICY` names. @throws PolicyWrapError USAGE */
function namedPolicy({ policy }: PolicyOptions): string | undefined {
  const { POLICY_WRAP_POLICY } = process.env;
  if (policy !== undefined) return writtenPath(policy, '--policy', process.cwd());
  return POLICY_WRAP_POLICY
    ? writtenPath(POLICY_WRAP_POLICY, 'POLICY_WRAP_POLICY', process.cwd())
    : undefined;
}

/** Files of ours beside the policies, which are none. */
const NO_POLICIES: readonly string[] = ['policy.schema.json', NOTIFY_FILE];

/** The name of the policy file of a server, in any config folder. */
export function policyFileName(server: string): string {
  const name = `${server}.json`;
  // A server may have such a name.
  return NO_POLICIES.includes(name) ? `${server}.policy.json` : name;
}

/** The policies of servers in the config folders; absolute paths. */
export function policyFilesIn(folders: readonly string[] = configDirs(surroundings())): string[] {
  return folders.flatMap((folder) => {
    try {
      const names = readdirSync(folder).filter(
        (name) => name.endsWith('.json') && !NO_POLICIES.includes(name),
      );
      return names.sort().map((name) => join(folder, name));
    } catch {
      return [];
    }
  });
}

/** The files in the config folders, the one that counts first. */
function ownPolicies(server: string): string[] {
  return configDirs(surroundings()).map((folder) => join(folder, policyFileName(server)));
}

/**
 * Where the state database lies: `--db`, `POLICY_WRAP_DB`, or the platform's data folder.
 *
 * @throws PolicyWrapError USAGE
 */
export function stateFile(db: string | undefined): string {
  const { POLICY_WRAP_DB } = process.env;
  if (db !== undefined) return writtenPath(db, '--db', process.cwd());
  return POLICY_WRAP_DB
    ? writtenPath(POLICY_WRAP_DB, 'POLICY_WRAP_DB', process.cwd())
    : databaseFile(surroundings());
}

/**
 * Refuses what a wrapper, which a client starts in any folder, would read differently in each.
 *
 * @throws PolicyWrapError USAGE
 */
export function refuseMovingPlaces(options: PolicyOptions & { readonly db?: string }): void {
  const { POLICY_WRAP_DB, POLICY_WRAP_POLICY } = process.env;
  const fixed = (text: string, named: string) => fixedPath(text, named, process.cwd());
  if (options.db !== undefined) fixed(options.db, '--db');
  else if (POLICY_WRAP_DB) fixed(POLICY_WRAP_DB, 'POLICY_WRAP_DB');
  if (options.policy !== undefined) fixed(options.policy, '--policy');
  else if (POLICY_WRAP_POLICY && options.preset === undefined)
    fixed(POLICY_WRAP_POLICY, 'POLICY_WRAP_POLICY');
}

/** Reads a policy file that must be there. */
export function readPolicy(file: string): FoundPolicy {
  const text = read(file);
  if (text === undefined) {
    throw new PolicyWrapError('POLICY_NOT_FOUND', `${file}: no such policy file`, {
      hint: 'policy-wrap init -- <server> writes one.',
    });
  }
  return loadWithLayers(text, file);
}

/** All problems of an invalid policy as one error (exit code 3). */
export function problemsError({
  source,
  problems,
}: {
  source: string;
  problems: readonly Problem[];
}): PolicyWrapError {
  const list = problems.map((problem) => printable(formatProblem(problem, source))).join('\n');
  return new PolicyWrapError(
    'POLICY_INVALID',
    `${source}: ${count(problems.length, 'problem')} in the policy\n${list}`,
    {
      hint: 'Nothing was started; policy-wrap check shows the same without a server.',
    },
  );
}

/** Longest chain of policies that extend one another; a longer one is a mistake. */
const MAX_LAYERS = 8;

/**
 * The one way in which a policy's text becomes a policy, with what it extends.
 *
 * @param source where it came from, for people; what it extends is found from its folder when it is an absolute path
 * @throws PolicyWrapError POLICY_NOT_FOUND, POLICY_INVALID for what it extends
 */
export function loadWithLayers(text: string, source: string): Exclude<FoundPolicy, { kind: 'none' }> {
  const isFile = isAbsolute(source);
  const loaded = loadPolicy(text, source, isFile ? realPath(source) : source);
  if (!loaded.policy) return { kind: 'problems', source, problems: loaded.problems };
  const { policy } = loaded;
  const files = isFile ? [source] : [];
  const seen = new Set([policy.identity]);
  const extended: Policy[] = [];
  for (let last = policy; last.extends !== undefined; ) {
    const file = writtenPath(last.extends, `${last.source}: "extends"`, dirname(last.source));
    const below = readLayer(file, last.source);
    const identity = realPath(file);
    if (seen.has(identity) || seen.size > MAX_LAYERS) {
      throw new PolicyWrapError('POLICY_INVALID', `${last.source}: "extends" leads in a circle at ${file}`);
    }
    seen.add(identity);
    const layer = loadPolicy(below, file, identity);
    if (!layer.policy) return { kind: 'problems', source: file, problems: layer.problems };
    files.push(file);
    extended.push(layer.policy);
    last = layer.policy;
  }
  return { kind: 'policy', policy, extended, loaded, files };
}

function readLayer(file: string, above: string): string {
  const text = read(file);
  if (text !== undefined) return text;
  throw new PolicyWrapError('POLICY_NOT_FOUND', `${above} extends ${file}, which does not exist`, {
    hint: 'Correct "extends", or put the file there; until then every call would lack its rules.',
  });
}

/** One spelling of a path, whatever links and letter case lead to the file. */
function realPath(file: string): string {
  try {
    return realpathSync.native(file);
  } catch {
    return file;
  }
}

function read(file: string): string | undefined {
  return readTextFile(file, 'the policy', 'POLICY_INVALID');
}
