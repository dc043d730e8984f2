import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, type Wrapper } from '../../support/rig.js';
import type { PageRig } from './page-rig.js';

/** What starts a bundled stand-in server. */
export const standIn = (kind: string): readonly string[] => [process.execPath, BIN, 'stand-in', kind];

/** A client's configuration with wrapped entries of these servers; undefined in the place of `wrapped` leaves them bare. */
export function clientEntries(
  rig: PageRig,
  servers: Readonly<Record<string, readonly string[]>>,
  isWrapped = true,
): void {
  const entry = (server: string, [command = '', ...args]: readonly string[]) =>
    isWrapped
      ? { command: process.execPath, args: [BIN, '--db', rig.db, '--server', server, '--', command, ...args] }
      : { command, args };
  const mcpServers = Object.fromEntries(
    Object.entries(servers).map(([server, argv]) => [server, entry(server, argv)]),
  );
  mkdirSync(join(rig.folder, '.cursor'), { recursive: true });
  writeFileSync(join(rig.folder, '.cursor', 'mcp.json'), JSON.stringify({ mcpServers }, null, 2));
}

/** The wrapper that such an entry starts, initialized. */
export async function started(rig: PageRig, server: string, argv: readonly string[]): Promise<Wrapper> {
  const wrapper = rig.spawn(['--db', rig.db, '--server', server, '--', ...argv]);
  await wrapper.initialize();
  return wrapper;
}
