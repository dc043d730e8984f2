#!/usr/bin/env node
'use strict';
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const vm = require('node:vm');

const DIST = join(__dirname, '..', 'dist');
const loaded = new Map();
let plainRequire;

/**
 * Where this very Node's compiled form of the code lies, made by compile.js when the package was built or installed. It
 * is code, and V8 does not hold it against its source: so it lies beside the code, where nobody can write who could not
 * write the code itself, and never in a cache folder.
 */
exports.COMPILED = join(
  __dirname,
  '..',
  'compiled',
  `${process.version}-${process.platform}-${process.arch}`,
);

/**
 * Requires a file of the bundle, compiled beforehand where it is.
 *
 * @param {string} file its name in dist
 * @param {Map<string, vm.Script>} [scripts] takes down what is loaded, compiled or not, by name
 */
function load(file, scripts) {
  const known = loaded.get(file);
  if (known) return known.exports;
  const filename = join(DIST, file);
  const cachedData = scripts ? undefined : compiled(file);
  plainRequire ??= createRequire(filename);
  if (!cachedData && !scripts) return plainRequire(`./${file}`);

  const module = { exports: {} };
  loaded.set(file, module);
  const script = new vm.Script(
    `(function (exports, require, module, __filename, __dirname) { ${readFileSync(filename, 'utf8')}\n})`,
    { filename, cachedData },
  );
  scripts?.set(file, script);
  const require = (name) =>
    /^\.\/[\w-]+\.cjs$/.test(name) ? load(name.slice(2), scripts) : plainRequire(name);
  script.runInThisContext().call(module.exports, module.exports, require, module, filename, DIST);
  return module.exports;
}

function compiled(file) {
  try {
    return readFileSync(join(exports.COMPILED, file));
  } catch {
    return undefined;
  }
}

exports.main = (argv, scripts) => load('main.cjs', scripts).main(argv, () => import('../dist/program.js'));

if (require.main === module) exports.main(process.argv.slice(2));
