import type { Preset } from '../catalog/known-server.js';
import { knownServerAmong, PRESETS, preset } from '../catalog/servers.js';
import { PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import { nameHint } from '../text/suggest.js';
import { type FoundPolicy, findPolicyFile, loadWithLayers, type PolicyOptions } from './policy-files.js';

/**
 * Finds and reads the policy for a server, by the first that is there: `--policy`, `--preset`, `POLICY_WRAP_POLICY`,
 * `<config dir>/<server>.json`, the preset of a known server (docs/policy.md). A file that was named must be there.
 *
 * @param names the server's, the one that counts first: the one it is known under here, then its program's
 * @param words what names the server on our command line (`-- mcp-afip`, `--url https://...`), for the advice; may be empty
 * @throws PolicyWrapError POLICY_NOT_FOUND, USAGE
 */
export function findPolicy(
  options: PolicyOptions,
  names: readonly [string, ...string[]],
  words: readonly string[],
): FoundPolicy {
  const file = findPolicyFile(options, { names, words });
  if (file.kind !== 'none') return file;
  if (options.preset !== undefined) return readPreset(options.preset);
  const known = knownServerAmong(names)?.presets[0].name;
  return known === undefined ? file : readPreset(known);
}

/** @throws PolicyWrapError USAGE for a name that is none */
export function namedPreset(name: string): Preset {
  const found = preset(name);
  if (found) return found;
  const names = PRESETS.map((each) => each.name);
  throw new PolicyWrapError('USAGE', `there is no preset ${printable(name)}`, {
    hint: nameHint(name, names),
  });
}

/** @throws PolicyWrapError USAGE for a name that is none */
export function readPreset(name: string): FoundPolicy {
  return loadWithLayers(namedPreset(name).text, `preset ${name}`);
}
