import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { connect } from '../../../src/store/sqlite/driver.js';
import { type KnownNames, knownNames } from '../../../src/store/sqlite/known-names.js';
import { MIGRATIONS } from '../../../src/store/sqlite/migrations.js';
import { admit, done, freshStore, tempDir } from '../support.js';
import { approvable, charge, INFO, limit } from '../support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const fresh = freshStore(temp);
const NONE: KnownNames = { servers: [], grants: [], tools: [], counters: [], approvals: [] };
const list = (server: string, names: readonly string[]) =>
  done(
    fresh.store.seeTools(
      server,
      names.map((name) => ({ name, definition: '{}' })),
    ),
  );
const known = (...wanted: [Parameters<typeof knownNames>[3]?]) =>
  knownNames(fresh.path, fresh.time.at, 100, ...wanted);

test('servers, grants, tools, counters and what waits for a person', () => {
  fresh.store.startSession({ ...INFO, grant: 'billing' });
  list('other', ['look']);
  done(fresh.store.seeTools('prompts', [{ kind: 'prompt', name: 'ask', definition: '{}' }]));
  admit(fresh.store, fresh.session, charge(limit()));
  const [asked] = done(fresh.store.admit(fresh.session, [approvable(1)]));
  if (asked?.kind !== 'asked') throw new Error(asked?.kind);
  const { id, expiresAt } = asked.approval;
  const names: KnownNames = {
    servers: [INFO.server, 'other'],
    grants: ['billing', 'default'],
    tools: [{ server: 'other', tool: 'look' }],
    counters: ['track_logout_rate'],
    approvals: [{ id, server: INFO.server, tool: 'tool1' }],
  };
  expect(known()).toEqual(names);
  fresh.time.at = expiresAt - 1;
  expect(known()).toEqual(names);
  fresh.time.at = expiresAt;
  expect(known()).toEqual({ ...names, approvals: [] });
});

test('a server with thousands of tools hides neither those of others nor its own', () => {
  list(
    'a',
    Array.from({ length: 3000 }, (_, at) => `t${at}`),
  );
  list('z', ['pay', 'T2999']);
  const tools = (typed: string, server?: string) =>
    known({ typed, server }).tools.map((each) => `${each.server}/${each.tool}`);
  expect(tools('t2999').slice(0, 2)).toEqual(['a/t2999', 'z/T2999']);
  expect(tools('pa')[0]).toBe('z/pay');
  expect(tools('', 'z').slice(0, 2)).toEqual(['z/T2999', 'z/pay']);
  expect(tools('')).toHaveLength(1000);
});

test('what was typed comes first, by its characters and in letters of any case', () => {
  for (const server of ['alpha', 'Beta', 'beta-2', '\u{1f600}b'])
    fresh.store.startSession({ ...INFO, server });
  expect(known({ typed: 'BET' }).servers).toEqual(['Beta', 'beta-2', 'alpha', INFO.server, '\u{1f600}b']);
  expect(known({ typed: '\u{1f600}' }).servers[0]).toBe('\u{1f600}b');
});

test.each([
  ['of a later version', `PRAGMA user_version = ${MIGRATIONS.length + 1}`],
  ['of an earlier one', `PRAGMA user_version = ${MIGRATIONS.length - 1}`],
  ['of another program', 'PRAGMA application_id = 1'],
])('a database %s has no names that could be told, and is left as it is', (_, change) => {
  expect(known().servers).toEqual([INFO.server]);
  const db = connect(fresh.path, 1000);
  db.exec(change);
  const before = ['user_version', 'application_id'].map((name) => db.pragma(name));
  expect(known()).toEqual(NONE);
  expect(['user_version', 'application_id'].map((name) => db.pragma(name))).toEqual(before);
  db.close();
});

test('a database that is not there is not made, and one that cannot be read has no names', () => {
  const at = (path: string) => knownNames(path, fresh.time.at, 100);
  const missing = temp.path();
  expect(at(missing)).toEqual(NONE);
  expect(existsSync(missing)).toBe(false);
  expect(at(temp.path('.'))).toEqual(NONE);
  const other = temp.path();
  writeFileSync(other, 'no database');
  expect(at(other)).toEqual(NONE);
});
