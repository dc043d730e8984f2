import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { knownServer } from './catalog/known-servers.js';
import { PRESETS } from './catalog/presets.js';
import { PolicyWrapError } from './errors.js';
import { configDir, dataDir, surroundings } from './folders.js';
import { type Loaded, loadPolicy } from './policy/load.js';
import type { Policy } from './policy/policy.js';
import { formatProblem, type Problem } from './policy/problem.js';
import { printable, printableJson } from './printable.js';

/** The options by which every command finds a policy. */
export interface PolicyOptions {
  readonly policy?: string;
  readonly preset?: string;
}

export type FoundPolicy =
  | {
      readonly kind: 'policy';
      readonly policy: Policy;
      /** What it extends, then what that extends, and so on; with `stack` of policy/layers.ts it is decided by all. */
      readonly extended: readonly Policy[];
      /** The policy as it was loaded, with the places of its rules, for findings that come later. */
      readonly loaded: Extract<Loaded, { readonly policy: Policy }>;
      /** Absolute paths of the files that it was read from; none for a preset. */
      readonly files: readonly string[];
    }
  | { readonly kind: 'problems'; readonly source: string; readonly problems: readonly Problem[] }
  /** None of the places holds one; `advice` says how to make one. */
  | { readonly kind: 'none'; readonly advice: string };

/**
 * Finds and reads the policy for a server, by the first that is there: `--policy`, `--preset`, `POLICY_WRAP_POLICY`,
 * `<config dir>/<server>.json`, the preset of a known server (DESIGN section 6). A file that was named must be there.
 *
 * @param server the name under which the server is known here
 * @param argv the server's command, for the advice
 * @throws PolicyWrapError POLICY_NOT_FOUND, USAGE
 */
export function findPolicy(options: PolicyOptions, server: string, argv: readonly string[]): FoundPolicy {
  if (options.policy !== undefined && options.preset !== undefined) {
    throw new PolicyWrapError('USAGE', '--policy and --preset exclude each other');
  }
  if (options.policy !== undefined) return readPolicy(resolve(options.policy));
  if (options.preset !== undefined) return readPreset(options.preset);
  if (process.env.POLICY_WRAP_POLICY) return readPolicy(resolve(process.env.POLICY_WRAP_POLICY));
  const own = join(configDir(surroundings()), `${server}.json`);
  const text = read(own);
  if (text !== undefined) return load(text, own);
  const preset = knownServer(server)?.preset;
  if (preset !== undefined) return readPreset(preset);
  const command = argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : printableJson(word))).join(' ');
  return {
    kind: 'none',
    advice: `there is no policy for ${server}, so every call is refused. Make one: policy-wrap init -- ${command}`,
  };
}

/** The file in which a policy for this server is found, or would be; none when a preset was asked for. */
export function policyPlaces(options: PolicyOptions, server: string): string[] {
  if (options.preset !== undefined) return [];
  const named = options.policy ?? process.env.POLICY_WRAP_POLICY;
  return [named ? resolve(named) : join(configDir(surroundings()), `${server}.json`)];
}

/** Where the state database lies: `--db`, `POLICY_WRAP_DB`, or the platform's data folder. */
export function stateFile(db: string | undefined): string {
  return resolve(db ?? (process.env.POLICY_WRAP_DB || join(dataDir(surroundings()), 'policy-wrap.db')));
}

/** What the server gets, and what `env.*` reads: our environment without our own settings. */
export function upstreamEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith('POLICY_WRAP_')),
  );
}

/** Reads a policy file that must be there. */
export function readPolicy(file: string): FoundPolicy {
  const text = read(file);
  if (text === undefined) {
    throw new PolicyWrapError('POLICY_NOT_FOUND', `${file}: no such policy file`, {
      hint: 'policy-wrap init -- <server> writes one',
    });
  }
  return load(text, file);
}

export function readPreset(name: string): FoundPolicy {
  const preset = PRESETS.find((candidate) => candidate.name === name);
  if (!preset) {
    throw new PolicyWrapError('USAGE', `there is no preset ${name}`, {
      hint: `presets: ${PRESETS.map((candidate) => candidate.name).join(', ')}`,
    });
  }
  return load(preset.text, `preset ${name}`);
}

/** All problems of an invalid policy as one error (exit code 3). */
export function problemsError({
  source,
  problems,
}: {
  source: string;
  problems: readonly Problem[];
}): PolicyWrapError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const list = problems.map((problem) => printable(formatProblem(problem, source))).join('\n');
  return new PolicyWrapError('POLICY_INVALID', `${source}: ${count} in the policy\n${list}`, {
    hint: 'nothing was started; policy-wrap check shows the same without a server',
  });
}

/** A policy that extends another that extends another ...: more than these is a mistake. */
const MAX_LAYERS = 8;

function load(text: string, source: string): FoundPolicy {
  const loaded = loadPolicy(text, source);
  if (!loaded.policy) return { kind: 'problems', source, problems: loaded.problems };
  const { policy } = loaded;
  const files = isAbsolute(source) ? [source] : [];
  const extended: Policy[] = [];
  for (let last = policy; last.extends !== undefined; ) {
    const file = resolve(dirname(last.source), last.extends);
    if (files.includes(file) || files.length > MAX_LAYERS) {
      throw new PolicyWrapError('POLICY_INVALID', `${last.source}: "extends" leads in a circle at ${file}`);
    }
    const below = read(file);
    if (below === undefined) {
      throw new PolicyWrapError('POLICY_NOT_FOUND', `${last.source} extends ${file}, which is not there`, {
        hint: 'correct "extends", or put the file there; until then every call would lack its rules',
      });
    }
    const layer = loadPolicy(below, file);
    if (!layer.policy) return { kind: 'problems', source: file, problems: layer.problems };
    files.push(file);
    extended.push(layer.policy);
    last = layer.policy;
  }
  return { kind: 'policy', policy, extended, loaded, files };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new PolicyWrapError('POLICY_NOT_FOUND', `${file}: the policy could not be read`, { cause: error });
  }
}
