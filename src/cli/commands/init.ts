import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ownCopy } from '../../catalog/own-copy.js';
import { proposePolicy } from '../../catalog/propose.js';
import { knownServer, preset } from '../../catalog/servers.js';
import { isStrength, type Strength } from '../../catalog/strengths.js';
import { configDirs, surroundings } from '../../config/paths.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { namedPreset } from '../../config/shipped-policies.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { printable, printableJson, printableLines } from '../../text/escape.js';
import { isMasked, MASK, maskWords, shownCommand } from '../../text/masking.js';
import { liveServer } from '../../upstream/list-tools.js';
import { isRemote } from '../../upstream/start.js';
import { tellFindings } from '../findings.js';
import { type NamedServer, namedServer } from '../named-server.js';
import { askYesNo, assertNoAgent } from '../person.js';
import { policyFileOf, schemaFor, writePolicyFile } from '../policy-file.js';
import { countsText, inTheWay, LATER } from '../proposal-summary.js';
import type { Terminal } from '../terminal.js';
import { thisWrapper } from '../this-installation.js';

export interface InitOptions extends RemoteOptions {
  readonly server?: string;
  readonly output?: string;
  /** Writes over an existing file. */
  readonly force?: boolean;
  /** Answers every question as its default would. */
  readonly yes?: boolean;
  /** A shipped policy by name, or false with `--no-preset`. */
  readonly preset?: string | false;
  /** How strict; else the preset of a known server, and `careful` for any other. */
  readonly strength?: Strength;
  /** False with `--no-install`. */
  readonly install: boolean;
}

const TAKEN = '--force writes over it, -o <file> writes another';

/**
 * Writes a first policy for a server: the preset of a known one, else one of a strength by the classes of its tools,
 * for which the server is started once. Asks before it starts anything, and never writes over a file unasked.
 *
 * @param argv the server's command and its arguments
 * @throws PolicyWrapError USAGE, REFUSED, NOT_FOUND, UPSTREAM_NOT_STARTED, UPSTREAM_FAILED
 */
export async function init(argv: readonly string[], options: InitOptions, io: Terminal): Promise<number> {
  const named = namedServer(argv, options, io.cwd);
  if (named.source === undefined) {
    throw new PolicyWrapError('USAGE', 'no server to write a policy for', {
      hint: 'policy-wrap init -- mcp-afip',
    });
  }
  const [server] = named.names;
  const [folder, ...formerFolders] = configDirs(surroundings());
  const file = options.output === undefined ? policyFileOf(folder, server) : resolve(options.output);
  // A policy at a former place is in force as long as there is none at the new one.
  const former =
    options.output === undefined ? formerFolders.map((each) => join(each, `${server}.json`)) : [];
  const taken = [file, ...former].find(existsSync);
  if (taken !== undefined) {
    if (!options.force)
      throw new PolicyWrapError('REFUSED', `${taken} already exists and was not changed`, { hint: TAKEN });
    // Another policy in the place of one that is in force may let more through.
    assertNoAgent('init --force', io);
  }

  const shipped = await chosenPreset(server, options, io);
  const written = shipped ?? (await proposed(server, named, options, io, schemaFor(folder, file)));
  if (written === undefined) {
    await io.err.write('policy-wrap: nothing was started and nothing was written\n');
    return EXIT.failed;
  }
  writePolicyFile(file, written.text, folder, { overwrite: options.force === true, hint: TAKEN });

  const isFound = options.output === undefined;
  await io.out.write(
    [
      printableLines(`Wrote ${file}: ${written.summary}`),
      ...written.notes.map((note) => `  ${note}`),
      '',
      "In your client's configuration:",
      '',
      clientEntry(server, named, isFound ? undefined : file),
      ...(isMasked(named.words) ? [`(${MASK} stands for what is not shown: fill it in again.)`] : []),
      '',
      `Next, check that everything fits together: ${nextCommand(named, options, isFound ? undefined : file)}`,
      '',
    ].join('\n'),
  );
  return EXIT.done;
}

interface Written {
  readonly text: string;
  /** One line for the person. */
  readonly summary: string;
  /** More of them; safe to show. */
  readonly notes: readonly string[];
}

async function chosenPreset(
  server: string,
  options: InitOptions,
  io: Terminal,
): Promise<Written | undefined> {
  if (options.strength !== undefined && options.preset)
    throw new PolicyWrapError('USAGE', '--preset and --strength exclude each other');
  if (options.preset === false || options.strength !== undefined) return undefined;
  const name = options.preset ?? knownServer(server)?.presets[0].name;
  if (name === undefined) return undefined;
  if (options.preset === undefined && !options.yes) {
    const question = `${server} has a preset, "${name}" (${preset(name)?.title}). Write that?`;
    if ((await askYesNo(question, true, io)) === false) return undefined;
  }
  return {
    text: ownCopy(namedPreset(name).text),
    summary: isStrength(name)
      ? `the preset ${name}, which goes by names alone; --strength ${name} goes by the tools of the server`
      : `the preset ${name}, whose amounts are examples; the places to edit are marked EDIT`,
    notes: [],
  };
}

async function proposed(
  server: string,
  { source = [] }: NamedServer,
  options: InitOptions,
  io: Terminal,
  schema: string,
): Promise<Written | undefined> {
  const remote = isRemote(source);
  const command = printable(shownCommand(remote ? [source.url] : source));
  const does = remote ? 'connects to the server' : 'starts the server';
  if (!options.yes) {
    const agreed = await askYesNo(
      `This ${does} once to list its tools: ${command}\n${remote ? 'Connect?' : 'Start it?'}`,
      true,
      io,
    );
    if (agreed === undefined) {
      throw new PolicyWrapError('USAGE', `init ${does} once to list its tools: ${command}`, {
        hint: 'Add --yes to agree; there is no terminal to ask on.',
      });
    }
    if (!agreed) return undefined;
  }
  await io.err.write(
    `policy-wrap: ${remote ? 'connecting to' : 'starting'} ${command} once, to list its tools\n`,
  );
  const live = await liveServer(source, { install: options.install });
  await tellFindings(live, io);
  const date = new Date(io.now()).toISOString().slice(0, 10);
  const strength = options.strength ?? 'careful';
  const proposal = proposePolicy(strength, server, live.tools, { schema, date });
  const summary = `${strength}: ${countsText(proposal)}; ${LATER[strength]}`;
  return { text: proposal.text, summary, notes: inTheWay(strength, proposal) };
}

/** What stands in `mcpServers` of a client; values of variables are left to be filled in. */
function clientEntry(
  server: string,
  { source = [], words }: NamedServer,
  policy: string | undefined,
): string {
  // What is printed ends up in scrollback and logs.
  const shown = maskWords(isRemote(source) ? words : ['--', ...anchored(source)]);
  const own = ['--server', server, ...(policy === undefined ? [] : ['--policy', policy]), ...shown];
  const { node, script } = thisWrapper();
  // What npx has fetched may be gone tomorrow.
  const start = /[\\/]_npx[\\/]/.test(script)
    ? { command: 'npx', args: ['-y', 'policy-wrap', ...own] }
    : { command: node, args: [script, ...own] };
  const variables = (knownServer(server)?.environment ?? []).filter(({ required }) => required);
  const env = Object.fromEntries(variables.map(({ name }) => [name, '...']));
  const entry = variables.length > 0 ? { ...start, env } : start;
  return printableJson({ mcpServers: { [server]: entry } }, 2);
}

/** Clients start servers in a folder of their own. */
function anchored([command = '', ...args]: readonly string[]): string[] {
  return [/[\\/]/.test(command) ? resolve(command) : command, ...args];
}

function nextCommand(named: NamedServer, { server }: InitOptions, policy: string | undefined): string {
  const words = [
    'policy-wrap',
    'doctor',
    ...(server === undefined ? [] : ['--server', server]),
    ...(policy === undefined ? [] : ['--policy', policy]),
    ...named.words,
  ];
  return shownCommand(words);
}
