import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';

// What bin/compile.js makes: the code as V8 compiled it when the package was built or installed.
const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-compiled-'));
const VERSION = `${process.version}-${process.platform}-${process.arch}`;
const compiled = join(folder, 'compiled');
const ours = join(compiled, VERSION);

/** Says on stderr of each file whether what was compiled beforehand was taken. */
const WATCH = join(folder, 'watch.cjs');
writeFileSync(
  WATCH,
  `const vm = require('node:vm');
  const { basename } = require('node:path');
  const { Script } = vm;
  vm.Script = class extends Script {
    constructor(source, options) {
      super(source, options);
      console.error(basename(options.filename) + (this.cachedDataRejected ? ': rejected' : ': taken'));
    }
  };`,
);
const POLICY = join(folder, 'policy.json');
writeFileSync(POLICY, '{"version":"1","default":"allow","tools":{"no":{"action":"deny"}}}');
const SERVER = `process.stdin.on('data', (chunk) => {
  for (const line of String(chunk).trim().split('\\n')) {
    const { id } = JSON.parse(line);
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [] } }));
  }
});`;
const INPUT = ['yes', 'no']
  .map((name, id) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: {} } }))
  .map((message) => `${JSON.stringify(message)}\n`)
  .join('');

beforeEach(() => {
  for (const part of ['bin', 'dist', 'compiled', 'node_modules'])
    rmSync(join(folder, part), { recursive: true, force: true });
  for (const part of ['bin', 'dist', 'compiled'])
    cpSync(resolve(part), join(folder, part), { recursive: true });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A session with two calls, of which the policy refuses one. */
function session(nodeOptions: string[] = []) {
  const bin = join(folder, 'bin', 'policy-wrap.js');
  const options = ['--policy', POLICY, '--db', join(folder, 'state.db'), '--server', 's'];
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...nodeOptions, '-r', WATCH, bin, ...options, '--', process.execPath, '-e', SERVER],
    { input: INPUT, encoding: 'utf8' },
  );
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .sort((a, b) => a.id - b.id);
  const files = Object.fromEntries(
    [...stderr.matchAll(/^(\w+)\S*\.cjs: (taken|rejected)$/gm)].map(([, file, how]) => [file, how]),
  );
  expect(answers).toMatchObject([
    { id: 0, result: { content: [] } },
    { id: 1, result: { isError: true } },
  ]);
  expect(status).toBe(0);
  return files;
}

const TAKEN = { main: 'taken', chunk: 'taken', wrapping: 'taken' };
const REJECTED = { main: 'rejected', chunk: 'rejected', wrapping: 'rejected' };

test('a session starts from what was compiled', () => {
  expect(session()).toEqual(TAKEN);
});

test('without it, or with another Node’s, the code itself is taken', () => {
  rmSync(compiled, { recursive: true });
  expect(session()).toEqual({});
  cpSync(resolve('compiled', VERSION), join(compiled, 'v99.0.0-linux-x64'), { recursive: true });
  expect(session()).toEqual({});
});

test.each<[string, (bytes: Buffer) => Buffer]>([
  ['nothing', () => Buffer.alloc(0)],
  ['something else', () => Buffer.from('no compiled code')],
  ['half of it', (bytes) => bytes.subarray(0, bytes.length / 2)],
])('what is broken is not used: %s', (_, broken) => {
  for (const file of readdirSync(ours))
    writeFileSync(join(ours, file), broken(readFileSync(join(ours, file))));
  expect(session()).toEqual(REJECTED);
});

test('nor is what was compiled under other flags, or of another source', () => {
  expect(session(['--max-old-space-size=300'])).toEqual(REJECTED);
  for (const file of readdirSync(ours)) {
    const source = join(folder, 'dist', file);
    writeFileSync(source, `${readFileSync(source, 'utf8')}\n// Changed.\n`);
  }
  expect(session()).toEqual(REJECTED);
});

test('compiling says nothing, leaves no other file, and fails for nobody', () => {
  const compile = (env: NodeJS.ProcessEnv = {}) =>
    spawnSync(process.execPath, [join(folder, 'bin', 'compile.js')], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '--max-old-space-size=300', ...env },
    });
  const quiet = { stdout: '', stderr: '', status: 0 };
  rmSync(compiled, { recursive: true });
  expect(compile()).toMatchObject(quiet);
  expect(readdirSync(compiled)).toEqual([VERSION]);
  expect(readdirSync(folder).sort()).toEqual(
    ['bin', 'compiled', 'dist', 'node_modules', 'policy.json', 'state.db', 'watch.cjs'].sort(),
  );
  expect(session()).toEqual(TAKEN);

  rmSync(compiled, { recursive: true });
  expect(compile({ TMPDIR: join(folder, 'nowhere'), TEMP: join(folder, 'nowhere') })).toMatchObject(quiet);
  expect(session()).toEqual({});
  writeFileSync(compiled, 'a file where the folder would be');
  expect(compile()).toMatchObject(quiet);
  expect(session()).toEqual({});
  rmSync(join(folder, 'dist'), { recursive: true });
  expect(compile()).toMatchObject(quiet);
});
