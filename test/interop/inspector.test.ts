import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { BIN, Rig } from '../support/rig.js';
import { runToEnd, scratch } from './scratch.js';

/** What the Inspector prints for one request, to a server alone or behind the wrapper. */
async function inspect(rig: Rig, server: string[], request: string[], wrapped: boolean) {
  const { packages } = await scratch();
  const policy = rig.file('policy.json', ALLOW_ALL);
  const wrapper = [process.execPath, BIN, '--policy', policy, '--db', rig.db, '--'];
  // Behind a script, because the Inspector reads "--" among a server's arguments as its own.
  const words = (wrapped ? [...wrapper, ...server] : server).map((word) => `'${word}'`);
  const script = rig.file('server.sh', `exec ${words.join(' ')}\n`);
  const env = { MEMORY_FILE_PATH: join(rig.folder, `memory-${wrapped}.json`) };
  const config = rig.file('config.json', { mcpServers: { it: { command: '/bin/sh', args: [script], env } } });
  const cli = join(packages, 'inspector-cli', 'build', 'cli.js');
  const { code, stdout } = await runToEnd(
    process.execPath,
    [cli, '--cli', '--config', config, '--server', 'it', ...request],
    rig.folder,
    rig.env(),
  );
  return { code, stdout };
}

const call = (name: string, ...args: string[]) => [
  ...['--method', 'tools/call', '--tool-name', name],
  ...args.flatMap((arg) => ['--tool-arg', arg]),
];

const EVERYTHING = [
  ['--method', 'tools/list'],
  call('echo', 'message=hi'),
  call('get-sum', 'a=2', 'b=3'),
  call('get-structured-content', 'location=New York'),
  call('get-annotated-message', 'messageType=error', 'includeImage=true'),
  call('no-such-tool'),
  ['--method', 'resources/list'],
  ['--method', 'resources/templates/list'],
  ['--method', 'resources/read', '--uri', 'demo://resource/static/document/features.md'],
  ['--method', 'prompts/list'],
  ['--method', 'prompts/get', '--prompt-name', 'simple-prompt'],
  ['--method', 'logging/setLevel', '--log-level', 'debug'],
];

describe('the Inspector prints the same for a server alone and behind the wrapper', () => {
  test.each(EVERYTHING.map((request) => [request.join(' '), request] as const))(
    'G7: server-everything: %s',
    async (_, request) => {
      await using rig = new Rig();
      const { packages } = await scratch();
      const server = [process.execPath, join(packages, 'server-everything', 'dist', 'index.js')];
      const direct = await inspect(rig, server, [...request], false);
      expect(direct.stdout.length).toBeGreaterThan(0);
      expect(await inspect(rig, server, [...request], true)).toEqual(direct);
    },
  );

  test.each([
    ['--method', 'tools/list'],
    call('list_directory', 'path=.'),
    call('read_text_file', 'path=a.txt'),
    call('read_text_file', 'path=/etc/passwd'),
  ])('G7: server-filesystem: %s %s %s %s', async (...request) => {
    await using rig = new Rig();
    const { packages } = await scratch();
    const folder = join(rig.folder, 'files');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.txt'), 'señor 🧾\n');
    const server = [process.execPath, join(packages, 'server-filesystem', 'dist', 'index.js'), folder];
    const inside = request.map((word) => word.replace('path=a.txt', `path=${join(folder, 'a.txt')}`));
    const wanted = inside.map((word) => word.replace('path=.', `path=${folder}`));
    const direct = await inspect(rig, server, wanted, false);
    expect(direct.stdout).not.toBe('');
    expect(await inspect(rig, server, wanted, true)).toEqual(direct);
  });

  test.each([
    ['--method', 'tools/list'],
    call('read_graph'),
    call('create_entities', 'entities=[{"name":"a","entityType":"b","observations":["c"]}]'),
  ])('G7: server-memory: %s %s %s %s', async (...request) => {
    await using rig = new Rig();
    const { packages } = await scratch();
    const server = [process.execPath, join(packages, 'server-memory', 'dist', 'index.js')];
    const direct = await inspect(rig, server, request, false);
    expect(direct.stdout).not.toBe('');
    expect(await inspect(rig, server, request, true)).toEqual(direct);
  });
});
