// What keeps the wrapper quick to start: its one file stays small, and nothing large is loaded beside it.

/** In bytes. Every start reads and compiles all of it before the server is spawned. */
const MOST_BYTES = 440_000;

/** Loaded at run time beside Node's own modules, when it is asked for: the addon, the other commands, the regex library. */
const BESIDE = [/^node:/, /^\.\/program\.js$/, /^\.\/re2js\.cjs$/, /^better-sqlite3$/];
const BUILTIN = /^(assert|buffer|child_process|crypto|events|fs|os|path|process|stream|url|util)(\/|$)/;
const SDK = '@modelcontextprotocol/sdk';

/**
 * @param {import('esbuild').Metafile} metafile of the bundle that holds the wrap path
 * @returns {string[]} what is wrong with it, for people; empty when nothing is
 */
export function checkBundle(metafile) {
  const [file, { bytes, imports, inputs }] = Object.entries(metafile.outputs).find(
    ([, { entryPoint }]) => entryPoint,
  );
  const problems = [];
  if (bytes > MOST_BYTES) {
    const largest = Object.entries(bytesByPackage(inputs))
      .sort(([, a], [, b]) => b - a)
      .slice(0, 5)
      .map(([name, size]) => `${name} ${Math.round(size / 1000)} KB`);
    problems.push(`${file} has ${bytes} bytes, more than ${MOST_BYTES}: ${largest.join(', ')}`);
  }
  for (const path of Object.keys(inputs))
    if (path.includes(`node_modules/${SDK}/`)) problems.push(`${file} contains the SDK: ${path}`);
  for (const { path } of imports)
    if (![...BESIDE, BUILTIN].some((allowed) => allowed.test(path)))
      problems.push(`${file} loads ${path} at run time`);
  return problems;
}

function bytesByPackage(inputs) {
  const sizes = {};
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'src';
    sizes[name] = (sizes[name] ?? 0) + bytesInOutput;
  }
  return sizes;
}
