// A process of its own for the tests of several: `child <what> <database> [number] [ms to wait when opening]`. Says "ready" before it opens the
// database and goes on when a line comes in, so that several can be let go at the same moment.
import { readSync, writeSync } from 'node:fs';
import { PolicyWrapError } from '../../src/errors.js';
import { StateSession } from '../../src/proxy/state-session.js';
import type { Admitted } from '../../src/store/admission.js';
import { connect } from '../../src/store/sqlite/driver.js';
import { BUSY, Store } from '../../src/store/store.js';
import { admission, approvable, charge, INFO, limit, open, settlement } from './support-shapes.js';

const [, , what = '', path = '', count = '0', openWait] = process.argv;
const parent = process.ppid;
const DAY = 86_400_000;

function say(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

function patiently<T>(action: () => T | typeof BUSY): T {
  for (;;) {
    const result = action();
    if (result !== BUSY) return result;
    busy += 1;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1 + Math.random() * 4);
  }
}

let busy = 0;
if (what === 'hold') {
  // Another program that writes to the file, new or not, for a while.
  const db = connect(path, 1000);
  db.exec('BEGIN IMMEDIATE');
  say('ready');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(count));
  db.exec('COMMIT');
  db.close();
  process.exit();
}
say('ready');
readSync(0, Buffer.alloc(16));
if (what === 'lists') {
  await lists();
  process.exit();
}
try {
  const store = Store.open(path, openWait === undefined ? {} : { openWaitMs: Number(openWait) });
  const session = store.startSession({ ...INFO, pid: process.pid });
  const day = charge(limit({ counter: 'day', windowMs: DAY, max: Number(count) || 1 }));
  const burst = charge(limit({ counter: 'burst', windowMs: 100, max: 20 }));
  const back = charge(limit({ counter: 'back', windowMs: DAY, max: 1e9, refund: 'on_error' }), '0.1');
  const decide = (...charges: Parameters<typeof open>): Admitted =>
    patiently(() => store.admit(session, [admission(open(...charges))]))[0] as Admitted;

  switch (what) {
    case 'calls': {
      const kinds = Array.from({ length: 20 }, () => decide(day).kind);
      say({ allowed: kinds.filter((kind) => kind === 'allowed').length, calls: kinds.length, busy });
      break;
    }
    case 'use-approvals': {
      const used: number[] = [];
      for (let i = 0; i < Number(count); i++) {
        const [admitted] = patiently(() => store.admit(session, [approvable(i)]));
        if (admitted?.kind === 'allowed') used.push(i);
      }
      say(used);
      break;
    }
    case 'take-back': {
      const takenBack: number[] = [];
      // From the other end, so that the two meet in the middle.
      const numbered = store
        .approvals(true)
        .map(({ id, tool }) => ({ id, at: Number(tool.slice('tool'.length)) }));
      for (const { id, at } of numbered.sort((a, b) => b.at - a.at)) {
        const decided = patiently(() => store.decideApproval(id, 'rejected', 'cli'));
        if (decided.kind === 'done') takenBack.push(at);
      }
      say(takenBack);
      break;
    }
    case 'until-killed':
      // Ends with the tests, should they be killed themselves.
      for (let n = 0; process.ppid === parent; n += 1) {
        const admitted = decide(day, burst, back);
        if (n === 0) say('going');
        if (admitted.kind !== 'allowed') continue;
        const outcome = n % 3 === 0 ? 'error' : 'ok';
        if (n % 2 === 0) patiently(() => store.settle([settlement(admitted.row, outcome)]));
        if (n % 50 === 0) store.maintain(2);
      }
      break;
    case 'approved': {
      const approval = { argumentsHash: 'f'.repeat(64), argumentsText: '{}', expiresMs: 60_000 };
      const ask = { code: 'APPROVAL_REQUIRED', rule: '/x', authorText: undefined, explanation: 'x' } as const;
      const evaluation = { kind: 'open', charges: [back], ask } as const;
      const kinds = Array.from(
        { length: Number(count) },
        () => patiently(() => store.admit(session, [admission(evaluation, { approval })]))[0]?.kind,
      );
      say({ allowed: kinds.filter((kind) => kind === 'allowed').length });
      break;
    }
    case 'once':
      say({ kind: decide(charge(limit())).kind });
      break;
  }
  store.endSession(session);
  store.close();
} catch (error) {
  if (!PolicyWrapError.is(error)) throw error;
  say({ code: error.code, message: error.message, hint: error.hint });
}

/** A server lists tools, and then the same ones changed, through the stateSession of its wrapper. */
async function lists(): Promise<void> {
  let changed = 0;
  const stateSession = new StateSession({
    openStore: () => Store.open(path),
    session: { ...INFO, server: 'lister', pid: process.pid },
    toolsChanged: (tools) => {
      changed += tools.length;
    },
    warn: (text) => say(text),
  });
  stateSession.open();
  const call = [admission(open(), { tool: 'tool_1', pinned: { face: undefined, refusesNew: false } })];
  let verdict: string | undefined;
  for (const description of ['old', 'new']) {
    stateSession.sawTools(
      Array.from({ length: Number(count) }, (_, i) => ({
        name: `tool_${i}`,
        definition: JSON.stringify({ description, name: `tool_${i}` }),
      })),
    );
    for (let admitted: Admitted[] | typeof BUSY = BUSY; admitted === BUSY; ) {
      admitted = stateSession.admit(call);
      if (admitted === BUSY) await new Promise((resume) => setTimeout(resume, 1 + Math.random() * 4));
      else verdict = admitted[0]?.kind;
    }
  }
  say({ changed, verdict });
  stateSession.close();
}
