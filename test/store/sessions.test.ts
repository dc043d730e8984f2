import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { connect } from '../../src/store/sqlite/driver.js';
import { Store } from '../../src/store/store.js';
import { admit, clock, eachDriver, rows, tempDir } from './support.js';
import { admission, charge, INFO, limit, open } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

eachDriver('sessions', () => {
  test('others see who runs, since when, and under which policy', () => {
    const path = temp.path();
    const time = clock();
    const store = Store.open(path, time);
    const id = store.startSession(INFO);
    store.describeClient(id, 'claude-ai', '0.1.0');
    const other = Store.open(path, time);
    expect(other.sessions()).toEqual([
      {
        id,
        server: 'mcp-afip',
        grant: 'default',
        pid: process.pid,
        observe: false,
        policyHash: INFO.policyHash,
        policySource: INFO.policySource,
        clientName: 'claude-ai',
        clientVersion: '0.1.0',
        startedAt: time.at,
        seenAt: time.at,
        endedAt: undefined,
        live: true,
      },
    ]);
    time.at += 5;
    store.endSession(id);
    expect(other.sessions()).toMatchObject([{ live: false, endedAt: time.at }]);
    other.close();
    store.close();
  });

  test('a sign of life is written when something else is, and at most every half minute', () => {
    const path = temp.path();
    const time = clock();
    const start = time.at;
    const store = Store.open(path, time);
    const id = store.startSession(INFO);
    const seen = () => (store.sessions()[0]?.seenAt ?? 0) - start;
    time.at = start + 29_999;
    admit(store, id);
    expect(seen()).toBe(0);
    time.at = start + 30_000;
    admit(store, id);
    expect(seen()).toBe(30_000);
    time.at = start + 60_000;
    store.maintain(100);
    expect(seen()).toBe(60_000);
    store.close();
  });

  test('a process that is gone, or another with its id, does not count as live', async () => {
    const path = temp.path();
    const store = Store.open(path);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    store.startSession({ ...INFO, pid: child.pid ?? 0 });
    expect(store.sessions()[0]?.live).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(store.sessions()[0]?.live).toBe(false);

    store.startSession(INFO);
    expect(store.sessions()[0]?.live).toBe(true);
    const db = connect(path, 1000);
    db.exec(`UPDATE sessions SET process_start = '1' WHERE pid = ${process.pid}`);
    db.close();
    expect(store.sessions()[0]?.live).toBe(process.platform !== 'linux');
    store.close();
  });

  test('one that was taken for dead and wakes up is back', () => {
    const path = temp.path();
    const time = clock();
    const store = Store.open(path, time);
    const id = store.startSession(INFO);
    const db = connect(path, 1000);
    db.exec('UPDATE sessions SET ended_at = 1');
    db.close();
    expect(store.sessions()[0]?.live).toBe(false);
    time.at += 30_000;
    admit(store, id);
    expect(store.sessions()[0]?.live).toBe(true);

    const again = connect(path, 1000);
    again.exec('DELETE FROM sessions');
    again.close();
    time.at += 30_000;
    admit(store, id);
    expect(store.log({ limit: 1 })).toMatchObject([{ session: id, server: 'mcp-afip' }]);
    store.close();
  });

  test('one whose first call came to nothing is there with the next, under one row and the name of its client', () => {
    const path = temp.path();
    const store = Store.open(path, clock());
    const holder = connect(path, 1000);
    holder.exec('BEGIN IMMEDIATE');
    // Both must wait for the lock.
    const id = store.startSession(INFO);
    store.describeClient(id, 'claude', '1');
    holder.exec('ROLLBACK');
    holder.close();
    const bad = admission(open(charge(limit(), -1)));
    expect(() => store.admit(id, [admission(open()), bad])).toThrow(RangeError);
    expect(rows(path, 'SELECT * FROM sessions')).toEqual([]);
    admit(store, id);
    expect(store.sessions()).toMatchObject([{ id, clientName: 'claude' }]);
    expect(store.log()).toMatchObject([{ session: id, clientName: 'claude' }]);
    store.close();
  });

  test('one that goes on with the file opened anew keeps its row, the name of its client and its heartbeat', () => {
    const path = temp.path();
    const time = clock();
    const before = Store.open(path, time);
    const id = before.startSession(INFO);
    before.describeClient(id, 'claude', '1');
    before.close();
    time.at += 5000;
    const store = Store.open(path, time);
    expect(store.startSession(INFO, id)).toBe(id);
    admit(store, id);
    expect(store.sessions()).toMatchObject([
      { id, clientName: 'claude', clientVersion: '1', seenAt: time.at },
    ]);
    expect(rows(path, 'SELECT * FROM sessions')).toHaveLength(1);
    store.close();
  });

  test('what a client calls itself is cut', () => {
    const path = temp.path();
    const store = Store.open(path);
    store.describeClient(store.startSession(INFO), 'x'.repeat(10_000), 'y'.repeat(10_000));
    const [row] = rows(path, 'SELECT client_name, client_version FROM sessions');
    expect(row).toMatchObject({ client_name: 'x'.repeat(200), client_version: 'y'.repeat(200) });
    store.close();
  });
});
