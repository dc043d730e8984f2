// Packs once, installs the tarball into empty folders in the ways that people do, and proves it there
// (package-proof.js). Without --all a handful of ways, in a minute or so; with it all of them, in half an hour. Linux
// and macOS. It needs Node, bash and the registry that npm is set to, and prints a table.
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { POLICY, prove, run } from './package-proof.js';

const ALL = process.argv.includes('--all');
/** `--only TEXT`: the ways with this in their name. */
const ONLY = process.argv.includes('--only') ? (process.argv[process.argv.indexOf('--only') + 1] ?? '') : '';
/** `--no-compile`: none that compiles the addon, which takes minutes each, nor one that needs such an addon. */
const COMPILE = !process.argv.includes('--no-compile');
const NODES = [20, 22, 24, 26];
const ROOT = resolve(import.meta.dirname, '..');
const HERE = Number(process.versions.node.split('.')[0]);
const ADDON = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node';

/** For each manager: its package, its program there, and how it installs with install scripts run or not. */
const MANAGERS = {
  npm: {
    install: (scripts) => ['install', '--no-audit', '--no-fund', ...(scripts ? [] : ['--ignore-scripts'])],
  },
  pnpm: {
    package: 'pnpm@10',
    bin: 'pnpm/bin/pnpm.cjs',
    install: (scripts) => [
      'install',
      ...(scripts ? ['--config.dangerously-allow-all-builds=true'] : ['--ignore-scripts']),
    ],
  },
  yarn: {
    package: 'yarn@1',
    bin: 'yarn/bin/yarn.js',
    install: (scripts) => ['install', '--non-interactive', ...(scripts ? [] : ['--ignore-scripts'])],
  },
  // Its default, Plug'n'Play: there is no node_modules, and the command lies in an archive.
  'yarn 4': {
    package: '@yarnpkg/cli-dist@4',
    bin: '@yarnpkg/cli-dist/bin/yarn.js',
    install: (scripts) => ['install', ...(scripts ? [] : ['--mode=skip-build'])],
    command: ['policy-wrap'],
  },
  bun: {
    package: 'bun@1',
    bin: 'bun/bin/bun.exe',
    install: (scripts) => ['install', ...(scripts ? [] : ['--ignore-scripts'])],
  },
};

/**
 * @typedef {object} Way
 * @property {number} node what installs, and runs unless `runNode` says otherwise
 * @property {string} manager
 * @property {string} what for the table
 * @property {string} [expect] the SQLite that must be found; left out where it depends on what a manager brings
 * @property {boolean} [scripts] install scripts are run
 * @property {boolean} [compiler] compilers are found, and compile
 * @property {number} [addon] a compiled addon is put there: that of this Node
 * @property {number} [runNode] an installation that outlives its Node
 * @property {boolean} [odd] spaces and other letters in the path
 * @property {boolean} [readonly] nothing of the package may be written; by an ordinary user
 * @property {boolean} [user] an ordinary user: nobody, where root runs this
 * @property {boolean} [noHome] no HOME
 */

/** @returns {Way[]} */
function ways() {
  const own = (node) => (node >= 22 ? 'node:sqlite' : 'none');
  const npm = (node, what, more) => ({ node, manager: 'npm', what, expect: own(node), ...more });
  const hard = { odd: true, readonly: true, user: true, noHome: true };
  const list = ALL
    ? []
    : [
        npm(HERE, 'no install scripts', {}),
        npm(HERE, 'addon; odd path, read-only, ordinary user, no HOME', {
          addon: HERE,
          expect: 'addon',
          ...hard,
        }),
        npm(24, 'install scripts, no compiler', { scripts: true }),
        npm(HERE, 'addon, then run by Node 24', {
          addon: HERE,
          runNode: 24,
          expect: HERE === 24 ? 'addon' : 'node:sqlite',
        }),
      ];
  for (const node of ALL ? NODES : []) {
    list.push(npm(node, 'install scripts, a compiler', { scripts: true, compiler: true, expect: 'addon' }));
    for (const manager of Object.keys(MANAGERS)) {
      list.push(npm(node, 'no install scripts', { manager }));
      list.push(npm(node, 'install scripts, no compiler', { manager, scripts: true }));
    }
    const addon = { addon: node, expect: 'addon' };
    list.push(npm(node, 'addon; spaces and other letters in the path', { ...addon, odd: true }));
    list.push(npm(node, 'addon; read-only package, ordinary user', { ...addon, readonly: true, user: true }));
    list.push(npm(node, 'addon; no HOME, ordinary user', { ...addon, noHome: true, user: true }));
    list.push(npm(node, 'no addon; all of these', hard));
    const other = node === 20 ? 24 : 20;
    list.push(
      npm(node, `addon, then run by Node ${other}`, { ...addon, runNode: other, expect: own(other) }),
    );
  }
  return list;
}
const NOBODY = 65534;

// Others than the one who runs this must get in; and what was made read-only must go.
const WORK = mkdtempSync(join(tmpdir(), 'policy-wrap-ci-'));
chmodSync(WORK, 0o755);

const made = { nodes: {}, addons: {}, managers: {} };

/** What every way needs: the tarball, each Node and manager, the server, a PATH on which nothing compiles. */
async function prepare(list) {
  const quiet = ['--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const fetch = (to, spec, ...more) => run('npm', ['install', '--prefix', to, ...quiet, ...more, spec]);
  const wanted = new Set(list.flatMap(({ node, runNode }) => [node, runNode ?? node]));
  for (const node of wanted) {
    if (node === HERE && !ALL) {
      made.nodes[node] = { bin: join(process.execPath, '..'), root: join(process.execPath, '..', '..') };
      continue;
    }
    const prefix = process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
    const name = `${prefix}-${process.platform}-${process.arch}`;
    const to = folder('nodes', String(node));
    await fetch(to, `${name}@${node}`, '--ignore-scripts');
    const root = join(to, 'node_modules', name);
    made.nodes[node] = { bin: join(root, 'bin'), root };
  }
  for (const manager of new Set(list.map((way) => way.manager))) {
    const { package: spec, bin } = MANAGERS[manager];
    const to = folder('managers', manager);
    if (spec) await fetch(to, spec);
    made.managers[manager] = spec ? join(to, 'node_modules', bin) : 'npm';
  }
  const server = folder('server');
  await fetch(server, '@modelcontextprotocol/server-everything', '--ignore-scripts');
  made.server = join(server, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', WORK, ...quiet], { cwd: ROOT });
  made.version = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version;
  made.tarball = join(WORK, `policy-wrap-${made.version}.tgz`);
  made.addons[HERE] = join(ROOT, ADDON);
  made.registry = (await run('npm', ['config', 'get', 'registry'])).trim();
  made.cache = (await run('npm', ['config', 'get', 'cache'])).trim();
  made.path = pathWithoutCompiler();
}

function folder(...parts) {
  const path = join(WORK, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Every program of this machine's PATH but those that compile, and other Nodes. */
function pathWithoutCompiler() {
  const hidden =
    /^(?:.*-)?(?:cc|c\+\+|gcc|g\+\+|clang|clang\+\+|make|gmake|cmake|python|xcrun)[-.\d]*$|^(?:node|nodejs|bun|pnpm|yarn)$/;
  const to = folder('path');
  for (const from of (process.env.PATH ?? '').split(delimiter).filter((each) => existsSync(each)))
    for (const name of readdirSync(from))
      if (!hidden.test(name) && !lstatSync(join(to, name), { throwIfNoEntry: false }))
        symlinkSync(join(from, name), join(to, name));
  return to;
}

/** @returns {NodeJS.ProcessEnv} an environment in which nothing of whoever runs this is found but the registry */
function environmentOf(way, at) {
  const { bin, root } = made.nodes[way.node];
  const kept = Object.entries(process.env).filter(([name]) =>
    /^npm_config_|_proxy$|^LANG$|^SSL_CERT|^NODE_EXTRA/i.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    PATH: [bin, way.compiler ? process.env.PATH : made.path].join(delimiter),
    HOME: folder(at, 'home'),
    TMPDIR: folder(at, 'tmp'),
    npm_config_registry: made.registry,
    npm_config_cache: made.cache,
    npm_config_store_dir: folder('cache', 'pnpm'),
    npm_config_nodedir: root,
    YARN_CACHE_FOLDER: folder('cache', way.manager),
    YARN_REGISTRY: made.registry,
    YARN_NPM_REGISTRY_SERVER: made.registry,
    YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    BUN_INSTALL_CACHE_DIR: folder('cache', 'bun'),
    // No compiled addon is fetched either: those without a compiler are to be without it.
    npm_config_better_sqlite3_binary_host: 'http://127.0.0.1:9',
  };
}

/** Installs in one way and proves it. @returns the SQLite that was found */
async function take(way, at) {
  const manager = MANAGERS[way.manager];
  const app = folder(at, way.odd ? 'Mi carpeta ñ 数' : 'app');
  const state = folder(at, 'state');
  const env = environmentOf(way, at);
  const manifest = { private: true, dependencies: { 'policy-wrap': `file:${made.tarball}` } };
  if (way.scripts) manifest.trustedDependencies = ['better-sqlite3'];
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(app, 'yarn.lock'), '');
  writeFileSync(join(state, 'policy.json'), JSON.stringify(POLICY));
  const program = made.managers[way.manager];
  const isScript = /\.c?js$/.test(program);
  await run(
    isScript ? 'node' : program,
    [...(isScript ? [program] : []), ...manager.install(way.scripts ?? false)],
    { cwd: app, env },
  );
  if (way.addon) {
    mkdirSync(join(app, ADDON, '..'), { recursive: true });
    cpSync(made.addons[way.addon], join(app, ADDON));
  }
  const user = {};
  if (way.user && process.getuid?.() === 0) {
    Object.assign(user, { uid: NOBODY, gid: NOBODY });
    everyFile(join(WORK, at), (path) => chownSync(path, NOBODY, NOBODY));
  }
  if (way.readonly) everyFile(app, (path) => chmodSync(path, lstatSync(path).mode & 0o555));
  if (way.noHome) delete env.HOME;
  if (way.runNode) env.PATH = [made.nodes[way.runNode].bin, env.PATH].join(delimiter);
  const found = await prove(
    manager.command ? ['node', program, ...manager.command] : [join(app, 'node_modules/.bin/policy-wrap')],
    {
      version: made.version,
      policy: join(state, 'policy.json'),
      db: join(state, 'a.db'),
      server: made.server,
      spawn: { cwd: app, env, ...user },
    },
  );
  if (way.expect && found !== way.expect) throw new Error(`SQLite: ${found}, not ${way.expect}`);
  if (way.compiler) made.addons[way.node] = join(app, ADDON);
  return found;
}

function everyFile(at, work) {
  for (const path of [at, ...readdirSync(at, { recursive: true }).map((name) => join(at, name))])
    if (!lstatSync(path).isSymbolicLink()) work(path);
}

async function main() {
  // The short form takes the addon that this repository has, if it could be had.
  const hasAddon = ALL || existsSync(join(ROOT, ADDON));
  const all = ways().filter(({ addon }) => hasAddon || addon === undefined);
  const wanted = all.filter(
    ({ what, compiler, addon = HERE }) => what.includes(ONLY) && (COMPILE || (!compiler && addon === HERE)),
  );
  // An addon is that of the way that compiles it.
  const needed = new Set(wanted.map(({ addon = HERE }) => addon).filter((addon) => addon !== HERE));
  const list = all.filter((way) => wanted.includes(way) || (way.compiler && needed.has(way.node)));
  let failed = 0;
  const takeAll = async (queue) => {
    for (let way = queue.shift(); way; way = queue.shift()) {
      const began = performance.now();
      const result = await take(way, String(list.indexOf(way))).catch((error) => {
        failed += 1;
        process.stderr.write(`\nNode ${way.node}, ${way.manager}, ${way.what}:\n${error.message}\n`);
        return 'FAILED';
      });
      const seconds = Math.round((performance.now() - began) / 1000);
      process.stdout.write(`| ${way.node} | ${way.manager} | ${way.what} | ${result} | ${seconds} s |\n`);
    }
  };
  try {
    await prepare(list);
    process.stdout.write('| Node | by | how | SQLite | took |\n| --- | --- | --- | --- | --- |\n');
    // Those that compile leave their addon for the others.
    await takeAll(list.filter(({ compiler }) => compiler));
    const rest = list.filter(({ compiler }) => !compiler);
    await Promise.all([takeAll(rest), takeAll(rest)]);
  } finally {
    everyFile(WORK, (path) => chmodSync(path, lstatSync(path).mode | 0o700));
    rmSync(WORK, { recursive: true, force: true });
  }
  process.stdout.write(`${list.length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

await main();
