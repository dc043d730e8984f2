/**
 * clients: where MCP clients keep their configuration, and changing it byte for byte.
 * May import upstream, config, text and errors.
 * Never enters: policies, the database, a question to a person that `io` does not ask.
 */

import { EXIT, messageOf } from '../errors.js';
import { count } from '../text/count.js';
import { printable } from '../text/escape.js';
import { loginWanted } from '../upstream/list-tools.js';
import { typed } from './change/masking.js';
import { allEntries, type PlaceReport, takeInventory } from './inventory.js';
import type { ClientsIo } from './io.js';
import { namesText } from './names.js';
import { needsFilling } from './remote-entry.js';
import type { Target } from './selection.js';

/** A server that was written, to be started once. */
export interface Started {
  readonly name: string;
  readonly words: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string | undefined;
  readonly moreEnv: boolean;
  /** What judges its calls, in lines that are safe to show. */
  readonly about: readonly string[];
}

/**
 * Finishes an install once the files are written: starts each server for a test, warns, and says how to go on or back.
 *
 * @returns an exit code: `failed` when one did not start
 */
export async function conclude(target: Target, started: readonly Started[], io: ClientsIo): Promise<number> {
  let failed = false;
  for (const server of started) {
    const name = printable(server.name);
    const line = await io.busy(`Starting ${name} once through policy-wrap`, () => testStart(server, io));
    failed ||= !line.ok;
    await io.out.write(`${name}: ${line.text}\n${server.about.map((text) => `  ${text}\n`).join('')}`);
  }
  await warnAfter(target, started, io);
  const names = [...new Set(started.map(({ name }) => typed(name)))].join(' ');
  if (target.client !== undefined) await io.out.write(`Next: ${target.client.restart}\n`);
  await io.out.write(`Undo: policy-wrap uninstall ${target.words} ${names}\n`);
  return failed ? EXIT.failed : EXIT.done;
}

/** Warns of what may undo or get around what was written. */
export async function warnAfter(target: Target, started: readonly Started[], io: ClientsIo): Promise<void> {
  if (/[/\\]_npx[/\\]/.test(io.wrapper.script))
    await io.err.write(
      'This copy of policy-wrap lies in the cache of npx, which npm may empty. Better: npm install -g policy-wrap, then install again.\n',
    );
  if (target.places.some(({ place }) => place.scope === 'project'))
    await io.err.write(
      'The file belongs to the project. On another computer, the absolute paths in it lead nowhere.\n',
    );
  const inventory = takeInventory(io.machine, io.wrapper);
  await warnOfTwins(started, inventory, io);
  for (const text of namesText(inventory, new Set(started.map(({ name }) => name))))
    await io.err.write(`${text}\n`);
}

/** Whether a command line or an environment has places that only the client fills in. */
export function needsClient({
  words,
  env,
  cwd,
  moreEnv,
}: Pick<Started, 'words' | 'env' | 'cwd' | 'moreEnv'>): boolean {
  return moreEnv || [...words, ...env.values(), cwd ?? ''].some(needsFilling);
}

async function testStart(server: Started, io: ClientsIo): Promise<{ ok: boolean; text: string }> {
  if (needsClient(server))
    return {
      ok: true,
      text: 'wrapped; not started for a test, because only the client knows all its values',
    };
  const { words, env, cwd } = server;
  const [command = '', ...args] = words;
  try {
    const tools = await io.probe(command, args, Object.fromEntries(env), cwd);
    return { ok: true, text: `wrapped; test start: ${count(tools, 'tool')}` };
  } catch (error) {
    const login = loginWanted(error);
    if (login !== undefined) return { ok: false, text: `wrapped; it wants a login: ${printable(login)}` };
    const reason = messageOf(error);
    const lines = reason
      .split('\n')
      .map((text) => printable(text))
      .join('\n');
    return { ok: false, text: `wrapped, but the test start failed: ${lines}` };
  }
}

async function warnOfTwins(
  started: readonly Started[],
  inventory: readonly PlaceReport[],
  io: ClientsIo,
): Promise<void> {
  const names = new Set(started.map(({ name }) => name));
  for (const { client, place, entry, twins } of allEntries(inventory))
    if (twins.some(({ name }) => names.has(name)))
      await io.err.write(
        `${client.name} still starts the same server without a policy: ${printable(entry.name)} in ${printable(place.path)}\n`,
      );
}
