import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Change, carryOut } from '../../../src/clients/change/apply.js';
import { readSnapshot } from '../../../src/clients/files/read.js';
import { CLIENTS } from '../../../src/clients/known-clients.js';
import { Home } from '../home.js';

const client = (id: string) => CLIENTS.find((each) => each.id === id);

/** Two changes of a home folder: of a file that is there, and of one that is not. */
class Changes {
  readonly home = new Home();
  readonly there = this.home.put('there.json', 'old');
  readonly made = this.home.path('new/made.json');
  readonly list: readonly Change[] = [
    {
      path: this.there,
      snapshot: readSnapshot(this.there),
      content: Buffer.from('changed'),
      shown: '-old\n+changed\n',
    },
    { path: this.made, snapshot: undefined, content: Buffer.from('made'), shown: '+made\n' },
  ];

  /** What stands in the two files. */
  get contents(): (string | undefined)[] {
    return [this.there, this.made].map((path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined));
  }

  [Symbol.dispose](): void {
    this.home[Symbol.dispose]();
  }
}

const ASKED = 'Write this?';
const asked = (home: Home, answer: string) => {
  home.interactive = true;
  home.answers = [answer];
};

test.each(['y', 'YES', ' yes '])(
  'a person who says %j has it written, and is told where and what is kept',
  async (answer) => {
    using changes = new Changes();
    const { home } = changes;
    asked(home, answer);
    expect(await carryOut(changes.list, undefined, ASKED, {}, home.io)).toBe(true);
    expect(changes.contents).toEqual(['changed', 'made']);
    expect(home.asked.map(({ question }) => question)).toEqual([`${ASKED} [y/N] `]);
    // Shown where it can be piped, and again where the person is asked.
    expect(home.out).toBe('-old\n+changed\n+made\n');
    expect(home.err).toContain(home.out);
    expect(home.err).toContain(`Written: ${changes.there}\nBackup:  ${home.backups}`);
    expect(home.err).toContain(`Written: ${changes.made}\n`);
    const [backup = ''] = home.list(home.backups);
    expect(readFileSync(`${home.backups}/${backup}`, 'utf8')).toBe('old');
  },
);

test.each([
  [[''], 1],
  [['n'], 1],
  [['yellow', 'n'], 2],
  [['s', ''], 2],
])('a person who says %j changes nothing', async (answers, questions) => {
  using changes = new Changes();
  const { home } = changes;
  asked(home, '');
  home.answers = answers;
  expect(await carryOut(changes.list, undefined, ASKED, {}, home.io)).toBe(false);
  expect(changes.contents).toEqual(['old', undefined]);
  expect(home.err).toContain('Nothing was written.');
  expect(home.asked).toHaveLength(questions);
  expect(home.list(home.backups)).toEqual([]);
});

test('--yes writes without a question; --dry-run shows, and writes nothing', async () => {
  using changes = new Changes();
  const { home } = changes;
  expect(await carryOut(changes.list, undefined, ASKED, { dryRun: true, yes: true }, home.io)).toBe(false);
  expect(changes.contents).toEqual(['old', undefined]);
  expect(home.out).toBe('-old\n+changed\n+made\n');
  expect(await carryOut(changes.list, undefined, ASKED, { yes: true }, home.io)).toBe(true);
  expect(changes.contents).toEqual(['changed', 'made']);
  expect(home.asked).toEqual([]);
  expect(home.err).not.toContain('+changed');
});

test('where nobody can be asked, nothing is written without --yes', async () => {
  using changes = new Changes();
  const done = carryOut(changes.list, undefined, ASKED, {}, changes.home.io);
  await expect(done).rejects.toMatchObject({ code: 'USAGE' });
  expect(changes.contents).toEqual(['old', undefined]);
});

test('a file that cannot be replaced stops all of it before the first is written', async () => {
  using changes = new Changes();
  const { home } = changes;
  const readOnly = home.put('readonly.json', 'old');
  const snapshot = readSnapshot(readOnly);
  const list = [
    ...changes.list,
    {
      path: readOnly,
      snapshot: snapshot && { ...snapshot, mode: 0o444 },
      content: Buffer.from(''),
      shown: '',
    },
  ];
  const done = carryOut(list, undefined, ASKED, { yes: true }, home.io);
  await expect(done).rejects.toMatchObject({ code: 'CONFIG_CONFLICT' });
  expect(changes.contents).toEqual(['old', undefined]);
});

test('a running app that writes its file itself is named before it is asked; one that does not, or is not running, is not', async () => {
  const told = async (id: string, running: string[] | undefined) => {
    using changes = new Changes();
    changes.home.running = running;
    await carryOut(changes.list, client(id), ASKED, { yes: true }, changes.home.io);
    return changes.home.err.includes('seems to be running');
  };
  const desktop = ['/usr/bin/claude-desktop'];
  expect(await told('claude-desktop', desktop)).toBe(true);
  expect(await told('claude-desktop', [])).toBe(false);
  expect(await told('claude-desktop', undefined)).toBe(false);
  expect(await told('cursor', ['/usr/share/cursor/cursor'])).toBe(false);
});
