import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { StateSession } from '../../src/proxy/state-session.js';
import { BUSY, Store } from '../../src/store/store.js';
import { admit, Children, damage, tempDir } from './support.js';
import { admission, charge, INFO, limit, open } from './support-shapes.js';

const temp = tempDir();
const children = new Children(temp.path('child.mjs'));
afterAll(async () => {
  await children.stop();
  temp.remove();
});

/** As the child `calls` has it. */
const day = (max: number) => charge(limit({ counter: 'day', windowMs: 86_400_000, max }));
const lost = expect.objectContaining({
  code: 'STATE_UNAVAILABLE',
  message: expect.stringContaining('write-ahead log'),
});
/** Whether the files are still the same is looked at again after a millisecond. */
const lookedAtAgain = () => new Promise((resume) => setTimeout(resume, 5));

/** What another wrapper that is started now says: twenty calls of at most `max`. */
async function another(path: string, max = 3): Promise<Record<string, unknown>> {
  // It waits a moment for whoever may just be making the log; by default two seconds.
  const child = children.start(['calls', path, String(max), '100']);
  child.go();
  expect(await child.next()).toBe('ready');
  const said = (await child.next()) as Record<string, unknown>;
  await child.end();
  return said;
}

describe.skipIf(process.platform === 'win32')('the write-ahead log is deleted while a wrapper runs', () => {
  test.each([
    ['the log and its index', ['-wal', '-shm']],
    ['the log alone', ['-wal']],
    ['its index alone', ['-shm']],
  ])('G4: %s: old and new together never pass more than max', async (_, suffixes) => {
    const path = temp.path();
    const store = Store.open(path);
    const session = store.startSession(INFO);
    admit(store, session, day(3));
    admit(store, session, day(3));
    for (const suffix of suffixes) rmSync(path + suffix);
    // It knows nothing of the two calls, and must not begin with three.
    expect(await another(path)).toEqual(lost);
    await lookedAtAgain();
    expect(() => admit(store, session, day(3))).toThrow(lost);
    expect(() => store.log()).toThrow(lost);
    expect(await another(path)).toEqual(lost);
    // What stood in the deleted log was copied, and counts for whoever comes next.
    store.close();
    expect(await another(path)).toMatchObject({ allowed: 1 });
    expect(existsSync(`${path}-wal`)).toBe(false);
    const next = Store.open(path);
    expect(damage(next)).toEqual([]);
    expect(next.log({ limit: 100 }).filter(({ decision }) => decision === 'allow')).toHaveLength(3);
    next.close();
  });

  test('G4: a log that another program has put in its place is not joined', async () => {
    const path = temp.path();
    const store = Store.open(path);
    const session = store.startSession(INFO);
    admit(store, session, day(3));
    for (const suffix of ['-wal', '-shm']) {
      renameSync(path + suffix, `${path}.old${suffix}`);
      copyFileSync(`${path}.old${suffix}`, path + suffix);
    }
    await lookedAtAgain();
    expect(() => admit(store, session, day(3))).toThrow(lost);
    store.close();
  });

  test('G4: the wrapper itself goes on once nobody holds the deleted log, with what was counted', async () => {
    const path = temp.path();
    const warnings: string[] = [];
    const stateSession = new StateSession({
      openStore: () => Store.open(path, { openWaitMs: 100 }),
      session: INFO,
      toolsChanged: () => {},
      warn: (text) => warnings.push(text),
    });
    const perSession = charge(limit({ counter: 'own', windowMs: 86_400_000, max: 2, scope: 'session' }));
    const call = [admission(open(day(3), perSession))];
    expect(stateSession.admit(call)).toMatchObject([{ kind: 'allowed' }]);
    stateSession.settle(1, 'ok', 1);
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix);
    await lookedAtAgain();
    expect(() => stateSession.admit(call)).toThrow(lost);
    let passed = 0;
    for (let tries = 0; tries < 300 && passed + 1 < 2; tries += 1) {
      await new Promise((resume) => setTimeout(resume, 50));
      try {
        const admitted = stateSession.admit(call);
        if (admitted !== BUSY) passed += 1;
      } catch (error) {
        expect(error).toEqual(lost);
      }
    }
    expect(passed).toBe(1);
    // It is the session that it was.
    expect(stateSession.admit(call)).toMatchObject([{ kind: 'exceeded' }]);
    stateSession.close();
    const store = Store.open(path);
    expect(store.sessions()).toHaveLength(1);
    expect(store.log().map(({ outcome }) => outcome)).toContain('ok');
    expect(damage(store)).toEqual([]);
    store.close();
  });
});
