import { needsClient, type Started, warnAfter } from '../../clients/after-install.js';
import { typed } from '../../clients/change/masking.js';
import type { Plan } from '../../clients/change/plan.js';
import type { ServerEntry } from '../../clients/entries.js';
import type { Target } from '../../clients/selection.js';
import { readPolicy } from '../../config/policy-files.js';
import { readPreset } from '../../config/shipped-policies.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { type Layers, stack } from '../../policy/evaluate/layers.js';
import { count, shortList } from '../../text/count.js';
import { printable } from '../../text/escape.js';
import type { LiveServer } from '../../upstream/live-server.js';
import { effectOn, limitsOn, limitsOverAll } from '../effects.js';
import type { PolicySource } from '../held-policy.js';
import { storeOfEntry, storeOption } from '../named-stores.js';
import type { Protection } from '../protection.js';
import { paint, wrapped } from '../table.js';
import type { Output } from '../terminal.js';
import type { ClientsTerminal } from '../this-installation.js';
import { type FoundServer, type LeftServer, UNKNOWN_TEXTS } from './found-servers.js';

export interface Screen {
  readonly chosen: readonly FoundServer[];
  readonly left: readonly LeftServer[];
  readonly plans: readonly { readonly target: Target; readonly plan: Plan }[];
  readonly protections: ReadonlyMap<ServerEntry, Protection>;
  /** Whether anything was written. */
  readonly changed: boolean;
}

/** Lines are no longer than this where the terminal is wider, or nobody looks. */
const WIDEST = 100;

/** Rows of a name and a text that goes on below itself, two blanks in; a line end in a text begins a line. */
export function block(rows: readonly (readonly string[])[], { out }: { readonly out: Output }): string {
  const width = Math.max(0, ...rows.map(([name = '']) => name.length));
  const room = Math.max(20, Math.min(out.columns, WIDEST) - width - 4);
  return rows
    .flatMap(([name = '', ...texts]) =>
      texts
        .join(' ')
        .split('\n')
        .flatMap((text) => wrapped(text, room))
        .map((line, at) => `  ${(at === 0 ? name : '').padEnd(width)}  ${line}`.trimEnd()),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/**
 * Starts each server that was written once through the wrapper, unless that was not wanted, and ends with one screen: what is active, what will be
 * refused, asked and limited, what is left to do, how to go back, and how to see what happens.
 *
 * @returns an exit code: `failed` when one did not start
 */
export async function finalScreen(screen: Screen, io: ClientsTerminal): Promise<number> {
  const unwanted = new Set(
    screen.chosen.filter(({ unknown }) => unknown === 'unwanted').map(({ entry }) => entry.name),
  );
  const started = screen.plans
    .flatMap(({ plan }) => plan.started.map(({ entry }) => entry))
    .filter(({ name }) => !unwanted.has(name));
  const seen = await startAll(started, io);
  const failed = [...seen.values()].some((each) => typeof each === 'string');
  const heading = (text: string) => io.out.write(`\n${paint(io.out, 'bold', text)}\n`);
  for (const { target, plan } of screen.plans)
    if (screen.changed)
      await warnAfter(
        target,
        plan.started.map(({ entry }) => entry),
        io,
      );

  for (const found of screen.chosen) {
    const { entry } = found;
    await heading(`${printable(entry.name)} in ${found.target.name}`);
    const mine = started.find(({ name }) => name === entry.name);
    const through = mine === undefined ? undefined : seen.get(mine);
    await io.out.write(block(rowsOf(found, screen.protections.get(entry), through, io), io));
  }
  if (screen.left.length > 0) {
    await heading('Left as they are');
    await io.out.write(
      block(
        screen.left.map(({ name, reason }) => [name, reason]),
        io,
      ),
    );
  }
  if (screen.chosen.length > 0) {
    await heading('Next');
    await io.out.write(block(nextRows(screen), io));
  }
  return failed ? EXIT.failed : EXIT.done;
}

async function startAll(
  started: readonly Started[],
  io: ClientsTerminal,
): Promise<ReadonlyMap<Started, LiveServer | string | undefined>> {
  const seen = new Map<Started, LiveServer | string | undefined>();
  if (started.length === 0) return seen;
  const names = started.map(({ name }) => printable(name)).join(', ');
  await io.busy(`Starting ${names} once through policy-wrap`, () =>
    Promise.all(
      started.map(async (server) => {
        if (needsClient(server)) return seen.set(server, undefined);
        try {
          return seen.set(server, await io.toolsOf(server.words, Object.fromEntries(server.env), server.cwd));
        } catch (error) {
          if (!PolicyWrapError.is(error)) throw error;
          return seen.set(server, printable(error.message.split(/\n|; /)[0] ?? '', 200));
        }
      }),
    ),
  );
  return seen;
}

function rowsOf(
  { entry, live, isWrapped, unknown, team }: FoundServer,
  protection: Protection | undefined,
  through: LiveServer | string | undefined,
  io: ClientsTerminal,
): string[][] {
  const rows: string[][] = [];
  if (typeof through === 'string') rows.push(['started', `it did not start through policy-wrap: ${through}`]);
  else if (through !== undefined)
    rows.push(['started', `yes, with ${count(through.tools.length, 'tool')} for your client`]);
  else
    rows.push([
      'started',
      isWrapped
        ? 'not now; it was wrapped before'
        : unknown === 'unwanted'
          ? 'not now, as you wished; your client starts it'
          : `not now: ${UNKNOWN_TEXTS['filled in']}`,
    ]);
  const source = protection?.source;
  const tools = live ?? (typeof through === 'object' ? through : undefined);
  if (source !== undefined) rows.push(...policyRows(source, tools, io));
  else if (protection !== undefined) rows.push(['policy', protection.about.join('; ')]);
  const store = storeOfEntry(entry);
  if (team !== undefined && store !== undefined)
    rows.push(['counts', `in ${team}:\npolicy-wrap status ${storeOption(store)}`]);
  return rows;
}

const MAX_NAMES = 12;

function policyRows(source: PolicySource, tools: LiveServer | undefined, io: ClientsTerminal): string[][] {
  const found = 'file' in source ? readPolicy(source.file) : readPreset(source.preset);
  if (found.kind !== 'policy') return [];
  const layers = stack(found.policy, found.extended);
  const rows: string[][] = [];
  for (const [effect, words] of [
    ['allowed', 'passes'],
    ['limited', 'limited'],
    ['asked', 'asks you'],
    ['hidden', 'hidden'],
    ['refused', 'refused'],
  ] as const) {
    const names = (tools?.tools ?? [])
      .map(({ name }) => name)
      .filter((name) => effectOn(layers, name) === effect);
    if (names.length === 0) continue;
    rows.push([words, effect === 'limited' ? limitedText(names, layers) : namesText(names)]);
  }
  const overAll = limitsOverAll(layers);
  if (overAll.length > 0) rows.push(['together', overAll.join(', ')]);
  rows.push([
    'policy',
    'file' in source ? atHome(source.file, io) : `the preset ${printable(source.preset)}`,
  ]);
  return rows;
}

const namesText = (names: readonly string[]): string =>
  shortList(
    names.map((name) => printable(name, 60)),
    MAX_NAMES,
  );

/** A line for the tools that have the same limits. */
function limitedText(names: readonly string[], layers: Layers): string {
  const byLimits = new Map<string, string[]>();
  for (const name of names) {
    const text =
      limitsOn(layers, name)
        .map((limit) => printable(limit))
        .join(', ') || 'by conditions';
    byLimits.set(text, [...(byLimits.get(text) ?? []), name]);
  }
  return [...byLimits].map(([text, each]) => `${namesText(each)}: ${text}`).join('\n');
}

/** A path as people write it. */
export function atHome(path: string, { machine }: ClientsTerminal): string {
  const { home } = machine;
  const shown =
    path.startsWith(`${home}/`) || path.startsWith(`${home}\\`) ? `~${path.slice(home.length)}` : path;
  return printable(shown);
}

function nextRows({ plans, chosen, changed }: Screen): string[][] {
  const restarts = [...new Set(plans.flatMap(({ target }) => target.client?.restart ?? []))];
  const undo = plans.map(({ target }) => {
    const names = chosen.filter((found) => found.target === target).map(({ entry }) => typed(entry.name));
    return `policy-wrap uninstall ${target.words} ${names.join(' ')}`;
  });
  const [one = ''] = undo;
  const [only, second] = chosen;
  const server = only && !second ? typed(only.server) : '<server>';
  return [
    ...(changed ? restarts.map((text) => ['restart', text]) : []),
    ['watch', 'policy-wrap status --watch, or policy-wrap log --follow'],
    ['refused', 'policy-wrap log --denied'],
    ['change', `policy-wrap allow ${server} <tool>, or ask, deny, limit`],
    ['undo', undo.length === 1 ? one : 'policy-wrap uninstall --all'],
  ];
}
