// What is published: everything but the addon, so that an installation fetches one package. The page aside, it is
// two bundles of ES modules, for resolving and compiling hundreds of separate files would cost more than everything
// else at start-up: the wrap path, for which clients wait, and beside it the commands that people type. Both are cut
// where the sources say `import()`.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { build } from 'esbuild';
import { buildPage } from './build-page.js';
import { writeNotices } from './notices.js';

const shared = {
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  splitting: true,
  chunkNames: 'parts/[name]-[hash]',
  // Every start reads what it runs, and keeps it in memory: a third less. With --maps stack traces can be read again.
  minify: true,
  sourcemap: process.argv.includes('--maps') ? 'linked' : false,
  // THIRD-PARTY-NOTICES has them.
  legalComments: 'none',
  // jsonc-parser's UMD form hides its files from bundlers; its ES modules do not.
  mainFields: ['module', 'main'],
  banner: {
    // Bundled CommonJS packages ask for `require` of Node's own modules.
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  metafile: true,
  logLevel: 'warning',
};
/** Cannot be bundled: it is compiled for each Node. */
const ADDON = 'better-sqlite3';
/**
 * Libraries that few wrappers need, and commands too: by themselves in `dist/lib`, which `imports` of package.json
 * names, so that both bundles have the same. Two are loaded by `require`: re2js while the first policy with a regex is
 * read, string-width for the first text that is not of plain letters.
 */
const LIBRARIES = {
  undici: '#lib/undici.js',
  'pg/lib/client.js': '#lib/pg-client.js',
  re2js: '#lib/re2js.cjs',
  'string-width': '#lib/string-width.cjs',
};
/** Loaded by the wrap path when they are typed, and bundled together. */
const COMMANDS = ['./cli/program.js', './cli/wrong-usage.js', './page/ui.js'];
const SDK_AUTH = '@modelcontextprotocol/sdk/client/auth.js';

rmSync('dist', { recursive: true, force: true });
const libraries = await build({
  ...shared,
  entryPoints: [
    { in: '.config/libraries/undici.js', out: 'lib/undici' },
    { in: 'pg/lib/client.js', out: 'lib/pg-client' },
  ],
});
const required = await build({
  ...shared,
  entryPoints: ['re2js', 'string-width'].map((name) => ({ in: name, out: `lib/${name}` })),
  format: 'cjs',
  splitting: false,
  banner: {},
  outExtension: { '.js': '.cjs' },
});
const wrapPath = await build({
  ...shared,
  entryPoints: ['src/main.ts'],
  external: [ADDON, '#lib/*', ...COMMANDS],
  alias: {
    ...LIBRARIES,
    // It shares much with what the commands have of the SDK.
    [SDK_AUTH]: '#lib/sdk-auth.js',
    // Node's own opens all three standard streams, and more, for whoever imports it: 2 ms of every start.
    'node:process': './.config/global-process.cjs',
    // What execa has for a log of its own and for its errors: another 4 ms. We show neither.
    ...Object.fromEntries(
      ['figures', 'human-signals', 'pretty-ms', 'yoctocolors'].map((name) => [
        name,
        `./.config/execa/${name}.js`,
      ]),
    ),
  },
});
const commands = await build({
  ...shared,
  entryPoints: [
    ...COMMANDS.map((path) => ({ in: `src/${path.slice(2, -3)}.ts`, out: path.slice(2, -3) })),
    { in: SDK_AUTH, out: 'lib/sdk-auth' },
  ],
  external: [ADDON, '#lib/*'],
  alias: {
    ...LIBRARIES,
    ajv: './.config/libraries/ajv.js',
    'ajv-formats': './.config/libraries/ajv.js',
  },
});
const page = await buildPage();
writeNotices([libraries, required, wrapPath, commands, page].map(({ metafile }) => metafile));

/** What a bundle may still ask for. Anything else would have to be installed beside it, and is not. */
const isThere = (path) =>
  path.startsWith('node:') ||
  isBuiltin(path) ||
  path === ADDON ||
  COMMANDS.includes(path) ||
  existsSync(path.replace(/^#lib\//, 'dist/lib/'));
const missing = [libraries, required, wrapPath, commands].flatMap(({ metafile }) =>
  Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.filter(({ external, path }) => external && !isThere(path)).map(({ path }) => path),
  ),
);
if (missing.length > 0) {
  console.error(`the bundles ask for what is not in them: ${[...new Set(missing)].join(', ')}`);
  process.exit(1);
}

/** What the wrap path must not load: large, and needed by others alone. It has `zod/mini`. */
const NOT_THERE =
  /(?:^|\/)(?:@modelcontextprotocol|ajv|yaml|smol-toml|zod\/v4\/classic|undici|eventsource-parser|hono|@hono|preact|pg|pg-\w+|upstream\/http)\//;
/** Their parts are loaded where there is a remote server or a team's store, and where a person wants to be told what waits. */
const LATER = ['src/upstream/http/start.ts', 'src/notify/start.ts', 'src/store/postgres/open.ts'];
const { outputs } = wrapPath.metafile;
const loaded = new Set();
const follow = (file) => {
  const output = outputs[file];
  if (loaded.has(file) || LATER.includes(output?.entryPoint)) return;
  loaded.add(file);
  for (const { path } of output?.imports ?? []) follow(path);
};
for (const [file, { entryPoint }] of Object.entries(outputs)) if (entryPoint === 'src/main.ts') follow(file);
const unwanted = [...loaded]
  .flatMap((file) => [file, ...Object.keys(outputs[file]?.inputs ?? {})])
  .filter((path) => NOT_THERE.test(path));
if (loaded.size < 2 || unwanted.length > 0) {
  console.error(`every start of a wrapper would load ${[...new Set(unwanted)].join(', ')}`);
  process.exit(1);
}

/**
 * Most bytes that a start may read before the server is started. A package whose exports are taken as one object
 * (`import { z }` in the place of `import * as z`) comes whole, and a part that shares it brings it here.
 */
const START_BYTES = 320_000;
const start = new Set();
const read = (file) => {
  if (start.has(file) || !outputs[file]) return;
  start.add(file);
  for (const { path, kind } of outputs[file].imports) if (kind === 'import-statement') read(path);
};
for (const [file, { entryPoint }] of Object.entries(outputs))
  if (entryPoint === 'src/main.ts' || entryPoint === 'src/cli/commands/run.ts') read(file);
const bytes = [...start].reduce((sum, file) => sum + outputs[file].bytes, 0);
if (start.size < 2 || bytes > START_BYTES) {
  console.error(`every start of a wrapper would read ${bytes} bytes, more than ${START_BYTES}`);
  process.exit(1);
}

// The schema that `"$schema"` of a policy points to, offline, and the manual page.
const { stdout } = spawnSync(process.execPath, ['bin/policy-wrap.js', 'schema'], { encoding: 'utf8' });
writeFileSync('dist/policy.schema.json', stdout);
const manual = spawnSync(process.execPath, ['bin/policy-wrap.js', '__man'], { encoding: 'utf8' });
writeFileSync('dist/policy-wrap.1', manual.stdout);
