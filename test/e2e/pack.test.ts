import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import schema from '@anthropic-ai/mcpb/mcpb-manifest-v0.3.schema.json' with { type: 'json' };
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { Ajv } from 'ajv';
import { unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { command } from '../support/command.js';
import { BIN, type Message, RECORDER, Rig } from '../support/rig.js';

const POLICY = {
  version: '1',
  default: 'deny',
  tools: {
    echo: {
      deny_if: [{ conditions: [{ path: 'args.text', op: 'regex', value: '^no' }], on_deny: 'not this' }],
    },
  },
};

/** By the format's own schema. */
const fits = new Ajv({ strict: false, validateFormats: false }).compile(schema);

/** A folder with a server in it, and a policy beside it. */
function scene(rig: Rig): { server: string; policy: string } {
  const folder = join(rig.folder, 'my server');
  mkdirSync(folder);
  const server = join(folder, 'recorder.mjs');
  writeFileSync(server, readFileSync(RECORDER));
  writeFileSync(join(folder, '.env'), 'TOKEN=never');
  return { server, policy: rig.file('policy.json', `// mine\n${JSON.stringify(POLICY)}`) };
}

const unpacked = (path: string) => unzipSync(new Uint8Array(readFileSync(path)));
const manifestIn = (files: Record<string, Uint8Array>): Message =>
  JSON.parse(new TextDecoder().decode(files['manifest.json']));

/** Starts a bundle as a client does: its files in a folder, the answers filled in. */
async function started(rig: Rig, bundle: string, answers: Readonly<Record<string, string>> = {}) {
  const files = unpacked(bundle);
  const folder = join(rig.folder, 'installed');
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const { command: program, args, env } = manifestIn(files).server.mcp_config;
  const filled = (text: string) =>
    text
      .replaceAll(`\${__dirname}`, folder)
      .replace(/\$\{user_config\.(\w+)\}/g, (_, key: string) => answers[key] ?? `no answer for ${key}`);
  const client = new Client({ name: 'desktop', version: '1' });
  const said: string[] = [];
  const transport = new StdioClientTransport({
    stderr: 'pipe',
    command: program === 'node' ? process.execPath : program,
    args: args.map(filled),
    env: {
      ...(rig.env() as Record<string, string>),
      ...Object.fromEntries(Object.entries(env as Record<string, string>).map(([k, v]) => [k, filled(v)])),
      // A bundle has no addon: before Node 22.13 it needs this one.
      NODE_PATH: join(dirname(dirname(BIN)), 'node_modules'),
    },
  });
  transport.stderr?.on('data', (chunk) => said.push(String(chunk)));
  await client.connect(transport);
  return { client, stderr: () => said.join('') };
}

test('G6: a bundle starts its server under its policy: one call passes, one is refused', async () => {
  await using rig = new Rig();
  const { server, policy } = scene(rig);
  const out = join(rig.folder, 'x.mcpb');
  const options = JSON.stringify({ tools: ['echo', 'rm'] });
  const words = ['pack', '--policy', policy, '--files', dirname(server), '-o', out, '--env', 'API_TOKEN'];
  const { code, stdout, stderr } = await command(rig, [
    ...words,
    '--server',
    'recorder',
    '--',
    'node',
    server,
    options,
  ]);
  expect(stderr).toBe('');
  expect([code, stdout.replace(out, 'OUT')]).toEqual([
    0,
    expect.stringContaining('OUT: recorder under its policy'),
  ]);
  expect(stdout).toContain('It asks for API_TOKEN');
  const files = unpacked(out);
  const manifest = manifestIn(files);
  expect(fits(manifest), JSON.stringify(fits.errors)).toBe(true);
  expect(Object.keys(files)).toContain(manifest.server.entry_point);
  expect(Object.keys(files)).not.toContain('files/.env');
  expect(new TextDecoder().decode(files['policy/policy.json'])).toContain('// mine');
  expect(manifest.user_config.api_token).toMatchObject({ sensitive: true, required: true, type: 'string' });
  expect(JSON.stringify(manifest)).not.toContain(rig.folder);

  const { client, stderr: told } = await started(rig, out, { api_token: 'x' });
  try {
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'rm']);
    expect((await client.callTool({ name: 'echo', arguments: { text: 'yes' } })).isError).toBeFalsy();
    const refused = await client.callTool({ name: 'echo', arguments: { text: 'no way' } });
    expect(refused).toMatchObject({
      isError: true,
      _meta: { 'policy-wrap/decision': { code: 'DENY_IF' } },
    });
    const unlisted = await client.callTool({ name: 'rm', arguments: {} });
    expect(unlisted._meta).toMatchObject({ 'policy-wrap/decision': { code: 'NOT_LISTED' } });
    // No command edits a bundle's policy: none is named.
    await expect
      .poll(told, { timeout: 10_000 })
      .toContain('rm was refused (NOT_LISTED); its policy came in a bundle: pack the bundle anew');
    expect(told()).not.toContain('policy-wrap allow');
  } finally {
    await client.close();
  }
  const denied = (await command(rig, ['log', '--denied'])).stdout.replace(/\s+/g, ' ');
  expect(denied).toContain('recorder rm NOT_LISTED 1 call pack the bundle anew with another policy');
  expect(denied).toContain('recorder echo DENY_IF 1 call correct the call, or pack the bundle anew');
  expect(denied).not.toContain('policy-wrap allow');
});

test('the same bundle has the same bytes, at another time, in another zone and from another folder', async () => {
  await using rig = new Rig();
  const { server, policy } = scene(rig);
  const packed = async (name: string, TZ: string) => {
    const args = ['pack', '--policy', policy, '--files', dirname(server), '-o', name, '--', 'node', server];
    const { code, stderr } = await command(rig, args, { TZ });
    expect([code, stderr]).toEqual([0, '']);
    return readFileSync(join(rig.folder, name));
  };
  const [one, two] = [await packed('a.mcpb', 'UTC'), await packed('b.mcpb', 'Asia/Kathmandu')];
  expect(one.equals(two)).toBe(true);
  expect(one.length).toBeLessThan(3 << 20);
  expect((await command(rig, ['pack', '--policy', policy, '-o', 'a.mcpb', '--', 'mcp-x'])).code).toBe(1);
});

describe('secrets never stand in a bundle', () => {
  const SECRET = 'sk-abcdefgh12345678';
  test.each<[words: string[], key: string]>([
    [['--', 'npx', '-y', 'mcp-x@1.0.0', '--api-key', SECRET], 'api_key'],
    [['--', 'npx', '-y', 'mcp-x@1.0.0', `--api-key=${SECRET}`], 'api_key'],
    [['--url', `https://mcp.example.com/mcp?token=${SECRET}`], 'url'],
  ])('%j', async (words, key) => {
    await using rig = new Rig();
    const { policy } = scene(rig);
    const { code, stderr } = await command(rig, ['pack', '--policy', policy, '-o', 'x.mcpb', ...words]);
    expect([code, stderr]).toEqual([0, '']);
    const files = unpacked(join(rig.folder, 'x.mcpb'));
    for (const bytes of Object.values(files)) expect(Buffer.from(bytes).includes(SECRET)).toBe(false);
    const manifest = manifestIn(files);
    expect(fits(manifest), JSON.stringify(fits.errors)).toBe(true);
    expect(manifest.user_config[key]).toMatchObject({ sensitive: true });
    expect(manifest.server.mcp_config.args.join(' ')).toContain(`\${user_config.${key}}`);
  });

  test('the variable of a header is asked for', async () => {
    await using rig = new Rig();
    const { policy } = scene(rig);
    const words = ['--url', 'https://mcp.example.com/mcp', '--header-env', 'Authorization=MCP_TOKEN'];
    expect((await command(rig, ['pack', '--policy', policy, '-o', 'x.mcpb', ...words])).code).toBe(0);
    const { server, user_config } = manifestIn(unpacked(join(rig.folder, 'x.mcpb')));
    expect(server.mcp_config.env).toEqual({ MCP_TOKEN: `\${user_config.mcp_token}` });
    expect(user_config.mcp_token).toMatchObject({ sensitive: true, required: true });
  });

  test('a known server asks for what it needs', async () => {
    await using rig = new Rig();
    const { code } = await command(rig, ['pack', '--preset', 'afip', '-o', 'x.mcpb', '--', 'mcp-afip']);
    expect(code).toBe(0);
    const manifest = manifestIn(unpacked(join(rig.folder, 'x.mcpb')));
    expect(manifest.user_config.afip_key_path).toMatchObject({ type: 'file', required: true });
    expect(manifest.server.mcp_config.env.AFIP_CUIT).toBe(`\${user_config.afip_cuit}`);
  });
});

test.each([
  [['npx', '-y', '@a/some-mcp@latest'], true],
  [['npx', '-y', '@a/some-mcp@1.2.3'], false],
  [['uvx', 'some-mcp==1.2'], false],
])('a package without a version is told: %j', async (words, told) => {
  await using rig = new Rig();
  const { policy } = scene(rig);
  const { stdout } = await command(rig, ['pack', '--policy', policy, '-o', 'x.mcpb', '--', ...words]);
  expect(stdout.includes('names no version of')).toBe(told);
});

test.each<[args: string[], code: number, told: string]>([
  [['--env', 'API_TOKEN=abc', '--', 'mcp-x'], 2, '--env API_TOKEN: its value would stand in the bundle'],
  [['--env', `A=\${HOME}`, '--', 'mcp-x'], 2, '--env A: its value would stand in the bundle'],
  [['--', 'mcp-x', `\${HOME}/x`], 2, 'a client would fill this in'],
  [['--', 'node', './my server/recorder.mjs'], 2, 'is a file of this machine alone'],
  [
    ['--files', 'empty', '--', 'node', './my server/recorder.mjs'],
    2,
    'empty, which --files names: name the folder that holds it',
  ],
  [['--files', 'nowhere', '--', 'mcp-x'], 2, 'is no folder that can be read'],
  [['--bundle-version', 'new', '--', 'mcp-x'], 2, 'a version like 1.0.0 is needed'],
  [['--policy', 'layer.json', '--', 'mcp-x'], 2, 'a bundle holds one policy file'],
  [['--policy', 'shared.json', '--', 'mcp-x'], 2, 'counts in the store of sales'],
  [['--server', `\${user_config.x}`, '--', 'mcp-x'], 2, 'a client would fill this in'],
  [['--policy', 'wrong.json', '--', 'mcp-x'], 3, 'UNKNOWN_KEY'],
  [['--files', 'linked', '--', 'mcp-x'], 2, 'key.txt is a link out of the folder'],
  [['--files', 'odd', '--', 'mcp-x'], 2, 'is no name that every system has'],
  [[], 2, 'no server to pack'],
])('pack %j is refused, and makes nothing', async (args, code, told) => {
  await using rig = new Rig();
  const { policy } = scene(rig);
  rig.file('layer.json', { version: '1', default: 'deny', extends: policy });
  rig.file('shared.json', { version: '1', default: 'deny', store: 'sales' });
  for (const name of ['linked', 'odd', 'empty']) mkdirSync(join(rig.folder, name));
  symlinkSync(policy, join(rig.folder, 'linked', 'key.txt'));
  writeFileSync(join(rig.folder, 'odd', '..\\evil.js'), '');
  rig.file('wrong.json', { version: '1', default: 'deny', nonsense: 1 });
  const own = args.includes('--policy') ? [] : ['--policy', policy];
  const result = await command(rig, ['pack', ...own, '-o', 'x.mcpb', ...args]);
  expect(result.stderr).toContain(told);
  expect(result.code).toBe(code);
  expect(existsSync(join(rig.folder, 'x.mcpb'))).toBe(false);
});
