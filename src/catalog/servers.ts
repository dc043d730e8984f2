import type { KnownServer, Preset } from './known-server.js';
import { AFIP } from './servers/afip/server.js';
import { LEGITI } from './servers/legiti/server.js';
import { STRENGTH_PRESETS } from './strengths.js';
import { TRIFECTA } from './trifecta.js';

/** A known server is a folder of `servers/`, and a name here. */
export const KNOWN_SERVERS: readonly KnownServer[] = [AFIP, LEGITI];

const byCommand = new Map(KNOWN_SERVERS.map((server) => [server.command, server]));

/**
 * @param command a bare command name, or a name that `serverName` gave
 * @returns the known server of exactly that name. A path is never one: who names a file means that file.
 */
export function knownServer(command: string): KnownServer | undefined {
  return byCommand.get(command);
}

/** The first of some names that is a known server's: that of its entry may not be, and that of its program is. */
export function knownServerAmong(names: readonly string[]): KnownServer | undefined {
  return names.map(knownServer).find((each) => each !== undefined);
}

/** The strengths, which fit any server, and the policies of the known servers. */
export const PRESETS: readonly Preset[] = [
  ...STRENGTH_PRESETS,
  TRIFECTA,
  ...KNOWN_SERVERS.flatMap(({ presets }) => presets),
];

/** @returns the preset of exactly that name */
export function preset(name: string): Preset | undefined {
  return PRESETS.find((each) => each.name === name);
}
