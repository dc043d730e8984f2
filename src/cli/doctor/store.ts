import type { StoreFinding } from '../../store/shared-store.js';
import { type NamedStore, storesOfEntries } from '../named-stores.js';
import { openStore, storeAddress } from '../team-store.js';
import { type Check, type Context, type Finding, fail, ok, warn } from './runner.js';

/** The stores of teams: whether they can be reached and used, and whether they keep what they acknowledge. */
export const STORE_CHECKS: readonly Check[] = [{ id: 'store', run: stores }];

const NO_HINT = 'Read docs/team.md, "The database".';
/** Stores that are looked at: each may take seconds to say nothing. */
const MOST = 5;

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
function namedStores({ store, env, machine, wrapper }: Context): NamedStore[] {
  if (store !== undefined) return [{ text: store, namedBy: '--store', env }];
  const usual = env.POLICY_WRAP_STORE;
  const named: NamedStore[] = usual ? [{ text: usual, namedBy: 'POLICY_WRAP_STORE', env }] : [];
  return [...named, ...storesOfEntries(machine, wrapper, env)];
}

async function look({ text, namedBy, env }: NamedStore): Promise<Finding[]> {
  const address = await storeAddress({ store: text }, env);
  if (!address) return [];
  const store = await openStore(address, env);
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
  return (level === 'error' ? fail : warn)(`${about}: ${text}`, hint ?? NO_HINT);
}
