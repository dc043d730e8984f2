import { basename, dirname } from 'node:path';
import type { PolicyPlace } from '../cli/policy-in-force.js';
import { assertNotPacked } from '../config/bundle.js';
import { policyFilesIn } from '../config/policy-files.js';
import { readTextFile } from '../config/text-file.js';
import { readDraft } from '../draft/findings.js';
import { PolicyWrapError } from '../errors.js';
import type { PolicyList, PolicyRow } from './api-types/policy.js';
import type { Page } from './page.js';
import { knownServers, policyPlace } from './servers.js';
import { onceATurn } from './turn.js';

/** A policy of this machine, with what its file says. */
export interface Here extends PolicyRow {
  /** '' where there is no file. */
  readonly text: string;
  /** What a draft begins with where there is no file, and where that comes from. */
  readonly fresh: Extract<PolicyPlace, { readonly kind: 'new' }> | undefined;
}

/** The policies that hold on this machine for its servers, or would once those are wrapped, and those that lie in the config folders. */
export const policiesHere = onceATurn(readPolicies);

function readPolicies(page: Page): {
  readonly policies: readonly Here[];
  readonly unclear: PolicyList['unclear'];
} {
  const places = new Map<string, { servers: string[]; place: PolicyPlace }>();
  const unclear: { server: string; message: string }[] = [];
  for (const known of knownServers(page)) {
    const { server } = known;
    try {
      const place = policyPlace(known, page);
      const there = places.get(place.file);
      if (there) there.servers.push(server);
      else places.set(place.file, { servers: [server], place });
    } catch (error) {
      if (!PolicyWrapError.is(error)) throw error;
      unclear.push({ server, message: error.hint ? `${error.message} (${error.hint})` : error.message });
    }
  }
  for (const file of policyFilesIn())
    if (!places.has(file)) places.set(file, { servers: [], place: { kind: 'file', file } });

  const read = [...places.values()].map(({ servers, place }) => {
    const text = place.kind === 'file' ? textOf(place.file) : '';
    return { servers, place, text, extends: layersOf(text, place.file) };
  });
  const list = read.map(
    ({ servers, place, text, extends: layers }): Here => ({
      file: place.file,
      servers,
      state: place.kind,
      extends: layers,
      extendedBy: read.filter((other) => other.extends.includes(place.file)).map((other) => other.place.file),
      text,
      fresh: place.kind === 'new' ? place : undefined,
    }),
  );
  const policies = list.sort((a, b) => order(a, b));
  lists.set(page, { at: performance.now(), policies });
  return { policies, unclear };
}

/** Those that hold for a server come first. */
function order(a: Here, b: Here): number {
  return (
    Number(b.servers.length > 0) - Number(a.servers.length > 0) ||
    (basename(a.file) < basename(b.file) ? -1 : 1)
  );
}

/** '' for what cannot be read: the check says why. */
function textOf(file: string): string {
  try {
    return readTextFile(file, 'the policy', 'POLICY_INVALID') ?? '';
  } catch {
    return '';
  }
}

function layersOf(text: string, file: string): readonly string[] {
  if (!text.includes('"extends"')) return [];
  const found = readDraft(text, file);
  return found.kind === 'policy' ? found.extended.map(({ source }) => source) : [];
}

/**
 * A policy that the page shows: one of this machine's. Other files are none of its business.
 *
 * @throws PolicyWrapError NOT_FOUND
 */
export function policyHere(page: Page, file: string): Here {
  const found = policiesHere(page).policies.find((each) => each.file === file);
  if (found) return found;
  throw new PolicyWrapError('NOT_FOUND', `${file} is no policy of a server of this machine`, {
    hint: `The page edits the policies of servers that were wrapped, and those in ${dirname(policyFilesIn()[0] ?? file)}.`,
  });
}

/** How long a list of policies serves those that only ask whose a file is, in milliseconds. */
const LIST_MS = 2000;
const lists = new WeakMap<Page, { readonly at: number; readonly policies: readonly Here[] }>();

/**
 * The servers of a policy, for what is asked at each key and each move of a slider: all configurations of clients are
 * not read for that again.
 *
 * @throws PolicyWrapError NOT_FOUND
 */
export function serversOfPolicy(page: Page, file: string): readonly string[] {
  const last = lists.get(page);
  const found =
    last && performance.now() - last.at < LIST_MS
      ? last.policies.find((each) => each.file === file)
      : undefined;
  if (found) return found.servers;
  const { servers } = policyHere(page, file);
  return servers;
}

/**
 * A policy that the page may change.
 *
 * @throws PolicyWrapError NOT_FOUND; REFUSED for one that others stand on
 */
export function editablePolicy(page: Page, file: string): Here {
  assertNotPacked(file);
  const standing = policiesHere(page).policies.filter((each) => each.extends.includes(file));
  if (standing.length === 0) return policyHere(page, file);
  const names = standing.map((each) => each.file).join(', ');
  throw new PolicyWrapError('REFUSED', `${file} is read-only here: ${names} stands on it`, {
    hint: 'Whoever keeps that policy changes it, in the file itself.',
  });
}
