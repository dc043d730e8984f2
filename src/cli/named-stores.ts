import { takeInventory } from '../clients/inventory.js';
import type { Machine } from '../clients/machine.js';
import { optionValue, STORE_FLAGS } from '../clients/wrapper-options.js';

/** The store of a team as a wrapper would open it. */
export interface NamedStore {
  /** The address as it is written. */
  readonly text: string;
  /** For people: `afip in Cursor`. */
  readonly namedBy: string;
  /** What the wrapper gets: its entry's own variables on top of the client's. */
  readonly env: NodeJS.ProcessEnv;
}

/** The stores that wrapped entries of clients name; one that several name comes several times. */
export function storesOfEntries(
  machine: Machine,
  wrapper: Parameters<typeof takeInventory>[1],
  env: NodeJS.ProcessEnv,
): NamedStore[] {
  return takeInventory(machine, wrapper).flatMap(({ client, state }) =>
    state.kind !== 'read'
      ? []
      : state.entries.flatMap(({ entry }): NamedStore[] => {
          if (entry.kind !== 'stdio' || entry.state.kind !== 'wrapped') return [];
          const text =
            optionValue(entry.state.wrapped.options, STORE_FLAGS) ?? entry.env.get('POLICY_WRAP_STORE');
          if (!text) return [];
          const own = { ...env, ...Object.fromEntries(entry.env) };
          return [{ text, namedBy: `${entry.name} in ${client.name}`, env: own }];
        }),
  );
}
