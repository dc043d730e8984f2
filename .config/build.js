// Two programs. `main.cjs` and the few files that it requires are the wrap path: bundled, since resolving and compiling
// separate modules would cost more than everything else at start-up, and CommonJS, which starts about 14 ms sooner than
// the same as ES modules. They are cut in two where the server is started: what is needed only from then on is
// compiled while it boots. The other commands lie beside it and are loaded when asked for.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, transform } from 'esbuild';
import { checkBundle } from './check-bundle.js';

const target = 'node20';

const shared = {
  bundle: true,
  platform: 'node',
  target,
  outdir: 'dist',
  // jsonc-parser's UMD form hides its files from bundlers; its ES modules do not.
  mainFields: ['module', 'main'],
  // Names stay as they are, for stack traces: keeping them apart from shorter ones (`keepNames`) would cost a
  // defineProperty for each function that is made, in the middle of a call too.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'eof',
  // The SDK is large and only some commands need it; the addon cannot be bundled.
  external: ['better-sqlite3', '@modelcontextprotocol/sdk'],
  logLevel: 'warning',
};

/** What is used of zod; the whole of it is ten times as large. */
const ZOD =
  'array, boolean, config, describe, enum, globalRegistry, literal, meta, number, optional, record, safeParse, ' +
  'strictObject, string, toJSONSchema, union, unknown';

/**
 * What few starts need, by file: an odd policy has a regex, of a wrong one it is told where (jsonc) and what (zod) is
 * wrong, a tool that changed is compared (diff), execa is for Windows.
 */
const APART = {
  'diff.cjs': { name: 'diff', contents: "export { diffArrays, diffWordsWithSpace } from 'diff';" },
  're2js.cjs': { name: 're2js', contents: "export { RE2JS } from 're2js';" },
  'execa.cjs': { name: 'execa', contents: "export { execa } from 'execa';" },
  'jsonc.cjs': {
    name: 'jsonc-parser',
    contents: "export { createScanner, parseTree, printParseErrorCode } from 'jsonc-parser';",
  },
  'zod.cjs': { name: 'zod/mini', contents: `export { ${ZOD} } from 'zod/mini';` },
};

/** Leaves the loading of what lies beside the wrap path to run time. */
const apart = {
  name: 'apart',
  setup({ onResolve }) {
    for (const [file, { name }] of Object.entries(APART)) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: `./${file}`, external: true }));
    }
  },
};

/** Of jsonc-parser only the parser: its formatter, unused but for this, fills tables of line breaks at every start. */
const parserOnly = {
  name: 'parser-only',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(impl\/(format|edit)|string-intern)$/ }, ({ path, resolveDir }) =>
      resolveDir.includes('jsonc-parser')
        ? { path: `${join(resolveDir, path)}.js`, sideEffects: false }
        : undefined,
    );
  },
};

/** The other commands have what is used of zod among themselves. */
const slim = {
  name: 'slim',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^zod\/mini$/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'slim' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'slim' }, () => ({
      contents: APART['zod.cjs'].contents,
      resolveDir: '.',
    }));
  },
};

rmSync('dist', { recursive: true, force: true });
// What was compiled of another build would be taken for this one's: V8 does not hold it against the source.
rmSync('compiled', { recursive: true, force: true });
const { metafile, outputFiles } = await build({
  ...shared,
  metafile: true,
  write: false,
  entryPoints: ['src/main.ts'],
  // Only ES modules can be cut; each piece becomes CommonJS below.
  format: 'esm',
  splitting: true,
  chunkNames: '[name]-[hash]',
  outExtension: { '.js': '.cjs' },
  plugins: [apart],
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename' },
});
for (const { path, text } of outputFiles) {
  // `import()` of a file that is CommonJS would first load Node's loader of ES modules.
  const required = text.replace(/\bimport\(("\.\/[^"]+\.cjs")\)/g, 'Promise.resolve().then(()=>require($1))');
  const { code } = await transform(required, {
    format: 'cjs',
    platform: 'node',
    target,
    minifyWhitespace: true,
    minifySyntax: true,
  });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, code);
}
const problems = checkBundle(metafile);
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}

for (const [file, { contents }] of Object.entries(APART)) {
  await build({
    ...shared,
    stdin: { contents, resolveDir: '.' },
    plugins: [parserOnly],
    outdir: undefined,
    outfile: `dist/${file}`,
    format: 'cjs',
  });
}

await build({
  ...shared,
  entryPoints: ['src/program.ts'],
  outbase: 'src',
  format: 'esm',
  splitting: true,
  chunkNames: 'commands/[name]-[hash]',
  plugins: [slim],
  banner: {
    // Bundled CommonJS packages ask for `require` of Node's own modules.
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});

// The schema that `"$schema"` of a policy points to, offline.
const { stdout } = spawnSync(process.execPath, ['bin/policy-wrap.js', 'schema'], { encoding: 'utf8' });
writeFileSync('dist/policy.schema.json', stdout);

// For the Node of this machine; elsewhere the package does so when it is installed.
spawnSync(process.execPath, ['bin/compile.js'], { stdio: 'inherit' });
