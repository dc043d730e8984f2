import type { RemoteOptions } from '../config/run-options.js';
import { SHAPES, type Shape } from './file-shapes.js';
import type { Place, ProjectKey } from './places.js';
import { type RemoteParts, remoteParts } from './remote-entry.js';
import { type ConfigDocument, duplicateIn, errorAt, memberOf } from './text/document.js';
import type { ListNode, Member, Node, StringNode, TableNode } from './text/nodes.js';
import { type Recognised, recognise, type WrappedCommand } from './wrapped-command.js';
import { allValues } from './wrapper-options.js';

/** Where the words of a stdio entry stand in its file. */
export interface EntryNodes {
  readonly table: TableNode;
  readonly command: Member;
  /** Absent when the entry has no such key, or its `command` is a list of all words. */
  readonly args: Member | undefined;
  /** The command and the arguments, in order. */
  readonly words: readonly StringNode[];
  /** The list that holds the arguments, or all words; absent with `args`. */
  readonly list: ListNode | undefined;
}

interface EntryBase {
  readonly name: string;
  /** Keys from the root of the file to the entry. */
  readonly path: readonly string[];
  /** The project folder of a local server of Claude Code. */
  readonly project: string | undefined;
  readonly env: ReadonlyMap<string, string>;
  readonly disabled: boolean;
}

export type Entry =
  | (EntryBase & {
      readonly kind: 'stdio';
      /** As written: the command, then the arguments. */
      readonly words: readonly string[];
      readonly cwd: string | undefined;
      /** The server gets more environment from a file or a prompt of the client's, which we cannot see. */
      readonly moreEnv: boolean;
      readonly state: Recognised;
      readonly nodes: EntryNodes;
    })
  /** Reached by its address. */
  | (EntryBase &
      RemoteParts & { readonly kind: 'remote'; readonly cwd: undefined; readonly moreEnv: boolean })
  | (EntryBase & { readonly kind: 'unusable'; readonly reason: string });

export type StdioEntry = Extract<Entry, { kind: 'stdio' }>;
export type RemoteEntry = Extract<Entry, { kind: 'remote' }>;
/** An entry that has a server, by its command or its address. */
export type ServerEntry = StdioEntry | RemoteEntry;

/** The command line of an entry that starts the wrapper; undefined for any other. */
export function wrappedOf(entry: Entry): WrappedCommand | undefined {
  return entry.kind === 'stdio' && entry.state.kind === 'wrapped' ? entry.state.wrapped : undefined;
}

export function isWrapped(entry: Entry): entry is StdioEntry {
  return wrappedOf(entry) !== undefined;
}

/** The server's own command line, whether the entry is wrapped or not; a remote one has none. */
export function originalOf(entry: ServerEntry): readonly string[] {
  return entry.kind === 'remote' ? [] : (wrappedOf(entry)?.original ?? entry.words);
}

/** The wrapper's options in an entry; none where it is not wrapped. */
export function optionsOf(entry: ServerEntry): readonly string[] {
  return wrappedOf(entry)?.options ?? [];
}

/** The address behind an entry, where that is a remote server, wrapped or not. */
export function urlOf(entry: Entry): string | undefined {
  return entry.kind === 'remote' ? entry.url : wrappedOf(entry)?.url;
}

/** What names a remote server on a command line of ours, for an entry of one; undefined for any other. */
export function remoteOptionsOf(entry: ServerEntry): RemoteOptions | undefined {
  const url = urlOf(entry);
  if (url === undefined) return undefined;
  if (entry.kind === 'remote') {
    const bearer = entry.nodes.bearer?.value.value;
    return {
      url,
      headerEnv: entry.headers.map(({ header, variable }) => `${header}=${variable}`),
      ...(bearer !== undefined && { header: [`Authorization: Bearer \${${bearer}}`] }),
    };
  }
  const options = optionsOf(entry);
  return {
    url,
    header: allValues(options, ['--header']),
    headerEnv: allValues(options, ['--header-env']),
    allowPrivate: options.includes('--allow-private'),
  };
}

/** A table of servers within a file. */
export interface Container {
  readonly path: readonly string[];
  readonly table: TableNode;
  readonly project: string | undefined;
}

/** Two spellings of one folder: Claude Code writes `/` on every platform and keeps the drive letter's case. */
export function sameFolder(a: string, b: string): boolean {
  const plain = (folder: string): string => {
    const slashes = /^[A-Za-z]:/.test(folder) ? folder.replaceAll('\\', '/') : folder;
    return slashes.replace(/^[A-Za-z]:/, (drive) => drive.toLowerCase()).replace(/(.)\/+$/, '$1');
  };
  return plain(a) === plain(b);
}

/**
 * The tables of servers that a place names; none when the file has no such key.
 *
 * @param everyProject the local servers of all projects, not only of the place's own
 * @throws PolicyWrapError CONFIG_INVALID when something else than a table stands there, or a key stands twice
 */
export function containersAt(document: ConfigDocument, at: Place['at'], everyProject = false): Container[] {
  let found: Container[] = [{ path: [], table: document.root, project: undefined }];
  for (const step of at) {
    found = found.flatMap((container) => {
      refuseTwice(document, container.table);
      return container.table.members
        .filter(({ key }) => matches(step, key, everyProject))
        .map(({ key, value, keySpan }) => {
          if (value.kind !== 'table')
            throw errorAt(document, keySpan.start, `${JSON.stringify(key)} does not hold servers`);
          const project = typeof step === 'string' ? container.project : key;
          return { path: [...container.path, key], table: value, project };
        });
    });
  }
  for (const { table } of found) refuseTwice(document, table);
  return found;
}

function matches(step: string | ProjectKey, key: string, everyProject: boolean): boolean {
  return typeof step === 'string' ? step === key : everyProject || sameFolder(step.project, key);
}

function refuseTwice(document: ConfigDocument, table: TableNode): void {
  const twice = duplicateIn(table);
  if (twice !== undefined)
    throw errorAt(document, twice.keySpan.start, `the key ${JSON.stringify(twice.key)} is there twice`);
}

/** The first known shape whose key is in the file, for files that are not in the table of clients. */
export function shapeOf(document: ConfigDocument): Shape | undefined {
  const known: readonly Shape[] = Object.values(SHAPES);
  return known.find((shape) => {
    let node: Node | undefined = document.root;
    for (const key of shape.at) node = node?.kind === 'table' ? memberOf(node, key)?.value : undefined;
    return node?.kind === 'table';
  });
}

/** Every entry of a table of servers, in the order of the file. What cannot be wrapped says why. */
export function entriesIn(document: ConfigDocument, container: Container, shape: Shape): Entry[] {
  return container.table.members.map(({ key, value }) => {
    const base = {
      name: key,
      path: [...container.path, key],
      project: container.project,
      env: new Map<string, string>(),
      disabled: false,
    };
    if (value.kind !== 'table') return { ...base, kind: 'unusable', reason: 'not a table of settings' };
    return readEntry(document, base, value, shape);
  });
}

function readEntry(document: ConfigDocument, named: EntryBase, table: TableNode, shape: Shape): Entry {
  const base = { ...named, env: environmentOf(table, shape), disabled: isDisabled(document, table) };
  const unusable = (reason: string): Entry => ({ ...base, kind: 'unusable', reason });
  const twice = duplicateIn(table);
  if (twice !== undefined) return unusable(`the key ${JSON.stringify(twice.key)} is there twice`);
  const command = memberOf(table, shape.command);
  if (command === undefined) {
    const remote = remoteParts(table, shape, base.env);
    return remote === undefined
      ? unusable(`no \`${shape.command}\`${typeOf(table)}`)
      : { ...base, ...remote, kind: 'remote', cwd: undefined, moreEnv: remote.nodes.bearer !== undefined };
  }
  const args = shape.args === undefined ? undefined : memberOf(table, shape.args);
  const located = locate(command, args, shape);
  if (typeof located === 'string') return unusable(located);
  const words = located.words.map(({ value }) => value);
  if (words[0] === '') return unusable(`\`${shape.command}\` is empty`);
  const cwd = memberOf(table, 'cwd')?.value;
  return {
    ...base,
    kind: 'stdio',
    words,
    cwd: cwd?.kind === 'string' ? cwd.value : undefined,
    moreEnv: MORE_ENV.some((key) => holdsAny(memberOf(table, key)?.value)),
    state: recognise(words),
    nodes: { table, command, args, ...located },
  };
}

/** Goose keeps what is built into it beside the servers. */
function typeOf(table: TableNode): string {
  const type = memberOf(table, 'type')?.value;
  return type?.kind === 'string' && type.value !== 'stdio' ? ` (${type.value})` : '';
}

/** Keys that name more variables: in a file, in the client's own environment, in its keyring. */
const MORE_ENV = ['envFile', 'env_vars', 'env_keys'];

function holdsAny(node: Node | undefined): boolean {
  return node !== undefined && !(node.kind === 'list' && node.items.length === 0);
}

function locate(
  command: Member,
  args: Member | undefined,
  shape: Shape,
): Pick<EntryNodes, 'words' | 'list'> | string {
  if (shape.args === undefined) {
    const list = command.value;
    if (list.kind !== 'list') return `\`${shape.command}\` is not a list`;
    const words = strings(list.items);
    if (words === undefined) return `\`${shape.command}\` holds something other than strings`;
    return words.length === 0 ? `\`${shape.command}\` is empty` : { words, list };
  }
  if (command.value.kind !== 'string') return `\`${shape.command}\` is not a string`;
  if (args === undefined) return { words: [command.value], list: undefined };
  if (args.value.kind !== 'list') return `\`${shape.args}\` is not a list`;
  const rest = strings(args.value.items);
  if (rest === undefined) return `\`${shape.args}\` holds something other than strings`;
  return { words: [command.value, ...rest], list: args.value };
}

function strings(items: readonly Node[]): StringNode[] | undefined {
  const found = items.filter((item) => item.kind === 'string');
  return found.length === items.length ? found : undefined;
}

function environmentOf(table: TableNode, shape: Shape): Map<string, string> {
  const env = new Map<string, string>();
  const node = memberOf(table, shape.env)?.value;
  if (node?.kind !== 'table') return env;
  for (const { key, value } of node.members) env.set(key, value.kind === 'string' ? value.value : '');
  return env;
}

function isDisabled(document: ConfigDocument, table: TableNode): boolean {
  const raw = (key: string): string | undefined => {
    const node = memberOf(table, key)?.value;
    return node === undefined ? undefined : document.text.slice(node.start, node.end);
  };
  return raw('disabled') === 'true' || raw('enabled') === 'false';
}
