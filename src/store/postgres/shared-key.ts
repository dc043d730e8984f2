import { basename } from 'node:path';
import type { Limit } from '../../policy/model.js';
import { sha256 } from '../../text/hash.js';
import type { Owner } from '../counters/counter-key.js';

/**
 * The text that names one count of a team and no other: the same on all its machines. A layer's file counts by its own
 * name, since the folder that it lies in is another on each machine.
 *
 * @param machine for scope `machine`
 */
export function sharedKeyOf(
  owner: Owner,
  machine: string,
  { scope, counter, layer, windowMs, align }: Limit,
  split: string,
): string {
  const whose: Readonly<Record<string, readonly string[]>> = {
    team: [],
    machine: [machine],
    grant: [owner.server, owner.grant],
    session: [owner.server, owner.grant, owner.session],
  };
  const window = align.kind === 'sliding' ? windowMs : `${align.unit} ${align.timezone}`;
  const name = layer === undefined ? counter : [layer.counter, basename(layer.identity)];
  const observe = owner.observe ? 1 : 0;
  return keyText([
    scope,
    ...(whose[scope] ?? []),
    name,
    split && sha256(split, 'base64url'),
    window,
    observe,
  ]);
}

/**
 * The same for a counter of this machine's own store.
 *
 * @param key its `keyOf`
 * @returns undefined where it cannot be told: a layer's counter, and one of a session, which ends with it
 */
export function sharedKeyOfLocal(key: string, machine: string): string | undefined {
  const parts = JSON.parse(key) as unknown[];
  const [scope, ...rest] = parts;
  const name = rest.at(-4);
  if (scope === 'session' || typeof name !== 'string') return undefined;
  return keyText(scope === 'machine' ? [scope, machine, ...rest] : parts);
}

/**
 * Ends with the window and whether it is an observing wrapper's, which the engine reads from there: a login that gave
 * another window beside the key could let the charges of others expire. What comes before is a digest: short, in plain
 * characters, the same for all.
 */
function keyText(parts: readonly unknown[]): string {
  return JSON.stringify([sha256(JSON.stringify(parts), 'base64url'), ...parts.slice(-2)]);
}
