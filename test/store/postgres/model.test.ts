import fc from 'fast-check';
import { crowd, gaps, play, type Step, type Subject, steps } from '../model.js';
import { INFO, settlement } from '../support-shapes.js';
import { movableClock, newTeam, sharedCluster, test } from './support.js';

const at = sharedCluster({ settings: { synchronous_commit: 'off' } });

/** The store of a team, held to what test/store/model.test.ts holds this machine's to. */
async function onEngine(work: (store: Subject) => Promise<void>): Promise<void> {
  await using team = await newTeam(at.cluster);
  let now = Date.UTC(2026, 10, 22, 11, 0, 0);
  await using engine = await movableClock(at.cluster, now);
  const { store, session, admit } = team.wrapper('alice');
  const owner = { server: INFO.server, grant: INFO.grant, session, observe: false };
  await work({
    get at() {
      return now;
    },
    moveTo: (instant) => {
      now = instant;
      return engine.set(instant);
    },
    peek: async (charges) => (await store.peek(owner, charges)).fits,
    admit: (charges) => admit(...charges),
    settle: async (row, outcome) => {
      await store.exchange(session, [settlement(row, outcome)], []);
    },
    counters: () => store.counters(),
  });
}

const plays = (program: Step[]) => onEngine((store) => play(store, program, true));
const FEW = { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true };

test('G4, G5: a team’s counters do as the naive model does, and a refused call is refused until retryAt and allowed at it', async () => {
  await fc.assert(fc.asyncProperty(steps(0), plays), FEW);
});

test('G4, G5: so too when the engine’s clock is set back now and then', async () => {
  await fc.assert(fc.asyncProperty(steps(120_000), plays), FEW);
});

test('G4: no interval as long as the window holds more than max, in a team either', async () => {
  await fc.assert(
    fc.asyncProperty(gaps, (program) => onEngine((store) => crowd(store, program))),
    FEW,
  );
});
