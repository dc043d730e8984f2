import { printable } from '../text/escape.js';
import type { LiveServer } from '../upstream/live-server.js';
import type { Terminal } from './terminal.js';

/** Names on standard error the listed tools that no client of a wrapper gets. */
export async function tellLeftOut({ leftOut }: LiveServer, io: Terminal): Promise<void> {
  for (const { name, reason } of leftOut) {
    const what = printable(name ?? 'a tool without a name');
    await io.err.write(`policy-wrap: left out: ${what}: ${printable(reason)}\n`);
  }
}
