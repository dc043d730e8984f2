import { printable } from '../text/escape.js';
import type { LiveServer } from '../upstream/list-tools.js';

/** Names on standard error the listed tools that no client of a wrapper gets. */
export function tellLeftOut({ leftOut }: LiveServer): void {
  for (const { name, reason } of leftOut)
    process.stderr.write(
      `policy-wrap: left out: ${printable(name ?? 'a tool without a name')}: ${printable(reason)}\n`,
    );
}
