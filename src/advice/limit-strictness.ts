type Limit = Readonly<Record<string, unknown>>;

/** What limits of one counter must agree in, and what else decides which calls they count. */
export function countOf({ window, align, scope, per, except, amount, refund }: Limit): string {
  const defaults = [align ?? 'sliding', scope ?? 'grant', refund ?? 'never'];
  return JSON.stringify([window, ...defaults, per, except, amount]);
}

/** The wider, the more calls it counts. */
const SCOPES: readonly unknown[] = ['session', 'grant', 'machine'];

/** @returns whether a limit refuses whatever another would, whichever calls come */
export function isAsStrict(one: Limit, than: Limit): boolean {
  const { scope = 'grant' } = than;
  if (countOf({ ...one, scope }) !== countOf(than)) return false;
  if (SCOPES.indexOf(one.scope ?? 'grant') < SCOPES.indexOf(scope)) return false;
  if ((one.on_exceed ?? 'deny') !== 'deny' && than.on_exceed !== one.on_exceed) return false;
  return typeof one.max === 'number' && typeof than.max === 'number' && one.max <= than.max;
}
