import { fitsNumeric } from '../limits/numeric.js';
import type { Checks, Limit } from '../model.js';
import type { CompileContext } from './compile-context.js';
import type { Segment } from './source.js';

/** It goes into an address, and into the database's keys. */
const TEAM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/**
 * The team whose store counts. A count over a team must not become one's own where the store is left out, and the store
 * must be able to hold every number.
 *
 * @param checks all there are in the policy
 */
export function compileStore(
  context: CompileContext,
  store: string | undefined,
  checks: readonly Checks[],
): string | undefined {
  if (store !== undefined && !TEAM.test(store)) {
    const message = `"${store}" is no name of a team.`;
    context.report('NAME', ['store'], message, 'Write letters, digits, ".", "-" and "_", as in "billing".');
  }
  const isNamed = context.source.has(['store']);
  for (const { limits, demands } of checks) {
    for (const one of [...limits, ...(demands ?? [])]) {
      const at: readonly Segment[] = context.locations.get(one.pointer) ?? one.pointer.split('/').slice(1);
      if (!isNamed && 'scope' in one && one.scope === 'team') {
        const message =
          '"scope": "team" counts on every machine of a team, and this policy names no "store".';
        const hint = 'Write "store": "<team>" at the top, so that a wrapper without it refuses every call.';
        context.report('CONTRADICTION', at, message, hint);
      }
      if (isNamed && 'counter' in one && !isStorable(one)) {
        const message = `A number of the counter "${one.counter}" has more digits than a shared store keeps.`;
        context.report('VALUE', at, message, 'Write it with at most 500 digits on either side of the point.');
      }
    }
  }
  return isNamed ? store : undefined;
}

function isStorable({ max, amount, warnAt }: Limit): boolean {
  const numbers = [max, ...(amount.kind === 'fixed' ? [amount.value] : []), ...(warnAt ? [warnAt] : [])];
  return numbers.every(fitsNumeric);
}
