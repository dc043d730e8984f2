import { dirname } from 'node:path';
import { addEntry, emptyDocument, type NewEntry, snippet } from '../clients/add.js';
import { type Change, carryOut, changeOf } from '../clients/changes.js';
import { wrapEntries } from '../clients/edit.js';
import type { StdioEntry } from '../clients/entries.js';
import type { ClientsIo } from '../clients/io.js';
import { pathsOf } from '../clients/machine.js';
import { visible } from '../clients/masking.js';
import { SNIPPET_CLIENTS } from '../clients/snippet-clients.js';
import { survey } from '../clients/survey.js';
import type { Scope } from '../clients/table.js';
import {
  type Choice,
  choicesIn,
  choose,
  type OpenPlace,
  openTarget,
  type Target,
} from '../clients/target.js';
import { newPrefix, renewedPrefix } from '../clients/wrapping.js';
import { EXIT, PolicyWrapError } from '../errors.js';

export interface InstallOptions {
  readonly client: string | undefined;
  readonly entries: readonly string[];
  readonly all?: boolean | undefined;
  readonly policy?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly config?: string | undefined;
  readonly print?: boolean | undefined;
  readonly scope?: Scope | undefined;
  /** Name of a new entry; its command line is `command`. */
  readonly add?: string | undefined;
  readonly command?: readonly string[] | undefined;
  /** For a new entry: `NAME=VALUE`, or `NAME` to copy the value from the current environment. */
  readonly env?: readonly string[] | undefined;
}

/** A server that was written, to be started once. */
interface Started {
  readonly name: string;
  readonly words: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string | undefined;
  readonly moreEnv: boolean;
}

/**
 * Puts the wrapper in front of servers in a client's configuration.
 *
 * @returns an exit code: `failed` when a server was written but did not start
 * @throws PolicyWrapError USAGE, NOT_FOUND, POLICY_NOT_FOUND, CONFIG_INVALID, CONFIG_CONFLICT
 */
export async function install(options: InstallOptions, io: ClientsIo): Promise<number> {
  const policy = policyPath(options, io);
  if (options.add !== undefined) return await add(options, options.add, policy, io);
  const target = openTarget(options, io.machine);
  const choices = await chosen(options, target, io);
  const { changes, started, notes } = plan(choices, policy, io);
  for (const note of notes) io.err(`${note}\n`);
  if (options.print === true) {
    for (const { entry, place } of started) {
      const bare: NewEntry = { name: entry.name, words: entry.words, env: new Map() };
      io.out(snippet(place.format, place.shape, bare));
    }
    return EXIT.done;
  }
  if (changes.length === 0) return EXIT.done;
  const names = [...new Set(started.map(({ entry }) => visible(entry.name)))].join(', ');
  if (!(await carryOut(changes, target.client, `Wrap ${names}?`, options, io))) return EXIT.done;
  return await conclude(
    target,
    started.map(({ entry }) => entry),
    io,
  );
}

function policyPath(options: InstallOptions, io: ClientsIo): string | undefined {
  if (options.policy === undefined) return undefined;
  // Absolute, for nobody knows in which folder the client starts its servers.
  const path = pathsOf(io.machine).resolve(io.machine.cwd, options.policy);
  if (!io.machine.exists(path))
    throw new PolicyWrapError('POLICY_NOT_FOUND', `no policy file ${visible(path)}`, {
      hint: 'Make one with `policy-wrap init`.',
    });
  return path;
}

async function chosen(options: InstallOptions, target: Target, io: ClientsIo): Promise<Choice[]> {
  const choices = choicesIn(target);
  if (choices.length === 0 && target.entries.length === 0)
    throw new PolicyWrapError('NOT_FOUND', `${target.name} has no servers`, {
      hint: `Looked in: ${target.places.map(({ place }) => visible(place.path)).join(', ')}`,
    });
  if (target.entries.length > 0) return choose(target, choices, io.machine);
  if (options.all === true) return choices;
  const names = [
    ...new Set(choices.filter(({ entry }) => entry.kind === 'stdio').map(({ entry }) => entry.name)),
  ];
  const list = names.map(visible).join(', ');
  if (!io.interactive)
    throw new PolicyWrapError('USAGE', 'which entries?', {
      hint: `Name them, or say --all. There are: ${list}.`,
    });
  const answer = await io.ask(`Wrap which of ${list}? (names, or all) `);
  if (answer === 'all') return choices;
  return choose({ ...target, entries: answer.split(/[\s,]+/).filter(Boolean) }, choices, io.machine);
}

interface Plan {
  readonly changes: Change[];
  readonly started: { readonly entry: Started; readonly place: OpenPlace }[];
  readonly notes: string[];
}

function plan(choices: readonly Choice[], policy: string | undefined, io: ClientsIo): Plan {
  const result: Plan = { changes: [], started: [], notes: [] };
  const usable = choices.filter(({ entry }) => {
    const reason = reasonAgainst(entry);
    if (reason !== undefined) result.notes.push(`${visible(entry.name)}: ${reason}`);
    return reason === undefined;
  });
  if (usable.length === 0)
    throw new PolicyWrapError('CONFIG_INVALID', result.notes.join('\n'), { hint: 'Nothing was written.' });
  const documents = new Set(usable.map(({ at }) => at.file.document));
  for (const document of documents) {
    const here = usable.filter(({ at }) => at.file.document === document);
    const wraps = here.flatMap(({ at, entry }) => {
      if (entry.kind !== 'stdio') return [];
      const prefix = prefixFor(entry, policy, io);
      const words = [...prefix, ...original(entry)];
      if (words.join('\0') === entry.words.join('\0')) {
        result.notes.push(`${visible(entry.name)}: wrapped already`);
        return [];
      }
      const { name, env, cwd, moreEnv } = entry;
      result.started.push({ entry: { name, words, env, cwd, moreEnv }, place: at });
      return [{ entry, prefix }];
    });
    const [first] = here;
    if (first === undefined || wraps.length === 0) continue;
    const { file, shape, place } = first.at;
    result.changes.push(changeOf(place.path, file.snapshot, wrapEntries(document, shape, wraps)));
  }
  return result;
}

function reasonAgainst(entry: Choice['entry']): string | undefined {
  switch (entry.kind) {
    case 'remote':
      return 'a remote server; only servers that the client starts itself can be wrapped';
    case 'unusable':
      return `cannot be wrapped: ${visible(entry.reason)}`;
    case 'stdio':
      return entry.state.kind === 'broken' ? `cannot be wrapped: it ${entry.state.reason}` : undefined;
  }
}

function prefixFor(entry: StdioEntry, policy: string | undefined, io: ClientsIo): string[] {
  if (entry.state.kind === 'wrapped') return renewedPrefix(entry.state.wrapping, io.wrapper, { policy });
  const server = io.serverName(entry.words, entry.name) ?? entry.name;
  const listed = entry.nodes.args !== undefined || entry.nodes.list !== undefined;
  return newPrefix(io.wrapper, { policy, server }, listed);
}

function original(entry: StdioEntry): readonly string[] {
  return entry.state.kind === 'wrapped' ? entry.state.wrapping.original : entry.words;
}

/** What follows once the files are written: a start of each server, warnings, and how to go on or back. */
async function conclude(target: Target, started: readonly Started[], io: ClientsIo): Promise<number> {
  let failed = false;
  for (const server of started) {
    const line = await testStart(server, io);
    failed ||= !line.ok;
    io.out(`${visible(server.name)}: ${line.text}\n`);
  }
  if (/[/\\]_npx[/\\]/.test(io.wrapper.script))
    io.err(
      'This copy of policy-wrap lies in the cache of npx, which npm may empty. Better: npm install -g policy-wrap, then install again.\n',
    );
  if (target.places.some(({ place }) => place.scope === 'project'))
    io.err('The file belongs to the project. On another computer, the absolute paths in it lead nowhere.\n');
  warnOfTwins(started, io);
  const names = [...new Set(started.map(({ name }) => visible(name)))].join(' ');
  if (target.client !== undefined) io.out(`Next: ${target.client.restart}\n`);
  io.out(`Undo: policy-wrap uninstall ${target.words} ${names}\n`);
  return failed ? EXIT.failed : EXIT.done;
}

async function testStart(server: Started, io: ClientsIo): Promise<{ ok: boolean; text: string }> {
  const { words, env, cwd, moreEnv } = server;
  const filledIn = [...words, ...env.values()].some((text) => /\$\{|^\$\w+$|^%\w+%$/.test(text));
  if (filledIn || moreEnv)
    return {
      ok: true,
      text: 'wrapped; not started for a test, because only the client knows all its values',
    };
  const [command = '', ...args] = words;
  try {
    const tools = await io.probe(command, args, Object.fromEntries(env), cwd);
    return { ok: true, text: `wrapped; test start: ${tools} ${tools === 1 ? 'tool' : 'tools'}` };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, text: `wrapped, but the test start failed: ${visible(reason)}` };
  }
}

function warnOfTwins(started: readonly Started[], io: ClientsIo): void {
  const names = new Set(started.map(({ name }) => name));
  for (const { client, place, state } of survey(io.machine, io.wrapper)) {
    if (state.kind !== 'read') continue;
    for (const { entry, twins } of state.entries)
      if (twins.some(({ name }) => names.has(name)))
        io.err(
          `${client.name} still starts the same server without a policy: ${visible(entry.name)} in ${visible(place.path)}\n`,
        );
  }
}

async function add(
  options: InstallOptions,
  name: string,
  policy: string | undefined,
  io: ClientsIo,
): Promise<number> {
  const command = options.command ?? [];
  if (command.length === 0)
    throw new PolicyWrapError('USAGE', 'which command?', {
      hint: `policy-wrap install ${options.client ?? '<client>'} --add ${visible(name)} -- <command> [args]`,
    });
  if (name === '' || visible(name) !== name)
    throw new PolicyWrapError('USAGE', `not a name for an entry: "${visible(name)}"`);
  const words = [
    ...newPrefix(io.wrapper, { policy, server: io.serverName(command, name) ?? name }, true),
    ...command,
  ];
  const variables = io.variablesOf(command);
  const given = givenEnvironment(options.env ?? [], io);
  if (options.print === true) {
    const env = new Map([...variables.map((variable) => [variable.name, ''] as const), ...given]);
    return print(options, { name, words, env }, io);
  }
  const target = openTarget({ ...options, scope: options.scope ?? 'user' }, io.machine);
  const places = target.places.filter(({ place }) => mayHold(place, io));
  if (places.length === 0)
    throw new PolicyWrapError(
      'NOT_FOUND',
      `${target.name} keeps its settings in a folder that is not there`,
      {
        hint: `Looked for: ${target.places.map(({ place }) => visible(dirname(place.path))).join(', ')}. Start ${target.name} once, then try again.`,
      },
    );
  const env = new Map(given);
  for (const variable of variables) {
    if (env.has(variable.name)) continue;
    const value =
      io.interactive && options.yes !== true
        ? await io.ask(
            `${variable.name} (${variable.description}${variable.required ? '' : '; may stay empty'}): `,
            { secret: variable.secret },
          )
        : '';
    if (value !== '') env.set(variable.name, value);
    else if (variable.required)
      io.err(`${variable.name} is left out; the server needs it: ${variable.description}\n`);
  }
  const changes = places.map(({ place, file, shape, format }) => {
    const document = file?.document ?? emptyDocument(place.path, format);
    const edited = addEntry(document, place.at, shape, { name, words, env });
    return changeOf(place.path, file?.snapshot, edited);
  });
  if (!(await carryOut(changes, target.client, `Add ${visible(name)}?`, options, io))) return EXIT.done;
  return await conclude(target, [{ name, words, env, cwd: undefined, moreEnv: false }], io);
}

/** A project's folder is made; an app's own is its to make, and its absence says that the app is not there. */
function mayHold(place: OpenPlace['place'], io: ClientsIo): boolean {
  if (place.variant === 'profile') return false;
  return place.scope === 'project' || io.machine.exists(pathsOf(io.machine).dirname(place.path));
}

function print(options: InstallOptions, entry: NewEntry, io: ClientsIo): number {
  const other = SNIPPET_CLIENTS.find(({ id }) => id === options.client);
  if (other !== undefined) {
    io.err(`For ${other.name}, in ${other.where}:\n`);
    io.out(snippet(other.format, other.shape, entry));
    return EXIT.done;
  }
  const [first] = openTarget(options, io.machine).places;
  if (first === undefined) return EXIT.failed;
  io.err(`For ${visible(first.place.path)}:\n`);
  io.out(snippet(first.format, first.shape, entry));
  return EXIT.done;
}

function givenEnvironment(given: readonly string[], io: ClientsIo): Map<string, string> {
  const env = new Map<string, string>();
  for (const item of given) {
    const at = item.indexOf('=');
    const name = at < 0 ? item : item.slice(0, at);
    const value = at < 0 ? io.machine.env[name] : item.slice(at + 1);
    if (name === '' || value === undefined)
      throw new PolicyWrapError('USAGE', `--env ${visible(name)}: not set in this environment`, {
        hint: 'Set it before the command, or write NAME=VALUE.',
      });
    env.set(name, value);
  }
  return env;
}
