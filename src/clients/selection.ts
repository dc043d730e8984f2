import { basename, extname } from 'node:path';
import { PolicyWrapError } from '../errors.js';
import { printable } from '../text/escape.js';
import { didYouMean, nameHint, nearest } from '../text/suggest.js';
import { typed } from './change/masking.js';
import { containersAt, type Entry, entriesIn, shapeOf } from './entries.js';
import { type Format, LENIENT, SHAPES, type Shape } from './file-shapes.js';
import { type OpenFile, openFile } from './files/read.js';
import { CLIENTS, type Client, clientById, SNIPPET_CLIENTS } from './known-clients.js';
import { type Machine, pathsOf } from './machine.js';
import type { Place, Scope } from './places.js';

/** The words of a command line that say which entries of which files are meant. */
export interface TargetOptions {
  /** A client's id; with `config`, it may be left out, and the word is then an entry. */
  readonly client: string | undefined;
  readonly entries: readonly string[];
  readonly config?: string | undefined;
  readonly scope?: Scope | undefined;
}

/** A place with its file, if there is one, opened once even when several places lie in it. */
export interface OpenPlace {
  readonly place: Place;
  readonly file: OpenFile | undefined;
  readonly shape: Shape;
  readonly format: Format;
}

export interface Target {
  /** Undefined for a file given by hand. */
  readonly client: Client | undefined;
  /** As it is called in messages. */
  readonly name: string;
  /** The words that name this target on a command line. */
  readonly words: string;
  readonly places: readonly OpenPlace[];
  readonly entries: readonly string[];
}

/** An entry together with its file. */
export interface Choice {
  readonly at: OpenPlace & { readonly file: OpenFile };
  readonly entry: Entry;
}

/**
 * Finds and opens the files that are meant. Without a scope those are the user's own: a project file is shared with
 * others, on whose computers the absolute paths of an entry lead nowhere.
 *
 * @throws PolicyWrapError USAGE for an unknown client or scope, CONFIG_INVALID for a file that cannot be parsed
 */
export function openTarget(options: TargetOptions, machine: Machine): Target {
  if (options.config !== undefined) return openConfig(options, options.config, machine);
  const client = knownClient(options.client);
  const wanted = placesMeant(client, options.scope, machine);
  const files = new Map<string, OpenFile | undefined>();
  for (const { path } of wanted) if (!files.has(path)) files.set(path, openFile(path, client));
  return {
    client,
    name: client.name,
    words: `${client.id}${options.scope === undefined ? '' : ` --scope ${options.scope}`}`,
    places: wanted.map((place) => ({
      place,
      file: files.get(place.path),
      shape: place.shape ?? client.shape,
      format: client.format,
    })),
    entries: options.entries,
  };
}

/**
 * The files that are meant, not opened: a file that is to be restored may be broken.
 *
 * @throws PolicyWrapError USAGE
 */
export function filesMeant(
  { client, config, scope }: TargetOptions,
  machine: Machine,
): { client: Client | undefined; paths: string[] } {
  if (config !== undefined)
    return {
      client: client === undefined ? undefined : clientById(client),
      paths: [pathsOf(machine).resolve(machine.cwd, config)],
    };
  const known = knownClient(client);
  return { client: known, paths: [...new Set(placesMeant(known, scope, machine).map(({ path }) => path))] };
}

function placesMeant(client: Client, scope: Scope | undefined, machine: Machine): Place[] {
  const all = client.places(machine);
  const wanted = all.filter((place) =>
    scope === undefined ? place.scope !== 'project' : place.scope === scope,
  );
  if (wanted.length > 0) return wanted;
  const scopes = [...new Set(all.map((place) => place.scope))].join(', ');
  throw new PolicyWrapError('USAGE', `${client.name} has no ${scope} scope`, { hint: `It has: ${scopes}.` });
}

function knownClient(id: string | undefined): Client {
  const client = id === undefined ? undefined : clientById(id);
  if (client !== undefined) return client;
  const other = SNIPPET_CLIENTS.find((candidate) => candidate.id === id);
  if (other !== undefined)
    throw new PolicyWrapError('USAGE', `the file of ${other.name} is not edited by name`, {
      hint: `Show the entry with --print, or name the file (${other.where}) with --config.`,
    });
  throw new PolicyWrapError(
    'USAGE',
    id === undefined ? 'which client?' : `no client called ${printable(id)}`,
    {
      hint:
        (id === undefined ? undefined : likelyClients(id)) ??
        `Clients: ${CLIENTS.map((known) => known.id).join(', ')}. Any other file: --config <file>.`,
    },
  );
}

/** Fewer letters are near to too many words. */
const LEAST_LETTERS = 3;

/** Clients that were probably meant: `claude` may be two. */
function likelyClients(id: string): string | undefined {
  const ids = [...CLIENTS, ...SNIPPET_CLIENTS].map((known) => known.id);
  const near = didYouMean(id, ids);
  if (near !== undefined || id.length < LEAST_LETTERS) return near;
  const words = new Set(ids.flatMap((known) => known.split('-')));
  const word = words.has(id) ? id : nearest(id, words);
  const likely = ids.filter((known) => word !== undefined && known.split('-').includes(word));
  return likely.length === 0
    ? undefined
    : `Did you mean ${likely.map((known) => `"${known}"`).join(' or ')}?`;
}

/** By the end of a file's name; all others are read as JSON. */
const FORMATS: Readonly<Record<string, Format>> = { '.toml': 'toml', '.yaml': 'yaml', '.yml': 'yaml' };
/** The shape of a file that has no servers yet. */
const USUAL = { json: SHAPES.mcpServers, toml: SHAPES.mcp_servers, yaml: SHAPES.extensions } as const;

function openConfig(options: TargetOptions, config: string, machine: Machine): Target {
  const path = pathsOf(machine).resolve(machine.cwd, config);
  const client = options.client === undefined ? undefined : clientById(options.client);
  const entries =
    options.client === undefined || client !== undefined
      ? options.entries
      : [options.client, ...options.entries];
  const extension = extname(path).toLowerCase();
  const format = FORMATS[extension] ?? 'json';
  const file = openFile(path, { format, tolerance: client?.tolerance ?? LENIENT });
  const shape = (file === undefined ? undefined : shapeOf(file.document)) ?? client?.shape ?? USUAL[format];
  return {
    client,
    name: basename(path),
    words: `--config ${typed(config)}`,
    places: [{ place: { scope: options.scope ?? 'user', path, at: shape.at }, file, shape, format }],
    entries,
  };
}

/** Every entry of the files that are there. */
export function choicesIn(target: Target): Choice[] {
  return target.places.flatMap((at) => {
    const { file, place, shape } = at;
    if (file === undefined) return [];
    return containersAt(file.document, place.at).flatMap((container) =>
      entriesIn(file.document, container, shape).map((entry) => ({ at: { ...at, file }, entry })),
    );
  });
}

/**
 * The entries with the names that were given, in every file of the target.
 *
 * @throws PolicyWrapError NOT_FOUND for a name that is nowhere
 */
export function choose(target: Target, choices: readonly Choice[], machine: Machine): Choice[] {
  const missing = target.entries.filter((name) => !choices.some(({ entry }) => entry.name === name));
  const [first] = missing;
  if (first === undefined) return choices.filter(({ entry }) => target.entries.includes(entry.name));
  const elsewhere = scopesWith(target, first, machine);
  const known = choices.map(({ entry }) => entry.name);
  throw new PolicyWrapError(
    'NOT_FOUND',
    `${target.name} has no entry called ${missing.map((text) => printable(text)).join(', ')}`,
    {
      hint:
        elsewhere !== undefined
          ? `It is in the ${elsewhere} scope: add --scope ${elsewhere}.`
          : known.length > 0
            ? nameHint(first, known)
            : `Looked in: ${target.places.map(({ place }) => place.path).join(', ')}`,
    },
  );
}

function scopesWith({ client, places }: Target, name: string, machine: Machine): Scope | undefined {
  if (client === undefined) return undefined;
  const looked = new Set(places.map(({ place }) => place));
  for (const place of client.places(machine)) {
    if ([...looked].some(({ scope }) => scope === place.scope)) continue;
    try {
      const file = openFile(place.path, client);
      const found = choicesIn({
        client,
        name: '',
        words: '',
        entries: [],
        places: [{ place, file, shape: place.shape ?? client.shape, format: client.format }],
      });
      if (found.some(({ entry }) => entry.name === name)) return place.scope;
    } catch (error) {
      // It only serves a hint; a broken file of another scope is not what was asked about.
      if (!PolicyWrapError.is(error)) throw error;
    }
  }
  return undefined;
}
