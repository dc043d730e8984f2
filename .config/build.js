// What is published: everything but the addon, so that an installation fetches one package. The page aside, it is one
// graph of modules, cut where the sources say `import()`. What a start of a wrapper reads lies together in a few files,
// for resolving and opening dozens of small ones would cost a client that waits more than the rest of its start.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { resolve } from 'node:path';
import { rolldown } from 'rolldown';
import { buildPage } from './build-page.js';
import { writeNotices } from './notices.js';

/** Cannot be bundled: it is compiled for each Node. */
const ADDON = 'better-sqlite3';
/**
 * Loaded by `require`, since whoever needs them cannot wait: re2js while the first policy with a regex is read,
 * string-width for the first text that is not of plain letters. Files of their own, which `imports` of package.json
 * names.
 */
const REQUIRED = { re2js: '#lib/re2js.cjs', 'string-width': '#lib/string-width.cjs' };
const output = {
  dir: 'dist',
  format: 'esm',
  chunkFileNames: 'parts/[name]-[hash].js',
  // A file with one character beyond Latin-1 takes two bytes for each of its characters in memory.
  charset: 'ascii',
  // Every start reads what it runs, and keeps it in memory: a third less. With --maps stack traces can be read again.
  minify: true,
  sourcemap: process.argv.includes('--maps'),
  // THIRD-PARTY-NOTICES has the legal ones.
  comments: false,
};
const input = {
  platform: 'node',
  transform: { target: 'node20' },
  // jsonc-parser's UMD form hides its files from bundlers; its ES modules do not.
  resolve: { mainFields: ['module', 'main'] },
  checks: { pluginTimings: false },
};

/** @returns the path of a file that takes the place of a package's */
const ours = (name) => resolve('.config', name);
const alias = {
  undici: ours('libraries/undici.js'),
  // Parts of undici that we never come to, and its parser once where it has it for two kinds of processors: a twentieth
  // of the package. They go by the names that undici's own files ask for.
  './client-h2.js': ours('libraries/undici-left-out.cjs'),
  '../web/fetch/body.js': ours('libraries/undici-left-out.cjs'),
  '../llhttp/llhttp_simd-wasm.js': resolve('node_modules/undici/lib/llhttp/llhttp-wasm.js'),
  // For Node it has CommonJS, which a bundler takes as a whole.
  yaml: resolve('node_modules/yaml/browser/dist/index.js'),
  ajv: ours('libraries/ajv.js'),
  'ajv-formats': ours('libraries/ajv.js'),
  // Node's own opens all three standard streams, and more, for whoever imports it: 2 ms of every start.
  'node:process': ours('global-process.cjs'),
  // What execa has for a log of its own and for its errors: another 4 ms. We show neither.
  ...Object.fromEntries(
    ['figures', 'human-signals', 'pretty-ms', 'yoctocolors'].map((name) => [name, ours(`execa/${name}.js`)]),
  ),
};

rmSync('dist', { recursive: true, force: true });
const required = [];
for (const name of Object.keys(REQUIRED)) {
  const library = await rolldown({ ...input, input: { [name]: name } });
  // As Node gives an ES module that is required: what it exports by default is `default`.
  required.push(
    await library.write({ ...output, format: 'cjs', exports: 'named', entryFileNames: 'lib/[name].cjs' }),
  );
}
const graph = await rolldown({
  ...input,
  input: { main: 'src/main.ts' },
  // A file may export more than its module, for those beside it.
  preserveEntrySignatures: 'allow-extension',
  external: [ADDON, ...Object.keys(REQUIRED), /^node:(?!process$)/],
  resolve: { ...input.resolve, alias },
});

/** @returns the files of an output by their names, and what of them is read together with some */
function filesOf({ output }) {
  const files = new Map(output.filter(({ type }) => type === 'chunk').map((file) => [file.fileName, file]));
  return {
    files,
    /** @param later modules whose files are not followed; left out, what is read with `import()` is not followed at all */
    with: (names, later) => {
      const found = new Set();
      const follow = (name) => {
        const file = files.get(name);
        if (found.has(file) || file === undefined || later?.includes(file.facadeModuleId)) return;
        found.add(file);
        for (const path of [...file.imports, ...(later ? file.dynamicImports : [])]) follow(path);
      };
      names.forEach(follow);
      return [...found];
    },
    /** The file that holds a module. */
    of: (module) => [...files.values()].find(({ moduleIds }) => moduleIds.includes(module)).fileName,
  };
}
const modulesOf = (files) => new Set(files.flatMap(({ moduleIds }) => moduleIds));

const MAIN = resolve('src/main.ts');
const PROGRAM = resolve('src/cli/program.ts');
const RUN = resolve('src/cli/commands/run.ts');
/** Loaded as soon as the server is started. */
const SERVE = resolve('src/proxy/serve.ts');
/** What no start needs: commands, a remote server, a team's store, and telling a person who looks elsewhere. */
const LATER = [
  'src/cli/wrong-usage.ts',
  'src/page/ui.ts',
  'src/upstream/http/start.ts',
  'src/notify/start.ts',
  'src/store/postgres/open.ts',
].map((path) => resolve(path));

// Once to see what belongs together, and once more with that in a few files: what every command reads, what a wrapper
// reads before its server is started, and what it reads while the server boots; of each of the two by itself what
// commands read too, which start no server, and what nobody else reads. Each needs only those before it: files that need
// each other would run in a wrong order.
const apart = filesOf(await graph.generate(output));
const together = (...modules) => modulesOf(apart.with(modules.map(apart.of)));
const alone = (module) => modulesOf([apart.files.get(apart.of(module))]);
const commands = together(PROGRAM);
const others = together(...['check', 'log'].map((name) => resolve(`src/cli/commands/${name}.ts`)));
const before = together(MAIN, RUN);
const start = together(MAIN, RUN, SERVE);
const also = (modules, those) => new Set([...modules].filter((id) => those.has(id)));
const groups = {
  main: together(MAIN),
  commands: also(before, commands),
  policy: also(before, others),
  run: alone(RUN),
  wrap: before,
  store: also(start, others),
  serve: alone(SERVE),
  relay: start,
};
const built = await graph.write({
  ...output,
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: Object.entries(groups).map(([name, modules]) => ({ name, test: (id) => modules.has(id) })),
  },
  paths: REQUIRED,
});
const page = await buildPage();
const bundled = [...required, built, page].flatMap(({ output }) =>
  output.flatMap(({ modules = {} }) =>
    Object.entries(modules)
      .filter(([, { renderedLength }]) => renderedLength > 0)
      .map(([path]) => path),
  ),
);
writeNotices(bundled);

/** What a bundle may still ask for. Anything else would have to be installed beside it, and is not. */
const isThere = (path) =>
  path.startsWith('node:') ||
  isBuiltin(path) ||
  path === ADDON ||
  existsSync(resolve('dist', path.replace('#lib/', 'lib/')));
const missing = [...required, built].flatMap(({ output }) =>
  output.flatMap(({ imports = [], dynamicImports = [] }) =>
    [...imports, ...dynamicImports].filter((path) => !isThere(REQUIRED[path] ?? path)),
  ),
);
if (missing.length > 0) {
  console.error(`the bundles ask for what is not in them: ${[...new Set(missing)].join(', ')}`);
  process.exit(1);
}

const bundles = filesOf(built);
const circular = [...bundles.files.values()].filter((file) => bundles.with(file.imports).includes(file));
if (circular.length > 0) {
  console.error(
    `files of the bundle need each other: ${circular.map(({ fileName }) => fileName).join(', ')}`,
  );
  process.exit(1);
}

/** What the wrap path must not load: large, and needed by others alone. It has `zod/mini`. */
const NOT_THERE =
  /(?:^|[\\/])(?:@modelcontextprotocol|ajv|yaml|smol-toml|zod[\\/]v4[\\/]classic|undici|eventsource-parser|hono|@hono|preact|pg|pg-\w+|upstream[\\/]http)[\\/]/;
const loaded = modulesOf(bundles.with([bundles.of(MAIN)], [PROGRAM, ...LATER]));
const unwanted = [...loaded].filter((path) => NOT_THERE.test(path));
if (!loaded.has(SERVE) || unwanted.length > 0) {
  console.error(`every start of a wrapper would load ${unwanted.slice(0, 9).join(', ') || 'nothing'}`);
  process.exit(1);
}

/**
 * Most bytes, and files, that a start may read before the server is started, and in all. A package whose exports are
 * taken as one object (`import { z }` in the place of `import * as z`) comes whole, and a part that shares it brings it
 * here.
 */
for (const [what, modules, most] of [
  ['before the server is started', [MAIN, RUN], { bytes: 345_000, files: 6 }],
  ['in all', [MAIN, RUN, SERVE], { bytes: 570_000, files: 9 }],
]) {
  const read = bundles.with(modules.map((module) => bundles.of(module)));
  const bytes = read.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
  if (bytes > most.bytes || read.length > most.files) {
    console.error(
      `every start of a wrapper would read ${bytes} bytes of ${read.length} files ${what}, more than ${most.bytes} of ${most.files}`,
    );
    process.exit(1);
  }
}

// The schema that `"$schema"` of a policy points to, offline, and the manual page.
const { stdout } = spawnSync(process.execPath, ['bin/policy-wrap.js', 'schema'], { encoding: 'utf8' });
writeFileSync('dist/policy.schema.json', JSON.stringify(JSON.parse(stdout)));
const manual = spawnSync(process.execPath, ['bin/policy-wrap.js', '__man'], { encoding: 'utf8' });
writeFileSync('dist/policy-wrap.1', manual.stdout);
