import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pause, resume, stopTeam } from '../../../src/cli/commands/pause.js';
import { PolicyWrapError } from '../../../src/errors.js';
import type { SharedStore } from '../../../src/store/shared-store.js';
import { FakeTerminal, NOW, State } from './support.js';

test('a pause needs no person, and a resume does', async () => {
  using state = new State();
  const nobody = new FakeTerminal();
  expect(await pause({ db: state.db, reason: 'look first' }, nobody)).toBe(0);
  expect(nobody.out.text).toBe('paused: every call of every server is refused until policy-wrap resume\n');
  expect(state.store.pauses()).toEqual([{ server: undefined, since: NOW, note: 'look first' }]);
  await expect(resume({ db: state.db }, nobody)).rejects.toMatchObject({ code: 'REFUSED' });
  expect(state.store.pauses()).toHaveLength(1);
  const person = new FakeTerminal([]);
  expect(await resume({ db: state.db }, person)).toBe(0);
  expect(person.out.text).toBe('resumed\n');
  expect(state.store.pauses()).toEqual([]);
});

test('says what is still paused, and that nothing was', async () => {
  using state = new State();
  const person = new FakeTerminal([]);
  await resume({ db: state.db }, person);
  await pause({ db: state.db, server: 'mcp-afip' }, person);
  await pause({ db: state.db, server: 'other' }, person);
  await resume({ db: state.db, server: 'mcp-afip' }, person);
  expect(person.out.text.split('\n')).toEqual([
    'nothing was paused',
    'paused: every call of mcp-afip is refused until policy-wrap resume',
    'paused: every call of other is refused until policy-wrap resume',
    'still paused: other',
    '',
  ]);
});

test('the brake makes the database where there is none yet; a resume also tells by it that nothing was paused', async () => {
  using state = new State();
  const db = join(state.folder, 'new.db');
  expect(await pause({ db }, new FakeTerminal())).toBe(0);
  expect(existsSync(db)).toBe(true);
});

test('the brake that holds nowhere fails, and says why', async () => {
  using state = new State();
  const db = join(state.folder, 'no-database');
  writeFileSync(db, 'This is no database, and is long enough to be looked at as one.'.repeat(20));
  const io = new FakeTerminal();
  await expect(pause({ db }, io)).rejects.toMatchObject({ code: 'STATE_CORRUPT' });
  expect(io.out.text).toBe('');
});

test('a brake that does not reach the team names the one that needs no store', async () => {
  const gone = (hint?: string) =>
    ({
      team: 'books',
      pause: async () => {
        throw new PolicyWrapError(
          'STATE_UNAVAILABLE',
          'the store is gone',
          hint === undefined ? {} : { hint },
        );
      },
    }) as unknown as SharedStore;
  const hintOf = (team: SharedStore) =>
    stopTeam(team, {}, new FakeTerminal(), 'cli').then(undefined, ({ hint }: PolicyWrapError) => hint);
  const here = 'policy-wrap pause --here stops this machine, without the store.';
  expect(await hintOf(gone())).toBe(here);
  expect(await hintOf(gone('Start it.'))).toBe(`${here} Start it.`);
});
