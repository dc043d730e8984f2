import { needsClient } from '../../clients/after-install.js';
import { reasonAgainst, serverOf } from '../../clients/change/plan.js';
import { isWrapped, type ServerEntry } from '../../clients/entries.js';
import { CLIENTS } from '../../clients/known-clients.js';
import { type Choice, choicesIn, openTarget, type Target } from '../../clients/selection.js';
import { PolicyWrapError } from '../../errors.js';
import { count } from '../../text/count.js';
import { printable } from '../../text/escape.js';
import { loginWanted } from '../../upstream/list-tools.js';
import type { LiveServer } from '../../upstream/live-server.js';
import { classesText } from '../effects.js';
import { storeOfEntry, teamText } from '../named-stores.js';
import type { ClientsTerminal } from '../this-installation.js';
import { sourceOf, sourceText, wordsOf } from '../wrappable.js';

/** Why a server was not started to see its tools: a person did not want that, or its client fills in what it needs. */
export type Unknown = 'unwanted' | 'filled in';

export const UNKNOWN_TEXTS: Readonly<Record<Unknown, string>> = {
  unwanted: 'not started',
  'filled in': 'only your client knows all that it is started with',
};

/** A server that can be wrapped. */
export interface FoundServer {
  readonly choice: Choice;
  readonly entry: ServerEntry;
  readonly target: Target;
  /** The name that its policy is found under. */
  readonly server: string;
  readonly isWrapped: boolean;
  /** The team whose store its entry names; safe to show. */
  readonly team: string | undefined;
  /** What it lists, once it was asked. */
  live?: LiveServer;
  unknown?: Unknown;
  /** Why it did not start. */
  failure?: string | undefined;
  /** The address at which a person has to log in first. */
  login?: string | undefined;
}

/** An entry that stays as it is. */
export interface LeftServer {
  readonly name: string;
  readonly reason: string;
}

export interface FoundClient {
  readonly target: Target;
  readonly servers: readonly FoundServer[];
  readonly left: readonly LeftServer[];
}

/**
 * Every client that is here and has servers.
 *
 * @param ids only these clients
 * @param problems takes what is told of files that cannot be read
 * @throws PolicyWrapError USAGE for an unknown client; CONFIG_INVALID for the file of one that was named
 */
export function findClients(
  ids: readonly string[] | undefined,
  problems: string[],
  io: ClientsTerminal,
): FoundClient[] {
  const found: FoundClient[] = [];
  for (const id of ids ?? CLIENTS.map((client) => client.id)) {
    try {
      const target = openTarget({ client: id, entries: [] }, io.machine);
      const client = inTarget(target);
      if (client.servers.length + client.left.length > 0) found.push(client);
    } catch (error) {
      if (ids !== undefined || !PolicyWrapError.is(error)) throw error;
      problems.push(error.message);
    }
  }
  return found;
}

function inTarget(target: Target): FoundClient {
  const servers: FoundServer[] = [];
  const left: LeftServer[] = [];
  for (const choice of choicesIn(target)) {
    const { entry } = choice;
    const reason = reasonAgainst(entry);
    if (reason !== undefined || entry.kind === 'unusable')
      left.push({ name: printable(entry.name), reason: reason ?? '' });
    else {
      const team = teamOf(entry);
      servers.push({ choice, entry, target, server: serverOf(entry), isWrapped: isWrapped(entry), team });
    }
  }
  return { target, servers, left };
}

function teamOf(entry: ServerEntry): string | undefined {
  const text = storeOfEntry(entry);
  return text === undefined ? undefined : teamText(text);
}

/** The command or the address of a server, short enough for a line; safe to show. */
export function commandText(entry: ServerEntry): string {
  return printable(sourceText(sourceOf(entry)), 100);
}

/** Starts servers once, all at the same time, each with its entry's command, environment and folder. */
export async function lookAt(servers: readonly FoundServer[], io: ClientsTerminal): Promise<void> {
  const startable = servers.filter((found) => {
    const { entry } = found;
    const isFor = needsClient({ ...entry, words: wordsOf(sourceOf(entry)) });
    if (isFor) found.unknown = 'filled in';
    return !isFor;
  });
  if (startable.length === 0) return;
  const names = startable.map(({ entry }) => printable(entry.name)).join(', ');
  await io.busy(`Starting ${names} once, to see what they can do`, async () => {
    await Promise.all(startable.map((found) => list(found, io)));
  });
}

/** Looks again at a server to which a person has logged in since. */
export async function lookAgain(found: FoundServer, io: ClientsTerminal): Promise<void> {
  found.failure = undefined;
  found.login = undefined;
  await lookAt([found], io);
}

async function list(found: FoundServer, io: ClientsTerminal): Promise<void> {
  const { entry } = found;
  try {
    found.live = await io.toolsOf(sourceOf(entry), Object.fromEntries(entry.env), entry.cwd);
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    const login = loginWanted(error);
    found.login = login?.split(' ').at(-1);
    if (login !== undefined) {
      found.failure = 'it wants to know who you are';
      return;
    }
    // Where it was searched and what it said is for doctor.
    const [reason = ''] = error.message.split(/\n|; /);
    found.failure = printable(reason, 200);
  }
}

/** What is known of a server's tools, in one line; safe to show. */
export function toolsText({ live, unknown, failure, login }: FoundServer): string {
  if (login !== undefined) return 'wants to know who you are';
  if (failure !== undefined) return `does not start: ${failure}`;
  if (live === undefined) return unknown === undefined ? '' : UNKNOWN_TEXTS[unknown];
  const classes = classesText(live.tools);
  return `${count(live.tools.length, 'tool')}${classes === '' ? '' : `: ${classes}`}`;
}
