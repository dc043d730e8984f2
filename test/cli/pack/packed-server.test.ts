import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packedFolder } from '../../../src/cli/pack/packed-files.js';
import { packedServer, type Variable } from '../../../src/cli/pack/packed-server.js';
import { Rig } from '../../support/rig.js';

const KEY =
  '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----\n';

function put(rig: Rig, names: Readonly<Record<string, string>>): string {
  const folder = join(rig.folder, 'srv');
  for (const [name, text] of Object.entries({ 'index.js': '1', ...names })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const paths = (folder: string) => packedFolder(folder).files.map(({ path }) => path);

describe('the folder of a server', () => {
  test('secrets, what editors and agents keep, and earlier bundles stay out, also in capitals and behind links', async () => {
    await using rig = new Rig();
    const secret = [
      '.ENV',
      '.env.local',
      '.Git/config',
      'a/.npmrc',
      '.netrc',
      'b/.ssh/id_rsa',
      '.vscode/mcp.json',
    ];
    const more = [
      '.cursor/mcp.json',
      '.mcp.json',
      'old.mcpb',
      'node_modules/.cache/x',
      'id_ed25519',
      'my.P12',
    ];
    const keys = { 'afip.key': KEY, 'clave.txt': `Bag Attributes\r\n${KEY.replaceAll('\n', '\r\n')}` };
    const folder = put(rig, {
      ...Object.fromEntries([...secret, ...more].map((name) => [name, 'x'])),
      ...keys,
    });
    symlinkSync('.env.local', join(folder, 'settings.txt'));
    // Neither the word alone nor a certificate is a key.
    writeFileSync(join(folder, 'read.js'), 'if (text.includes("-----BEGIN PRIVATE KEY-----")) throw 1');
    writeFileSync(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n');
    const { files, leftOut } = packedFolder(folder);
    expect(files.map(({ path }) => path)).toEqual(['files/ca.pem', 'files/index.js', 'files/read.js']);
    const folders = ['.Git', 'b/.ssh', '.vscode', '.cursor', 'node_modules/.cache'];
    const single = [...secret, ...more].filter((name) => !folders.some((each) => name.startsWith(each)));
    expect([...leftOut].sort()).toEqual([...folders, ...single, ...Object.keys(keys), 'settings.txt'].sort());
  });

  test('links that lead round and round end, and those within the folder are followed', async () => {
    await using rig = new Rig();
    const folder = put(rig, { 'lib/a.js': '1' });
    for (const name of ['round', 'again', 'lib/up']) symlinkSync(folder, join(folder, name));
    symlinkSync(join(folder, 'lib'), join(folder, 'dist'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    expect(paths(folder)).toEqual(['files/dist/a.js', 'files/index.js', 'files/lib/a.js']);
  });

  test.each<[name: string, make: (folder: string) => void, told: string]>([
    ['a file of 3 GiB', (folder) => truncateSync(join(folder, 'index.js'), 3 * 2 ** 30), 'more than 256 MiB'],
    ['a folder behind a link', (folder) => symlinkSync('/', join(folder, 'root')), 'root is a link out of'],
    ['twins', (folder) => writeFileSync(join(folder, 'INDEX.js'), ''), 'are one file on Windows and macOS'],
    ['a device', (folder) => writeFileSync(join(folder, 'con.js'), ''), 'no name that every system has'],
    ['a dot at the end', (folder) => mkdirAnd(folder, 'a./b'), 'no name that every system has'],
    ['a line feed', (folder) => writeFileSync(join(folder, 'a\nb'), ''), 'no name that every system has'],
  ])('%s is refused', async (_, make, told) => {
    await using rig = new Rig();
    const folder = put(rig, {});
    make(folder);
    expect(() => packedFolder(folder)).toThrow(told);
  });

  test('a program stays one', async () => {
    await using rig = new Rig();
    const folder = put(rig, {});
    chmodSync(join(folder, 'index.js'), 0o755);
    expect(packedFolder(folder).files).toMatchObject([{ isProgram: true }]);
  });
});

function mkdirAnd(folder: string, path: string) {
  mkdirSync(dirname(join(folder, path)));
  writeFileSync(join(folder, path), '');
}

const NOWHERE = '/nowhere';
const SECRET = 'hunter2hunter2';

describe('the words of a server', () => {
  test.each<[words: string[], packed: string[]]>([
    [
      ['mcp-x', `postgres://u:${SECRET}@h/db`],
      ['mcp-x', `postgres://u:\${user_config.secret}@h/db`],
    ],
    [
      ['mcp-x', `-p${SECRET}`, `--key=${SECRET}`],
      ['mcp-x', `-p\${user_config.secret}`, `--key=\${user_config.key}`],
    ],
    [
      ['mcp-x', '--url', `https://h/?token=${SECRET}1&api_key=${SECRET}2`],
      ['mcp-x', '--url', `https://h/?token=\${user_config.url}&api_key=\${user_config.url_2}`],
    ],
    [
      ['docker', 'run', '-e', `DB=${SECRET}`, 'x'],
      ['docker', 'run', '-e', `DB=\${user_config.db}`, 'x'],
    ],
    [
      ['mcp-x', `-p${SECRET}`, '--token', SECRET],
      ['mcp-x', `-p\${user_config.secret}`, '--token', `\${user_config.token}`],
    ],
    [
      ['mcp-x', '--config', `{"token": "${SECRET}"}`],
      ['mcp-x', '--config', `{"token": "\${user_config.config}"}`],
    ],
  ])('%j: each secret is asked for by itself, and nothing of it names its question', (words, packed) => {
    const server = packedServer(words, undefined, [], NOWHERE);
    expect(server.words).toEqual(packed);
    expect(JSON.stringify(server).toLowerCase()).not.toContain(SECRET);
    for (const key of Object.keys(server.asked)) expect(packed.join(' ')).toContain(`\${user_config.${key}}`);
  });

  test.each([[['sh', '-c', `TOKEN=${SECRET} mcp-x --port 1`]], [['sh', '-c', `mcp-x --password ${SECRET}`]]])(
    '%j: a secret in a line of a shell is refused',
    (words) => {
      expect(() => packedServer(words, undefined, [], NOWHERE)).toThrow('a secret stands inside of a text');
    },
  );

  test('a file that stays out of the bundle is not named in it', async () => {
    await using rig = new Rig();
    const folder = put(rig, { 'afip.key': KEY, '.env': 'A=1' });
    for (const word of [join(folder, 'afip.key'), `--env-file=${join(folder, '.env')}`])
      expect(() => packedServer(['node', word], folder, [], rig.folder)).toThrow('stays out of bundles');
    expect(packedServer(['node', 'index.js', ''], '.', [], folder).words).toEqual([
      'node',
      `\${__dirname}/files/index.js`,
      '',
    ]);
  });

  test('variables of every name are asked for', () => {
    const variable = (name: string): Variable => ({
      name,
      value: undefined,
      what: '',
      secret: true,
      required: true,
      isFile: false,
    });
    const names = ['__proto__', 'constructor', 'A'];
    const { env, asked } = packedServer(['mcp-x'], undefined, names.map(variable), NOWHERE);
    expect(Object.keys(env)).toEqual(names);
    expect(Object.keys(asked)).toEqual(['__proto__', 'constructor', 'a']);
  });
});
