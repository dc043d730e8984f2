// What is published: the tarball as `npm pack` makes it, unpacked where nothing else is installed.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import lock from '../package-lock.json' with { type: 'json' };
import { DRIVERS } from './store/support.js';

/** Most that the tarball may take, in bytes. */
const MOST_BYTES = 1_000_000;

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-package-'));
const installed = join(folder, 'node_modules', 'policy-wrap');
let packed: Packed;
let paths: ReadonlySet<string>;

beforeAll(() => {
  const pack = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  packed = JSON.parse(pack.stdout)[0];
  paths = new Set(packed.files.map(({ path }) => path));
  for (const path of paths) cpSync(path, join(installed, path));
  // Where Node brings no SQLite, the addon is all that an installation has beside it.
  if (DRIVERS.some(({ name, missing }) => name === 'node' && missing !== undefined)) {
    for (const name of ['better-sqlite3', 'bindings', 'file-uri-to-path'])
      cpSync(join('node_modules', name), join(folder, 'node_modules', name), { recursive: true });
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the unpacked command, which finds nothing of this repository. */
function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(installed, 'bin', 'policy-wrap.js'), ...args],
    {
      encoding: 'utf8',
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        USERPROFILE: folder,
        SystemRoot: process.env.SystemRoot,
        NODE_OPTIONS: '--pending-deprecation',
      },
    },
  );
  return { status, says: stdout + stderr };
}

test('an installation brings nothing but the addon, which it can do without, and runs no script', () => {
  expect(manifest).not.toHaveProperty('dependencies');
  expect(manifest).not.toHaveProperty('peerDependencies');
  expect(Object.keys(manifest.optionalDependencies)).toEqual(['better-sqlite3']);
  for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
    expect(manifest.scripts).not.toHaveProperty(script);
});

test('it holds the command, its pages and its notices, and is no larger than it has to be', () => {
  expect(packed.size).toBeLessThan(MOST_BYTES);
  for (const path of [
    'bin/policy-wrap.js',
    'dist/main.js',
    'dist/policy.schema.json',
    'dist/page/web/index.html',
  ])
    expect(paths).toContain(path);
  for (const path of ['README.md', 'LICENSE', 'SECURITY.md', 'THIRD-PARTY-NOTICES'])
    expect(paths).toContain(path);
  expect([...paths].filter((path) => /^(?:src|test|node_modules|\.)|\.map$|\.png$/.test(path))).toEqual([]);
});

test.skipIf(process.platform === 'win32')('the command may be executed', () => {
  const bin = packed.files.find(({ path }) => path === manifest.bin['policy-wrap']);
  expect((bin?.mode ?? 0) & 0o111).toBe(0o111);
  expect(readFileSync(manifest.bin['policy-wrap'], 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('whatever the READMEs lead to is packed too, or stands at its address in the repository', () => {
  const readmes = readdirSync('.').filter((name) => /^README.*\.md$/.test(name));
  const links = readmes.flatMap((name) =>
    [...readFileSync(name, 'utf8').matchAll(/\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"\s]+)"/g)].map(
      ([, link, attribute]) => link ?? attribute ?? '',
    ),
  );
  expect(links.length).toBeGreaterThan(10);
  const wrong = links.filter((link) => {
    const ours =
      /^https:\/\/(?:github|raw\.githubusercontent)\.com\/policy-wrap\/policy-wrap\/(?:(?:blob|raw|tree)\/)?main\/([^#?]+)/.exec(
        link,
      );
    if (ours?.[1] !== undefined) return !existsSync(ours[1]);
    return !/^(?:https:\/\/|#)/.test(link) && !paths.has(link.replace(/#.*/, ''));
  });
  expect(wrong).toEqual([]);
});

test('nothing of it can be imported', () => {
  writeFileSync(
    join(folder, 'imports.mjs'),
    `const names = ['policy-wrap', 'policy-wrap/dist/main.js', 'policy-wrap/bin/policy-wrap.js', 'policy-wrap/lib/re2js.cjs'];
     for (const name of names) console.log(await import(name).then(() => 'imported', (error) => error.code));`,
  );
  const { stdout } = spawnSync(process.execPath, [join(folder, 'imports.mjs')], { encoding: 'utf8' });
  expect(stdout.trim().split('\n')).toEqual(Array(4).fill('ERR_PACKAGE_PATH_NOT_EXPORTED'));
});

/** One command for each library that is loaded when it is needed: it gets as far as to fail outside of us. */
const PARTS: readonly [part: string, args: string[], status: number, says: RegExp][] = [
  ['the command line', ['--version'], 0, new RegExp(`^${manifest.version}\n$`)],
  ['the SDK, SQLite and a wrapped server', ['demo'], 0, /the 31st|refused/i],
  ['re2js', ['explain', 'send_mail', '--policy', 'regex.json'], 4, /denied/i],
  ['undici', ['tools', '--url', 'http://127.0.0.1:9/mcp'], 1, /127\.0\.0\.1:9/],
  ["the SDK's authorization", ['login', 'http://127.0.0.1:9/mcp'], 1, /127\.0\.0\.1:9/],
  [
    'pg',
    ['store', 'check', '--store', 'postgres://nobody@127.0.0.1:9/nothing?team=none'],
    1,
    /127\.0\.0\.1:9/,
  ],
];

test.each(PARTS)('%s works where nothing else is installed', (_, args, status, says) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'regex.json'),
    JSON.stringify({
      version: '1',
      default: 'allow',
      tools: {
        '*': { deny_if: [{ conditions: [{ path: 'tool.name', op: 'regex', value: '^send_(mail|fax)$' }] }] },
      },
    }),
  );
  const result = run(...args);
  expect(result.says).toMatch(says);
  expect(result.says).not.toMatch(/this is a bug|Cannot find|MODULE_NOT_FOUND/);
  // What a newer Node has to say about our code is nothing that a person could mend.
  expect(result.says).not.toMatch(/\(node:\d+\)|Warning:|--trace-/);
  expect(result.status).toBe(status);
});

test('THIRD-PARTY-NOTICES names what is in the bundles, with the version that is locked, and a text for each', () => {
  const notices = readFileSync('THIRD-PARTY-NOTICES', 'utf8');
  const named = new Set(
    [...notices.matchAll(/^(\S+) (\d+\.\d+\.\S+)$/gm)].map(([, name, version]) => `${name} ${version}`),
  );
  const locked = Object.entries(lock.packages)
    .filter(([path]) => path.startsWith('node_modules/'))
    .map(([path, { version }]) => [path.slice(path.lastIndexOf('node_modules/') + 13), version] as const);
  const versions = new Set(locked.map(([name, version]) => `${name} ${version}`));
  expect([...named].filter((each) => !versions.has(each))).toEqual([]);
  // Independently of what the bundler says: a package whose values the sources import is there.
  const imported = importedPackages('src').filter((name) => name !== 'better-sqlite3');
  expect(imported.length).toBeGreaterThan(15);
  const names = new Set([...named].map((each) => each.split(' ')[0]));
  expect(imported.filter((name) => !names.has(name))).toEqual([]);
  // And what only tools and tests import is not.
  expect(
    [...names].filter((name) =>
      /^(?:vitest|esbuild|rolldown|typescript|ajv|@biomejs|knip|better-sqlite3)/.test(name ?? ''),
    ),
  ).toEqual([]);
  for (const section of notices.split(/^-{80}$/m).slice(1))
    expect(section).toMatch(/permission|permitted|licen[cs]e/i);
});

test('the SBOM has what is bundled and the addon, and no tool', () => {
  const { stdout } = spawnSync(process.execPath, ['.config/sbom.js'], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const sbom = JSON.parse(stdout);
  expect(sbom).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'policy-wrap', version: manifest.version } },
  });
  const names = new Set(
    sbom.components.map(({ group, name }: { group?: string; name: string }) =>
      group ? `${group}/${name}` : name,
    ),
  );
  for (const name of [
    'commander',
    'zod',
    'undici',
    'pg',
    '@modelcontextprotocol/sdk',
    'preact',
    'better-sqlite3',
  ])
    expect(names).toContain(name);
  for (const name of ['vitest', 'esbuild', 'rolldown', 'typescript', '@biomejs/biome', 'knip'])
    expect(names).not.toContain(name);
  const refs = new Set(
    [sbom.metadata.component, ...sbom.components].map((each: { 'bom-ref': string }) => each['bom-ref']),
  );
  for (const { ref, dependsOn = [] } of sbom.dependencies)
    for (const each of [ref, ...dependsOn]) expect(refs).toContain(each);
});

/** @returns the packages from which files in a folder import more than types */
function importedPackages(at: string): string[] {
  const found = new Set<string>();
  for (const entry of readdirSync(at, { recursive: true, encoding: 'utf8' })) {
    const path = join(at, entry);
    if (!/\.tsx?$/.test(path) || path.endsWith('.d.ts') || statSync(path).isDirectory()) continue;
    const text = readFileSync(path, 'utf8');
    for (const [, clause = '', name = ''] of text.matchAll(/^import ([^;]*?)(?:from )?'([^'.][^']*)';/gm)) {
      if (/^type /.test(clause) || name.startsWith('node:') || builtinModules.includes(name)) continue;
      if (/^\{(?:\s*type [^,}]+,?)+\s*\}/.test(clause)) continue;
      found.add(/^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
    }
  }
  expect(existsSync(at)).toBe(true);
  return [...found].toSorted();
}
