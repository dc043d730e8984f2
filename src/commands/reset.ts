import { EXIT, PolicyWrapError } from '../errors.js';
import { leftAloneText, openState, type StateOptions, written } from '../local-state.js';
import { assertPerson, confirm } from '../person.js';
import { printable } from '../printable.js';
import { stateFile } from '../settings.js';
import { setAside } from '../state/file.js';
import type { CounterEntry, Store } from '../state/store.js';
import { processTerminal, type Terminal, table } from '../terminal.js';

export interface ResetOptions extends StateOptions {
  readonly server?: string | undefined;
  readonly grant?: string | undefined;
  readonly database?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly color?: boolean | undefined;
}

/**
 * Empties a counter, or sets the whole database aside, after a person said yes.
 *
 * @throws PolicyWrapError USAGE, NOT_FOUND, REFUSED, STATE_UNAVAILABLE
 */
export async function reset(
  counter: string | undefined,
  options: ResetOptions,
  io: Terminal = processTerminal(options),
): Promise<number> {
  if ((counter === undefined) === !options.database) {
    throw new PolicyWrapError('USAGE', 'name either a counter or --database', {
      hint: 'policy-wrap status lists the counters',
    });
  }
  assertPerson('reset', io);
  return counter === undefined ? resetDatabase(options, io) : resetCounter(counter, options, io);
}

async function resetCounter(name: string, options: ResetOptions, io: Terminal): Promise<number> {
  const { server, grant } = options;
  await io.err.write(leftAloneText(options));
  const store = openState(options, io);
  try {
    const found = store.counters({ name, server, grant });
    if (found.length === 0) throw notFound(name, store);
    await io.err.write(`This gives back all that was charged to:\n${shown(found, io)}`);
    if (!(await confirm('Empty it?', 'reset', options, io))) return EXIT.failed;
    const emptied = written(store.resetCounter(name, { server, grant }, 'cli'));
    await io.out.write(`Emptied:\n${shown(emptied, io)}`);
    return EXIT.done;
  } finally {
    store.close();
  }
}

async function resetDatabase(options: ResetOptions, io: Terminal): Promise<number> {
  const path = stateFile(options.db);
  await io.err.write(
    `This sets ${printable(path)} aside under another name. All counts, approvals and the log begin anew; ` +
      `wrappers that run now refuse every call until they are restarted.\n`,
  );
  if (!(await confirm('Set it aside?', 'reset', options, io))) return EXIT.failed;
  const aside = setAside(path, io.now());
  await io.out.write(`Set aside as ${printable(aside)}\n`);
  return EXIT.done;
}

function notFound(name: string, store: Store): PolicyWrapError {
  const names = [...new Set(store.counters().map((entry) => printable(entry.name, 60)))];
  return new PolicyWrapError('NOT_FOUND', `there is no counter ${printable(name, 60)} here`, {
    hint: names.length === 0 ? 'nothing was counted yet' : `counters: ${names.slice(0, 20).join(', ')}`,
  });
}

function shown(entries: readonly CounterEntry[], io: Terminal): string {
  const rows = entries.map(({ name, server, grant, split, used, max, observe }) => [
    printable(server ?? '(machine)', 60),
    printable(name, 60),
    `${used} / ${max}`,
    [
      split === '' ? '' : `for ${printable(split, 60)}`,
      grant === undefined ? '' : `grant ${printable(grant, 60)}`,
      observe ? 'observed only' : '',
    ]
      .filter(Boolean)
      .join(', '),
  ]);
  return table(io.err, rows, { indent: '  ' });
}
