import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { ADDON, isBrought, noSqlite, type Places } from '../../../src/store/sqlite/no-sqlite.js';
import { REQUIRE } from '../support.js';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'policy-wrap no sqlite '));
const modules = join(folder, 'lib', 'node_modules');
const addon = join(modules, 'better-sqlite3');
const driver = join(modules, 'policy-wrap', 'dist', 'driver.js');

beforeAll(() => {
  buildSync({
    stdin: {
      contents: `import { connect } from './src/store/sqlite/driver.js';
        try {
          console.log(JSON.stringify({ driver: connect(':memory:', 0).driver }));
        } catch ({ code, message, hint }) {
          console.log(JSON.stringify({ code, message, hint }));
        }`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    banner: { js: REQUIRE },
    platform: 'node',
    format: 'esm',
    external: ['better-sqlite3'],
    outfile: driver,
  });
  writeFileSync(join(modules, 'policy-wrap', 'package.json'), '{ "name": "policy-wrap", "type": "module" }');
});
beforeEach(() => {
  for (const name of ['better-sqlite3', 'bindings', 'file-uri-to-path'])
    rmSync(join(modules, name), { recursive: true, force: true });
  rmSync(join(folder, 'lib', 'package.json'), { force: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Opens a database as an installation in that folder does, on a Node whose own SQLite is switched off if it has one. */
function open(...options: string[]): { driver?: string; code?: string; message: string; hint: string } {
  const { POLICY_WRAP_SQLITE: _, ...env } = process.env;
  const flags = isBrought(process.versions.node) ? ['--no-experimental-sqlite', ...options] : options;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, driver], { encoding: 'utf8', env });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** The package as it is installed without its install script. */
function unpackAddon(): void {
  for (const name of ['better-sqlite3', 'bindings', 'file-uri-to-path'])
    cpSync(join('node_modules', name), join(modules, name), {
      recursive: true,
      filter: (path) => !/better-sqlite3[\\/](?:build|deps|src)$/.test(path),
    });
}

function putAddon(content: string): void {
  mkdirSync(join(addon, 'build', 'Release'), { recursive: true });
  writeFileSync(join(addon, 'build', 'Release', 'better_sqlite3.node'), content);
}

describe('an installation without any SQLite says what happened, and the command that mends it', () => {
  const isInstalled = existsSync('node_modules/better-sqlite3') && existsSync('node_modules/bindings');

  test('the addon is not installed: for all users, and in a project', () => {
    const { code, message, hint } = open();
    expect(code).toBe('STATE_UNAVAILABLE');
    expect(message).toContain(`is not installed for the package in ${join(modules, 'policy-wrap')}`);
    expect(hint).toMatch(/npm install -g --prefix .*policy-wrap no sqlite .* better-sqlite3@12$/);
    writeFileSync(join(folder, 'lib', 'package.json'), '{}');
    expect(open().hint).toMatch(/npm install --prefix .*policy-wrap no sqlite .*lib"? better-sqlite3@12$/);
  });

  test.skipIf(!isInstalled)('it was never built', () => {
    unpackAddon();
    const { message, hint } = open();
    expect(message).toMatch(/does not load: Could not locate the bindings file$/);
    expect(hint).toMatch(/npm run install --prefix .*better-sqlite3"?$/);
  });

  test.skipIf(!isInstalled)('what was built is no addon: the reason is the one of the system', () => {
    unpackAddon();
    putAddon('This is none.');
    const { message, hint } = open();
    expect(message).toMatch(/does not load: .*better_sqlite3\.node/);
    expect(message).not.toContain('\n');
    expect(hint).toMatch(/npm run install --prefix .*better-sqlite3"?$/);
  });

  test.skipIf(!isInstalled)('Node was told to load none', () => {
    unpackAddon();
    putAddon('This would be one.');
    const { message, hint } = open('--no-addons');
    expect(message).toContain('does not load: Cannot load native addon because loading addons is disabled');
    expect(hint).toContain('--no-addons');
    expect(hint).not.toContain('npm');
  });
});

const PLACES: Places = {
  node: '/opt/node 20/bin/node',
  addon: '/srv/$x/node_modules/better-sqlite3',
  root: '/srv/$x/node_modules/policy-wrap',
  platform: 'linux',
};
const NONE = new Error('node:sqlite needs Node 22.13 or later');

/** Node's own words, as 20.20 and 24 say them. */
const OTHER_NODE = Object.assign(
  new Error(
    "The module '/srv/better_sqlite3.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 137. This version of Node.js requires\nNODE_MODULE_VERSION 115. Please try re-compiling or re-installing\nthe module (for instance, using `npm rebuild` or `npm install`).",
  ),
  { code: 'ERR_DLOPEN_FAILED' },
);
const OLD_LIBRARIES = Object.assign(
  new Error(
    "/lib/x86_64-linux-gnu/libm.so.6: version `GLIBC_2.38' not found (required by /srv/better_sqlite3.node)",
  ),
  { code: 'ERR_DLOPEN_FAILED' },
);
const NOT_FOUND = Object.assign(
  new Error("Cannot find module 'better-sqlite3'\nRequire stack:\n- /srv/x.js"),
  {
    code: 'MODULE_NOT_FOUND',
  },
);

function remedy(addon: unknown, places: Partial<Places> = {}) {
  const { message, hint = '' } = noSqlite({ addon, builtin: NONE }, undefined, { ...PLACES, ...places });
  return { message, hint };
}

describe('the command', () => {
  test('an addon of another Node is built for the one that runs, whichever a shell has', () => {
    const { message, hint } = remedy(OTHER_NODE);
    expect(message).toMatch(
      /was compiled against a different Node\.js version using NODE_MODULE_VERSION 137\. This version of Node\.js requires NODE_MODULE_VERSION 115$/,
    );
    expect(hint).toContain(
      `PATH="/opt/node 20/bin":$PATH npm run install --prefix '/srv/$x/node_modules/better-sqlite3'`,
    );
    expect(
      remedy(OTHER_NODE, { platform: 'win32', addon: 'C:/app/node_modules/better-sqlite3' }).hint,
    ).toMatch(/: npm run install --prefix C:\/app\/node_modules\/better-sqlite3$/);
  });

  test('one that asks for newer libraries is compiled here, not fetched again', () => {
    const { message, hint } = remedy(OLD_LIBRARIES);
    expect(message).toContain("version `GLIBC_2.38' not found");
    expect(hint).toContain('npm run build-release --prefix');
  });

  test.each([
    [
      'yarn with its archives',
      { addon: '/srv/.yarn/unplugged/better-sqlite3-npm/node_modules/better-sqlite3' },
      'yarn rebuild better-sqlite3',
    ],
    [
      'the same, not installed',
      { addon: undefined, root: '/srv/.yarn/cache/p.zip/node_modules/policy-wrap' },
      'yarn add better-sqlite3@12',
    ],
    ['a clone', { addon: undefined, root: '/srv/policy-wrap' }, 'npm install --prefix /srv/policy-wrap'],
    [
      "npm's own folder",
      { addon: undefined, root: '/usr/lib/node_modules/policy-wrap' },
      'npm install -g --prefix /usr better-sqlite3@12',
    ],
  ])('%s', (_, places, command) => {
    expect(remedy(NOT_FOUND, places).hint.endsWith(command)).toBe(true);
  });

  test.each([
    ['pnpm-lock.yaml', '.pnpm/policy-wrap@1/node_modules/policy-wrap', 'pnpm add --dir'],
    ['yarn.lock', 'policy-wrap', 'yarn --cwd'],
    ['bun.lock', 'policy-wrap', 'bun add --cwd'],
    ['bun.lockb', 'policy-wrap', 'bun add --cwd'],
  ])('a project with %s is added to by what wrote it', (lock, path, command) => {
    const project = mkdtempSync(join(folder, 'project-'));
    writeFileSync(join(project, lock), '');
    writeFileSync(join(project, 'package.json'), '{}');
    const { hint } = remedy(NOT_FOUND, { addon: undefined, root: join(project, 'node_modules', path) });
    expect(hint).toContain(command);
    expect(hint).toContain(project.slice(-14));
    expect(hint).toMatch(/better-sqlite3@12$/);
  });

  test('it is the version that is installed with us', () => {
    expect(manifest.optionalDependencies['better-sqlite3']).toMatch(
      new RegExp(`^\\^${ADDON.split('@')[1]}\\.`),
    );
  });

  test.skipIf(process.platform === 'win32')(
    'a shell reads it as it is meant, with the right Node first',
    () => {
      const bin = join(folder, "an 'odd' $HOME", 'bin');
      mkdirSync(bin, { recursive: true });
      writeFileSync(join(bin, 'npm'), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
      chmodSync(join(bin, 'npm'), 0o755);
      for (const addon of [
        "/srv/it's/better-sqlite3",
        '/srv/a "b" c/better-sqlite3',
        '/srv/año/$HOME/better-sqlite3',
      ]) {
        const { hint } = remedy(OTHER_NODE, { node: join(bin, 'node'), addon });
        const command = hint.slice(hint.indexOf('PATH='));
        const { stdout } = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8' });
        expect(stdout.trim().split('\n')).toEqual(['run', 'install', '--prefix', addon]);
      }
    },
  );
});

test('where one alone may be used, the reason is that one, and the cause has it', () => {
  const error = noSqlite({ addon: OTHER_NODE, builtin: undefined }, 'better-sqlite3', PLACES);
  expect(error.message).toMatch(/allows better-sqlite3 alone, and it does not load: The module .* 115$/);
  expect((error.cause as AggregateError).errors).toEqual([OTHER_NODE]);
});

test.each([
  ['20.19.0', false],
  ['22.12.9', false],
  ['22.13.0', true],
  ['22.20.1', true],
  ['23.0.0', true],
  ['24.1.0', true],
])('Node %s brings SQLite: %s', (version, expected) => {
  expect(isBrought(version)).toBe(expected);
});

test('on Windows a folder named lib is no part of npm’s own', () => {
  const root = '/apps/lib/node_modules/policy-wrap';
  expect(remedy(NOT_FOUND, { addon: undefined, root, platform: 'win32' }).hint).toMatch(
    /npm install -g --prefix \/apps\/lib better-sqlite3@12$/,
  );
});
