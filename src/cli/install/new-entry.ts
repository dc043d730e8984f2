import { dirname } from 'node:path';
import { conclude } from '../../clients/after-install.js';
import { addEntry, type NewEntry, snippet } from '../../clients/change/add-entry.js';
import { carryOut, changeOf } from '../../clients/change/apply.js';
import { formerName, formerText, placesFor, type Wanted } from '../../clients/change/plan.js';
import { SHAPES } from '../../clients/file-shapes.js';
import { SNIPPET_CLIENTS } from '../../clients/known-clients.js';
import { pathsOf } from '../../clients/machine.js';
import { type OpenPlace, openTarget } from '../../clients/selection.js';
import { emptyDocument } from '../../clients/text/document.js';
import { newPrefix } from '../../clients/wrapped-command.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { inQuotes, printable, safeJson } from '../../text/escape.js';
import { entryServerName, policyNames } from '../../upstream/server-name.js';
import { askLine } from '../person.js';
import { protect } from '../protection.js';
import type { ClientsTerminal } from '../this-installation.js';
import { assertOneName, type InstallOptions, shownEntry } from './options.js';
import { assertStores } from './team-store.js';

/** Adds an entry for a server that the client does not have yet. @throws PolicyWrapError as `install` */
export async function addServer(
  options: InstallOptions,
  name: string,
  places: Wanted,
  io: ClientsTerminal,
): Promise<number> {
  const command = await anchored(options.command ?? [], io);
  if (command.length === 0)
    throw new PolicyWrapError('USAGE', 'which command?', {
      hint: `policy-wrap install ${options.client ?? '<client>'} --add ${printable(name)} -- <command> [args]`,
    });
  if (name === '' || printable(name) !== name)
    throw new PolicyWrapError('USAGE', `not a valid name for an entry: "${printable(name)}"`);
  if (options.server !== undefined) assertOneName(options.server, []);
  const server = options.server ?? entryServerName(name);
  const serverNames = policyNames(command, server);
  const variables = io.variablesOf(command);
  const given = givenEnvironment(options.env ?? [], io);
  const judgedBy = async (env: ReadonlyMap<string, string>) => {
    const what = { names: serverNames, source: command, env, cwd: undefined, options: [], moreEnv: false };
    const wrappable = { name, server, ...what };
    const protection = await protect(wrappable, options, io);
    const wanted = { ...places, ...protection.wanted };
    const named = { ...wanted, ...placesFor([], serverNames, new Map(), wanted, io), server };
    await assertStores([{ name, options: [], env, source: protection.source }], options, io);
    return { protection, words: [...newPrefix(io.wrapper, named, true), ...command] };
  };
  if (options.print === true) {
    const { protection, words } = await judgedBy(given);
    for (const line of protection.about) await io.err.write(`${printable(name)}: ${line}\n`);
    // Names alone: what is printed ends up in scrollback and logs.
    const names = [...variables.map((variable) => variable.name), ...given.keys()];
    const env = new Map(names.map((variable) => [variable, '']));
    return print(options, await shownEntry({ name, words, env }, io), io);
  }
  const target = openTarget({ ...options, scope: options.scope ?? 'user' }, io.machine);
  const targets = target.places.filter(({ place }) => mayHold(place, io));
  if (targets.length === 0)
    throw new PolicyWrapError(
      'NOT_FOUND',
      `${target.name} keeps its settings in a folder that does not exist`,
      {
        hint: `Looked for: ${target.places.map(({ place }) => printable(dirname(place.path))).join(', ')}. Start ${target.name} once, then try again.`,
      },
    );
  const env = new Map(given);
  for (const variable of variables) {
    if (env.has(variable.name)) continue;
    const value =
      io.canAsk && options.yes !== true
        ? await askLine(
            `${variable.name} (${variable.description}${variable.required ? '' : '; may stay empty'}): `,
            io,
            { secret: variable.secret },
          )
        : '';
    if (value !== '') env.set(variable.name, value);
    else if (variable.required)
      await io.err.write(`${variable.name} is left out; the server needs it: ${variable.description}\n`);
  }
  const { protection, words } = await judgedBy(env);
  const { file: policyFile, about } = protection;
  const changes = targets.map(({ place, file, shape, format }) => {
    const document = file?.document ?? emptyDocument(place.path, format);
    const edited = addEntry(document, place.at, shape, { name, words, env });
    return changeOf(place.path, file?.snapshot, edited);
  });
  const former = formerName(serverNames, places.db, io);
  if (former !== undefined) await io.err.write(`${printable(name)}: ${formerText(server, former)}\n`);
  const all = policyFile === undefined ? changes : [policyFile, ...changes];
  if (!(await carryOut(all, target.client, `Add ${inQuotes(name)}?`, options, io))) return EXIT.done;
  return await conclude(target, [{ name, words, env, cwd: undefined, moreEnv: false, about }], io);
}

/** A program named by a relative path is this folder's; the client looks from another one. */
async function anchored([command, ...args]: readonly string[], io: ClientsTerminal): Promise<string[]> {
  if (command === undefined) return [];
  if (args.some((word) => /^\.{1,2}[/\\]/.test(word)))
    await io.err.write(
      'A relative path among the arguments is resolved from the folder in which the client starts its servers.\n',
    );
  return [/[/\\]/.test(command) ? pathsOf(io.machine).resolve(io.machine.cwd, command) : command, ...args];
}

/** A project's folder is made; an app's own is its to make, and its absence says that the app is not there. */
function mayHold(place: OpenPlace['place'], io: ClientsTerminal): boolean {
  if (place.variant === 'profile') return false;
  return place.scope !== 'user' || io.machine.exists(pathsOf(io.machine).dirname(place.path));
}

async function print(options: InstallOptions, entry: NewEntry, io: ClientsTerminal): Promise<number> {
  const other = SNIPPET_CLIENTS.find(({ id }) => id === options.client);
  if (other !== undefined) {
    await io.err.write(`For ${other.name}, in ${other.where}:\n`);
    await io.out.write(safeJson(snippet('json', other.shape, entry)));
    return EXIT.done;
  }
  if (options.client === undefined && options.config === undefined) {
    await io.err.write('For any client whose file has "mcpServers":\n');
    await io.out.write(safeJson(snippet('json', SHAPES.mcpServers, entry)));
    return EXIT.done;
  }
  const [first] = openTarget(options, io.machine).places;
  if (first === undefined) return EXIT.failed;
  await io.err.write(`For ${printable(first.place.path)}:\n`);
  await io.out.write(safeJson(snippet(first.format, first.shape, entry)));
  return EXIT.done;
}

function givenEnvironment(given: readonly string[], io: ClientsTerminal): Map<string, string> {
  const env = new Map<string, string>();
  for (const item of given) {
    const at = item.indexOf('=');
    const name = at < 0 ? item : item.slice(0, at);
    const inherited = Object.hasOwn(io.machine.env, name) ? io.machine.env[name] : undefined;
    const value = at < 0 ? inherited : item.slice(at + 1);
    if (name === '' || value === undefined)
      throw new PolicyWrapError('USAGE', `--env ${printable(name)}: not set in this environment`, {
        hint: 'Set it before the command, or write NAME=VALUE.',
      });
    env.set(name, value);
  }
  return env;
}
