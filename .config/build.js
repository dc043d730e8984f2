// Two bundles of ES modules, for resolving and compiling hundreds of separate files would cost more than everything
// else at start-up: the wrap path, for which clients wait, and beside it the commands that people type. Both are cut
// where the sources say `import()`.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { buildPage } from './build-page.js';

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
  legalComments: 'eof',
  // jsonc-parser's UMD form hides its files from bundlers; its ES modules do not.
  mainFields: ['module', 'main'],
  banner: {
    // Bundled CommonJS packages ask for `require` of Node's own modules.
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
};
/**
 * The SDK and re2js are large and needed by few: some commands, and policies with a regex. The addon cannot be bundled.
 */
const EXTERNAL = ['better-sqlite3', '@modelcontextprotocol/sdk', 're2js'];

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  ...shared,
  entryPoints: ['src/main.ts'],
  external: [...EXTERNAL, './cli/program.js', './cli/wrong-usage.js', './page/ui.js'],
  alias: {
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
  metafile: true,
});
await build({
  ...shared,
  entryPoints: ['src/cli/program.ts', 'src/cli/wrong-usage.ts', 'src/page/ui.ts'],
  outbase: 'src',
  external: EXTERNAL,
});
await buildPage();

/** What the wrap path must not load: large, and needed by others alone. It has `zod/mini`. */
const NOT_THERE =
  /(?:^|\/)(?:@modelcontextprotocol|yaml|smol-toml|zod\/v4\/classic|undici|eventsource-parser|hono|@hono|preact|pg|pg-\w+|upstream\/http)\//;
/** Their parts are loaded where there is a remote server or a team's store, and where a person wants to be told what waits. */
const LATER = ['src/upstream/http/start.ts', 'src/notify/start.ts', 'src/store/postgres/open.ts'];
const loaded = new Set();
const follow = (file) => {
  const output = metafile.outputs[file];
  if (loaded.has(file) || LATER.includes(output?.entryPoint)) return;
  loaded.add(file);
  for (const { path } of output?.imports ?? []) follow(path);
};
for (const [file, { entryPoint }] of Object.entries(metafile.outputs))
  if (entryPoint === 'src/main.ts') follow(file);
const unwanted = [...loaded]
  .flatMap((file) => [file, ...Object.keys(metafile.outputs[file]?.inputs ?? {})])
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
  if (start.has(file) || !metafile.outputs[file]) return;
  start.add(file);
  for (const { path, kind } of metafile.outputs[file].imports) if (kind === 'import-statement') read(path);
};
read('dist/main.js');
const bytes = [...start].reduce((sum, file) => sum + metafile.outputs[file].bytes, 0);
if (start.size === 0 || bytes > START_BYTES) {
  console.error(`every start of a wrapper would read ${bytes} bytes, more than ${START_BYTES}`);
  process.exit(1);
}

// The schema that `"$schema"` of a policy points to, offline.
const { stdout } = spawnSync(process.execPath, ['bin/policy-wrap.js', 'schema'], { encoding: 'utf8' });
writeFileSync('dist/policy.schema.json', stdout);
