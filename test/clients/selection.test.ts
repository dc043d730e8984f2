import { describe, expect, test } from 'vitest';
import {
  choicesIn,
  choose,
  filesMeant,
  openTarget,
  type TargetOptions,
} from '../../src/clients/selection.js';
import { PolicyWrapError } from '../../src/errors.js';
import { Home } from './home.js';

const servers = (...names: string[]) =>
  JSON.stringify({ mcpServers: Object.fromEntries(names.map((name) => [name, { command: name }])) });

function meant(home: Home, options: Partial<TargetOptions>) {
  return openTarget({ client: undefined, entries: [], ...options }, home.machine);
}

/** What a person is told, with the hint behind it. */
function told(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return `${error.code}: ${error.message} | ${error.hint ?? ''}`;
  }
  return 'nothing';
}

describe('a client that is named', () => {
  test('means the files of its user, and those of a project where they are asked for', () => {
    using home = new Home();
    home.put('.claude.json', servers('mine'));
    home.put('project/.mcp.json', servers('shared'));
    const scopes = (scope?: 'user' | 'project' | 'local') => {
      const { places, words, name } = meant(home, { client: 'claude-code', scope });
      return [
        name,
        words,
        ...places.map(({ place, file }) => `${place.scope} ${file === undefined ? '-' : 'there'}`),
      ];
    };
    expect(scopes()).toEqual(['Claude Code', 'claude-code', 'user there', 'local there']);
    expect(scopes('project')).toEqual(['Claude Code', 'claude-code --scope project', 'project there']);
    expect(scopes('local')).toEqual(['Claude Code', 'claude-code --scope local', 'local there']);
    const { paths } = filesMeant({ client: 'claude-code', entries: [] }, home.machine);
    expect(paths).toEqual([home.path('.claude.json')]);
    expect(filesMeant({ client: 'claude-code', scope: 'project', entries: [] }, home.machine).paths).toEqual([
      home.path('project/.mcp.json'),
    ]);
  });

  test('has the entries of the files that are there', () => {
    using home = new Home();
    expect(choicesIn(meant(home, { client: 'cursor' }))).toEqual([]);
    home.put('.cursor/mcp.json', servers('a', 'b'));
    const target = meant(home, { client: 'cursor', entries: ['b'] });
    const choices = choicesIn(target);
    expect(choices.map(({ entry }) => entry.name)).toEqual(['a', 'b']);
    expect(choose(target, choices, home.machine).map(({ entry }) => entry.name)).toEqual(['b']);
  });

  test('and a scope that it has not: it is told which it has', () => {
    using home = new Home();
    expect(told(() => meant(home, { client: 'claude-desktop', scope: 'project' }))).toBe(
      'USAGE: Claude Desktop has no project scope | It has: user.',
    );
  });

  test.each([
    [undefined, 'which client? | Clients: claude-desktop, claude-code, '],
    ['xyzzy', 'no client called xyzzy | Clients: claude-desktop, claude-code, '],
    ['cursr', 'no client called cursr | Did you mean "cursor"?'],
    ['claude', 'no client called claude | Did you mean "claude-desktop" or "claude-code"?'],
    ['clude', 'no client called clude | Did you mean "claude-desktop" or "claude-code"?'],
    ['desktop', 'no client called desktop | Did you mean "claude-desktop"?'],
    // Two letters are near to too many words.
    ['cl', 'no client called cl | Clients: '],
    ['cli', 'no client called cli | Did you mean "copilot-cli"?'],
    [
      'warp',
      'the file of Warp is not edited by name | Show the entry with --print, or name the file (~/.warp/.mcp.json) with --config.',
    ],
  ])('%s, and is none that is known, is told with what was likely meant', (client, text) => {
    using home = new Home();
    const found = told(() => meant(home, { client }));
    expect(found.slice(0, `USAGE: ${text}`.length)).toBe(`USAGE: ${text}`);
    expect(told(() => filesMeant({ client, entries: [] }, home.machine))).toBe(found);
  });
});

describe('a file that is named', () => {
  test('is read as its ending says, in the shape that it has, or that is usual', () => {
    using home = new Home();
    const shape = (name: string, content?: string, client?: string) => {
      if (content !== undefined) home.put(name, content);
      const { places, client: found } = meant(home, { config: home.path(name), client });
      return [places[0]?.format, places[0]?.place.at.join('.'), found?.id];
    };
    expect(shape('none.json')).toEqual(['json', 'mcpServers', undefined]);
    expect(shape('none.TOML')).toEqual(['toml', 'mcp_servers', undefined]);
    expect(shape('none.yml')).toEqual(['yaml', 'extensions', undefined]);
    expect(shape('none.conf', undefined, 'zed')).toEqual(['json', 'context_servers', 'zed']);
    expect(shape('there.json', '{"servers": {}}', 'zed')).toEqual(['json', 'servers', 'zed']);
    expect(shape('empty.json', '{}', 'zed')).toEqual(['json', 'context_servers', 'zed']);
  });

  test('is found from the working folder; a word that is no client is an entry', () => {
    using home = new Home();
    home.put('project/c.json', servers('weather', 'cursor'));
    const target = meant(home, { config: 'c.json', client: 'weather', entries: ['cursor'] });
    expect(target).toMatchObject({ client: undefined, name: 'c.json', words: '--config c.json' });
    expect(target.entries).toEqual(['weather', 'cursor']);
    expect(target.places[0]?.place).toMatchObject({ scope: 'user', path: home.path('project/c.json') });
    expect(choose(target, choicesIn(target), home.machine)).toHaveLength(2);
    const known = meant(home, { config: 'c.json', client: 'cursor', entries: ['weather'], scope: 'project' });
    expect([known.client?.id, known.entries, known.places[0]?.place.scope]).toEqual([
      'cursor',
      ['weather'],
      'project',
    ]);
    for (const [client, id] of [
      ['cursor', 'cursor'],
      ['weather', undefined],
      [undefined, undefined],
    ] as const) {
      const files = filesMeant({ client, config: 'c.json', entries: [] }, home.machine);
      expect([files.client?.id, files.paths]).toEqual([id, [home.path('project/c.json')]]);
    }
  });

  test('is as strict as the client that it is for', () => {
    using home = new Home();
    const config = home.put('c.json', '// mine\n{"mcpServers": {}}');
    expect(meant(home, { config }).places[0]?.file).toBeDefined();
    expect(told(() => meant(home, { config, client: 'claude-desktop' }))).toContain(
      'a comment, which this client',
    );
  });
});

describe('an entry that is nowhere', () => {
  function missing(home: Home, options: Partial<TargetOptions>): string {
    const target = meant(home, options);
    return told(() => choose(target, choicesIn(target), home.machine));
  }

  test('is told with the one that was likely meant, or with the files that were looked at', () => {
    using home = new Home();
    const config = home.put('c.json', servers('weather'));
    expect(missing(home, { config, entries: ['wether', 'weather'] })).toBe(
      'NOT_FOUND: c.json has no entry called wether | Did you mean "weather"?',
    );
    expect(missing(home, { config, entries: ['x', 'y'] })).toContain('has no entry called x, y');
    const empty = home.put('e.json', '{}');
    expect(missing(home, { config: empty, entries: ['x'] })).toBe(
      `NOT_FOUND: e.json has no entry called x | Looked in: ${empty}`,
    );
  });

  test('is told with the scope that has it; a file of another scope that is broken is nobody’s business', () => {
    using home = new Home();
    home.put('.cursor/mcp.json', servers('mine'));
    home.put('project/.cursor/mcp.json', servers('shared'));
    const shared = { client: 'cursor', entries: ['shared'] };
    expect(missing(home, shared)).toMatch(/ \| It is in the project scope: add --scope project\.$/);
    expect(missing(home, { ...shared, entries: ['mine'], scope: 'project' })).toMatch(/add --scope user\.$/);
    home.put('project/.cursor/mcp.json', '{');
    expect(missing(home, { ...shared, entries: ['shred'] })).toMatch(
      /^NOT_FOUND: Cursor has no entry called shred/,
    );
  });
});
