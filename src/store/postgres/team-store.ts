import { PolicyWrapError } from '../../errors.js';
import { Decimal } from '../../json/decimal.js';
import { calendarEnd, calendarStart, isTimezone } from '../../policy/limits/calendar.js';
import { fitsNumeric } from '../../policy/limits/numeric.js';
import type { CalendarUnit } from '../../policy/model.js';
import { type Decided, plainId } from '../approval-entry.js';
import { randomId } from '../approvals.js';
import type { BudgetEntry, BudgetTerms } from '../budgets.js';
import type { CounterEntry, CounterFilter, FullestCounters } from '../counters/counter-list.js';
import type { CounterCharges } from '../counters/live-charges.js';
import type { LogFilter } from '../decision-log-query.js';
import type { EventFilter } from '../events.js';
import { argumentsOf, CAPS, cut } from '../logged-text.js';
import type {
  History,
  Member,
  Mine,
  OfflineRow,
  Role,
  SharedApproval,
  SharedEvent,
  SharedLogEntry,
  SharedPause,
  SharedSession,
  SharedStore,
  StoreFinding,
} from '../shared-store.js';
import { type ApprovalRow, approvalOf } from './approval-row.js';
import { checkStore } from './check.js';
import { type CounterRow, counterOf, importRow } from './counter-rows.js';
import { historyOf } from './history.js';
import { PostgresStore } from './postgres-store.js';
import { storable } from './storable.js';

const LOG_LIMIT = 100;
/** Counters that are taken over in one transaction. */
const IMPORT_MOST = 100;

/** All of a team's store: decisions, and what people read and change. */
export class TeamStore extends PostgresStore implements SharedStore {
  get roles(): readonly Role[] | undefined {
    return this.engine.roles;
  }

  hello(): Promise<{ readonly now: number; readonly roles: readonly Role[] }> {
    return this.engine.hello();
  }

  async recordOffline(session: string, rows: readonly OfflineRow[]): Promise<void> {
    const wanted = rows.map(({ tool, argumentsText, policyHash, rule, latencyMs, at, ...row }) => ({
      ...row,
      at: Math.trunc(at),
      tool: storable(cut(tool, CAPS.tool)),
      arguments: storable(argumentsOf(argumentsText)),
      policy: policyHash,
      rule: rule && storable(cut(rule, CAPS.rule)),
      latencyMs: latencyMs === undefined ? undefined : Math.round(latencyMs),
    }));
    const item = { uid: session, info: this.infoOf(session) };
    await this.engine.call('offline_v1', this.team, item, this.machine, this.host, wanted);
  }

  async counters(filter: CounterFilter = {}): Promise<CounterEntry[]> {
    return [...(await this.#counters(filter, 'name')).counters];
  }

  fullestCounters(filter: CounterFilter, limit: number): Promise<FullestCounters> {
    return this.#counters(filter, 'fullest', limit);
  }

  async counterNames(limit: number): Promise<string[]> {
    return (await this.engine.call('counter_names_v1', this.team, limit)) as string[];
  }

  async log({ mine, ...filter }: LogFilter & Mine = {}): Promise<SharedLogEntry[]> {
    const { limit = LOG_LIMIT } = filter;
    const wanted = {
      ...filter,
      limit: Math.max(0, Math.trunc(limit)),
      machine: mine ? this.machine : undefined,
    };
    return presentRows(await this.engine.call('log_v1', this.team, wanted));
  }

  async events({ limit = LOG_LIMIT, ...filter }: EventFilter = {}): Promise<SharedEvent[]> {
    return presentRows(
      await this.engine.call('events_v1', this.team, { ...filter, limit: Math.max(0, limit) }),
    );
  }

  async sessions({ mine }: Mine = {}): Promise<SharedSession[]> {
    return presentRows(await this.engine.call('sessions_v1', this.team, mine ? this.machine : null));
  }

  async approvals(all = false, { mine }: Mine = {}): Promise<SharedApproval[]> {
    return this.#approvals({ all, host: mine ? this.host : undefined });
  }

  async approval(id: string): Promise<SharedApproval | undefined> {
    const [found] = await this.#approvals({ all: true, id: plainId(id) });
    return found;
  }

  async budgets(): Promise<BudgetEntry[]> {
    const { budgets } = await this.#standing();
    return budgets.map(({ path, max, ...budget }) => ({
      ...budget,
      bound: path != null && max != null ? { path, max } : undefined,
    }));
  }

  async pauses(): Promise<SharedPause[]> {
    return presentRows((await this.#standing()).pauses);
  }

  async members(): Promise<Member[]> {
    return (await this.#standing()).members;
  }

  async history(): Promise<History> {
    const { latest } = this.mark;
    const answer = await this.engine.call('history_v1', this.team, latest ?? {});
    return historyOf(answer as Parameters<typeof historyOf>[0], latest);
  }

  async needRole(...any: readonly Role[]): Promise<void> {
    const { roles } = await this.hello();
    if (!any.some((role) => roles.includes(role))) throw this.engine.missing(any);
  }

  check(): Promise<StoreFinding[]> {
    return checkStore(this.engine, this.team, () => this.history());
  }

  async decideApproval(
    id: string,
    state: 'approved' | 'rejected' | 'expired',
    by: string,
    { note, budget }: { readonly note?: string | undefined; readonly budget?: BudgetTerms | undefined } = {},
  ): Promise<Decided> {
    const terms = budget && budgetTerms(budget);
    const answer = (await this.engine.call(
      'decide_v1',
      this.team,
      plainId(id),
      state,
      by,
      note === undefined ? null : storable(note),
      terms,
      this.host,
    )) as { kind: Decided['kind']; approval?: ApprovalRow };
    if (!answer.approval) return { kind: 'unknown' };
    return { kind: answer.kind, approval: approvalOf(answer.approval) } as Decided;
  }

  async revokeBudget(id: string, by: string): Promise<boolean> {
    return (await this.engine.call('revoke_budget_v1', this.team, id, by, this.host)) as boolean;
  }

  async pause(server: string | undefined, note: string | undefined, by: string): Promise<void> {
    const texts = [server, note].map((text) => (text === undefined ? null : storable(text)));
    await this.engine.call('pause_v1', this.team, ...texts, by, this.host);
  }

  async resume(server: string | undefined, by: string): Promise<number> {
    const name = server === undefined ? null : storable(server);
    return Number(await this.engine.call('resume_v1', this.team, name, by, this.host));
  }

  async resetCounter(
    name: string,
    filter: Omit<CounterFilter, 'name'>,
    by: string,
    limit?: number,
  ): Promise<CounterEntry[]> {
    const starts = await this.#starts();
    const rows = await this.engine.call(
      'reset_v1',
      this.team,
      { ...filter, name },
      starts,
      limit ?? null,
      by,
      this.host,
    );
    return (rows as CounterRow[]).map(counterOf);
  }

  async importCharges(counters: readonly CounterCharges[], by: string): Promise<number> {
    const rows = counters.flatMap((one) => importRow(one, this.machine) ?? []);
    let count = 0;
    for (let from = 0; from < rows.length; from += IMPORT_MOST) {
      const part = rows.slice(from, from + IMPORT_MOST);
      count += Number(await this.engine.call('import_v1', this.team, part, by, this.host));
    }
    return count;
  }

  async grant(login: string, role: Role): Promise<void> {
    await this.engine.call('grant_v1', this.team, login, role);
  }

  async revoke(login: string, role: Role): Promise<void> {
    await this.engine.call('revoke_v1', this.team, login, role);
  }

  async acceptHistory(by: string): Promise<boolean> {
    return (await this.engine.call('accept_v1', this.team, by, this.host, this.mark.latest ?? {})) as boolean;
  }

  async tidy(): Promise<boolean> {
    return (await this.engine.call('tidy_v1', this.team)) as boolean;
  }

  async #counters(filter: CounterFilter, order: string, limit?: number): Promise<FullestCounters> {
    const starts = await this.#starts();
    const answer = await this.engine.call('counters_v1', this.team, filter, starts, order, limit ?? null);
    const { counters, total } = answer as { counters: CounterRow[]; total: number };
    return { counters: counters.map(counterOf), total };
  }

  /** The periods of the calendars that counters go by, around the engine's time. */
  async #starts(): Promise<Record<string, [number, number]>> {
    const answer = await this.engine.call('calendars_v1', this.team);
    const { now, calendars } = answer as { now: number; calendars: [CalendarUnit, string][] };
    return Object.fromEntries(
      calendars
        // Another machine's zones may be newer than ours; such a count is shown over its longest window.
        .filter(([, timezone]) => isTimezone(timezone))
        .map(([unit, timezone]) => [
          `${unit} ${timezone}`,
          [calendarStart(now, unit, timezone), calendarEnd(now, unit, timezone)],
        ]),
    );
  }

  async #approvals(filter: object): Promise<SharedApproval[]> {
    const answer = (await this.engine.call('approvals_v1', this.team, filter)) as {
      approvals: ApprovalRow[];
    };
    return answer.approvals.map(approvalOf);
  }

  async #standing() {
    return (await this.engine.call('standing_v1', this.team)) as {
      pauses: unknown;
      budgets: (Omit<BudgetEntry, 'bound'> & { path: string | null; max: string | null })[];
      members: Member[];
    };
  }
}

/** Rows as they came, without what is null in them. */
function presentRows<T>(rows: unknown): T[] {
  return (rows as Record<string, unknown>[]).map(
    (row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value ?? undefined])) as T,
  );
}

function budgetTerms({ calls, forMs, bound }: BudgetTerms): object {
  if (!Number.isSafeInteger(calls) || calls < 1) throw new RangeError(`a budget of ${calls} calls`);
  const max = bound && Decimal.from(bound.max);
  if (max && !fitsNumeric(max)) {
    throw new PolicyWrapError('USAGE', `the team store cannot hold ${bound.max}`, {
      hint: 'Take a number with fewer digits.',
    });
  }
  return { id: randomId(), calls, forMs: Math.trunc(forMs), path: bound?.path, max: max && String(max) };
}
