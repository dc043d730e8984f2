// Fills a state database as wrappers would have over months, through the store's own interface.
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { type Admission, BUSY, Store } from '../../src/store/store.js';

/** In one transaction, and so at one instant. */
const TOGETHER = 1000;
const DAY_MS = 86_400_000;

interface Filling {
  readonly db: string;
  readonly server: string;
  /** Text of the policy by which the calls are judged. */
  readonly policy: string;
  readonly tool: string;
  /** Arguments of the calls, taken in turn. */
  readonly args: readonly Readonly<Record<string, string>>[];
  readonly calls: number;
  /** Calls at one instant: what they charge to one counter is one row. */
  readonly together?: number;
  /** The calls are spread evenly over so many days before now. */
  readonly days: number;
}

/** Makes `calls` calls, all of which must be allowed, and settles them. */
export function fill({
  db,
  server,
  policy: text,
  tool,
  args,
  calls,
  together = TOGETHER,
  days,
}: Filling): void {
  const { policy } = loadPolicy(text, 'bench');
  if (!policy) throw new Error('the policy of the benchmark is invalid');
  const begin = Date.now() - days * DAY_MS;
  let done = 0;
  const now = () => Math.floor(begin + (days * DAY_MS * done) / calls);
  const store = Store.open(db, { now });
  const session = store.startSession({
    server,
    grant: 'default',
    pid: process.pid,
    policyHash: policy.hash,
    policySource: policy.source,
    observe: false,
  });
  const admissions = args.map((some): Admission => {
    const evaluation = evaluate(policy, { tool, args: some, env: {} });
    const argumentsText = JSON.stringify(Object.keys(some));
    return { tool, requestId: '1', argumentsText, policyHash: policy.hash, evaluation };
  });
  const next = (i: number) => admissions[i % admissions.length] as Admission;
  while (done < calls) {
    const batch = Array.from({ length: Math.min(together, calls - done) }, (_, i) => next(done + i));
    const admitted = store.admit(session, batch);
    if (admitted === BUSY || admitted.some(({ kind }) => kind !== 'allowed'))
      throw new Error('a call that fills the database was not allowed');
    store.settle(admitted.map(({ row }) => ({ first: row, last: row, outcome: 'ok', latencyMs: 3 })));
    done += batch.length;
  }
  store.endSession(session);
  store.close();
}
