// What the browser loads of the page: one script that loads a part for each screen, one sheet of styles, no more.
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const FROM = 'src/page/web';
const TO = 'dist/page/web';
/** Most that all of it may take, compressed, in bytes. */
const MOST_BYTES = 250_000;

/**
 * Builds the front end. Its files are named by what they hold, but for the one that names them.
 *
 * @returns what esbuild says of it
 */
export async function buildPage() {
  const built = await build({
    entryPoints: [`${FROM}/app.tsx`, `${FROM}/styles/index.css`],
    outdir: TO,
    entryNames: 'assets/[name]-[hash]',
    chunkNames: 'assets/[name]-[hash]',
    bundle: true,
    platform: 'browser',
    target: ['chrome123', 'firefox121', 'safari17.5'],
    format: 'esm',
    splitting: true,
    minify: true,
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: `${FROM}/tsconfig.json`,
    mainFields: ['module', 'main'],
    // For patterns of a policy, which the server judges.
    external: ['re2js'],
    metafile: true,
    logLevel: 'warning',
  });
  const { metafile } = built;
  const named = (source) =>
    `/assets/${basename(Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === source)[0])}`;
  const html = readFileSync(`${FROM}/index.html`, 'utf8')
    .replace('STYLES', named(`${FROM}/styles/index.css`))
    .replace('SCRIPT', named(`${FROM}/app.tsx`));
  writeFileSync(`${TO}/index.html`, html);
  copyFileSync(`${FROM}/icon.svg`, `${TO}/assets/icon.svg`);
  const files = [`${TO}/index.html`, ...readdirSync(`${TO}/assets`).map((name) => join(TO, 'assets', name))];
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
  if (bytes > MOST_BYTES) {
    console.error(`the page takes ${bytes} bytes, compressed; ${MOST_BYTES} are its bound`);
    process.exit(1);
  }
  return built;
}
