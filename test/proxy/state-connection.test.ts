import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PolicyWrapError } from '../../src/errors.js';
import { StateConnection } from '../../src/proxy/state-connection.js';
import { BUSY, type Store } from '../../src/store/store.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Others hold the database. */
const busy = () =>
  new PolicyWrapError('STATE_UNAVAILABLE', 'locked', {
    cause: Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY', errcode: 5 }),
  });

function rig() {
  const scene = {
    failure: undefined as Error | undefined,
    tries: 0,
    opened: 0,
    lost: 0,
    closed: 0,
    warnings: [] as string[],
    isLost: false,
  };
  const store = {
    get isLost() {
      return scene.isLost;
    },
    close: () => {
      scene.closed += 1;
    },
  } as unknown as Store;
  const connection = new StateConnection({
    openStore: () => {
      scene.tries += 1;
      if (scene.failure) throw scene.failure;
      return store;
    },
    opened: () => {
      scene.opened += 1;
    },
    lost: () => {
      scene.lost += 1;
    },
    warn: (text) => scene.warnings.push(text),
  });
  return { scene, store, connection };
}

describe('G3: a database that cannot be opened', () => {
  test('is said so at every call, and tried again two seconds later', () => {
    const { scene, store, connection } = rig();
    scene.failure = new Error('no disk');
    expect(() => connection.open()).toThrow('no disk');
    scene.failure = undefined;
    vi.advanceTimersByTime(1999);
    expect(() => connection.open()).toThrow('no disk');
    expect(scene.tries).toBe(1);
    vi.advanceTimersByTime(1);
    expect(connection.open()).toBe(store);
    expect(connection.open()).toBe(store);
    expect([scene.tries, scene.opened]).toEqual([2, 1]);
  });

  test.each([
    [0, 20],
    [1, 220],
  ])('because others hold it is tried again by itself, after a moment (chance: %d)', (chance, pause) => {
    vi.spyOn(Math, 'random').mockReturnValue(chance);
    const { scene, store, connection } = rig();
    scene.failure = busy();
    expect(connection.open()).toBe(BUSY);
    vi.advanceTimersByTime(pause - 1);
    expect(connection.open()).toBe(BUSY);
    expect(scene.tries).toBe(1);
    scene.failure = undefined;
    vi.advanceTimersByTime(1);
    expect([scene.tries, scene.opened]).toEqual([2, 1]);
    expect(connection.open()).toBe(store);
    expect(scene.warnings).toEqual([]);
    connection.close();
  });

  test('because others hold it is given up after twenty-five seconds, and that is told', () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const { scene, connection } = rig();
    scene.failure = busy();
    connection.open();
    vi.advanceTimersByTime(24_900);
    expect(scene.warnings).toEqual([]);
    expect(connection.open()).toBe(BUSY);
    vi.advanceTimersByTime(440);
    expect(scene.warnings).toEqual([expect.stringContaining('every call is refused: locked')]);
    const { tries } = scene;
    expect(() => connection.open()).toThrow('locked');
    vi.advanceTimersByTime(60_000);
    expect(scene.tries).toBe(tries);
    connection.close();
  });

  test('is not waited for any more once the wrapper ends', () => {
    const { scene, connection } = rig();
    scene.failure = busy();
    connection.open();
    connection.close();
    vi.advanceTimersByTime(10_000);
    expect([scene.tries, scene.closed]).toEqual([1, 0]);
  });
});

describe('G3: a list, which cannot wait as calls do,', () => {
  test('has the database opened for it, however long the last try was ago', () => {
    const { scene, store, connection } = rig();
    scene.failure = busy();
    connection.open();
    scene.failure = undefined;
    expect(connection.openNow()).toBe(store);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('waits two seconds for others, and says then that it could not be opened', () => {
    const { scene, connection } = rig();
    scene.failure = busy();
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const began = now;
    const open = connection.open.bind(connection);
    vi.spyOn(connection, 'open').mockImplementation(() => {
      now += 500;
      return open();
    });
    expect(() => connection.openNow()).toThrow('locked for too long');
    expect(now - began).toBe(2500);
    connection.close();
  });
});

describe('a database that was lost', () => {
  test('is let go of, and opened again after two seconds', () => {
    const { scene, store, connection } = rig();
    connection.open();
    const gone = new Error('its log is gone');
    connection.letGoIfLost(store, gone);
    expect([scene.lost, scene.closed]).toEqual([0, 0]);
    expect(connection.open()).toBe(store);
    scene.isLost = true;
    connection.letGoIfLost({ isLost: true } as Store, gone);
    expect([scene.lost, scene.closed]).toEqual([0, 0]);
    connection.letGoIfLost(store, gone);
    expect([scene.lost, scene.closed]).toEqual([1, 1]);
    expect(() => connection.open()).toThrow('its log is gone');
    expect(connection.quietly(() => 1)).toBeUndefined();
    vi.advanceTimersByTime(2000);
    expect(connection.open()).toBe(store);
    expect(scene.opened).toBe(2);
  });

  test('a failure of a mere record is told, and lets go of it where it was lost', () => {
    const { scene, connection } = rig();
    const fails = () => {
      throw new Error('disk full');
    };
    expect(connection.quietly(fails)).toBeUndefined();
    expect(scene.warnings).toEqual([]);
    connection.open();
    expect(connection.quietly(() => 1)).toBe(1);
    expect(connection.quietly(fails)).toBeUndefined();
    expect(scene.warnings).toEqual(['the decision log could not be written: disk full']);
    expect(scene.lost).toBe(0);
    scene.isLost = true;
    connection.quietly(fails);
    expect([scene.lost, scene.closed]).toEqual([1, 1]);
  });
});
