import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PinComparison } from '../../src/proxy/pin-comparison.js';
import { BUSY, type PinEntry, type SeenTool, type Store } from '../../src/store/store.js';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const tools = (...names: string[]): SeenTool[] => names.map((name) => ({ name, definition: '{}' }));
const many = (length: number) => tools(...Array.from({ length }, (_, n) => `t${n}`));

/** A store to which every tool is news, but for those called `same`; what it was asked, and what became of that. */
function rig() {
  const compared: string[][] = [];
  const noted: string[] = [];
  const told: string[][] = [];
  let isBusy = false;
  let goneOn = 0;
  const store = {
    compareTools: (_server: string, all: readonly SeenTool[]) => {
      compared.push(all.map(({ name }) => name));
      return all.filter(({ name }) => name !== 'same');
    },
    noteTools: (server: string, some: readonly SeenTool[], more: { by: string; ended: Set<string> }) => {
      if (isBusy) return BUSY;
      noted.push(`${server} ${more.by}: ${some.length} ${[...more.ended].join()}`);
      return some.map(({ name }) => ({ tool: name }) as PinEntry);
    },
  } as unknown as Store;
  const pins = new PinComparison(
    'afip',
    () => 's1',
    (changed) => void told.push(changed.map(({ tool }) => tool)),
    () => {
      goneOn += 1;
      pins.run(store);
    },
  );
  const run = () => pins.run(store);
  return { pins, run, compared, noted, told, goneOn: () => goneOn, busy: (is: boolean) => (isBusy = is) };
}

test('where nothing was listed nothing is compared', () => {
  const { pins, run, compared, noted, told } = rig();
  pins.add([]);
  expect(run()).toBe(true);
  expect([compared, noted, told, vi.getTimerCount()]).toEqual([[], [], [], 0]);
});

test('pages are compared together up to the end of a list, and what changed is told once', () => {
  const { pins, run, compared, noted, told } = rig();
  pins.add(tools('a'));
  pins.add(tools('b', 'same'), 'tool');
  pins.add(tools('p'), 'prompt');
  expect(run()).toBe(false);
  expect(compared).toEqual([['a', 'b', 'same']]);
  expect(noted).toEqual(['afip s1: 2 tool']);
  expect(told).toEqual([]);
  expect(run()).toBe(true);
  expect(compared[1]).toEqual(['p']);
  expect(noted[1]).toBe('afip s1: 1 prompt');
  expect(told).toEqual([['a', 'b', 'p']]);
  expect(run()).toBe(true);
  expect(told).toHaveLength(1);
  pins.stop();
});

test('the first end of a list is written down though it has nothing, and the next is not', () => {
  const { pins, run, noted, compared, told } = rig();
  pins.add([], 'tool');
  expect(run()).toBe(true);
  expect(noted).toEqual(['afip s1: 0 tool']);
  pins.add([], 'tool');
  pins.add(tools('same'), 'tool');
  pins.add(tools('same'));
  expect(run()).toBe(true);
  expect(noted).toHaveLength(1);
  expect(compared).toEqual([[], ['same', 'same']]);
  pins.add([], 'prompt');
  expect(run()).toBe(true);
  expect(noted[1]).toBe('afip s1: 0 prompt');
  expect(told).toEqual([]);
});

test('a long list is noted a hundred at a time; its end goes with the last, and then what changed is told', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const { pins, run, noted, told, goneOn } = rig();
  pins.add(many(200), 'tool');
  expect(run()).toBe(false);
  expect(noted).toEqual(['afip s1: 100 ']);
  vi.advanceTimersByTime(5);
  expect(goneOn()).toBe(0);
  vi.advanceTimersByTime(1);
  expect(goneOn()).toBe(1);
  expect(noted[1]).toBe('afip s1: 100 tool');
  expect(told.map(({ length }) => length)).toEqual([200]);
  expect(vi.getTimerCount()).toBe(0);
});

test('while others hold the database it is tried again, once at a time, and nothing is lost', () => {
  const { pins, run, noted, told, goneOn, busy } = rig();
  busy(true);
  pins.add(tools('a'), 'tool');
  expect([run(), run(), vi.getTimerCount()]).toEqual([false, false, 1]);
  vi.advanceTimersByTime(11);
  expect(goneOn()).toBeGreaterThan(0);
  expect(told).toEqual([]);
  busy(false);
  vi.advanceTimersByTime(11);
  expect(noted).toEqual(['afip s1: 1 tool']);
  expect(told).toEqual([['a']]);
});

test('nothing goes on by itself after the end', () => {
  const { pins, run, goneOn } = rig();
  pins.add(many(101));
  expect(run()).toBe(false);
  pins.stop();
  vi.advanceTimersByTime(1000);
  expect(goneOn()).toBe(0);
});
