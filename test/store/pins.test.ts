import { afterAll, expect, test } from 'vitest';
import { Events } from '../../src/store/events.js';
import type { SeenTool } from '../../src/store/pin-entry.js';
import { Pins } from '../../src/store/pins.js';
import { connect, type Database, type Statement } from '../../src/store/sqlite/driver.js';
import { Store } from '../../src/store/store.js';
import { Children, damage, done, eachDriver, tempDir } from './support.js';
import { admission, INFO, open } from './support-shapes.js';

const temp = tempDir();
const children = new Children(temp.path('child.mjs'));
afterAll(async () => {
  await children.stop();
  temp.remove();
});

const SERVER = INFO.server;

function tool(name: string, description: string, changes: Partial<SeenTool> = {}): SeenTool {
  return { name, definition: JSON.stringify({ description, name }), ...changes };
}

function many(count: number, description: string): SeenTool[] {
  return Array.from({ length: count }, (_, i) => tool(`tool_${i}`, description));
}

/** A connection that counts the rows which its statements give back. */
function counting(db: Database): { readonly db: Database; rows: number } {
  const self = { db, rows: 0 };
  const counted = (statement: Statement): Statement => ({
    run: (...values) => statement.run(...values),
    get: (...values) => {
      const row = statement.get(...values);
      if (row) self.rows += 1;
      return row;
    },
    all: (...values) => {
      const all = statement.all(...values);
      self.rows += all.length;
      return all;
    },
    *iterate(...values) {
      for (const row of statement.iterate(...values)) {
        self.rows += 1;
        yield row;
      }
    },
  });
  self.db = { ...db, prepare: (sql) => counted(db.prepare(sql)) };
  return self;
}

eachDriver('pins', () => {
  function start() {
    const store = Store.open(temp.path());
    const session = store.startSession(INFO);
    const verdict = (name: string) => {
      const [admitted] = done(
        store.admit(session, [
          admission(open(), { tool: name, pinned: { face: undefined, refusesNew: false } }),
        ]),
      );
      return admitted?.kind === 'refused' ? admitted.code : admitted?.kind;
    };
    const see = (...tools: SeenTool[]) => done(store.seeTools(SERVER, tools)).map((pin) => pin.tool);
    return { store, verdict, see };
  }

  test('a changed tool is news once, is refused until a person trusts it, and may change back', () => {
    const { store, verdict, see } = start();
    expect(see(tool('pay', 'old'))).toEqual([]);
    expect(see(tool('pay', 'evil'))).toEqual(['pay']);
    expect(see(tool('pay', 'evil'))).toEqual([]);
    expect(verdict('pay')).toBe('CHANGED');
    expect(see(tool('pay', 'old'))).toEqual([]);
    expect(verdict('pay')).toBe('allowed');
    expect(see(tool('pay', 'new'))).toEqual(['pay']);
    expect(done(store.trustTools(store.changedTools(SERVER), 'cli'))).toHaveLength(1);
    expect(verdict('pay')).toBe('allowed');
    expect(see(tool('pay', 'new'))).toEqual([]);
    expect(see(tool('pay', 'old'))).toEqual(['pay']);
    store.close();
  });

  test('G3: trusted is what was shown, or nothing: a tool that has changed again meanwhile is not', () => {
    const { store, verdict, see } = start();
    see(tool('pay', 'old'), tool('send', 'old'), tool('list', 'old'));
    see(tool('pay', 'new'), tool('send', 'new'));
    const shown = store.changedTools(SERVER);
    expect(shown.map((pin) => pin.tool)).toEqual(['pay', 'send']);
    see(tool('send', 'evil'));
    expect(done(store.trustTools(shown, 'cli'))).toBeUndefined();
    expect([verdict('pay'), verdict('send')]).toEqual(['CHANGED', 'CHANGED']);
    // One that has changed since and was not shown stays as it is.
    see(tool('list', 'new'));
    const [pay] = store.changedTools(SERVER).filter((pin) => pin.tool === 'pay');
    expect(done(store.trustTools(pay ? [pay] : [], 'cli'))).toHaveLength(1);
    expect(['pay', 'send', 'list'].map(verdict)).toEqual(['allowed', 'CHANGED', 'CHANGED']);
    // Nothing is left to be trusted twice.
    expect(done(store.trustTools(pay ? [pay] : [], 'cli'))).toBeUndefined();
    expect(store.events().filter(({ kind }) => kind === 'pin.trusted')).toHaveLength(1);
    store.close();
  });

  test.each([
    ['the old one last', ['evil', 'old']],
    ['the old one first', ['old', 'evil']],
    ['the old one twice', ['old', 'evil', 'old']],
  ])('G3: two definitions of one name in one list count as changed, %s', (_, descriptions) => {
    const { store, verdict, see } = start();
    see(tool('pay', 'old'), tool('other', 'x'));
    expect(see(...descriptions.map((text) => tool('pay', text)))).toEqual(['pay']);
    // The one that differs is the one to be shown.
    expect(store.changedTools(SERVER)[0]?.changed?.definition).toContain('evil');
    expect(verdict('pay')).toBe('CHANGED');
    expect(verdict('other')).toBe('allowed');
    // A list with one of them again is as it was.
    see(tool('pay', 'old'));
    expect(verdict('pay')).toBe('allowed');
    store.close();
  });

  test.each([[false], [true]])(
    'G3: one definition twice, once in a form that cannot be pinned (first: %s), counts as changed',
    (isFirst) => {
      const { store, verdict, see } = start();
      see(tool('pay', 'old'));
      const twins = [tool('pay', 'old'), tool('pay', 'old', { unpinnable: true })];
      expect(see(...(isFirst ? twins.reverse() : twins))).toEqual(['pay']);
      expect(verdict('pay')).toBe('CHANGED');
      store.close();
    },
  );

  test('G3: of two definitions at first sight none is remembered as the right one', () => {
    const { store, verdict, see } = start();
    expect(see(tool('pay', 'a'), tool('pay', 'b'))).toEqual(['pay']);
    expect(verdict('pay')).toBe('CHANGED');
    see(tool('pay', 'a'));
    expect(verdict('pay')).toBe('CHANGED');
    done(store.trustTools(store.changedTools(SERVER), 'cli'));
    expect(verdict('pay')).toBe('allowed');
    store.close();
  });

  test('G3: a definition that cannot be pinned is changed, whatever is remembered, and stays so when trusted', () => {
    const { store, verdict, see } = start();
    see(tool('pay', 'old'));
    expect(see(tool('pay', 'old', { unpinnable: true }))).toEqual(['pay']);
    expect(verdict('pay')).toBe('CHANGED');
    expect(done(store.trustTools(store.changedTools(SERVER), 'cli'))).toEqual([]);
    expect(verdict('pay')).toBe('CHANGED');
    see(tool('pay', 'old'));
    expect(verdict('pay')).toBe('allowed');
    // Nothing of it was remembered as first seen.
    expect(see(tool('new', 'x', { unpinnable: true }))).toEqual(['new']);
    see(tool('new', 'x'));
    expect(verdict('new')).toBe('CHANGED');
    store.close();
  });

  test('G3: a tool that could not be remembered counts as changed, those that are remembered do not', () => {
    const { store, verdict, see } = start();
    for (let at = 0; at < 10_000; at += 500) {
      see(...Array.from({ length: 500 }, (_, i) => tool(`tool_${at + i}`, 'x')));
    }
    expect(verdict('never_listed')).toBe('allowed');
    see(tool('one_more', 'x'));
    expect(verdict('one_more')).toBe('CHANGED');
    expect(verdict('tool_9999')).toBe('allowed');
    expect(store.pins(SERVER)).toHaveLength(10_000);
    store.close();
  });

  test('what a list costs grows with the list, and one that has not changed writes nothing', () => {
    const path = temp.path();
    Store.open(path).close();
    const count = 500;
    const counted = counting(connect(path, 0));
    const pins = new Pins(counted.db, new Events(counted.db));
    const see = (tools: readonly SeenTool[]) => {
      counted.rows = 0;
      const writes = pins.compare(SERVER, tools);
      return { news: pins.see(SERVER, writes, 1), writes, rows: counted.rows };
    };
    see(many(count, 'old'));
    const same = see(many(count, 'old'));
    expect(same.writes).toEqual([]);
    const changed = see(many(count, 'new'));
    expect(changed.news).toHaveLength(count);
    expect(changed.rows).toBeLessThan(count * 6);
    counted.db.close();
  });
});

test('a server that lists 1,000 tools and then 1,000 changed ones stops neither a pause nor another wrapper', async () => {
  const path = temp.path();
  const store = Store.open(path, { waitMs: 2000 });
  const session = store.startSession(INFO);
  const child = children.start(['lists', path, '1000']);
  child.go();
  expect(await child.next()).toBe('ready');
  let turns = 0;
  let over = false;
  const said = child.next().then((line) => {
    over = true;
    return line;
  });
  while (!over) {
    await new Promise((resume) => setTimeout(resume, 5));
    // Each is waited for as a command waits; none may come away with nothing.
    expect(store.pause('another', undefined, 'cli')).toBeUndefined();
    expect(store.resume('another', 'cli')).toBe(1);
    expect(done(store.admit(session, [admission(open())]))).toMatchObject([{ kind: 'allowed' }]);
    turns += 1;
  }
  expect(await said).toEqual({ changed: 1000, verdict: 'refused' });
  expect(turns).toBeGreaterThan(0);
  await child.end();
  expect(damage(store)).toEqual([]);
  store.close();
});
