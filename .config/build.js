// Two bundles. `main.js` holds the whole wrap path in one file: resolving and compiling separate modules would
// cost more than everything else at start-up. The other commands lie beside it and are loaded when asked for.
import { readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const WRAP_PATH = 'src/commands/run.ts';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  outdir: 'dist',
  outbase: 'src',
  // jsonc-parser's UMD form hides its files from bundlers; its ES modules do not.
  mainFields: ['module', 'main'],
  legalComments: 'eof',
  // Bundled CommonJS packages ask for `require` of Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  // The SDK is large and only some commands need it; the addon cannot be bundled.
  external: ['better-sqlite3', '@modelcontextprotocol/sdk'],
  logLevel: 'warning',
};

/** Leaves `import('./commands/x.js')` of the entry as it is, so that it loads the file of the second bundle. */
const commandsApart = {
  name: 'commands-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/commands\// }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

rmSync('dist', { recursive: true, force: true });
const commands = readdirSync('src/commands')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `src/commands/${file}`)
  .filter((file) => file !== WRAP_PATH);
await build({ ...shared, entryPoints: ['src/main.ts'], plugins: [commandsApart] });
if (commands.length > 0)
  await build({ ...shared, entryPoints: commands, splitting: true, chunkNames: 'commands/shared-[hash]' });
