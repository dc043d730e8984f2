import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Store } from '../../src/store/store.js';
import { crowd, gaps, play, type Step, type Subject, steps } from './model.js';
import { admit, clock, damage, done } from './support.js';
import { INFO, settlement } from './support-shapes.js';

/** This machine's store: test/store/postgres/model.test.ts runs the same over that of a team. */
async function onFile(work: (store: Subject) => Promise<void>): Promise<void> {
  const time = clock();
  const store = Store.open(':memory:', time);
  const session = store.startSession(INFO);
  const owner = { server: INFO.server, grant: INFO.grant, session, observe: false };
  await work({
    get at() {
      return time.at;
    },
    moveTo: (at) => {
      time.at = at;
    },
    peek: (charges) => store.peek(owner, charges).fits,
    admit: (charges) => admit(store, session, ...charges),
    settle: (row, outcome) => {
      done(store.settle([settlement(row, outcome)]));
    },
    counters: () => store.counters(),
  });
  expect(damage(store)).toEqual([]);
  store.close();
}

const plays = (program: Step[]) => onFile((store) => play(store, program));

test('G4, G5: counters do as the naive model does, and a refused call is refused until retryAt and allowed at it', async () => {
  await fc.assert(fc.asyncProperty(steps(0), plays), { numRuns: 200 });
});

test('G4, G5: so too when the clock is set back now and then', async () => {
  await fc.assert(fc.asyncProperty(steps(120_000), plays), { numRuns: 200 });
});

test('G4: no interval as long as the window holds more than max', async () => {
  await fc.assert(
    fc.asyncProperty(gaps, (program) => onFile((store) => crowd(store, program))),
    { numRuns: 60 },
  );
});
