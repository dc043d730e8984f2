import { describe, expect, test } from 'vitest';
import { carryOut } from '../../../src/clients/change/apply.js';
import {
  canBeWrapped,
  formerName,
  namesOf,
  placesFor,
  planInstall,
  serverOf,
  type Wanted,
} from '../../../src/clients/change/plan.js';
import { choicesIn, openTarget } from '../../../src/clients/selection.js';
import { Home } from '../home.js';

const GOOD = { command: 'npx', args: ['-y', 'weather'] };
const BROKEN = { command: 'policy-wrap', args: ['--'] };
const UNUSABLE = { command: 7 };

/** What would become of a file's entries. */
function plan(home: Home, entries: object | undefined, named: readonly string[] = []) {
  const path = home.path('c.json');
  if (entries) home.put('c.json', JSON.stringify({ mcpServers: entries }, null, 2));
  const target = openTarget({ client: undefined, config: path, entries: [] }, home.machine);
  return planInstall(choicesIn(target), {}, named, home.io);
}

test('what cannot be wrapped is passed over with its reason, where nobody named it', () => {
  using home = new Home();
  const { changes, notes, started } = plan(home, { good: GOOD, broken: BROKEN, unusable: UNUSABLE });
  expect(changes).toHaveLength(1);
  expect(started.map(({ entry }) => entry.name)).toEqual(['good']);
  expect(notes).toEqual([
    expect.stringContaining('broken: cannot be wrapped: it starts policy-wrap'),
    expect.stringContaining('unusable: cannot be wrapped: '),
  ]);
  const after = JSON.parse(String(changes[0]?.content)).mcpServers;
  expect(after.good.args).toContain(home.wrapper.script);
  expect(after.good.args.slice(-3)).toEqual(['npx', '-y', 'weather']);
  expect([after.broken, after.unusable]).toEqual([BROKEN, UNUSABLE]);
});

test('every name must come to something: one that cannot be wrapped stops all of it, beside others too', () => {
  using home = new Home();
  const entries = { good: GOOD, broken: BROKEN };
  expect(plan(home, entries, ['good']).started).toHaveLength(1);
  expect(() => plan(home, entries, ['good', 'broken'])).toThrow('broken: cannot be wrapped');
  expect(() => plan(home, entries, ['broken'])).toThrow('broken: cannot be wrapped');
  // Nobody named it, and nothing else is there.
  expect(() => plan(home, { broken: BROKEN })).toThrow('broken: cannot be wrapped');
});

test('what is wrapped already stays as it is, and that is said', async () => {
  using home = new Home();
  const first = plan(home, { good: GOOD });
  await carryOut(first.changes, undefined, '', { yes: true }, home.io);
  const again = plan(home, undefined, ['good']);
  expect(again.changes).toEqual([]);
  expect(again.started).toEqual([]);
  expect(again.notes).toEqual([expect.stringContaining('good: wrapped already')]);
});

describe('the name that an entry is kept under', () => {
  const entry = (words: string[], name = 'my weather') => {
    using home = new Home();
    const [command, ...args] = words;
    const config = home.put('c.json', JSON.stringify({ mcpServers: { [name]: { command, args } } }));
    const target = openTarget({ client: undefined, config, entries: [] }, home.machine);
    const [choice] = choicesIn(target);
    if (choice === undefined || !canBeWrapped(choice.entry)) throw new Error('cannot be wrapped');
    return choice.entry;
  };

  test('is its own, or the one under which it was wrapped, or the one that a person gave', () => {
    expect(serverOf(entry(['mcp-weather']))).toBe('my-weather');
    expect(serverOf(entry(['policy-wrap', '--', 'mcp-weather']))).toBe('mcp-weather');
    expect(serverOf(entry(['policy-wrap', '--server', 'w', '--', 'mcp-weather']))).toBe('w');
    expect(serverOf(entry(['mcp-weather']), 'given')).toBe('given');
  });

  test('comes first among the names of its policy; a remote server has its host, once', () => {
    expect(namesOf(entry(['mcp-weather']), 'w')[0]).toBe('w');
    expect(namesOf(entry(['mcp-weather']), 'w')).toContain('mcp-weather');
    const remote = entry(['policy-wrap', '--url', 'https://mcp.example/']);
    expect(namesOf(remote, 'w')).toEqual(['w', 'mcp.example']);
    expect(namesOf(remote, 'mcp.example')).toEqual(['mcp.example']);
  });

  test('is told where counters begin anew: the program is known, and the name is not', () => {
    using home = new Home();
    const asked: string[] = [];
    const former = (names: [string, ...string[]], known: string[], database?: string) =>
      formerName(names, database, {
        ...home.io,
        namesIn: (file) => {
          asked.push(file);
          return new Set(known);
        },
      });
    expect(former(['w', 'mcp-weather'], ['mcp-weather'])).toBe('mcp-weather');
    expect(former(['w', 'mcp-weather'], ['mcp-weather', 'w'])).toBeUndefined();
    expect(former(['w', 'mcp-weather'], [])).toBeUndefined();
    expect(former(['w'], ['w'])).toBeUndefined();
    expect(former(['w', 'x'], ['x'], '/other.db')).toBe('x');
    expect(asked).toEqual([home.database, home.database, home.database, '/other.db']);
  });
});

describe('the database and the policy of an entry', () => {
  function places(options: string[], wanted: Wanted = {}, env: Record<string, string> = {}) {
    using home = new Home();
    home.policies.set('w', '/found.json');
    const found = placesFor(options, ['w'], new Map(Object.entries(env)), wanted, home.io);
    const shown = (path: string | undefined) => path?.replace(home.root, '~');
    return [shown(found.db), shown(found.policy)];
  }
  const OURS = '~/data/policy-wrap.db';

  test.each<[string, [string[], Wanted?, Record<string, string>?], (string | undefined)[]]>([
    ['nothing is named', [[]], [OURS, '/found.json']],
    ['a person names both', [[], { db: '/d', policy: '/p' }], ['/d', '/p']],
    ['the entry names both', [['--db', '/d', '--policy', '/p']], [undefined, undefined]],
    ['a person names others', [['--db', '/d', '--policy', '/p'], { db: '/e', policy: '/q' }], ['/e', '/q']],
    ['a preset is wanted', [[], { preset: 'afip' }], [OURS, undefined]],
    ['the entry has a preset', [['--preset', 'afip']], [OURS, undefined]],
    [
      'its variables name them',
      [[], {}, { POLICY_WRAP_DB: '/d', POLICY_WRAP_POLICY: '/p' }],
      [undefined, undefined],
    ],
    [
      'its variables are empty',
      [[], {}, { POLICY_WRAP_DB: '', POLICY_WRAP_POLICY: '' }],
      [OURS, '/found.json'],
    ],
    ['the paths are relative', [['--db', 'd', '-p', 'p']], [OURS, undefined]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as clients write variables
    ['the paths have a variable', [['--db', '${HOME}/d', '-p', '${X}/p']], [undefined, undefined]],
  ])('%s', (_, [options, wanted, env], expected) => {
    expect(places(options, wanted, env)).toEqual(expected);
  });
});

test('what an entry named already is told where it becomes another, and a new name begins anew', async () => {
  using home = new Home();
  home.known = ['weather'];
  const first = plan(home, { w: { command: 'weather' } });
  expect(first.notes).toEqual([expect.stringContaining('w: counters, log and approvals begin anew as w')]);
  await carryOut(first.changes, undefined, '', { yes: true }, home.io);
  const again = (wanted: Wanted) => {
    const target = openTarget({ client: undefined, config: home.path('c.json'), entries: [] }, home.machine);
    return planInstall(choicesIn(target), wanted, [], home.io).notes;
  };
  expect(again({})).toEqual(['w: wrapped already']);
  expect(again({ db: '/other.db' })).toEqual([`w: --db ${home.database} becomes /other.db`]);
  expect(again({ db: home.database })).toEqual(['w: wrapped already']);
  expect(again({ policy: '/p.json' })).toEqual([]);
  expect(again({ server: 'v' })).toEqual([
    expect.stringContaining('begin anew as v; what there is of w stays'),
  ]);
});

test('an entry that was wrapped under another name says which', () => {
  using home = new Home();
  const words = ['--server', 'other', '--db', home.database, '--', 'weather'];
  const found = plan(home, {
    w: { command: 'policy-wrap', args: words },
    other: { command: 'policy-wrap', args: words },
  });
  expect(found.notes).toEqual([
    'w: wrapped already, as other: its policy, counters and log are kept under that name',
    'other: wrapped already',
  ]);
});
