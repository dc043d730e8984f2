import { stateFile } from '../../config/policy-files.js';
import { EXIT } from '../../errors.js';
import { textOfDuration } from '../../policy/limits/window.js';
import { changeOf } from '../../store/definition-diff.js';
import type {
  ApprovalEntry,
  BudgetEntry,
  CounterEntry,
  PauseEntry,
  PinEntry,
  SessionEntry,
} from '../../store/store.js';
import { printable, printableJson } from '../../text/escape.js';
import { isForQueue } from '../approval-view.js';
import type { OtherDatabases } from '../databases.js';
import { type OpenState, openStates, othersThan, type StateOptions } from '../open-state.js';
import { bar, type Cell, paint, table } from '../table.js';
import type { Terminal } from '../terminal.js';
import { localTime, span } from '../time.js';

export interface StatusOptions extends StateOptions {
  readonly server?: string | undefined;
  /** Only counters of this name. */
  readonly counter?: string | undefined;
  readonly json?: boolean | undefined;
  readonly watch?: boolean | undefined;
  readonly color?: boolean | undefined;
}

/** All that is shown, as of one instant; times in UTC milliseconds. */
interface Seen {
  readonly now: number;
  readonly path: string;
  /** Undefined where there is no database. */
  readonly state:
    | {
        readonly sessions: readonly SessionEntry[];
        /** By name; the fullest first where not all are there. */
        readonly counters: readonly CounterEntry[];
        readonly countersTotal: number;
        /** Counters that were charged at a time that has not come yet. */
        readonly ahead: { readonly count: number; readonly until: number };
        readonly approvals: readonly ApprovalEntry[];
        readonly budgets: readonly BudgetEntry[];
        readonly pauses: readonly PauseEntry[];
        /** Tools that are not what they were. */
        readonly changed: readonly PinEntry[];
      }
    | undefined;
}

const WATCH_MS = 1000;
/** Of each changed tool; `trust --dry-run` shows all. */
const CHANGE_LINES = 12;
const NAME_CAP = 60;
/** A limit that is split by an argument may have thousands of counts: so many are shown, and are in the JSON. */
const COUNTERS_SHOWN = 40;
const COUNTERS_IN_JSON = 200;
/** Changed tools that are shown; a server may have changed thousands. */
const CHANGED_SHOWN = 20;
/** Servers that no longer run are named for so long. */
const REMEMBERED_MS = 7 * 86_400_000;

/** Shows what runs, what is used up and who waits for a person; with `watch` again every second until Ctrl-C. */
export async function status(options: StatusOptions, io: Terminal): Promise<number> {
  const others = othersThan(options);
  for (;;) {
    const { seen, leftAlone } = look(options, others, io);
    const text = options.json
      ? `${printableJson(allAsJson(seen, leftAlone), options.watch ? undefined : 2)}\n`
      : allAsText(seen, leftAlone, io);
    // Home, the picture, and what is left of the last one below it: no flicker.
    const clears = options.watch && !options.json && io.out.isTerminal;
    const drawn = clears ? `\u001b[H${text.replaceAll('\n', '\u001b[K\n')}\u001b[J` : text;
    if (!(await io.out.write(drawn)) || !options.watch || !(await io.pause(WATCH_MS))) return EXIT.done;
  }
}

/** Every database; the usual one first, also where it is not there. */
function look(
  options: StatusOptions,
  others: OtherDatabases,
  io: Terminal,
): { seen: [Seen, ...Seen[]]; leftAlone: readonly string[] } {
  const now = io.now();
  const path = stateFile(options.db);
  const { states, leftAlone } = openStates(options, io, others);
  try {
    const seen = states.map((each) => lookInto(each, options, now));
    const [usual] = seen;
    return usual?.path === path
      ? { seen: [usual, ...seen.slice(1)], leftAlone }
      : { seen: [{ now, path, state: undefined }, ...seen], leftAlone };
  } finally {
    for (const { store } of states) store.close();
  }
}

function lookInto({ path, store }: OpenState, options: StatusOptions, now: number): Seen {
  const { server, counter: name } = options;
  const limit = options.json ? COUNTERS_IN_JSON : COUNTERS_SHOWN;
  const { counters: fullest, total } = store.fullestCounters({ name, ofServer: server }, limit);
  const ofServer = <T extends { readonly server: string | undefined }>(all: readonly T[]) =>
    server === undefined ? all : all.filter((one) => one.server === server || one.server === undefined);
  const state = {
    sessions: ofServer(store.sessions()),
    counters: total > fullest.length ? fullest : byName(fullest),
    countersTotal: total,
    ahead: store.countersAhead(),
    approvals: ofServer(store.approvals()),
    budgets: ofServer(store.budgets()),
    pauses: ofServer(store.pauses()),
    changed: store.changedTools(server),
  };
  return { now, path, state };
}

function allAsText(seen: readonly Seen[], leftAlone: readonly string[], io: Terminal): string {
  const parts = seen.map((each) => asText(each, io));
  if (seen.length > 1) {
    const says = `${seen.length} databases: what is counted, approved or paused in one does not hold in another (policy-wrap doctor says more)`;
    parts.unshift(`${paint(io.out, 'yellow', says)}\n`);
  }
  for (const line of leftAlone) parts.push(`${paint(io.out, 'yellow', `Left alone: ${line}`)}\n`);
  return parts.join('\n');
}

/** The usual database at the top, as where there is no other. */
function allAsJson([usual, ...others]: readonly [Seen, ...Seen[]], leftAlone: readonly string[]): object {
  return { ...asJson(usual), otherDatabases: others.map(asJson), leftAlone };
}

function asText({ now, path, state }: Seen, io: Terminal): string {
  const { out } = io;
  const title = (text: string) => `\n${paint(out, 'bold', text)}\n`;
  if (!state) return `There is no state database at ${printable(path)} yet: nothing was wrapped so far.\n`;
  const running = state.sessions.filter(({ live }) => live);
  const ended = endedServers(state.sessions, now);
  let text = paint(out, 'dim', `${printable(path)}   ${localTime(now)}\n`);
  for (const { server, since, note } of state.pauses) {
    const what = server === undefined ? 'every server' : named(server);
    const why = note === undefined ? '' : `, ${named(note)}`;
    text += `${paint(out, 'red', `PAUSED: every call of ${what} is refused`)} since ${localTime(since)}${why}: policy-wrap resume\n`;
  }
  text += title('Servers');
  if (running.length + ended.length === 0) text += '  No wrapper is running.\n';
  text += table(out, [...running.map((session) => sessionRow(session)), ...ended.map(endedRow)], INDENT);
  for (const { server, policyProblem } of running.filter((session) => session.policyProblem !== undefined)) {
    text += paint(
      out,
      'yellow',
      `  ${named(server)} keeps its last good policy: ${printable(policyProblem ?? '', 300)}\n`,
    );
  }
  for (const pin of state.changed.slice(0, CHANGED_SHOWN)) {
    const what = `${named(pin.server)} ${named(pin.tool)} is not what it was: policy-wrap trust ${named(pin.server)}`;
    text += `${paint(out, 'yellow', `  ${what}`)}\n${changeOf(pin, CHANGE_LINES).replace(/^/gm, '    ')}\n`;
  }
  if (state.changed.length > CHANGED_SHOWN)
    text += `  and ${state.changed.length - CHANGED_SHOWN} more: policy-wrap trust <server> --dry-run shows all\n`;
  text += title('Counters');
  if (state.ahead.count > 0) text += `${paint(out, 'red', `  ${aheadText(state.ahead)}`)}\n`;
  if (state.counters.length === 0) text += '  Nothing was counted yet.\n';
  const rows = byName(state.counters);
  const left = state.countersTotal - rows.length;
  text += table(
    out,
    rows.map((counter) => counterRow(counter, now)),
    INDENT,
  );
  if (left > 0) {
    const where =
      state.countersTotal > COUNTERS_IN_JSON ? 'there (--counter <name> keeps to one limit)' : 'in --json';
    text += `  These are the fullest; ${left} more are ${where}.\n`;
  }
  if (state.approvals.length > 0) {
    text += title('Waiting for a person');
    text += table(
      out,
      state.approvals.map((approval) => approvalRow(approval, now)),
      INDENT,
    );
  }
  if (state.budgets.length > 0) {
    text += title('Approved in advance');
    text += table(
      out,
      state.budgets.map((budget) => budgetRow(budget, now)),
      INDENT,
    );
  }
  return text;
}

const INDENT = { indent: '  ' };
const named = (text: string | undefined) => printable(text ?? '', NAME_CAP);

function sessionRow(session: SessionEntry): Cell[] {
  const { server, grant, clientName, clientVersion, pid, startedAt, policySource, observe } = session;
  const client =
    clientName === undefined ? 'no client yet' : `${named(clientName)} ${named(clientVersion)}`.trim();
  return [
    named(server),
    grant === 'default' ? '' : `grant ${named(grant)}`,
    observe ? { text: 'observes, refuses nothing', style: 'yellow' } : { text: 'running', style: 'green' },
    client,
    `pid ${pid}`,
    `since ${localTime(startedAt)}`,
    policySource === undefined ? 'no policy' : printable(policySource),
  ];
}

/** The last session of each server of which none runs. */
function endedServers(sessions: readonly SessionEntry[], now: number): SessionEntry[] {
  const live = new Set(sessions.filter((session) => session.live).map(({ server }) => server));
  const last = new Map<string, SessionEntry>();
  for (const session of sessions) {
    if (live.has(session.server) || now - session.seenAt > REMEMBERED_MS) continue;
    if (session.seenAt >= (last.get(session.server)?.seenAt ?? 0)) last.set(session.server, session);
  }
  return [...last.values()];
}

function endedRow({ server, seenAt }: SessionEntry): Cell[] {
  return [named(server), '', { text: 'not running', style: 'dim' }, `last seen ${localTime(seenAt)}`];
}

function shareOf({ used, max }: CounterEntry): number {
  return max.sign > 0 ? used.toNumber() / max.toNumber() : 1;
}

function counterRow(counter: CounterEntry, now: number): Cell[] {
  const { used, max, freesAt, observe } = counter;
  const share = shareOf(counter);
  const full = used.compare(max) >= 0;
  return [
    [counter.server === undefined ? '(machine)' : named(counter.server), counter.name].map(named).join(' '),
    { text: bar(share), style: full ? 'red' : share >= 0.8 ? 'yellow' : 'green' },
    `${used} / ${max}`,
    windowOf(counter),
    [
      counter.split === '' ? '' : `for ${named(counter.split)}`,
      counter.grant === undefined || counter.grant === 'default' ? '' : `grant ${named(counter.grant)}`,
      counter.scope === 'session' ? `session ${named(counter.session).slice(0, 8)}` : '',
      observe ? 'observed only' : '',
    ]
      .filter(Boolean)
      .join(', '),
    !full
      ? ''
      : freesAt === undefined
        ? 'never free'
        : `full until ${localTime(freesAt)} (${span(freesAt - now)})`,
  ];
}

function byName(counters: readonly CounterEntry[]): CounterEntry[] {
  return [...counters].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.id - b.id));
}

function aheadText({ count, until }: { readonly count: number; readonly until: number }): string {
  const what = count === 1 ? 'A counter was' : `${count} counters were`;
  return `${what} charged when the clock said ${localTime(until)}; if it is right now: policy-wrap reset --clock`;
}

function windowOf({ windowMs, calendar }: CounterEntry): string {
  return calendar
    ? `per calendar ${calendar.unit}, ${named(calendar.timezone)}`
    : `per ${textOfDuration(windowMs)}`;
}

function approvalRow(approval: ApprovalEntry, now: number): Cell[] {
  const { id, server, tool, reason, expiresAt } = approval;
  return [
    { text: isForQueue(approval) ? `policy-wrap approve ${id}` : `${id}, in the client`, style: 'yellow' },
    `${named(server)} ${named(tool)}`,
    `expires in ${span(expiresAt - now)}`,
    printable(reason, 200),
  ];
}

function budgetRow({ id, server, tool, callsLeft, bound, expiresAt }: BudgetEntry, now: number): Cell[] {
  return [
    `${named(server)} ${named(tool)}`,
    `${callsLeft} more ${callsLeft === 1 ? 'call' : 'calls'}`,
    bound ? `${named(bound.path)} at most ${bound.max}` : 'any arguments',
    `until ${localTime(expiresAt)} (${span(expiresAt - now)})`,
    { text: `revoke: policy-wrap reject ${id}`, style: 'dim' },
  ];
}

const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/** Version 1: fields may be added, never changed. Times in UTC; amounts as exact decimal text. */
function asJson({ now, path, state }: Seen): object {
  const base = { version: 1, now: iso(now), database: { path, exists: state !== undefined } };
  const {
    sessions = [],
    counters = [],
    countersTotal = 0,
    ahead,
    approvals = [],
    budgets = [],
    pauses = [],
    changed = [],
  } = state ?? {};
  return {
    ...base,
    pauses: pauses.map(({ server, since, note }) => ({
      server: server ?? null,
      since: iso(since),
      note: note ?? null,
    })),
    changedTools: changed.map(({ server, tool }) => ({ server, tool })),
    wrappers: sessions
      .filter(({ live }) => live)
      .map(({ id, server, grant, pid, observe, policyHash, policySource, ...rest }) => ({
        session: id,
        ...{ server, grant, pid, observe },
        client:
          rest.clientName === undefined
            ? null
            : { name: rest.clientName, version: rest.clientVersion ?? null },
        startedAt: iso(rest.startedAt),
        seenAt: iso(rest.seenAt),
        policy: policyHash === undefined ? null : { hash: policyHash, source: policySource ?? null },
        policyProblem: rest.policyProblem ?? null,
      })),
    servers: [...new Set(sessions.map(({ server }) => server))].map((server) => {
      const own = sessions.filter((session) => session.server === server);
      return {
        server,
        running: own.filter(({ live }) => live).length,
        lastSeenAt: iso(Math.max(...own.map(({ seenAt }) => seenAt))),
      };
    }),
    counters: counters.map(
      ({ name, scope, server, grant, session, split, windowMs, calendar, observe, ...rest }) => ({
        name,
        scope,
        server: server ?? null,
        grant: grant ?? null,
        session: session ?? null,
        split: split === '' ? null : split,
        windowMs,
        calendar: calendar ?? null,
        observe,
        used: String(rest.used),
        max: String(rest.max),
        freesAt: iso(rest.freesAt),
        aheadMs: rest.aheadMs,
      }),
    ),
    approvals: approvals.map((approval) => {
      const { id, server, grant, tool, rule, reason, askedAt, expiresAt } = approval;
      return {
        ...{ id, server, grant, tool, rule, reason },
        askedAt: iso(askedAt),
        expiresAt: iso(expiresAt),
        approve: isForQueue(approval) ? `policy-wrap approve ${id}` : null,
      };
    }),
    countersTotal,
    moreCounters: countersTotal - counters.length,
    clockWas: ahead && ahead.count > 0 ? iso(ahead.until) : null,
    budgets: budgets.map(({ id, server, grant, tool, callsLeft, bound, madeBy, madeAt, expiresAt }) => ({
      ...{ id, server, grant, tool, callsLeft, bound: bound ?? null, madeBy },
      madeAt: iso(madeAt),
      expiresAt: iso(expiresAt),
    })),
  };
}
