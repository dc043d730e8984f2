import { knownServerAmong, preset as shipped } from '../catalog/servers.js';
import type { Strength } from '../catalog/strengths.js';
import type { Wanted } from '../clients/change/plan.js';
import { optionValue, POLICY_FLAGS, PRESET_FLAGS } from '../clients/wrapper-options.js';
import { triedPath } from '../config/paths.js';
import { type FoundPolicy, problemsError, readPolicy } from '../config/policy-files.js';
import { readPreset } from '../config/shipped-policies.js';
import { printable } from '../text/escape.js';
import type { ClientsTerminal } from './this-installation.js';
import type { Wrappable } from './wrappable.js';

/** Where the policy stands that judges a server's calls. */
export type PolicySource = { readonly file: string } | { readonly preset: string };

/** A policy that is there before anything is written for the server. */
export interface HeldPolicy {
  readonly wanted: Wanted;
  readonly source: PolicySource;
  /** Words for people. */
  readonly what: string;
  /** Named on the command line. */
  readonly isNew: boolean;
}

/** The policy that a person named, where one was. */
export interface NamedPolicy {
  /** Absolute. */
  readonly policy?: string | undefined;
  readonly preset?: string | undefined;
  readonly strength?: Strength | undefined;
}

/**
 * The policy that already exists for a server, read and found valid.
 *
 * @throws PolicyWrapError POLICY_INVALID with its problems; POLICY_NOT_FOUND
 */
export function heldPolicy(
  server: Wrappable,
  options: NamedPolicy,
  io: ClientsTerminal,
): HeldPolicy | undefined {
  const { policy, preset, strength } = options;
  if (policy !== undefined) return ofFile(policy, true);
  if (preset !== undefined) return ofPreset(preset, true);
  const named = optionValue(server.options, PRESET_FLAGS);
  if (named !== undefined) return ofPreset(named, false);
  const written = optionValue(server.options, POLICY_FLAGS) ?? server.env.get('POLICY_WRAP_POLICY');
  // A path that only the client, or nobody, can make absolute is none.
  const own = written ? triedPath(written, 'it', io.machine.cwd, io.machine).path : undefined;
  const file = own ?? io.policyOf(server.names);
  if (file !== undefined) return ofFile(file, false);
  // A strength that was asked for comes before a preset that nobody chose.
  const known = strength === undefined ? knownServerAmong(server.names) : undefined;
  return known && ofPreset(known.presets[0].name, false);
}

function ofFile(file: string, isNew: boolean): HeldPolicy {
  assertValid(readPolicy(file));
  return { wanted: isNew ? { policy: file } : {}, source: { file }, what: printable(file), isNew };
}

function ofPreset(preset: string, isNew: boolean): HeldPolicy {
  assertValid(readPreset(preset));
  return { wanted: isNew ? { preset } : {}, source: { preset }, what: presetText(preset), isNew };
}

function assertValid(found: FoundPolicy): void {
  if (found.kind === 'problems') throw problemsError(found);
}

export const presetText = (name: string): string => {
  const title = shipped(name)?.title;
  return `the preset ${printable(name)}${title === undefined ? '' : ` (${title})`}`;
};
