import { VALUED } from '../config/run-options.js';
import { readCommandLine } from '../upstream/command-line.js';
import { remoteName, serverName } from '../upstream/server-name.js';
import type { RemoteNodes, RemoteParts } from './remote-entry.js';
import {
  allValues,
  DB_FLAGS,
  ENTRY_FLAG,
  HEADER_ENV_FLAG,
  HEADER_FLAG,
  OBSERVE_FLAG,
  OFFLINE_FLAGS,
  optionValue,
  POLICY_FLAGS,
  PRESET_FLAGS,
  SERVER_FLAGS,
  STORE_FLAGS,
  URL_FLAGS,
  withOption,
  withoutOption,
} from './wrapper-options.js';

/**
 * Recognises and writes the command line of a wrapped entry: the command, then its arguments. The entry describes
 * itself, for the original stays as it was after `--`; so unwrapping needs no stored state, and later edits survive.
 */

/**
 * Spelled out, `run` changes nothing for the wrapper. In what `install` writes it says that the entry had no `args`
 * key, so that unwrapping takes the key away again rather than leave an empty list.
 */
const NO_ARGS_MARK = 'run';

/** How a wrapped entry starts the wrapper, and where its parts are. */
export interface WrappedCommand {
  /** `installed`: absolute Node, absolute script, as `install` writes it; the others are written by hand. */
  readonly how: 'installed' | 'package' | 'path';
  /** Set for `installed`. */
  readonly node: string | undefined;
  readonly script: string | undefined;
  /** Words up to and with the one that names the wrapper. */
  readonly head: readonly string[];
  /** Between those and the separator. */
  readonly options: readonly string[];
  /** Index of the `--` before the original; behind the last word where there is none. */
  readonly separator: number;
  /** The server's own command and arguments; empty for a remote server. */
  readonly original: readonly string[];
  /** The address of a remote server. */
  readonly url: string | undefined;
}

export type Recognised =
  | { readonly kind: 'plain' }
  | { readonly kind: 'wrapped'; readonly wrapped: WrappedCommand }
  /** Starts the wrapper, but no server can be made out; touching it would wrap twice. */
  | { readonly kind: 'broken'; readonly reason: string };

/** Says whether a command line is a wrapped one, from nothing but itself. */
export function recognise(words: readonly string[]): Recognised {
  const start = wrapperAt(words);
  if (start === undefined) return { kind: 'plain' };
  const separator = separatorAfter(words, start.index);
  const options = separator === undefined ? undefined : words.slice(start.index + 1, separator);
  if (separator === undefined || options === undefined)
    return { kind: 'broken', reason: 'starts policy-wrap without `--` before a server' };
  const original = words.slice(separator + 1);
  const url = original.length === 0 ? optionValue(options, URL_FLAGS) : undefined;
  if (separator === words.length && url === undefined)
    return { kind: 'broken', reason: 'starts policy-wrap without `--` before a server' };
  if (original.length === 0 && url === undefined)
    return { kind: 'broken', reason: 'starts policy-wrap with no server after `--`' };
  const head = words.slice(0, start.index + 1);
  const installed = start.how === 'installed';
  return {
    kind: 'wrapped',
    wrapped: {
      how: start.how,
      node: installed ? words[0] : undefined,
      script: installed ? words[start.index] : undefined,
      head,
      options,
      separator,
      original,
      url,
    },
  };
}

function wrapperAt(words: readonly string[]): { how: WrappedCommand['how']; index: number } | undefined {
  const { wrapper, at, through } = readCommandLine(words);
  // Behind anything but `cmd /c`, unwrapping would lose what that does: variables, another user.
  if (wrapper === undefined || at === undefined || through.some((name) => name !== 'cmd')) return undefined;
  // The paths behind `cmd /c` are not where those of an installed entry are.
  return { how: wrapper === 'installed' && through.length > 0 ? 'path' : wrapper, index: at };
}

/** @returns where `--` stands, behind the last word where only options do, undefined where another word stands */
function separatorAfter(words: readonly string[], head: number): number | undefined {
  let i = head + 1;
  if (words[i] === 'run') i += 1;
  while (i < words.length) {
    const word = words[i] ?? '';
    if (word === '--') return i;
    if (!word.startsWith('-')) return undefined;
    i += VALUED.has(word) ? 2 : 1;
  }
  return i > head + 1 ? words.length : undefined;
}

/** The copy of the wrapper that new entries start. Both paths are absolute: clients start servers with another PATH. */
export interface Wrapper {
  readonly node: string;
  readonly script: string;
}

export interface WrapOptions {
  /** Absolute: the client's working directory is anyone's guess. */
  readonly policy?: string | undefined;
  /** Absolute, for the default depends on who starts the wrapper. */
  readonly db?: string | undefined;
  /** The store of a team, by its address. */
  readonly store?: string | undefined;
  /** What becomes of calls while that cannot be reached. */
  readonly storeOffline?: string | undefined;
  /** The name that counters, log and approvals are kept under. */
  readonly server?: string | undefined;
  /** A shipped policy in the place of a file. */
  readonly preset?: string | undefined;
  /** Whether everything passes and is only logged. */
  readonly observe?: boolean | undefined;
}

/** The words that go in front of the original of an entry that is not wrapped yet, the separator included. */
export function newPrefix(wrapper: Wrapper, options: WrapOptions, hadArgs: boolean): string[] {
  return [...newHead(wrapper, options, hadArgs ? [] : [NO_ARGS_MARK]), '--'];
}

/** The words that go in front of the address of an entry that is not wrapped yet, its option included. */
export function newRemotePrefix(wrapper: Wrapper, options: WrapOptions, remote: RemoteParts): string[] {
  return [
    ...newHead(wrapper, options, []),
    ...[ENTRY_FLAG, entryKeys(remote.nodes)],
    ...remote.headers.flatMap(({ header, variable }) => [HEADER_ENV_FLAG, `${header}=${variable}`]),
    ...(remote.nodes.bearer === undefined
      ? []
      : [HEADER_FLAG, `Authorization: Bearer \${${remote.nodes.bearer.value.value}}`]),
    ...URL_FLAGS,
  ];
}

/** The keys that an entry by address had, for the way back; of the transport the value too. */
function entryKeys({ url, headers, bearer, type }: RemoteNodes): string {
  const others = [headers, bearer].flatMap((member) => member?.key ?? []);
  return [url.key, ...others, ...(type === undefined ? [] : [`${type.key}=${type.value.value}`])].join(',');
}

/** The same, read. @returns undefined for an entry that `install` has not written */
export function entryKeysIn(options: readonly string[]): readonly string[] | undefined {
  return optionValue(options, [ENTRY_FLAG])?.split(',');
}

/** Which header a variable of the entry stands for. */
export function headerVariables(options: readonly string[]): ReadonlyMap<string, string> {
  const pairs = allValues(options, [HEADER_ENV_FLAG]).map((line) => line.split('='));
  return new Map(pairs.map(([header = '', variable = '']) => [variable, header]));
}

function newHead(wrapper: Wrapper, options: WrapOptions, first: readonly string[]): string[] {
  return [
    ...[wrapper.node, wrapper.script, ...first],
    ...serverOption(options.server),
    ...(options.db === undefined ? [] : ['--db', options.db]),
    ...(options.store === undefined ? [] : ['--store', options.store]),
    ...(options.storeOffline === undefined ? [] : ['--store-offline', options.storeOffline]),
    ...(options.policy === undefined ? [] : ['--policy', options.policy]),
    ...(options.preset === undefined ? [] : ['--preset', options.preset]),
    ...(options.observe === true ? [OBSERVE_FLAG] : []),
  ];
}

/** A name that looks like an option, or is the separator itself, keeps to one word with its option. */
function serverOption(server: string | undefined): string[] {
  if (server === undefined) return [];
  return server.startsWith('-') ? [`--server=${server}`] : ['--server', server];
}

/**
 * The words in front of the original of an entry that is wrapped already: the wrapper's paths brought up to date, a
 * database and a policy put in, where they are given; every other option stays, for a person may have set it. An entry that was wrapped
 * by hand keeps its own way of starting the wrapper.
 */
export function renewedPrefix(wrapped: WrappedCommand, wrapper: Wrapper, options: WrapOptions): string[] {
  const head =
    wrapped.how === 'installed'
      ? [wrapper.node, ...wrapped.head.slice(1, -1), wrapper.script]
      : [...wrapped.head];
  // The address stays the last word, with the spelling that the file has for it.
  const isLast = wrapped.url !== undefined && wrapped.options.at(-2) === URL_FLAGS[0];
  const address = isLast ? wrapped.options.slice(-2) : [];
  let own = withOption(wrapped.options.slice(0, isLast ? -2 : undefined), SERVER_FLAGS, options.server);
  own = withOption(own, DB_FLAGS, options.db);
  own = withOption(own, STORE_FLAGS, options.store);
  own = withOption(own, OFFLINE_FLAGS, options.storeOffline);
  // The one excludes the other.
  if (options.policy !== undefined) own = withoutOption(own, PRESET_FLAGS);
  if (options.preset !== undefined) own = withoutOption(own, POLICY_FLAGS);
  own = withOption(own, POLICY_FLAGS, options.policy);
  own = withOption(own, PRESET_FLAGS, options.preset);
  if (options.observe !== undefined) own = own.filter((word) => word !== OBSERVE_FLAG);
  if (options.observe === true) own.push(OBSERVE_FLAG);
  return [...head, ...own, ...(wrapped.url === undefined ? ['--'] : address)];
}

/** The name that a wrapped server's counters, log and policy are kept under. */
export function nameOfWrapped(
  options: readonly string[],
  original: readonly string[],
  cwd: string | undefined,
): string {
  const url = original.length === 0 ? optionValue(options, URL_FLAGS) : undefined;
  return (
    optionValue(options, SERVER_FLAGS) ?? (url === undefined ? serverName(original, cwd) : remoteName(url))
  );
}

/** Whether unwrapping leaves an entry with no `args` key, because `install` found none. */
export function hadNoArgs(wrapped: WrappedCommand): boolean {
  return wrapped.how === 'installed' && wrapped.options[0] === NO_ARGS_MARK && wrapped.original.length === 1;
}

export type Drift = 'node-gone' | 'script-gone' | 'other-script';

/**
 * In which ways an installed entry no longer starts this copy of the wrapper. One wrapped by hand never drifts: its
 * name is looked up at each start.
 */
export function driftOf(
  wrapped: WrappedCommand,
  wrapper: Wrapper,
  exists: (path: string) => boolean,
): Drift[] {
  const { node, script } = wrapped;
  if (node === undefined || script === undefined) return [];
  const drift: Drift[] = [];
  // A bare `node` is found on PATH, which is not ours to know.
  if (/[/\\]/.test(node) && !exists(node)) drift.push('node-gone');
  if (!exists(script)) drift.push('script-gone');
  else if (script !== wrapper.script) drift.push('other-script');
  return drift;
}
