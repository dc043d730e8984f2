import { proposePolicy } from '../catalog/propose.js';
import { knownServer, preset as shipped } from '../catalog/servers.js';
import { isStrength, STRENGTH_NAMES, STRENGTH_TITLES, type Strength } from '../catalog/strengths.js';
import { needsClient } from '../clients/after-install.js';
import type { Change } from '../clients/change/apply.js';
import { namesOf, type Own, type Wanted } from '../clients/change/plan.js';
import { optionsOf, originalOf, remoteOptionsOf, type ServerEntry } from '../clients/entries.js';
import { OBSERVE_FLAG, optionValue, POLICY_FLAGS, PRESET_FLAGS } from '../clients/wrapper-options.js';
import { fixedPath } from '../config/paths.js';
import { type FoundPolicy, problemsError, readPolicy } from '../config/policy-files.js';
import { readPreset } from '../config/shipped-policies.js';
import { PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import { shownCommand } from '../text/masking.js';
import { type LiveServer, loginWanted } from '../upstream/list-tools.js';
import type { ServerSource } from '../upstream/upstream.js';
import { namedServer } from './named-server.js';
import { policyFileOf, schemaFor, writePolicyFile } from './policy-file.js';
import { countsText, inTheWay, LATER } from './proposal-summary.js';
import { wrapped } from './table.js';
import type { ClientsTerminal } from './this-installation.js';

/** What a person said of the policy that is to judge the servers which are being wrapped. */
export interface ProtectionOptions {
  /** Absolute. */
  readonly policy?: string | undefined;
  readonly preset?: string | undefined;
  readonly strength?: Strength | undefined;
  readonly observe?: boolean | undefined;
  /** Nothing is asked: what nobody chose is `brake`. */
  readonly yes?: boolean | undefined;
  /** Nothing is started or written. */
  readonly dryRun?: boolean | undefined;
  /** The entry is only shown, so that it must do without a file that is written for it. */
  readonly print?: boolean | undefined;
}

/** A server that is being wrapped. */
export interface Wrappable {
  /** As people call it. */
  readonly name: string;
  /** The name that its policy is found under. */
  readonly server: string;
  /** All names under which a policy for it may be, that one first. */
  readonly names: readonly string[];
  readonly source: ServerSource;
  readonly env: ReadonlyMap<string, string>;
  readonly cwd: string | undefined;
  /** Options of the wrapper that stand in its entry already. */
  readonly options: readonly string[];
  /** Only the client knows all that it is started with. */
  readonly moreEnv: boolean;
  /** What it lists, where it was started already; or why it is not to be started. */
  readonly live?: LiveServer | string | undefined;
}

/** Where the policy stands that judges a server's calls. */
export type PolicySource = { readonly file: string } | { readonly preset: string };

/** What judges the calls of a server from now on: it is there, or comes with `file`. */
export interface Protection extends Own {
  /** A policy file that is written before the entry. */
  readonly file?: Change;
  /** Undefined where everything passes without one, under --observe. */
  readonly source?: PolicySource;
}

/** Whether calls of a server would be judged already, or only watched. */
export function hasPolicy(server: Wrappable, io: ClientsTerminal): boolean {
  return server.options.includes(OBSERVE_FLAG) || held(server, {}, io) !== undefined;
}

export function wrappableOf(entry: ServerEntry, server: string): Wrappable {
  const { name, env, cwd, moreEnv } = entry;
  const names = namesOf(entry, server);
  return { name, server, names, source: sourceOf(entry), env, cwd, moreEnv, options: optionsOf(entry) };
}

/** What is started, or connected with, for an entry without the wrapper. */
export function sourceOf(entry: ServerEntry): ServerSource {
  const remote = remoteOptionsOf(entry);
  const named = remote === undefined ? undefined : namedServer([], remote, '').source;
  return named ?? originalOf(entry);
}

/** The words of a command line, or the address; safe to show. */
export function sourceText(source: ServerSource): string {
  return printable(shownCommand(wordsOf(source)));
}

/** All that a client could fill in, of what a server is started with. */
export function wordsOf(source: ServerSource): readonly string[] {
  return 'url' in source ? [source.url] : source;
}

/**
 * Finds out what is to judge a server's calls, so that none is wrapped of which every call would be refused: what was
 * named, what its entry names, the policy file that a wrapper would find, the preset of a known server. Where there is
 * none of them, a person chooses a strength, and the policy is written by the tools of the server, which is started
 * once for that.
 *
 * @throws PolicyWrapError POLICY_INVALID with its problems; POLICY_NOT_FOUND, USAGE; REFUSED when nothing was chosen
 */
export async function protect(
  server: Wrappable,
  options: ProtectionOptions,
  io: ClientsTerminal,
): Promise<Protection> {
  const wanted: Wanted = options.observe === undefined ? {} : { observe: options.observe };
  const found = held(server, options, io);
  const watches = options.observe ?? server.options.includes(OBSERVE_FLAG);
  const observed = watches ? ['watched only: nothing is refused (--observe)'] : [];
  if (found !== undefined) {
    const aside =
      options.strength !== undefined && !found.isNew
        ? [
            `--strength ${options.strength} is left aside, since there is a policy; policy-wrap init --force writes another`,
          ]
        : [];
    return {
      wanted: { ...wanted, ...found.wanted },
      about: [`policy: ${found.what}`, ...observed, ...aside],
      source: found.source,
    };
  }
  if (watches && options.strength === undefined) return { wanted, about: ['policy: none yet', ...observed] };
  const strength = options.strength ?? (await chosenStrength(server, options, io));
  if (options.print === true) {
    const what = presetText(strength);
    const source = { preset: strength };
    return { wanted: { ...wanted, preset: strength }, about: [`policy: ${what}`, ...observed], source };
  }
  return await written(server, strength, wanted, observed, options, io);
}

interface Held {
  readonly wanted: Wanted;
  readonly source: PolicySource;
  /** For people. */
  readonly what: string;
  /** Named on the command line. */
  readonly isNew: boolean;
}

/** The policy that already exists, read and found valid. */
function held(server: Wrappable, options: ProtectionOptions, io: ClientsTerminal): Held | undefined {
  const { policy, preset } = options;
  if (policy !== undefined) {
    assertValid(readPolicy(policy));
    return { wanted: { policy }, source: { file: policy }, what: printable(policy), isNew: true };
  }
  if (preset !== undefined) {
    assertValid(readPreset(preset));
    return { wanted: { preset }, source: { preset }, what: presetText(preset), isNew: true };
  }
  const named = optionValue(server.options, PRESET_FLAGS);
  if (named !== undefined) {
    assertValid(readPreset(named));
    return { wanted: {}, source: { preset: named }, what: presetText(named), isNew: false };
  }
  const file =
    absolute(optionValue(server.options, POLICY_FLAGS) ?? server.env.get('POLICY_WRAP_POLICY'), io) ??
    io.policyOf(server.names);
  if (file !== undefined) {
    assertValid(readPolicy(file));
    return { wanted: {}, source: { file }, what: printable(file), isNew: false };
  }
  // A strength that was asked for comes before a preset that nobody chose.
  const known = server.names.map(knownServer).find((each) => each !== undefined);
  if (known === undefined || options.strength !== undefined) return undefined;
  const [{ name }] = known.presets;
  return { wanted: {}, source: { preset: name }, what: presetText(name), isNew: false };
}

function assertValid(found: FoundPolicy): void {
  if (found.kind === 'problems') throw problemsError(found);
}

const presetText = (name: string): string => {
  const title = shipped(name)?.title;
  return `the preset ${printable(name)}${title === undefined ? '' : ` (${title})`}`;
};

/** @returns undefined for a path that only the client, or nobody, can make absolute */
function absolute(text: string | undefined, { machine }: ClientsTerminal): string | undefined {
  if (!text) return undefined;
  try {
    return fixedPath(text, 'it', machine.cwd, machine);
  } catch (error) {
    if (PolicyWrapError.is(error)) return undefined;
    throw error;
  }
}

async function chosenStrength(
  { name }: Wrappable,
  { yes, dryRun, print }: ProtectionOptions,
  io: ClientsTerminal,
): Promise<Strength> {
  if (yes === true || dryRun === true || print === true || !io.canAsk) {
    await io.err.write(`${printable(name)} has no policy yet, so it gets brake: ${STRENGTH_TITLES.brake}.\n`);
    return 'brake';
  }
  const lines = STRENGTH_NAMES.map((each) => `  ${each.padEnd(8)} ${STRENGTH_TITLES[each]}\n`);
  await io.err.write(`${printable(name)} has no policy yet. How strict shall it be?\n${lines.join('')}`);
  for (;;) {
    const typed = await io.ask('Strength [brake]: ');
    if (typed === undefined) throw new PolicyWrapError('REFUSED', 'no answer was given');
    const word = typed.trim().toLowerCase() || 'brake';
    if (isStrength(word)) return word;
    await io.err.write(`Type one of ${STRENGTH_NAMES.join(', ')}.\n`);
  }
}

/** A policy of a strength, for a file of the server's own. */
async function written(
  server: Wrappable,
  strength: Strength,
  wanted: Wanted,
  observed: readonly string[],
  { dryRun }: ProtectionOptions,
  io: ClientsTerminal,
): Promise<Protection> {
  const path = policyFileOf(io.policyFolder, server.server);
  if (dryRun === true) {
    const about = [`policy: ${printable(path)}, ${strength}: it would be written by the tools of the server`];
    return { wanted: { ...wanted, policy: path }, about: [...about, ...observed], source: { file: path } };
  }
  const live = await toolsOf(server, strength, io);
  const { text, about } = proposal(server, strength, path, live, io);
  return {
    wanted: { ...wanted, policy: path },
    about: [`policy: ${printable(path)}`, ...about, ...observed],
    source: { file: path },
    file: {
      path,
      snapshot: undefined,
      content: Buffer.from(text),
      shown: `A new policy, ${printable(path)}:\n${about
        .flatMap((line) => wrapped(line, io.out.columns - 2))
        .map((line) => `  ${line}\n`)
        .join('')}`,
      write: () => writePolicyFile(path, text, io.policyFolder),
    },
  };
}

/**
 * The text of a policy of a strength, and what it does, in lines that are safe to show.
 *
 * @param live what the server lists, or why it could not be asked
 */
function proposal(
  server: Wrappable,
  strength: Strength,
  path: string,
  live: LiveServer | string,
  io: ClientsTerminal,
): { readonly text: string; readonly about: readonly string[] } {
  if (typeof live === 'string') {
    const why = live === '' ? '' : `; ${live}`;
    return {
      text: shipped(strength)?.text ?? '',
      about: [`${strength}: ${STRENGTH_TITLES[strength]}${why}`],
    };
  }
  const made = proposePolicy(strength, server.server, live.tools, {
    schema: schemaFor(io.policyFolder, path),
    date: new Date(io.now()).toISOString().slice(0, 10),
  });
  return {
    text: made.text,
    about: [`${strength}: ${countsText(made)}; ${LATER[strength]}`, ...inTheWay(strength, made)],
  };
}

/** Starts the server once, with its entry's own environment and folder. @returns its tools, or why there are none */
async function toolsOf(
  server: Wrappable,
  strength: Strength,
  io: ClientsTerminal,
): Promise<LiveServer | string> {
  // It lets everything pass, whatever there is.
  if (strength === 'watch') return '';
  const { live } = server;
  if (typeof live === 'object') return live;
  if (live !== undefined) return `${live}, so it goes by the names of tools alone`;
  const names = 'it goes by the names of tools alone';
  if (needsClient({ ...server, words: wordsOf(server.source) }))
    return `only the client can start it, so ${names}`;
  const { name, source } = server;
  try {
    return await io.busy(`Starting ${printable(name)} once, to see its tools: ${sourceText(source)}`, () =>
      io.toolsOf(source, Object.fromEntries(server.env), server.cwd),
    );
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    const login = loginWanted(error);
    if (login !== undefined) return `it wants a login first (${printable(login)}), so ${names}`;
    const [reason = ''] = error.message.split('\n');
    return `it could not be started to see its tools (${printable(reason, 200)}), so ${names}`;
  }
}
