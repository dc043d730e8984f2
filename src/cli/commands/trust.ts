import * as z from 'zod';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { changeOf } from '../../store/definition-diff.js';
import { type PinEntry, pinName, type Store } from '../../store/store.js';
import { NAME_CAP, printable } from '../../text/escape.js';
import { printJson } from '../json-output.js';
import { openStateWith, type StateOptions, written } from '../open-state.js';
import * as parts from '../output-parts.js';
import { assertPerson, confirm } from '../person.js';
import { serversSeen, strangeName, toolsSeen } from '../seen-names.js';
import type { Terminal } from '../terminal.js';
import { isoTime } from '../time.js';

export interface TrustOptions extends StateOptions {
  /** Only show. */
  readonly dryRun?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** What `trust --json` prints. */
export const OUTPUT = parts.result({
  server: parts.server,
  trusted: z.boolean().describe('false with --dry-run'),
  tools: z.array(
    z.object({
      server: parts.server,
      kind: z.enum(['tool', 'prompt', 'resource', 'template', 'instructions']),
      tool: parts.tool,
      definition: parts.text('JSON of what was trusted'),
      seenAt: parts.time('first seen'),
      late: z.boolean().describe('it came when the server was known already'),
      changed: z
        .object({
          definition: parts.text('JSON of what it is now'),
          hash: z.string(),
          at: parts.time('changed'),
          unpinnable: z.boolean().describe('it cannot be trusted'),
        })
        .optional(),
    }),
  ),
});

/**
 * Shows what has changed in a server's tools since they were first seen, and, after a person said yes, takes it for
 * right from now on.
 *
 * @param tool all changed ones when absent
 * @throws PolicyWrapError REFUSED where no person sits, and for a tool that changes while it is read; NOT_FOUND,
 *   STATE_UNAVAILABLE
 */
export async function trust(
  server: string,
  tool: string | undefined,
  options: TrustOptions,
  io: Terminal,
): Promise<number> {
  if (!options.dryRun) assertPerson('trust', io);
  const store = openStateWith(options, io, (each) => each.openPins(server).length > 0);
  try {
    assertSeen(store, server, tool);
    const all = openPins(store, server, tool);
    const changed = all.filter((pin) => !pin.changed?.unpinnable);
    const odd = all.filter((pin) => pin.changed?.unpinnable);
    const accepts = !options.dryRun && changed.length > 0;
    // With --json too, a person reads what they accept.
    if (accepts || !options.json) {
      const shown = options.json ? io.err : io.out;
      for (const pin of all) await shown.write(`${changeOf(pin)}\n`);
    }
    for (const pin of odd) {
      await io.err.write(
        `${printable(pinName(pin))} cannot be trusted: it has keys that differ only in case, or is listed twice; its server must be mended\n`,
      );
    }
    const question = `Trust ${changed.length === 1 ? 'it as it is' : `these ${changed.length} as they are`} now?`;
    if (accepts && !(await confirm(question, options, io))) return EXIT.failed;
    if (accepts) accept(store, server, changed);
    if (options.json)
      await printJson(io, OUTPUT, { server, trusted: !options.dryRun, tools: all.map(asJson) });
    else if (all.length === 0)
      await io.out.write(`nothing has changed in the tools of ${printable(server)}\n`);
    else await io.out.write(`${changed.length} ${accepts ? 'trusted as they are now' : 'changed'}\n`);
    return EXIT.done;
  } finally {
    store.close();
  }
}

/** "Nothing has changed" would be a lie about a server, or a tool, that was never seen. */
function assertSeen(store: Store, server: string, tool: string | undefined): void {
  const strange =
    strangeName('server', server, serversSeen(store)) ??
    strangeName(`tool of ${printable(server, NAME_CAP)}`, tool, toolsSeen(store, server));
  if (strange !== undefined) throw new PolicyWrapError('NOT_FOUND', strange.message, strange);
}

function asJson({ server, kind, tool, definition, seenAt, late, changed }: PinEntry) {
  const now = changed && { ...changed, at: isoTime(changed.at) };
  return { server, kind, tool, definition, seenAt: isoTime(seenAt), late, changed: now };
}

function openPins(store: Store, server: string, tool: string | undefined): PinEntry[] {
  return store.openPins(server).filter((pin) => tool === undefined || pin.tool === tool);
}

/** Accepts what was shown, as long as it is still what the server says. */
function accept(store: Store, server: string, shown: readonly PinEntry[]): void {
  if (written(store.trustTools(shown, 'cli')) !== undefined) return;
  throw new PolicyWrapError(
    'REFUSED',
    `the tools of ${printable(server)} changed again while you were reading`,
    { hint: 'Run the command again.' },
  );
}
