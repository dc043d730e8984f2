import type { KnownServer } from '../catalog/known-server.js';
import { knownServerAmong } from '../catalog/servers.js';
import type { ToolDefinition } from '../catalog/tool-definition.js';
import { namedServer } from '../cli/named-server.js';
import { type KnownMachine, type PolicyPlace, policyOfServer } from '../cli/policy-in-force.js';
import { serversSeen } from '../cli/seen-names.js';
import { thisWrapper } from '../cli/this-installation.js';
import { needsClient } from '../clients/after-install.js';
import { namesOf, serverOf } from '../clients/change/plan.js';
import { isWrapped, originalOf, remoteOptionsOf, type ServerEntry } from '../clients/entries.js';
import { allEntries, takeInventory, wrappedEntries } from '../clients/inventory.js';
import { thisMachine } from '../clients/machine.js';
import { stateFile } from '../config/policy-files.js';
import { readTextFile } from '../config/text-file.js';
import { PolicyWrapError } from '../errors.js';
import { isRecord } from '../json/value.js';
import { sectionOf } from '../policy/sections.js';
import type { PinEntry } from '../store/store.js';
import { sha256 } from '../text/hash.js';
import { shownCommand } from '../text/masking.js';
import { liveServer } from '../upstream/list-tools.js';
import type { LiveServer } from '../upstream/live-server.js';
import type { EntryHere, PolicyHere, ServerHere } from './api-types/tools.js';
import type { Page } from './page.js';
import { onceATurn } from './turn.js';

/** A server that a client's configuration or the state knows. */
export interface KnownHere {
  readonly server: string;
  readonly entries: readonly EntryHere[];
  /** What starts it: the first entry that can, wrapped ones first. */
  readonly entry: ServerEntry | undefined;
}

/** The configurations of clients, read once for an answer. */
const inventory = onceATurn((_page: Page) => takeInventory(thisMachine(), thisWrapper()));

/** What tells where policies are, read once for an answer. */
const machine = onceATurn((page: Page): KnownMachine => {
  const usual = page.stores().find(({ path }) => path === stateFile(page.options.db));
  return { entries: wrappedEntries(inventory(page)), sessions: usual?.store.sessions() ?? [] };
});

/** Every server of this machine, by the name that it is kept under. */
export const knownServers = onceATurn(serversOf);

function serversOf(page: Page): readonly KnownHere[] {
  const found = new Map<string, { entries: EntryHere[]; wrapped: ServerEntry[]; plain: ServerEntry[] }>();
  const of = (server: string) => {
    const known = found.get(server) ?? { entries: [], wrapped: [], plain: [] };
    found.set(server, known);
    return known;
  };
  for (const { client, place, entry } of allEntries(inventory(page))) {
    if (entry.kind === 'unusable' || entry.disabled) continue;
    if (entry.kind === 'stdio' && entry.state.kind === 'broken') continue;
    const known = of(serverOf(entry));
    const isOurs = isWrapped(entry);
    known.entries.push({ client: client.name, name: entry.name, path: place.path, isWrapped: isOurs });
    (isOurs ? known.wrapped : known.plain).push(entry);
  }
  for (const { store } of page.stores()) for (const server of serversSeen(store)) of(server);
  return [...found]
    .map(([server, { entries, wrapped, plain }]) => ({
      server,
      entries,
      entry: [...wrapped, ...plain].find((entry) => !isFilledIn(entry)) ?? wrapped[0] ?? plain[0],
    }))
    .sort((a, b) => (a.server < b.server ? -1 : 1));
}

/** @throws PolicyWrapError NOT_FOUND */
export function knownServerHere(page: Page, server: string): KnownHere {
  const found = knownServers(page).find((each) => each.server === server);
  if (found) return found;
  throw new PolicyWrapError('NOT_FOUND', `no server is called ${server}`);
}

const isFilledIn = (entry: ServerEntry): boolean => needsClient({ ...entry, words: originalOf(entry) });

/**
 * Where the policy of a server is, or would be.
 *
 * @throws PolicyWrapError what `policyOfServer` throws
 */
export function policyPlace({ server, entry }: KnownHere, page: Page): PolicyPlace {
  const called = entry === undefined ? [] : namesOf(entry, server);
  return policyOfServer(server, { ...page.options, called, known: machine(page) }, page);
}

/** The policy that holds for a server or, where there is none, the one that a first edit makes. */
export function policyHere(known: KnownHere, page: Page): PolicyHere {
  try {
    const place = policyPlace(known, page);
    return { ...textOf(place), file: place.file };
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return { kind: 'unclear', message: error.message, hint: error.hint };
  }
}

function textOf(place: PolicyPlace) {
  if (place.kind === 'new') return { kind: 'new' as const, text: place.text, from: { preset: place.preset } };
  return { kind: 'file' as const, text: readTextFile(place.file, 'the policy', 'POLICY_INVALID') ?? '' };
}

/** What starts a server, for a person to see; or why nothing does. */
export function startOf({ server, entry }: KnownHere): Start {
  if (entry === undefined)
    return {
      ...{ command: undefined, start: '', variables: [] },
      unstartable: `no client's configuration has an entry for ${server}`,
    };
  const words = originalOf(entry);
  const remote = remoteOptionsOf(entry);
  return {
    command: shownCommand(remote?.url === undefined ? words : [remote.url]),
    start: sha256(JSON.stringify([words, remote, [...entry.env], entry.cwd])),
    variables: [...entry.env.keys()],
    unstartable: isFilledIn(entry) ? 'only your client knows all that it is started with' : undefined,
  };
}

type Start = Pick<ServerHere, 'command' | 'start' | 'variables' | 'unstartable'>;

/** What servers have listed when they were started from the page; forgotten with it. */
const read = new WeakMap<Page, Map<string, LiveServer>>();

/**
 * Starts a server once, as `policy-wrap tools` does, with its entry's environment and folder.
 *
 * @param shown the start that the person has read: a configuration may have been changed since
 * @throws PolicyWrapError NOT_FOUND, REFUSED, and what `liveServer` throws
 */
export async function readTools(page: Page, server: string, shown: string): Promise<LiveServer> {
  const known = knownServerHere(page, server);
  const { entry } = known;
  const { unstartable, start } = startOf(known);
  if (entry === undefined || unstartable !== undefined)
    throw new PolicyWrapError('REFUSED', `${server} is not started from here: ${unstartable}`);
  if (start !== shown)
    throw new PolicyWrapError('REFUSED', `${server} is started by another command now`, {
      hint: 'Read what it is, and press again.',
    });
  const cwd = entry.cwd ?? page.cwd;
  const { source = [] } = namedServer(originalOf(entry), { server, ...remoteOptionsOf(entry) }, cwd);
  const live = await liveServer(source, { env: Object.fromEntries(entry.env), cwd: entry.cwd });
  const all = read.get(page) ?? new Map<string, LiveServer>();
  read.set(page, all.set(server, live));
  return live;
}

/** The server of the catalogue that it is, where it is one. */
export function catalogued({ server, entry }: KnownHere): KnownServer | undefined {
  const names = entry === undefined ? [server] : namesOf(entry, server);
  return knownServerAmong(names);
}

/** The tools of a server, without starting it. */
export interface ToolsKnown {
  readonly from: ServerHere['from'];
  readonly tools: readonly ToolDefinition[];
  /** What is pinned of them. */
  readonly pins: ReadonlyMap<string, PinEntry>;
}

export function toolsHere(page: Page, known: KnownHere): ToolsKnown {
  const { server } = known;
  const pins = new Map<string, PinEntry>();
  for (const { store } of page.stores())
    for (const pin of store.pins(server))
      if (pin.kind === 'tool' && !pins.has(pin.tool)) pins.set(pin.tool, pin);
  const live = read.get(page)?.get(server);
  if (live) return { from: 'read', tools: live.tools, pins };
  const seen = [...pins.values()].map(definitionOf);
  if (seen.length > 0) return { from: 'seen', tools: seen, pins };
  const shipped = catalogued(known);
  if (shipped) return { from: 'catalogue', tools: shipped.tools, pins };
  const called = calledTools(page, server);
  return { from: called.length > 0 ? 'called' : 'nothing', tools: called.map((name) => ({ name })), pins };
}

/** Rows of the log in which names are looked for. */
const LOOKED_AT = 1000;

/** Names that the log has: without a policy nothing that a server lists is kept. */
function calledTools(page: Page, server: string): readonly string[] {
  const rows = page.stores().flatMap(({ store }) => store.log({ server, limit: LOOKED_AT }));
  const names = new Set(rows.map(({ tool }) => tool).filter((name) => sectionOf(name) === undefined));
  return [...names].sort();
}

/** Most definitions that are kept as they were read. */
const KEPT = 20_000;
/** By name and text: what is found out about a definition is remembered for as long as it is the same. */
const definitions = new Map<string, ToolDefinition>();

/** What a server lists now, as far as it was kept. */
function definitionOf({ tool, definition, changed }: PinEntry): ToolDefinition {
  const text = changed?.definition ?? definition;
  const key = `${tool}\n${text}`;
  const kept = definitions.get(key) ?? parsed(tool, text);
  if (definitions.size >= KEPT) definitions.clear();
  definitions.set(key, kept);
  return kept;
}

function parsed(name: string, text: string): ToolDefinition {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) return { name };
  const { title, description, inputSchema, annotations } = value;
  return {
    name,
    title: typeof title === 'string' ? title : undefined,
    description: typeof description === 'string' ? description : undefined,
    inputSchema,
    annotations: isRecord(annotations) ? annotations : undefined,
  };
}
