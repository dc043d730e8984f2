// Two bundles. `main.cjs` holds the whole wrap path in one file: resolving and compiling separate modules would cost
// more than everything else at start-up, and CommonJS starts about 14 ms sooner than the same file as an ES module.
// The other commands lie beside it and are loaded when asked for.
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { checkBundle } from './check-bundle.js';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  outdir: 'dist',
  // jsonc-parser's UMD form hides its files from bundlers; its ES modules do not.
  mainFields: ['module', 'main'],
  minify: true,
  // Stack traces and `error.name` keep the names of the source.
  keepNames: true,
  legalComments: 'eof',
  // The SDK is large and only some commands need it; the addon cannot be bundled.
  external: ['better-sqlite3', '@modelcontextprotocol/sdk'],
  logLevel: 'warning',
};

/** Leaves `import('./program.js')` of the entry as it is, so that it loads the file of the second bundle. */
const commandsApart = {
  name: 'commands-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/program\.js$/ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/** The regex library is large, and few policies have a regex: it lies beside the bundle until one has. */
const regexApart = {
  name: 'regex-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^re2js$/ }, () => ({ path: './re2js.cjs', external: true }));
  },
};

rmSync('dist', { recursive: true, force: true });
const { metafile } = await build({
  ...shared,
  metafile: true,
  entryPoints: ['src/main.ts'],
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  plugins: [commandsApart, regexApart],
  define: { 'import.meta.url': '__moduleUrl' },
  banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
});
const problems = checkBundle(metafile);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}

await build({
  ...shared,
  stdin: { contents: "module.exports = require('re2js');", resolveDir: '.' },
  outdir: undefined,
  outfile: 'dist/re2js.cjs',
  format: 'cjs',
});

await build({
  ...shared,
  entryPoints: ['src/program.ts'],
  outbase: 'src',
  format: 'esm',
  splitting: true,
  chunkNames: 'commands/[name]-[hash]',
  banner: {
    // Bundled CommonJS packages ask for `require` of Node's own modules.
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});

// The schema that `"$schema"` of a policy points to, offline.
const { stdout } = spawnSync(process.execPath, ['bin/policy-wrap.js', 'schema'], { encoding: 'utf8' });
writeFileSync('dist/policy.schema.json', stdout);
