import { afterAll, describe, expect, test } from 'vitest';
import { history, loggedServer } from '../../src/store/history.js';
import { Store } from '../../src/store/store.js';
import { clock, done, tempDir } from './support.js';
import { admission, INFO, open } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

function filled(counts: Record<string, number>): {
  store: Store;
  add: (server: string, count: number) => void;
} {
  const time = clock();
  const store = Store.open(temp.path(), time);
  const add = (server: string, count: number) => {
    const session = store.startSession({ ...INFO, server });
    for (let i = 0; i < count; i += 1) {
      time.at += 1000;
      done(store.admit(session, [admission(open(), { tool: `${server} ${i}` })]));
    }
  };
  for (const [server, count] of Object.entries(counts)) add(server, count);
  return { store, add };
}

describe('history', () => {
  test.each([0, 1, 999, 1000, 1001, 2500])('every one of %d rows, once, in order', async (count) => {
    const { store } = filled({ other: 3, demo: count });
    const tools: string[] = [];
    for await (const page of history(store, { server: 'demo' })) tools.push(...page.map(({ tool }) => tool));
    expect(tools).toEqual(Array.from({ length: count }, (_, i) => `demo ${i}`));
    store.close();
  });

  test('since, and rows that are written meanwhile', async () => {
    const { store, add } = filled({ demo: 1500 });
    const start = clock().at;
    let count = 0;
    for await (const page of history(store, { since: start + 101_000 })) {
      if (count === 0) add('demo', 5);
      count += page.length;
    }
    expect(count).toBe(1400 + 5);
    store.close();
  });
});

test.each<[string | undefined, Record<string, number>, string]>([
  [undefined, { demo: 1 }, 'demo'],
  [undefined, { demo: 1, idle: 0 }, 'demo'],
  ['demo', { demo: 1, other: 1 }, 'demo'],
  ['idle', { demo: 1, idle: 0 }, 'NOT_FOUND'],
  [undefined, {}, 'NOT_FOUND'],
  [undefined, { demo: 1, other: 1 }, 'USAGE'],
])('whose calls, when %j is named among %j: %s', async (named, counts, expected) => {
  const { store } = filled(counts);
  const found = async () => {
    try {
      return await loggedServer(store, named);
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  expect(await found()).toBe(expected);
  store.close();
});

test('where it is not clear whose calls, the refusal says what to do', async () => {
  const refusal = async (counts: Record<string, number>, named?: string) => {
    const { store } = filled(counts);
    try {
      return await loggedServer(store, named);
    } catch (error) {
      const { message, hint } = error as { message: string; hint?: string };
      return [message, hint];
    } finally {
      store.close();
    }
  };
  const observe = 'Work for a while through: policy-wrap --observe -- <server>';
  expect(await refusal({ idle: 0 })).toEqual(['the log has no calls', observe]);
  expect(await refusal({ idle: 0 }, 'idle')).toEqual(['the log has no calls of idle', observe]);
  // Only what has calls is proposed.
  expect(await refusal({ demo: 1, demos: 0 }, 'dmo')).toEqual([
    'the log has no calls of dmo',
    expect.stringMatching(/demo(?!s)/),
  ]);
  expect(await refusal({ b: 1, a: 1, idle: 0 })).toEqual([
    'the log has calls of several servers',
    'Name one: --server a, --server b',
  ]);
});
