import * as z from 'zod';
import { reasonAgainst } from '../../clients/change/plan.js';
import { originalOf, urlOf, wrappedOf } from '../../clients/entries.js';
import { type EntryReport, type PlaceReport, takeInventory } from '../../clients/inventory.js';
import { EXIT } from '../../errors.js';
import { printable } from '../../text/escape.js';
import { maskWords } from '../../text/masking.js';
import { type Printed, printJson } from '../json-output.js';
import * as parts from '../output-parts.js';
import { atHome } from '../setup/final-screen.js';
import { table } from '../table.js';
import type { ClientsTerminal } from '../this-installation.js';

export interface ClientsOptions {
  readonly json?: boolean | undefined;
}

const ENTRY = z.object({
  name: z.string(),
  project: z.string().optional(),
  kind: z.enum(['stdio', 'remote', 'unusable']),
  status: z.enum(['wrapped', 'drifted', 'not-wrapped', 'broken', 'remote', 'unusable']),
  url: parts.text("the server's address, with secrets masked").optional(),
  command: z.array(z.string()).optional().describe('what starts the server itself, with secrets masked'),
  env: z.array(z.string()).describe('names of its variables'),
  disabled: z.boolean(),
  wrapper: z
    .object({
      how: z.string(),
      options: z.array(z.string()),
      drift: z.array(z.string()).describe('in which ways it no longer starts this copy'),
    })
    .optional(),
  problem: parts.text('why it cannot be wrapped').optional(),
  wrappedElsewhere: z
    .array(z.object({ client: z.string(), path: z.string(), name: z.string() }))
    .describe('the same server under a wrapper: a way around the policy'),
});

const PLACE = z.object({
  client: parts.text('its id, as install takes it'),
  scope: parts.text('which of its files'),
  path: z.string(),
  variant: z.string().optional(),
  problem: parts.text('why the file cannot be read').optional(),
  entries: z.array(ENTRY),
});

/** What `clients --json` prints. */
export const OUTPUT = parts.result({ places: z.array(PLACE) });

/**
 * Lists every client that is there with its servers: wrapped or not, remote, drifted, and whether the same server is
 * wrapped elsewhere but not here.
 *
 * @returns an exit code
 */
export async function clients(options: ClientsOptions, io: ClientsTerminal): Promise<number> {
  const all = takeInventory(io.machine, io.wrapper);
  const reports = all.filter(({ state }) => state.kind !== 'absent');
  if (options.json) await printJson(io, OUTPUT, { places: reports.map(placeAsJson) });
  else await io.out.write(reports.length > 0 ? asText(reports, io) : noneText(all, io));
  return EXIT.done;
}

function placeAsJson({ client, place, state }: PlaceReport): Printed<typeof PLACE> {
  return {
    client: client.id,
    scope: place.scope,
    path: place.path,
    variant: place.variant,
    problem: state.kind === 'unreadable' ? state.problem : undefined,
    entries: state.kind === 'read' ? state.entries.map(entryAsJson) : [],
  };
}

function entryAsJson(report: EntryReport): Printed<typeof ENTRY> {
  const { entry, drift, twins } = report;
  const wrapped = wrappedOf(entry);
  const url = urlOf(entry);
  return {
    name: entry.name,
    project: entry.project,
    kind: entry.kind,
    status: statusOf(report).code,
    // What the server itself is started with, whether the wrapper stands before it or not.
    url: url === undefined ? undefined : maskWords([url])[0],
    command: entry.kind === 'stdio' && url === undefined ? maskWords(originalOf(entry)) : undefined,
    env: [...entry.env.keys()],
    disabled: entry.disabled,
    wrapper: wrapped && { how: wrapped.how, options: maskWords(wrapped.options), drift },
    problem: entry.kind === 'unusable' ? entry.reason : undefined,
    wrappedElsewhere: twins,
  };
}

function asText(reports: readonly PlaceReport[], io: ClientsTerminal): string {
  return reports.map((report) => placeAsText(report, io)).join('\n');
}

/** Where it was looked for. */
function noneText(all: readonly PlaceReport[], io: ClientsTerminal): string {
  const rows = all.map(({ client, place }) => [client.name, atHome(place.path, io)]);
  return `No client configuration found. Looked for:\n${table(io.out, rows, { indent: '  ', columns: ['whole', 'prose'] })}For any other client: policy-wrap install --print --add <name> -- <command>\n`;
}

function placeAsText({ client, place, state }: PlaceReport, { out }: ClientsTerminal): string {
  const scope = place.variant === undefined ? place.scope : `${place.scope}, ${place.variant}`;
  const head = `${client.name}  ${printable(place.path)}  (${scope})`;
  if (state.kind === 'unreadable') return `${head}\n  cannot be read: ${printable(state.problem)}\n`;
  if (state.kind === 'absent' || state.entries.length === 0) return `${head}\n  no servers\n`;
  const rows = state.entries.map((report) => {
    const { entry } = report;
    const name = entry.project === undefined ? entry.name : `${entry.name} (${entry.project})`;
    return [printable(name), statusOf(report).text, printable(commandOf(report))];
  });
  return `${head}\n${table(out, rows, { indent: '  ', columns: ['whole', 'prose', 'prose'] })}`;
}

function commandOf({ entry }: EntryReport): string {
  if (entry.kind === 'unusable') return '';
  const url = urlOf(entry);
  return maskWords(url === undefined ? originalOf(entry) : [url]).join(' ');
}

function statusOf({ entry, drift, twins }: EntryReport): {
  code: Printed<typeof ENTRY>['status'];
  text: string;
} {
  switch (entry.kind) {
    case 'remote':
      return { code: 'remote', text: reasonAgainst(entry) ?? `remote, not wrapped${around(entry, twins)}` };
    case 'unusable':
      return { code: 'unusable', text: `cannot be wrapped: ${printable(entry.reason)}` };
    case 'stdio':
      break;
  }
  if (entry.state.kind === 'broken') return { code: 'broken', text: entry.state.reason };
  if (entry.state.kind === 'wrapped')
    return drift.length === 0
      ? { code: 'wrapped', text: 'wrapped' }
      : { code: 'drifted', text: `wrapped, drifted: ${drift.join(', ')}` };
  return { code: 'not-wrapped', text: `not wrapped${around(entry, twins)}` };
}

function around({ disabled }: EntryReport['entry'], [twin]: EntryReport['twins']): string {
  const there = twin === undefined ? '' : `; the same server is wrapped in ${twin.client}`;
  return `${disabled ? ' (disabled)' : ''}${there}`;
}
