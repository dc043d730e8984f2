// What the browser loads of the page: one script that loads a part for each screen, one sheet of styles, no more. It
// lies in the package as the page's server reads it: compressed, a sixth smaller than a tarball would make it.
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';

const FROM = 'src/page/web';
const TO = 'dist/page/web';
const BROWSERS = ['chrome123', 'firefox121', 'safari17.5'];
/** Most that all of it may take, compressed, in bytes. */
const MOST_BYTES = 220_000;

/**
 * Builds the front end. Its files are named by what they hold, but for the one that names them.
 *
 * @returns what rolldown says of its scripts
 */
export async function buildPage() {
  const scripts = await rolldown({
    input: `${FROM}/app.tsx`,
    platform: 'browser',
    transform: { target: BROWSERS, jsx: { runtime: 'automatic' } },
    resolve: { mainFields: ['module', 'main'] },
    // For patterns of a policy, which the server judges.
    external: ['re2js'],
    preserveEntrySignatures: false,
    checks: { pluginTimings: false },
  });
  const { output } = await scripts.write({
    dir: TO,
    entryFileNames: 'assets/[name]-[hash].js',
    chunkFileNames: 'assets/[name]-[hash].js',
    format: 'esm',
    minify: true,
    comments: false,
  });
  const styles = await build({
    entryPoints: [`${FROM}/styles/index.css`],
    outdir: TO,
    entryNames: 'assets/[name]-[hash]',
    bundle: true,
    target: BROWSERS,
    minify: true,
    metafile: true,
    logLevel: 'warning',
  });
  const html = readFileSync(`${FROM}/index.html`, 'utf8')
    .replace('STYLES', `/assets/${basename(Object.keys(styles.metafile.outputs)[0])}`)
    .replace('SCRIPT', `/${output.find(({ isEntry }) => isEntry).fileName}`);
  writeFileSync(`${TO}/index.html`, html);
  copyFileSync(`${FROM}/icon.svg`, `${TO}/assets/icon.svg`);
  let bytes = html.length;
  for (const name of readdirSync(`${TO}/assets`)) {
    const file = join(TO, 'assets', name);
    const compressed = brotliCompressSync(readFileSync(file));
    bytes += compressed.length;
    writeFileSync(`${file}.br`, compressed);
    rmSync(file);
  }
  if (bytes > MOST_BYTES) {
    console.error(`the page takes ${bytes} bytes, compressed; ${MOST_BYTES} are its bound`);
    process.exit(1);
  }
  return { output };
}
