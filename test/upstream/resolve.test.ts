import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findServer } from '../../src/upstream/resolve.js';

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'policy-wrap-find-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}
const find = (command: string, path = folder, install = true) =>
  findServer(command, ['--flag'], { install, env: { PATH: path } });

describe('findServer', () => {
  test('takes a name from PATH, the first that can be started', async () => {
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a', 'mcp-afip'), 'not executable');
    const there = program('mcp-afip');
    expect(await find('mcp-afip', [join(folder, 'a'), folder].join(delimiter))).toEqual({
      file: there,
      args: ['--flag'],
      note: undefined,
    });
  });

  test.skipIf(process.platform === 'win32')('on POSIX a variable `Path` is not PATH', async () => {
    program('mcp-mine');
    const env = { Path: folder };
    await expect(findServer('mcp-mine', [], { install: false, env })).rejects.toMatchObject({
      code: 'UPSTREAM_NOT_STARTED',
    });
  });

  test.each([
    ['mcp-afip', '@codespar/mcp-afip@0.2.0-alpha.2'],
    ['mcp-legiti', '@codespar/mcp-legiti@0.2.0-alpha.2'],
  ])(
    'starts %s, where it is not installed, from npm by scoped name and pinned version, and says so',
    async (command, spec) => {
      program('npx');
      const { file, args, note } = await find(command);
      expect(file).toMatch(/npx$/);
      expect(args).toEqual(['-y', spec, '--flag']);
      expect(note).toContain(spec);
    },
  );

  test('installed as a package, it takes the commands beside that, and needs none of its own', async () => {
    const root = join(folder, 'node_modules', 'policy-wrap');
    mkdirSync(join(root, 'dist'), { recursive: true });
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    const outfile = join(root, 'dist', 'resolve.js');
    await build({
      ...{ entryPoints: ['src/upstream/resolve.ts'], outfile, bundle: true },
      ...{ platform: 'node', format: 'esm', logLevel: 'silent' },
    });
    const installed: { findServer: typeof findServer } = await import(pathToFileURL(outfile).href);
    const look = () => installed.findServer('beside', [], { install: false, env: { PATH: '' } });
    await expect(look()).rejects.toThrow('beside was not found; searched ');
    mkdirSync(join(folder, 'node_modules', '.bin'));
    const there = program(join('node_modules', '.bin', 'beside'));
    expect(await look()).toMatchObject({ file: realpathSync(there) });
    // Those of a folder further up are another project's.
    rmSync(there);
    mkdirSync(join(folder, '.bin'));
    program(join('.bin', 'beside'));
    await expect(look()).rejects.toThrow('beside was not found');
  });

  test('never fetches a name that it does not know, nor anything where it is forbidden', async () => {
    program('npx');
    await expect(find('mcp-afp')).rejects.toThrow(/mcp-afp was not found; searched/);
    await expect(find('mcp-afip', folder, false)).rejects.toThrow(/--no-install forbids fetching/);
  });

  test('the working directory is no place to find programs', async () => {
    const before = process.cwd();
    program('local-server');
    mkdirSync(join(folder, 'bin'));
    program(join('bin', 'local-server'));
    process.chdir(folder);
    try {
      for (const path of [
        '',
        '.',
        `${delimiter}.`,
        'bin',
        './bin',
        `${delimiter}bin${delimiter}`,
        '../bin/..',
        '~',
      ])
        await expect(find('local-server', path), path).rejects.toThrow(/was not found/);
    } finally {
      process.chdir(before);
    }
  });

  test('a path is taken as it is, or refused', async () => {
    const path = program('server');
    expect(await find(path)).toMatchObject({ file: path });
    const from = { install: false, env: {}, cwd: folder };
    expect(await findServer('./server', [], from)).toMatchObject({ file: path });
    await expect(findServer('./server', [], { ...from, cwd: tmpdir() })).rejects.toThrow(/is not a program/);
    await expect(find(join(folder, 'nothing'))).rejects.toThrow(/is not a program that can be started/);
    await expect(find(folder)).rejects.toThrow(/is not a program that can be started/);
  });
});
