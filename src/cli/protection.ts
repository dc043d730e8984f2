import { proposePolicy } from '../catalog/propose.js';
import { preset as shipped } from '../catalog/servers.js';
import { isStrength, STRENGTH_NAMES, STRENGTH_TITLES, type Strength } from '../catalog/strengths.js';
import { needsClient } from '../clients/after-install.js';
import type { Change } from '../clients/change/apply.js';
import type { Own, Wanted } from '../clients/change/plan.js';
import { OBSERVE_FLAG } from '../clients/wrapper-options.js';
import { PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import { loginWanted } from '../upstream/list-tools.js';
import type { LiveServer } from '../upstream/live-server.js';
import { heldPolicy, type NamedPolicy, type PolicySource, presetText } from './held-policy.js';
import { policyFileOf, schemaFor, writePolicyFile } from './policy-file.js';
import { countsText, inTheWay, LATER } from './proposal-summary.js';
import { wrapped } from './table.js';
import type { ClientsTerminal } from './this-installation.js';
import { sourceText, type Wrappable, wordsOf } from './wrappable.js';

/** What a person said of the policy that is to judge the servers which are being wrapped. */
export interface ProtectionOptions extends NamedPolicy {
  readonly observe?: boolean | undefined;
  /** Nothing is asked: what nobody chose is `brake`. */
  readonly yes?: boolean | undefined;
  /** Nothing is started or written. */
  readonly dryRun?: boolean | undefined;
  /** The entry is only shown, so that it must do without a file that is written for it. */
  readonly print?: boolean | undefined;
}

/** What judges the calls of a server from now on: it is there, or comes with `file`. */
export interface Protection extends Own {
  /** A policy file that is written before the entry. */
  readonly file?: Change;
  /** Undefined where everything passes without one, under --observe. */
  readonly source?: PolicySource;
}

/** Whether calls of a server would be judged already, or only watched. */
export function hasPolicy(server: Wrappable, io: ClientsTerminal): boolean {
  return server.options.includes(OBSERVE_FLAG) || heldPolicy(server, {}, io) !== undefined;
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
  const found = heldPolicy(server, options, io);
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
