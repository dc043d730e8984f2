import { takeInventory } from '../../clients/inventory.js';
import { optionValue, STORE_FLAGS } from '../../clients/wrapped-command.js';
import type { StoreFinding } from '../../store/shared-store.js';
import { openStore, storeAddress } from '../team-store.js';
import { type Check, type Context, type Finding, fail, ok, warn } from './runner.js';

/** The stores of teams: whether they can be reached and used, and whether they keep what they acknowledge. */
export const STORE_CHECKS: readonly Check[] = [{ id: 'store', run: stores }];

/** Stores that are looked at: each may take seconds to say nothing. */
const MOST = 5;

/** A store as a wrapper would open it. */
interface Named {
  readonly text: string;
  /** For people: `afip in Cursor`. */
  readonly namedBy: string;
  readonly env: NodeJS.ProcessEnv;
}

async function stores(context: Context): Promise<Finding[]> {
  const named = new Map(
    namedStores(context)
      .reverse()
      .map((one) => [one.text, one]),
  );
  const findings: Finding[] = [];
  for (const one of [...named.values()].slice(0, MOST)) findings.push(...(await look(one)));
  return findings;
}

/** The one that was named, else that of the environment and those of clients' entries. */
function namedStores({ store, env, machine, wrapper }: Context): Named[] {
  if (store !== undefined) return [{ text: store, namedBy: '--store', env }];
  const usual = env.POLICY_WRAP_STORE;
  const named: Named[] = usual ? [{ text: usual, namedBy: 'POLICY_WRAP_STORE', env }] : [];
  for (const { client, state } of takeInventory(machine, wrapper)) {
    if (state.kind !== 'read') continue;
    for (const { entry } of state.entries) {
      if (entry.kind !== 'stdio' || entry.state.kind !== 'wrapped') continue;
      const text =
        optionValue(entry.state.wrapped.options, STORE_FLAGS) ?? entry.env.get('POLICY_WRAP_STORE');
      if (!text) continue;
      // A wrapper gets what its entry says, on top of what the client has.
      const own = { ...env, ...Object.fromEntries(entry.env) };
      named.push({ text, namedBy: `${entry.name} in ${client.name}`, env: own });
    }
  }
  return named;
}

async function look({ text, namedBy, env }: Named): Promise<Finding[]> {
  const address = await storeAddress({ store: text }, env);
  if (!address) return [];
  const store = await openStore(address, env, false);
  try {
    const findings = await store.check();
    const bad = findings.filter(({ level }) => level !== 'ok');
    const about = `${store.shown} (${namedBy})`;
    if (bad.length > 0) return bad.map((finding) => told(finding, about));
    return [ok(`${about}: ${findings.map((finding) => finding.text).join('; ')}`)];
  } finally {
    await store.close();
  }
}

function told({ level, text, hint }: StoreFinding, about: string): Finding {
  return (level === 'error' ? fail : warn)(`${about}: ${text}`, hint ?? 'policy-wrap store check says more');
}
