import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** Which folder may import which (DESIGN section 3). Files right below src/ are named; every one may use `leaves`. */
const ARROWS: Record<string, readonly string[]> = {
  main: ['commands', 'program', 'options', 'forgotten-separator'],
  program: ['commands', 'options'],
  'forgotten-separator': ['clients'],
  options: ['run-options'],
  'run-options': ['settings'],
  commands: [
    'proxy',
    'state',
    'policy',
    'catalog',
    'clients',
    'settings',
    'server-command',
    'live-tools',
    'clients-io',
    'policy-watch',
    'pin-change',
    'terminal',
    'folders',
    'doctor',
    'local-state',
    'databases',
    'log-lines',
    'person',
    'asking',
    'run-options',
    'wrapping',
    'known-tools',
  ],
  wrapping: ['proxy', 'state', 'policy', 'catalog', 'settings', 'policy-watch', 'pin-change'],
  doctor: [
    'state',
    'policy',
    'catalog',
    'clients',
    'settings',
    'live-tools',
    'folders',
    'clients-io',
    'databases',
    'local-state',
  ],
  settings: ['catalog', 'policy', 'folders'],
  'server-command': ['catalog', 'folders'],
  'pin-change': ['state', 'policy'],
  'policy-watch': ['settings', 'policy'],
  'clients-io': ['catalog', 'clients', 'folders', 'live-tools', 'settings'],
  'live-tools': ['server-command', 'settings', 'proxy'],
  terminal: [],
  person: ['terminal'],
  'known-tools': ['catalog', 'settings', 'state'],
  'local-state': ['databases', 'settings', 'state', 'policy'],
  databases: ['clients', 'folders', 'settings'],
  'log-lines': ['state', 'terminal'],
  asking: ['proxy', 'state', 'policy', 'catalog', 'terminal'],
  folders: [],
  proxy: ['policy', 'state', 'catalog'],
  state: ['policy'],
  policy: [],
  catalog: [],
  clients: ['folders', 'run-options'],
  crypto: [],
  errors: [],
  masking: [],
  printable: [],
  'text-file': [],
};
const LEAVES = ['crypto', 'errors', 'masking', 'printable', 'text-file'];

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const roomOf = (path: string) =>
  normalize(path)
    .replace(/^src\//, '')
    .replace(/\/.*|\.(ts|js)$/, '');
const sources = files('src').filter((path) => path.endsWith('.ts'));
const importsOf = (path: string) =>
  [...readFileSync(path, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, target = '']) =>
    join(dirname(path), target),
  );

test.each(sources)('the imports of %s follow the arrows', (path) => {
  const room = roomOf(path);
  const forbidden = importsOf(path).filter((target) => {
    if (!target.startsWith('src/')) return false;
    const to = roomOf(target);
    return to !== room && !LEAVES.includes(to) && !ARROWS[room]?.includes(to);
  });
  expect(forbidden).toEqual([]);
  expect(Object.keys(ARROWS)).toContain(room);
});

test('commands do not import each other', () => {
  const sideways = sources
    .filter((path) => roomOf(path) === 'commands')
    .flatMap((path) =>
      importsOf(path)
        .filter((target) => roomOf(target) === 'commands')
        .map((target) => `${path} -> ${target}`),
    );
  expect(sideways).toEqual([]);
});

test('policy is pure: of packages it imports only small pure ones, and nothing of Node that acts', () => {
  const packages = sources
    .filter((path) => roomOf(path) === 'policy')
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/from '([^.'][^']*)'/g)].map(([, name]) => name),
    );
  const allowed = ['zod', 'zod/mini', 'zod/v4-mini', 'jsonc-parser', 're2js', 'yaml', 'node:crypto'];
  expect([...new Set(packages)].filter((name) => !allowed.includes(name ?? ''))).toEqual([]);
});

test('only main sets an exit code, and nothing ends the process by hand', () => {
  for (const path of sources) {
    const text = readFileSync(path, 'utf8');
    if (path !== 'src/main.ts') expect(text, path).not.toMatch(/process\.exitCode/);
    if (path !== 'src/main.ts') expect(text, path).not.toMatch(/process\.exit\(/);
  }
});
