import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { connect } from '../../../src/store/sqlite/driver.js';
import { inspect, serversIn } from '../../../src/store/sqlite/inspect.js';
import { MIGRATIONS } from '../../../src/store/sqlite/migrations.js';
import { admit, done, eachDriver, freshStore, rows, tempDir } from '../support.js';
import { charge, INFO, limit } from '../support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

/** A copy of a database, which this SQL has changed. */
function changed(from: string, sql: string): string {
  const path = temp.path();
  const db = connect(from, 1000);
  db.exec(`VACUUM INTO '${path}'`);
  db.close();
  const copy = connect(path, 1000);
  copy.exec(sql);
  copy.close();
  return path;
}

eachDriver('looking at a state database', () => {
  const fresh = freshStore(temp);

  test('tells its version, its newest call, who runs, and which tools are not what was first seen', () => {
    const list = (text: string) =>
      done(
        fresh.store.seeTools(INFO.server, [
          { name: 'pay', definition: text },
          { name: 'send', definition: '{}' },
          { kind: 'prompt', name: 'ask', definition: text },
          { kind: 'instructions', name: '', definition: text },
        ]),
      );
    expect(inspect(fresh.path, fresh.time.at)).toMatchObject({ newestAt: undefined, changedTools: [] });
    list('{"a":1}');
    fresh.time.at += 5;
    admit(fresh.store, fresh.session);
    list('{"a":2}');
    const pinned = (tool: string) => ({ server: INFO.server, tool });
    expect(inspect(fresh.path, fresh.time.at + 5)).toMatchObject({
      ours: true,
      journalMode: 'wal',
      version: MIGRATIONS.length,
      knownVersion: MIGRATIONS.length,
      damage: [],
      newestAt: fresh.time.at,
      countersAhead: { count: 0, until: fresh.time.at + 5 },
      sessions: [{ id: fresh.session, live: true }],
      changedTools: [pinned('the instructions'), pinned('prompt ask'), pinned('pay')],
    });
  });

  test('of another version tells no more than that and damage, of another program not even that', () => {
    admit(fresh.store, fresh.session);
    const nothing = { damage: [], newestAt: undefined, sessions: [], changedTools: [] };
    for (const version of [MIGRATIONS.length - 1, MIGRATIONS.length + 1]) {
      const path = changed(fresh.path, `PRAGMA user_version = ${version}`);
      expect(inspect(path, 1)).toMatchObject({ ours: true, version, ...nothing });
    }
    const others = changed(fresh.path, 'PRAGMA application_id = 1');
    expect(inspect(others, 1)).toMatchObject({ ours: false, ...nothing });
    // Of another version the check itself comes to an end where it cannot go on.
    const damaged = changed(fresh.path, 'PRAGMA user_version = 1');
    const bytes = readFileSync(damaged);
    const [table] = rows(damaged, `SELECT rootpage FROM sqlite_schema WHERE name = 'decisions'`);
    const page = bytes.readUInt16BE(16) * (Number(table?.rootpage) - 1);
    bytes.fill(0xff, page, page + 200);
    writeFileSync(damaged, bytes);
    expect(inspect(damaged, 1)?.damage).toEqual([expect.stringContaining('malformed')]);
  });

  test('a file that has nothing in it yet is ours', () => {
    const path = temp.path();
    writeFileSync(path, '');
    expect(inspect(path, 1)).toMatchObject({ ours: true, version: 0, damage: [], sessions: [] });
  });

  test('names what is damaged, and leaves it as it is', () => {
    admit(fresh.store, fresh.session, charge(limit()));
    while (!fresh.store.maintain(1000));
    done(fresh.store.resetCounter('there is none', {}, 'cli'));
    const wrong = changed(fresh.path, 'UPDATE counters SET used = 7');
    expect(inspect(wrong, fresh.time.at)?.damage).toEqual([
      expect.stringMatching(/^counter track_logout_rate \(\d+\) says 7, its charges add up to 1$/),
    ]);
    const before = readFileSync(wrong);
    inspect(wrong, fresh.time.at);
    expect(readFileSync(wrong).equals(before)).toBe(true);
  });

  test('one that is not there is not made, and what is none is an error', () => {
    const path = temp.path();
    expect(inspect(path, 1)).toBeUndefined();
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, 'no database at all, but text of some length'.repeat(30));
    expect(() => inspect(path, 1)).toThrow(expect.objectContaining({ code: 'STATE_CORRUPT' }));
  });
});

describe('the servers that a database knows', () => {
  const fresh = freshStore(temp);

  test('are those of its sessions and of its counters', () => {
    admit(fresh.store, fresh.session, charge(limit({ scope: 'machine' })));
    const path = changed(
      fresh.path,
      `UPDATE sessions SET server = 'known'; UPDATE counters SET server = 'counted'`,
    );
    expect([...serversIn(path)].sort()).toEqual(['counted', 'known']);
    expect([...serversIn(fresh.path)]).toEqual([INFO.server]);
  });

  test('are none where the database is another program’s, is not there or cannot be read', () => {
    const others = changed(fresh.path, 'PRAGMA application_id = 1');
    const text = temp.path();
    writeFileSync(text, 'no database at all, but text of some length'.repeat(30));
    for (const path of [others, text, temp.path()]) expect([...serversIn(path)]).toEqual([]);
  });
});
