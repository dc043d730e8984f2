import type { TeamStanding } from '../../policy/remedy.js';
import { changeOf } from '../../store/definition-diff.js';
import { LOSS_HINT } from '../../store/postgres/history.js';
import type { Origin } from '../../store/shared-store.js';
import type { ApprovalEntry, BudgetEntry, CounterEntry, SessionEntry } from '../../store/store.js';
import { count } from '../../text/count.js';
import { span, textOfDuration } from '../../text/duration.js';
import { NAME_CAP, printable } from '../../text/escape.js';
import { isForQueue, mayApprove } from '../approval-view.js';
import { inTeam } from '../named-stores.js';
import type { Remedy } from '../remedies.js';
import { bar, type Cell, paint, type TableOptions, table } from '../table.js';
import type { Output } from '../terminal.js';
import { clockTime, localTime } from '../time.js';
import { textWidth } from '../width.js';
import { byName, COUNTERS_IN_JSON, type Snapshot } from './snapshot.js';

/** Lines that are shown of each changed tool; `trust --dry-run` shows all. */
const CHANGE_LINES = 12;
/** Changed tools that are shown; a server may have changed thousands. */
const CHANGED_SHOWN = 20;
const REMEDIES_SHOWN = 10;
/** How long a server that no longer runs is still named, in milliseconds. */
const REMEMBERED_MS = 7 * 86_400_000;

/** What `status` shows a person. */
export function statusText(seen: readonly Snapshot[], leftAlone: readonly string[], out: Output): string {
  const parts = seen.map((each) => asText(each, out));
  if (seen.length > 1) {
    const says = `${seen.length} databases: what is counted, approved or paused in one does not apply in another (policy-wrap doctor says more)`;
    parts.unshift(`${paint(out, 'yellow', says)}\n`);
  }
  for (const line of leftAlone) parts.push(`${paint(out, 'yellow', `Left alone: ${line}`)}\n`);
  return parts.join('\n');
}

function asText({ now, path, state }: Snapshot, out: Output): string {
  const title = (text: string) => `\n${paint(out, 'bold', text)}\n`;
  if (!state) return `There is no state database at ${printable(path)} yet: nothing has been wrapped.\n`;
  const running = state.sessions.filter(({ live }) => live);
  const ended = endedServers(state.sessions, now);
  const [where, when] = [printable(path), localTime(now)];
  const gap = textWidth(where) + 3 + textWidth(when) > out.columns ? '\n' : '   ';
  let text = paint(out, 'dim', `${where}${gap}${when}\n`);
  if (state.loss !== undefined)
    text += `${paint(out, 'red', 'HISTORY LOST')}: ${printable(state.loss, 2000)}. ${LOSS_HINT}\n`;
  for (const { server, since, note, who, isHere } of state.pauses) {
    const what = server === undefined ? 'every server' : named(server);
    const why = note === undefined ? '' : `, ${named(note)}`;
    const by = who === undefined ? '' : ` by ${named(who)}`;
    const says = `PAUSED${isHere ? ' on this machine' : ''}: every call of ${what} is refused`;
    text += `${paint(out, 'red', says)} since ${clockTime(since, now)}${by}${why}: ${isHere ? 'policy-wrap resume --here' : inTeam('policy-wrap resume', state.team)}\n`;
  }
  text += title('Servers');
  if (running.length + ended.length === 0) text += '  No wrapper is running.\n';
  text += table(
    out,
    [...running, ...ended].map((session) => sessionRow(session, now)),
    SESSIONS,
  );
  for (const { server, policyProblem } of running.filter((session) => session.policyProblem !== undefined)) {
    text += paint(
      out,
      'yellow',
      `  ${named(server)} keeps its last good policy: ${printable(policyProblem ?? '', 300)}\n`,
    );
  }
  for (const pin of state.changed.slice(0, CHANGED_SHOWN)) {
    const what = `${named(pin.server)} ${named(pin.tool)} has changed: policy-wrap trust ${named(pin.server)}`;
    text += `${paint(out, 'yellow', `  ${what}`)}\n${changeOf(pin, CHANGE_LINES).replace(/^/gm, '    ')}\n`;
  }
  if (state.changed.length > CHANGED_SHOWN)
    text += `  and ${state.changed.length - CHANGED_SHOWN} more: policy-wrap trust <server> --dry-run shows all\n`;
  text += title('Counters');
  if (state.ahead.count > 0) text += `${paint(out, 'red', `  ${aheadText(state.ahead)}`)}\n`;
  if (state.counters.length === 0) text += '  Nothing was counted yet.\n';
  // A count of one kind of call that is empty again says nothing: there is one for each that was ever made.
  const rows = byName(state.counters).filter(({ split, used }) => split === '' || used.sign > 0);
  const left = state.countersTotal - state.counters.length;
  text += table(
    out,
    rows.map((counter) => counterRow(counter, now)),
    COUNTERS,
  );
  if (rows.some(({ split }) => /#[\w+/-]{10}$/.test(split)))
    text += paint(out, 'dim', '  #... stands for values that are kept as their hash alone\n');
  if (left > 0) {
    const where =
      state.countersTotal > COUNTERS_IN_JSON ? 'there (--counter <name> keeps to one limit)' : 'in --json';
    text += `  These are the fullest; ${left} more are ${where}.\n`;
  }
  if (state.approvals.length > 0) {
    text += title('Waiting for a person');
    text += table(
      out,
      state.approvals.map((approval) =>
        approvalRow(approval, state.overtaken.has(approval.id), state.team, now),
      ),
      APPROVALS,
    );
  }
  if (state.remedies.length > 0) {
    text += title('Refused in the last hour, and what would let it through');
    text += table(
      out,
      state.remedies.slice(0, REMEDIES_SHOWN).map((remedy) => remedyRow(remedy, now)),
      REMEDIES,
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
const SESSIONS: TableOptions = {
  ...INDENT,
  columns: ['whole', 'whole', 'whole', 'whole', 'spare', 'whole', 'whole'],
};
const COUNTERS: TableOptions = {
  ...INDENT,
  columns: ['whole', 'whole', 'spare', 'whole', 'whole', 'whole', 'whole'],
};
const REMEDIES: TableOptions = {
  ...INDENT,
  columns: ['whole', 'whole', 'whole', 'spare', 'whole', 'prose'],
};
const APPROVALS: TableOptions = { ...INDENT, columns: ['whole', 'whole', 'whole', 'whole', 'prose'] };

function remedyRow({ command, advice, server, tool, code, at, times }: Remedy, now: number): Cell[] {
  return [
    { text: clockTime(at, now), style: 'dim' },
    named(server),
    named(tool),
    count(times, 'call'),
    code ?? 'hidden',
    command === undefined ? (advice ?? '') : printable(command),
  ];
}

const named = (text: string | undefined) => printable(text ?? '', NAME_CAP);

function sessionRow(session: SessionEntry & Partial<Origin>, now: number): Cell[] {
  const { server, grant, clientName, clientVersion, pid, startedAt, seenAt, policySource, observe, live } =
    session;
  const { who, host } = session;
  if (!live)
    return [
      named(server),
      { text: 'not running', style: 'dim' },
      `last seen ${clockTime(seenAt, now)}`,
      '',
      who === undefined ? '' : `${named(who)} on ${named(host)}`,
    ];
  return [
    named(server),
    observe ? { text: 'observes, refuses nothing', style: 'yellow' } : { text: 'running', style: 'green' },
    `since ${clockTime(startedAt, now)}`,
    clientName === undefined ? 'no client yet' : `${named(clientName)} ${named(clientVersion)}`.trim(),
    who === undefined ? `pid ${pid}` : `${named(who)} on ${named(host)}`,
    grant === 'default' ? '' : `grant ${named(grant)}`,
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

function shareOf({ used, max }: CounterEntry): number {
  return max.sign > 0 ? used.toNumber() / max.toNumber() : 1;
}

function counterRow(counter: CounterEntry, now: number): Cell[] {
  const { used, max, freesAt, observe } = counter;
  const share = shareOf(counter);
  const full = used.compare(max) >= 0;
  const style = full ? 'red' : share >= 0.8 ? 'yellow' : 'green';
  return [
    counter.server === undefined ? `(${counter.scope})` : named(counter.server),
    named(counter.name),
    { text: bar(share), style },
    { text: `${used} / ${max}`, style },
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
        : `full until ${clockTime(freesAt, now)} (${span(freesAt - now)})`,
  ];
}

function aheadText({ count: ahead, until }: { readonly count: number; readonly until: number }): string {
  const what = `${count(ahead, 'counter')} ${ahead === 1 ? 'was' : 'were'}`;
  return `${what} charged when the clock said ${localTime(until)}; if it is correct now: policy-wrap reset --clock`;
}

function windowOf({ windowMs, calendar }: CounterEntry): string {
  return calendar
    ? `per calendar ${calendar.unit}, ${named(calendar.timezone)}`
    : `per ${textOfDuration(windowMs)}`;
}

function approvalRow(
  approval: ApprovalEntry & Partial<Origin>,
  isOvertaken: boolean,
  team: TeamStanding | undefined,
  now: number,
): Cell[] {
  const { id, server, tool, reason, expiresAt, who, host } = approval;
  const what = isOvertaken
    ? `${id}, by an earlier policy: have the call made again`
    : !isForQueue(approval)
      ? `${id}, in the client`
      : mayApprove(approval, team)
        ? inTeam(`policy-wrap approve ${id}`, team)
        : `${id}, by an approver`;
  return [
    { text: what, style: 'yellow' },
    named(server),
    named(tool),
    `expires in ${span(expiresAt - now)}`,
    `${printable(reason)}${who === undefined ? '' : ` (${named(who)} on ${named(host)})`}`,
  ];
}

function budgetRow({ id, server, tool, callsLeft, bound, expiresAt }: BudgetEntry, now: number): Cell[] {
  return [
    named(server),
    named(tool),
    `${count(callsLeft, 'more call')}`,
    bound ? `${named(bound.path)} at most ${bound.max}` : 'any arguments',
    `until ${clockTime(expiresAt, now)} (${span(expiresAt - now)})`,
    { text: `revoke: policy-wrap reject ${id}`, style: 'dim' },
  ];
}
