import { resolve } from 'node:path';
import packageJson from '../../../package.json' with { type: 'json' };
import { ownCopy } from '../../catalog/own-copy.js';
import { knownServerAmong, preset } from '../../catalog/servers.js';
import { createFile } from '../../clients/files/atomic-write.js';
import { PLACES } from '../../config/bundle.js';
import { type FoundPolicy, type PolicyOptions, problemsError } from '../../config/policy-files.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { findPolicy } from '../../config/shipped-policies.js';
import { readTextFile } from '../../config/text-file.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { count, shortList } from '../../text/count.js';
import { printable } from '../../text/escape.js';
import { readCommandLine } from '../../upstream/command-line.js';
import { namedServer } from '../named-server.js';
import { wrapperFiles, zipped } from '../pack/bundle.js';
import { manifestOf } from '../pack/manifest.js';
import { assertNothingToFillIn, packedServer, type Variable } from '../pack/packed-server.js';
import type { Terminal } from '../terminal.js';
import { thisRoot } from '../this-installation.js';

export interface PackOptions extends PolicyOptions, RemoteOptions {
  /** `<name>.mcpb` when absent. */
  readonly output?: string;
  readonly server?: string;
  readonly name?: string;
  readonly bundleVersion: string;
  readonly author: string;
  readonly files?: string;
  readonly env?: readonly string[];
}

/**
 * Makes a bundle for desktop clients (MCPB): a server with its policy and this wrapper, as one file.
 *
 * @param argv the server's command and its arguments
 * @throws PolicyWrapError USAGE, POLICY_NOT_FOUND, POLICY_INVALID; CONFIG_CONFLICT where the file is there already
 */
export async function pack(argv: readonly string[], options: PackOptions, io: Terminal): Promise<number> {
  const named = namedServer(argv, options, io.cwd);
  if (named.source === undefined)
    throw new PolicyWrapError('USAGE', 'no server to pack', {
      hint: 'policy-wrap pack --policy my.json -o afip.mcpb -- mcp-afip',
    });
  const [server] = named.names;
  assertNothingToFillIn(server);
  const policy = policyText(findPolicy(options, named.names, named.words));
  const isRemote = argv.length === 0;
  const packed = packedServer(
    isRemote ? named.words : argv,
    options.files,
    variablesOf(named.names, [...(options.headerEnv ?? []).map(variableOf), ...(options.env ?? [])]),
    io.cwd,
  );
  const facts = {
    server,
    name: options.name ?? (server.replace(/[^\w.-]+/g, '-') || 'server'),
    version: options.bundleVersion,
    author: options.author,
    wrapper: packageJson.version,
  };
  const output = options.output ?? `${facts.name}.mcpb`;
  const text = (value: string) => new TextEncoder().encode(value);
  const bytes = zipped([
    {
      path: 'manifest.json',
      bytes: text(`${JSON.stringify(manifestOf(facts, packed, isRemote), undefined, 2)}\n`),
    },
    { path: PLACES.policy, bytes: text(policy) },
    ...wrapperFiles(thisRoot()),
    ...packed.files,
  ]);
  createFile(resolve(io.cwd, output), Buffer.from(bytes), 'name another file, or remove this one');
  const asks = Object.values(packed.asked).map(({ title }) => title);
  await io.out.write(
    `${printable(output)}: ${printable(server)} under its policy, ${count(Math.ceil(bytes.length / 1024), 'KiB', 'KiB')}.\n` +
      (asks.length === 0 ? '' : `It asks for ${printable(asks.join(', '))} where it is installed.\n`) +
      leftOutLine(packed.leftOut) +
      unpinnedLine(argv) +
      'Open it with the client. The policy stays as it is in the bundle: pack it again to change it.\n',
  );
  return EXIT.done;
}

function policyText(found: FoundPolicy): string {
  if (found.kind === 'problems') throw problemsError(found);
  if (found.kind === 'none')
    throw new PolicyWrapError('POLICY_NOT_FOUND', found.missing, { hint: `Make one: ${found.make}` });
  const [file, more] = found.files;
  if (more !== undefined || found.policy.extends !== undefined)
    throw new PolicyWrapError('USAGE', 'a bundle holds one policy file, and this one extends another', {
      hint: 'Write what holds into one file.',
    });
  if (found.policy.store !== undefined)
    throw new PolicyWrapError(
      'USAGE',
      `this policy counts in the store of ${printable(found.policy.store)}`,
      {
        hint: 'A bundle has no login to a store, and every call would be refused: take "store" out.',
      },
    );
  if (file !== undefined) return readTextFile(file, 'policy', 'POLICY_INVALID') ?? '';
  const [, name = ''] = /^preset (.*)$/.exec(found.policy.source) ?? [];
  return ownCopy(preset(name)?.text ?? '');
}

/** Most files that are named one by one. */
const MOST_NAMED = 8;

function leftOutLine(paths: readonly string[]): string {
  // What lies in packages is theirs, and can be many.
  const own = paths.filter((path) => !path.includes('node_modules/'));
  if (own.length === 0) return '';
  return `Left out: ${printable(shortList(own, MOST_NAMED))}.\n`;
}

/** Without a version, whoever installs the bundle gets what was published last, and not what was looked at here. */
function unpinnedLine(argv: readonly string[]): string {
  const { package: name } = readCommandLine(argv);
  if (name === undefined) return '';
  const isPinned = argv.some((word) =>
    /^(?:@|==)v?\d/.test(word.startsWith(name) ? word.slice(name.length) : ''),
  );
  return isPinned
    ? ''
    : `Its command names no version of ${printable(name)}: each start may get a newer one.\n`;
}

/** The variable that a header of a remote server is made from. */
const variableOf = (headerEnv: string) => headerEnv.slice(headerEnv.indexOf('=') + 1);

/** Those that a known server needs, and those that a person named. */
function variablesOf(names: readonly string[], env: readonly string[]): Variable[] {
  const known = knownServerAmong(names)?.environment ?? [];
  const variables = new Map<string, Variable>(
    known
      .filter(({ required }) => required)
      .map(({ name, what, secret, isFile }) => [
        name,
        { name, what, secret, required: true, isFile: isFile ?? false, value: undefined },
      ]),
  );
  for (const each of env) {
    const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(each) ?? [];
    if (name === undefined)
      throw new PolicyWrapError(
        'USAGE',
        `--env ${printable(each.split('=')[0] ?? '')}: no name of a variable`,
      );
    const of = known.find((one) => one.name === name);
    variables.set(name, {
      name,
      value,
      what: of?.what ?? 'a variable of the server',
      secret: of?.secret ?? true,
      required: of?.required ?? true,
      isFile: of?.isFile ?? false,
    });
  }
  return [...variables.values()];
}
