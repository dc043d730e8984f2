import { sha256 } from '../text/hash.js';
import { readCommandLine } from './command-line.js';

/** What every server name looks like: safe as a file name on every platform, without upper case. */
export const SERVER_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/;

const MAX_LENGTH = 64;

/** Names that Windows takes for a device, whatever the extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/**
 * The name that a server's counters, log and policy file are kept under: that of the program, however it is started,
 * so that calling it by its path or through another runner gives no fresh counters. `npx -y @codespar/mcp-afip@alpha`
 * and `node /opt/mcp-afip/dist/index.js` are both `mcp-afip`; `--server` names another.
 *
 * @param argv the server's command line: the command, then its arguments
 * @param cwd where it is started, where that is known
 * @returns a name that matches `SERVER_NAME`; a function of `argv` alone, unless that says no more than `node index.js`:
 *   then the folder decides which program it is, and gives the name
 */
export function serverName(argv: readonly string[], cwd?: string): string {
  return fileSafe(readCommandLine(argv, cwd).name ?? '');
}

/**
 * The name of a server behind an entry of a client, which is the word that a person knows it by; `install` writes it
 * into the entry.
 *
 * @returns a name that matches `SERVER_NAME`
 */
export function entryServerName(entry: string): string {
  return fileSafe(entry);
}

/**
 * The names under which a policy for a server is looked for, the one that counts first: the one given to it, then that
 * of its program, so that a policy (or a preset) of the program holds however an entry calls it.
 *
 * @param argv the server's command line; may be empty
 * @param given what `--server` says
 * @param cwd where the server is started, where that is known
 */
export function policyNames(
  argv: readonly string[],
  given: string | undefined,
  cwd?: string,
): [string, ...string[]] {
  const program = argv.length > 0 ? serverName(argv, cwd) : undefined;
  const name = given ?? program ?? '';
  return program === undefined || program === name ? [name] : [name, program];
}

/**
 * The same for a remote server: its host, and what of its path tells it from others there.
 *
 * @param address what is no address gives a name too; whoever connects finds out
 */
export function remoteName(address: string): string {
  if (!URL.canParse(address)) return fileSafe(address);
  const url = new URL(address);
  const path = url.pathname
    .split('/')
    .filter((part) => part !== '' && !/^(?:mcp|sse|message|api|v\d+)$/i.test(part));
  const port = url.port === '' ? [] : [url.port];
  return fileSafe([url.hostname.replace(/^www\./, ''), ...port, ...path].join('-'));
}

/** Makes any text match `SERVER_NAME`; a hash keeps apart what would otherwise lose all that told it apart. */
function fileSafe(name: string): string {
  const safe = name
    .toLowerCase()
    .replace(/[^\x20-\x7e]+/g, withoutMarks)
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '');
  if (name === '') return 'server';
  if (safe === '') return `server-${digestOf(name)}`;
  if (DEVICE.test(safe)) return fileSafe(`server-${safe}`);
  if (safe.length <= MAX_LENGTH) return safe;
  const digest = digestOf(name);
  return `${safe.slice(0, MAX_LENGTH - digest.length - 1).replace(/[._-]+$/, '')}-${digest}`;
}

/** Letters without their accents; no literal, which would cost every start what few names need. */
const withoutMarks = (text: string): string => text.normalize('NFKD').replace(new RegExp(MARK, 'gu'), '');
const MARK = String.raw`\p{M}`;

function digestOf(name: string): string {
  return sha256(name).slice(0, 8);
}
