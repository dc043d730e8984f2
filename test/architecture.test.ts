import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/**
 * Which room may import which (docs/architecture.md, "The rooms"). Rooms are the folders of src/, with `main` and
 * `errors` beside them. They stand from the ground up: a room may import only from rows above its own.
 */
const ARROWS: Record<string, readonly string[]> = {
  errors: [],
  json: [],
  text: ['json'],
  files: [],
  policy: ['json', 'text'],
  catalog: ['json', 'text'],
  advice: ['catalog', 'policy', 'json', 'text'],
  config: ['catalog', 'policy', 'text', 'files', 'errors'],
  store: ['policy', 'json', 'text', 'files', 'errors'],

  wire: ['policy', 'json', 'text'],
  upstream: ['wire', 'catalog', 'json', 'text', 'files', 'errors'],
  notify: ['wire', 'upstream', 'store', 'config', 'policy', 'json', 'text', 'files', 'errors'],
  approval: ['wire', 'store', 'policy', 'catalog', 'json', 'text'],
  proxy: [
    'approval',
    'notify',
    'wire',
    'upstream',
    'store',
    'config',
    'catalog',
    'policy',
    'json',
    'text',
    'errors',
  ],
  clients: ['upstream', 'config', 'text', 'files', 'errors'],
  draft: ['clients', 'store', 'config', 'advice', 'catalog', 'policy', 'json', 'text', 'errors'],
  cli: [
    ...['draft', 'clients', 'proxy', 'approval', 'notify', 'wire', 'upstream', 'store', 'config'],
    ...['advice', 'catalog', 'policy', 'json', 'text', 'errors'],
  ],
  page: [
    ...['cli', 'draft', 'clients', 'proxy', 'approval', 'wire', 'upstream', 'store', 'config'],
    ...['advice', 'catalog', 'policy', 'json', 'text', 'errors'],
  ],
  // What the browser runs (src/page/web): of the page's own server it knows what is sent alone.
  web: ['page', 'advice', 'policy', 'json', 'text'],
  main: ['cli', 'page', 'text', 'errors'],
};

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const WEB = 'src/page/web/';
const roomOf = (path: string) =>
  normalize(path)
    .replace(WEB, 'src/web/')
    .replace(/^src\//, '')
    .replace(/\/.*|\.(ts|js)$/, '');
const COMMANDS = 'src/cli/commands/';
const sources = files('src').filter((path) => /\.tsx?$/.test(path));
const importsOf = (path: string) =>
  [...readFileSync(path, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, target = '']) =>
    join(dirname(path), target),
  );

test.each(sources)('the imports of %s follow the arrows', (path) => {
  const room = roomOf(path);
  expect(Object.keys(ARROWS)).toContain(room);
  const forbidden = importsOf(path).filter((target) => {
    if (!target.startsWith('src/')) return false;
    const to = roomOf(target);
    return to !== room && !ARROWS[room]?.includes(to);
  });
  expect(forbidden).toEqual([]);
});

test('docs/architecture.md has a row for every room', () => {
  const rows = [...readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| `([a-z]+)\/` \| \S/gm)];
  expect(rows.map(([, room]) => room).sort()).toEqual(
    readdirSync('src', { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(),
  );
});

test('no arrow points up', () => {
  const floors = Object.keys(ARROWS);
  for (const [room, below] of Object.entries(ARROWS))
    for (const to of below) expect(floors.indexOf(to), `${room} -> ${to}`).toBeLessThan(floors.indexOf(room));
});

const sourceOf = (target: string) =>
  sources.find(
    (path) => path === target.replace(/\.js$/, '.ts') || path === target.replace(/\.js$/, '.tsx'),
  ) ?? target;

test('no file imports itself by way of others, inside a room either', () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]) => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' -> '));
    else if (!done.has(path)) {
      for (const target of importsOf(path)) visit(sourceOf(target), [...way, path]);
      done.add(path);
    }
  };
  for (const path of sources) visit(path, []);
  expect(circles).toEqual([]);
});

test('the front end takes from the server of the page what is sent, as types, and nothing that could become HTML', () => {
  const web = sources.filter((path) => path.startsWith(WEB));
  expect(web.length).toBeGreaterThan(10);
  for (const path of web) {
    const text = readFileSync(path, 'utf8');
    const taken = [...text.matchAll(/^import (type )?[^;]*? from '((?:\.\.\/)+api-types\/(\w+)\.js)';/gm)];
    const own = importsOf(path).filter((target) => roomOf(target) === 'page');
    expect(
      own.filter((target) => !target.startsWith('src/page/api-types/')),
      path,
    ).toEqual([]);
    expect(taken.length, path).toBe(own.length);
    // A value would bring the schemas of what comes in along.
    expect(
      taken.filter(([, isType, , name]) => !isType && name !== 'names'),
      path,
    ).toEqual([]);
    expect(text, path).not.toMatch(
      /dangerouslySetInnerHTML|\b(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write/,
    );
  }
});

test('commands do not import each other', () => {
  const sideways = sources
    .filter((path) => path.startsWith(COMMANDS))
    .flatMap((path) =>
      importsOf(path)
        .filter((target) => target.startsWith(COMMANDS))
        .map((target) => `${path} -> ${target}`),
    );
  expect(sideways).toEqual([]);
});

/** The packages and Node modules that each pure room may import: none of them reads a clock, a file or a process. */
const PURE: Record<string, readonly string[]> = {
  json: ['node:buffer', 'jsonc-parser'],
  text: ['node:crypto', 'node:buffer'],
  policy: ['zod/mini', 'zod/v4/core', 'jsonc-parser', 're2js', 'node:crypto'],
  advice: ['yaml', 'zod', 'zod/mini'],
  wire: ['node:buffer', 'node:crypto'],
};

test.each(Object.entries(PURE))('%s is pure: it imports only packages that cannot act', (room, allowed) => {
  const packages = sources
    .filter((path) => roomOf(path) === room)
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/from '([^.'][^']*)'/g)].map(([, name = '']) => name),
    );
  expect([...new Set(packages)].filter((name) => !allowed.includes(name))).toEqual([]);
});

test('only main sets an exit code, and nothing ends the process by hand', () => {
  for (const path of sources) {
    const text = readFileSync(path, 'utf8');
    if (path !== 'src/main.ts') expect(text, path).not.toMatch(/process\.exitCode/);
    if (path !== 'src/main.ts') expect(text, path).not.toMatch(/process\.exit\(/);
  }
});
