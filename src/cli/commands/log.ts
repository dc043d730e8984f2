import { stateFile } from '../../config/policy-files.js';
import { EXIT } from '../../errors.js';
import type { Mine, Origin } from '../../store/shared-store.js';
import type { EventEntry, LogEntry, LogFilter } from '../../store/store.js';
import { count } from '../../text/count.js';
import { NAME_CAP, printable } from '../../text/escape.js';
import { decisionLine, eventLine, namesOf } from '../log-json.js';
import { leftAloneText, openIfThere, type StateOptions } from '../open-state.js';
import { policiesNow, type Remedy, remediesOf, standingIn } from '../remedies.js';
import { serversSeenBy, strangeLine, strangeName, toolsSeen } from '../seen-names.js';
import { type Cell, type Column, type Style, table } from '../table.js';
import { type AnyStore, askNow, openTeam, type StoreOptions } from '../team-store.js';
import type { Terminal } from '../terminal.js';
import { clockTime, localDay, sinceOf } from '../time.js';

export interface LogOptions extends StateOptions, StoreOptions {
  readonly mine?: boolean | undefined;
  readonly denied?: boolean | undefined;
  readonly tool?: string | undefined;
  readonly server?: string | undefined;
  readonly since?: string | undefined;
  readonly limit: number;
  readonly follow?: boolean | undefined;
  readonly arguments?: boolean | undefined;
  readonly json?: boolean | undefined;
}

type Line = { readonly at: number } & (
  | { readonly kind: 'decision'; readonly entry: LogEntry & Partial<Origin> }
  | { readonly kind: 'event'; readonly entry: EventEntry }
);

const FOLLOW_MS = 500;
/** New rows that are taken at a time while following. */
const FOLLOW_LIMIT = 1000;
const COLUMNS: readonly Column[] = ['whole', 'whole', 'whole', 'whole', 'whole', 'whole', 'spare', 'prose'];

/** Shows decisions and what happened beside them, the newest last. */
export async function log(options: LogOptions, io: Terminal): Promise<number> {
  const team = await openTeam(options, io);
  if (!team) await io.err.write(leftAloneText(options));
  const store = team ?? openIfThere(options, io);
  if (!store) {
    await io.err.write(
      `There is no state database at ${printable(stateFile(options.db))} yet: nothing has been decided.\n`,
    );
    return EXIT.done;
  }
  try {
    const { denied, tool, server, mine, follow: follows } = options;
    const since = sinceOf(options.since, await askNow(store, io));
    const filter = { denied, tool, server, since, mine, follows };
    // Read before the rows are: none that comes in between is skipped.
    let afterId = (await store.log({ limit: 1, mine, follows })).at(-1)?.auditId ?? '0';
    let afterEvent = (await store.events({ limit: 1, follows })).at(-1)?.id ?? '0';
    const { limit } = options;
    const newest = await store.log({ ...filter, limit });
    const happened = await events(store, filter, { limit });
    afterId = later(afterId, newest.at(-1)?.auditId);
    afterEvent = later(afterEvent, happened.at(-1)?.id);
    const page: Page = { widths: [], day: undefined };
    const first = merged(newest, happened);
    if (first.length === 0 && limit > 0) await tellEmpty(store, options, io);
    let reads = await show(limit === 0 ? [] : first.slice(-limit), options, io, page);
    if (reads && denied && !options.json && !options.follow)
      reads = await showRemedies(
        await remediesOf(newest, store, policiesNow(options, io), await standingIn(store, options, io.env)),
        io,
      );
    while (options.follow && reads && (await io.pause(FOLLOW_MS))) {
      const decisions = await store.log({ ...filter, afterId, limit: FOLLOW_LIMIT });
      const happened = await events(store, filter, { afterId: afterEvent, limit: FOLLOW_LIMIT });
      afterId = later(afterId, decisions.at(-1)?.auditId);
      afterEvent = later(afterEvent, happened.at(-1)?.id);
      reads = await show(merged(decisions, happened), options, io, page);
    }
    return EXIT.done;
  } finally {
    await store.close();
  }
}

/** Says why there may be nothing to show. */
async function tellEmpty(store: AnyStore, { tool, server }: LogOptions, io: Terminal): Promise<void> {
  const strange = [
    strangeName('server', server, await serversSeenBy(store)),
    // What tools a server has is known on its machine alone.
    'pins' in store ? strangeName('tool', tool, toolsSeen(store)) : undefined,
  ];
  await io.err.write(`No line of the log matches.\n${strange.map(strangeLine).join('')}`);
}

/** How to let through what is shown; for people, so not in JSON. */
async function showRemedies(remedies: readonly Remedy[], io: Terminal): Promise<boolean> {
  const rows = remedies.map(({ command, advice, server, tool, code, times }): Cell[] => [
    ...(command === undefined ? [named(server), named(tool), code ?? 'hidden'] : [printable(command)]),
    // An approval's id says nothing of its call.
    command !== undefined && code === 'APPROVAL_REQUIRED'
      ? `${count(times, 'call')} of ${named(tool)}`
      : count(times, 'call'),
    ...(advice === undefined ? [] : [advice]),
  ]);
  const told = (title: string, shown: Cell[][], columns?: readonly Column[]) =>
    shown.length === 0
      ? true
      : io.out.write(`\n${title}:\n${table(io.out, shown, { indent: '  ', ...(columns && { columns }) })}`);
  const hasCommand = (_: Cell[], at: number) => remedies[at]?.command !== undefined;
  await told('To let them through', rows.filter(hasCommand));
  return await told(
    'What no command lets through',
    rows.filter((row, at) => !hasCommand(row, at)),
    ['whole', 'whole', 'whole', 'whole', 'prose'],
  );
}

function later(a: string, b: string | undefined): string {
  return b !== undefined && Number(b) > Number(a) ? b : a;
}

/** Events that pass the filter: what is said of a call is found through its approval. */
async function events(
  store: AnyStore,
  { denied, tool, server, since, mine, follows }: LogFilter & Mine,
  page: { readonly limit: number; readonly afterId?: string },
): Promise<EventEntry[]> {
  // What is one's own is calls.
  if (denied || mine) return [];
  const all = await store.events({ since, follows, ...page });
  if (tool === undefined && server === undefined) return all;
  const passes = async ({ detail }: EventEntry) => {
    const approval = typeof detail.approval === 'string' ? await store.approval(detail.approval) : undefined;
    const isOf = (wanted: string | undefined, said: unknown) => wanted === undefined || wanted === said;
    return isOf(tool, detail.tool ?? approval?.tool) && isOf(server, detail.server ?? approval?.server);
  };
  const kept: EventEntry[] = [];
  for (const one of all) if (await passes(one)) kept.push(one);
  return kept;
}

function merged(decisions: readonly LogEntry[], happened: readonly EventEntry[]): Line[] {
  const lines: Line[] = [
    ...decisions.map((entry) => ({ at: entry.at, kind: 'decision' as const, entry })),
    ...happened.map((entry) => ({ at: entry.at, kind: 'event' as const, entry })),
  ];
  return lines.sort((a, b) => a.at - b.at);
}

/** What the next lines go on from. */
interface Page {
  readonly widths: number[];
  /** The row of the last line that was shown. */
  day: string | undefined;
}

function show(lines: readonly Line[], options: LogOptions, io: Terminal, page: Page): Promise<boolean> {
  if (lines.length === 0) return Promise.resolve(true);
  if (options.json) {
    const text = lines.map((line) =>
      line.kind === 'event' ? eventLine(line.entry) : decisionLine(line.entry, options.arguments ?? false),
    );
    return io.out.write(`${text.join('\n')}\n`);
  }
  const rows = lines.flatMap((line): Cell[][] => {
    const row =
      line.kind === 'event' ? eventRow(line.entry) : decisionRow(line.entry, options.arguments ?? false);
    const day = localDay(line.at);
    if (day === page.day) return [row];
    page.day = day;
    return [[{ text: day, style: 'bold' }], row];
  });
  return io.out.write(table(io.out, rows, { widths: page.widths, columns: COLUMNS }));
}

const STYLE: Record<LogEntry['decision'], Style> = {
  allow: 'green',
  deny: 'red',
  ask: 'yellow',
  hide: 'dim',
};
const named = (text: string | undefined) => printable(text ?? '', NAME_CAP);

function decisionRow(entry: LogEntry & Partial<Origin>, whole: boolean): Cell[] {
  const { decision, code, rule, observe, outcome, latencyMs, clientName, clientVersion, approval } = entry;
  const latency = latencyMs === undefined ? '' : `${latencyMs} ms`;
  return [
    { text: clockTime(entry.at, entry.at), style: 'dim' },
    { text: observe && decision !== 'allow' ? `would ${decision}` : decision, style: STYLE[decision] },
    named(entry.server),
    named(entry.tool),
    code ?? '',
    decision === 'allow' ? [outcome ?? 'open', latency].join(' ').trim() : printable(rule ?? ''),
    [`${named(clientName)} ${named(clientVersion)}`.trim(), originOf(entry)].filter(Boolean).join(', '),
    [approval === undefined ? '' : `approval ${approval}`, argumentsOf(entry.arguments, whole)]
      .filter(Boolean)
      .join('; '),
  ];
}

/** `alice on laptop-2`, in a store that a team shares. */
function originOf({ who, host }: Partial<Origin>): string {
  return who === undefined ? '' : `${named(who)} on ${named(host)}`;
}

/** The recorded arguments: their names, or all that the policy had recorded. */
function argumentsOf(recorded: string, whole: boolean): string {
  if (whole) return printable(recorded);
  const names = namesOf(recorded);
  return names.length === 0 ? '' : `arguments: ${printable(names.join(', '))}`;
}

function eventRow({ at, who, host, kind, detail }: EventEntry & Partial<Origin>): Cell[] {
  const { server, tool, approval, budget, name, ...rest } = detail;
  const about = [name, approval, budget].filter((one) => typeof one === 'string').map(String);
  return [
    { text: clockTime(at, at), style: 'dim' },
    { text: kind, style: 'bold' },
    named(typeof server === 'string' ? server : ''),
    named(typeof tool === 'string' ? tool : ''),
    `by ${named(who)}${host === undefined ? '' : ` on ${named(host)}`}`,
    printable(about.join(' '), NAME_CAP),
    '',
    printable(
      Object.entries(rest)
        .filter(([, value]) => value !== undefined && value !== '' && value !== false)
        .map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', '),
    ),
  ];
}
