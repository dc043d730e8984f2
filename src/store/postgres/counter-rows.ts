import { Decimal } from '../../json/decimal.js';
import { fitsNumeric } from '../../policy/limits/numeric.js';
import type { CalendarUnit, Limit } from '../../policy/model.js';
import type { CounterEntry } from '../counters/counter-list.js';
import type { CounterCharges } from '../counters/live-charges.js';
import { sharedKeyOfLocal } from './shared-key.js';
import { storable } from './storable.js';

/** A counter as `counters_v1` and `reset_v1` give it. */
export interface CounterRow {
  readonly id: number;
  readonly name: string;
  readonly scope: Limit['scope'];
  readonly server: string | null;
  readonly grant: string | null;
  readonly session: string | null;
  readonly split: string;
  readonly windowMs: number;
  readonly unit: CalendarUnit | null;
  readonly timezone: string | null;
  readonly observe: boolean;
  readonly used: string;
  readonly max: string;
  readonly freesAt: number | null;
  readonly aheadMs: number;
}

export function counterOf({
  unit,
  timezone,
  server,
  grant,
  session,
  used,
  max,
  freesAt,
  ...row
}: CounterRow): CounterEntry {
  return {
    ...row,
    server: server ?? undefined,
    grant: grant ?? undefined,
    session: session ?? undefined,
    calendar: unit !== null && timezone !== null ? { unit, timezone } : undefined,
    used: Decimal.from(used),
    max: Decimal.from(max),
    freesAt: freesAt ?? undefined,
  };
}

/** A counter of a machine as `import_v1` takes it. @returns undefined where nothing of it can be held there */
export function importRow({ key, entry, charges }: CounterCharges, machine: string): object | undefined {
  const shared = sharedKeyOfLocal(key, machine);
  const live = charges.filter(({ amount }) => fitsNumeric(Decimal.from(amount)));
  if (shared === undefined || live.length === 0) return undefined;
  const { name, scope, server, grant, split, observe, max } = entry;
  return {
    key: shared,
    name: storable(name),
    scope,
    server: server && storable(server),
    grant_name: grant && storable(grant),
    machine: scope === 'machine' ? machine : undefined,
    split: storable(split),
    observe,
    max: String(max),
    // The machine's own: the same counter of another one is added to it, and the same again is not.
    source: sourceOf(machine),
    charges: live.map(({ at, amount }) => [Math.trunc(at), amount]),
  };
}

/** A number of 31 bits that stands for a machine, above 0. */
function sourceOf(machine: string): number {
  let hash = 7;
  for (const unit of machine) hash = (hash * 31 + (unit.codePointAt(0) ?? 0)) % 2_147_483_647;
  return hash + 1;
}
