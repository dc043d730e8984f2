import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import type { Seen } from '../../src/notify/seen.js';
import type { Telling, TellingParts } from '../../src/notify/start.js';
import { Outside } from '../../src/proxy/outside.js';
import { Store } from '../../src/store/store.js';
import { tempDir } from '../store/support.js';
import { stateSession } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

/** What tells people, on the other side of the border: its own tests are in test/notify. */
const far = vi.hoisted(() => ({
  opened: [] as unknown[],
  saw: [] as unknown[][],
  wantsCalls: false,
  closed: 0,
  opens: undefined as Promise<void> | undefined,
  fails: undefined as Error | undefined,
}));
vi.mock('../../src/notify/start.js', () => ({
  openTelling: async (parts: TellingParts): Promise<Telling> => {
    far.opened.push(parts);
    await far.opens;
    return {
      wantsCalls: far.wantsCalls,
      saw: (seen, when) => {
        if (far.fails) throw far.fails;
        far.saw.push([seen, when]);
      },
      close: async () => {
        far.closed += 1;
      },
    };
  },
}));
beforeEach(() => {
  Object.assign(far, {
    opened: [],
    saw: [],
    wantsCalls: false,
    closed: 0,
    opens: undefined,
    fails: undefined,
  });
});

const seen = (reason: string): Seen => ({ kind: 'undecided', reason });
const reasons = () => far.saw.map(([each]) => (each as { reason: string }).reason);

function rig(settings: boolean) {
  const file = temp.path();
  if (settings) writeFileSync(file, '{}');
  const path = temp.path();
  const warnings: string[] = [];
  const stateSession_ = stateSession(path);
  const outside = new Outside({
    ...{ server: 'afip', file, stateSession: stateSession_ },
    now: () => 77,
    warn: (text) => warnings.push(text),
  });
  return { file, path, warnings, outside, state: stateSession_ };
}

test('where nobody has said that they want to be told, nothing is loaded, and the end waits for nothing', async () => {
  const { outside } = rig(false);
  expect(outside.wantsCalls).toBe(false);
  outside.prepare();
  outside.saw(seen('a'));
  await outside.close();
  expect(far.opened).toEqual([]);
  expect(far.closed).toBe(0);
});

test('what is seen while the rest is loaded is told once it is, with the time at which it was seen', async () => {
  const { outside, file } = rig(true);
  let open = () => {};
  far.opens = new Promise((resolve) => (open = resolve));
  // Until the settings are read, every call may be of interest.
  expect(outside.wantsCalls).toBe(true);
  outside.prepare();
  const before = Date.now();
  outside.saw(seen('a'));
  outside.saw(seen('b'));
  await vi.waitFor(() => expect(far.opened).toHaveLength(1));
  expect(far.opened).toMatchObject([{ server: 'afip', file }]);
  expect(far.saw).toEqual([]);
  open();
  await vi.waitFor(() => expect(reasons()).toEqual(['a', 'b']));
  const [, when] = far.saw[0] as [Seen, { at: number; now: number }];
  expect(when.now).toBe(77);
  expect(when.at).toBeGreaterThanOrEqual(before);
  expect(when.at).toBeLessThanOrEqual(Date.now());
  expect(outside.wantsCalls).toBe(false);
  outside.saw(seen('c'));
  expect(reasons()).toEqual(['a', 'b', 'c']);
  await outside.close();
  expect(far.closed).toBe(1);
  expect(far.opened).toHaveLength(1);
});

test('only so much waits as memory has room for', async () => {
  const { outside } = rig(true);
  for (let n = 0; n < 1001; n++) outside.saw(seen(String(n)));
  await outside.close();
  expect(reasons()).toHaveLength(1000);
  expect(reasons().at(-1)).toBe('999');
});

test('settings that appear later hold from then on', async () => {
  far.wantsCalls = true;
  const { outside, file } = rig(false);
  outside.saw(seen('a'));
  writeFileSync(file, '{}');
  outside.saw(seen('b'));
  outside.saw(seen('c'));
  await vi.waitFor(() => expect(reasons()).toEqual(['b', 'c']));
  expect(outside.wantsCalls).toBe(true);
  rmSync(file);
  outside.saw(seen('d'));
  expect(reasons()).toEqual(['b', 'c', 'd']);
  await outside.close();
});

test('G3: what cannot be loaded, or fails, is said and holds nothing up', async () => {
  const { outside, warnings } = rig(true);
  far.opens = Promise.reject(new Error('no such module'));
  outside.prepare();
  outside.saw(seen('a'));
  await vi.waitFor(() =>
    expect(warnings).toEqual(['nobody can be told outside of the client: no such module']),
  );
  await outside.close();
  const other = rig(true);
  far.opens = undefined;
  far.fails = new Error('a bug');
  other.outside.saw(seen('a'));
  await vi.waitFor(() => expect(other.warnings).toHaveLength(1));
  other.outside.saw(seen('b'));
  expect(other.warnings).toEqual(Array(2).fill('nobody can be told outside of the client: a bug'));
});

test('a message that did not go out is told here and is an event; whether one is to go the database says', async () => {
  const { outside, warnings, path, state } = rig(true);
  state.open();
  outside.prepare();
  await vi.waitFor(() => expect(far.opened).toHaveLength(1));
  const { lost, claim, counters } = far.opened[0] as TellingParts;
  const notice = { event: 'paused', title: 'afip is paused' } as never;
  lost(notice, 'ntfy', 'no route');
  lost(notice, '', 'no route');
  expect(warnings).toEqual([
    'a message did not go out by ntfy: no route (afip is paused)',
    'a message did not go out: no route (afip is paused)',
  ]);
  const terms = { againAfterMs: 60_000, perHour: 10, isFirstClass: false };
  expect(await claim('key', terms)).not.toEqual(undefined);
  expect(counters()).toEqual([]);
  state.close();
  const store = Store.open(path);
  expect(store.events().filter(({ kind }) => kind.includes('notice'))).toHaveLength(2);
  store.close();
});
