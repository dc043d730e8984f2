// What keeps the wrapper quick to start: little code before the server is started, and nothing large beside it.

/** In bytes; every start reads and compiles all of it before it can start the server, at some 30 KB a millisecond. */
const MOST_BEFORE_START = 108_000;
/** In bytes; the rest is compiled while the server boots, and takes memory as long as the wrapper runs. */
const MOST_IN_ALL = 325_000;

/** Packages that may be part of the wrap path. Each of commander, zod and execa would cost more than all of our own. */
const PACKAGES = [];
/** Node's modules that may be loaded before the server is started; `crypto` alone takes longer than the policy. */
const EARLY_BUILTINS = /^(node:)?(child_process|events|fs|os|path)$/;
const BUILTINS =
  /^(node:)?(buffer|crypto|events|fs|module|net|os|path|process|stream|timers|url|util|v8)(\/|$)/;
/** Loaded at run time when it is asked for. */
const BESIDE = /^(\.\/(jsonc|re2js|zod|execa)\.cjs|better-sqlite3)$/;

/**
 * @param {import('esbuild').Metafile} metafile of the bundle that holds the wrap path
 * @returns {string[]} what is wrong with it, for people; empty when nothing is
 */
export function checkBundle({ outputs }) {
  const problems = [];
  const entry = Object.keys(outputs).find((file) => outputs[file].entryPoint?.endsWith('src/main.ts'));
  const early = requiredBy(outputs, entry);
  const limits = [
    ['before the server is started', early, MOST_BEFORE_START],
    ['in all', Object.keys(outputs), MOST_IN_ALL],
  ];
  for (const [when, files, most] of limits) {
    const bytes = files.reduce((sum, file) => sum + outputs[file].bytes, 0);
    if (bytes > most) problems.push(`${bytes} bytes ${when}, more than ${most}: ${largest(outputs, files)}`);
  }
  for (const [file, { inputs, imports }] of Object.entries(outputs)) {
    for (const name of new Set(Object.keys(inputs).map(packageOf)))
      if (name !== 'src' && !PACKAGES.includes(name)) problems.push(`${file} contains ${name}`);
    const builtins = early.includes(file) ? EARLY_BUILTINS : BUILTINS;
    for (const { path, external } of imports)
      if (external && !builtins.test(path) && !BESIDE.test(path))
        problems.push(`${file} loads ${path} at run time`);
  }
  return problems;
}

/** A file and all that it requires at once. */
function requiredBy(outputs, file, found = []) {
  if (found.includes(file)) return found;
  found.push(file);
  for (const { path, kind, external } of outputs[file].imports)
    if (!external && kind === 'import-statement') requiredBy(outputs, path, found);
  return found;
}

function packageOf(path) {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'src';
}

function largest(outputs, files) {
  const sizes = {};
  for (const file of files)
    for (const [path, { bytesInOutput }] of Object.entries(outputs[file].inputs)) {
      const name = packageOf(path) === 'src' ? path : packageOf(path);
      sizes[name] = (sizes[name] ?? 0) + bytesInOutput;
    }
  return Object.entries(sizes)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([name, size]) => `${name} ${Math.round(size / 1000)} KB`)
    .join(', ');
}
