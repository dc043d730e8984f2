import { describe, expect, test } from 'vitest';
import { install } from '../../../src/cli/commands/install.js';
import { uninstall } from '../../../src/cli/commands/uninstall.js';
import type { InstallOptions } from '../../../src/cli/install/options.js';
import { Home } from '../../clients/home.js';

const DESKTOP = '.config/Claude/claude_desktop_config.json';

async function run(home: Home, options: Partial<InstallOptions> = {}): Promise<number> {
  return await install({ client: 'claude-desktop', entries: [], all: true, yes: true, ...options }, home.io);
}

function entries(home: Home, servers: Record<string, readonly string[]>, file = DESKTOP): string {
  const mcpServers = Object.fromEntries(
    Object.entries(servers).map(([name, [command, ...args]]) => [name, { command, args }]),
  );
  const text = `${JSON.stringify({ mcpServers }, null, 1)}\n`;
  home.put(file, text);
  return text;
}

function optionsOf(home: Home, name: string): string[] {
  const { args } = JSON.parse(home.get(DESKTOP)).mcpServers[name];
  return args.slice(1, args.indexOf('--'));
}

const serverOf = (home: Home, name: string): string | undefined => {
  const options = optionsOf(home, name);
  const at = options.indexOf('--server');
  return at < 0 ? undefined : options[at + 1];
};

describe('the server of an entry is named after the entry', () => {
  test('whatever program it starts; a name that is no file name is made one; the bytes come back', async () => {
    using home = new Home();
    const npx = ['npx', '-y', '@codespar/mcp-afip@alpha'];
    const before = entries(home, { Facturas: npx, 'mi tienda': ['node', 'index.js'], '../x': ['a'] });
    expect(await run(home)).toBe(0);
    expect(['Facturas', 'mi tienda', '../x'].map((name) => serverOf(home, name))).toEqual([
      'facturas',
      'mi-tienda',
      'x',
    ]);
    await uninstall({ client: 'claude-desktop', entries: [], all: true, yes: true }, home.io);
    expect(home.get(DESKTOP)).toBe(before);
  });

  test('its policy is found by that name, else by that of its program', async () => {
    using home = new Home();
    const policy = (name: string) => home.put(`p/${name}.json`, '{ "version": "1", "default": "deny" }');
    const program = policy('mcp-afip');
    home.policies.set('mcp-afip', program);
    entries(home, { facturas: ['mcp-afip'] });
    await run(home);
    expect(optionsOf(home, 'facturas').slice(-2)).toEqual(['--policy', program]);
    const own = policy('facturas');
    home.policies.set('facturas', own);
    entries(home, { facturas: ['mcp-afip'] });
    await run(home);
    expect(optionsOf(home, 'facturas').slice(-2)).toEqual(['--policy', own]);
  });

  test('--server names one entry otherwise, and only one', async () => {
    using home = new Home();
    entries(home, { a: ['mcp-a'], b: ['mcp-b'] });
    await expect(run(home, { server: 'x' })).rejects.toThrow('several entries were chosen');
    await expect(run(home, { server: '../x', all: false, entries: ['a'] })).rejects.toThrow('not a name');
    await run(home, { server: 'x', all: false, entries: ['a'] });
    expect(serverOf(home, 'a')).toBe('x');
    await run(home, { server: 'y', all: false, entries: ['a'] });
    expect(serverOf(home, 'a')).toBe('y');
    expect(home.err).toContain('a: counters, log and approvals begin anew as y; what there is of x stays');
  });

  test('another name for a wrapped entry is refused in the shell of an agent', async () => {
    using home = new Home();
    entries(home, { a: ['mcp-a'] });
    await run(home);
    home.env.AGENT = '1';
    await expect(run(home, { server: 'fresh' })).rejects.toThrow('is for a person');
  });
});

describe('G4: counters and policy do not become fresh in silence', () => {
  test('an entry that was wrapped before keeps the name that it has, or had from its program', async () => {
    using home = new Home();
    const { node, script } = home.wrapper;
    entries(home, {
      afip: [node, script, '--server', 'mcp-afip', '--', 'npx', '@codespar/mcp-afip'],
      legiti: [node, script, '--observe', '--', 'mcp-legiti'],
    });
    await run(home);
    expect(serverOf(home, 'afip')).toBe('mcp-afip');
    expect(serverOf(home, 'legiti')).toBeUndefined();
    home.err = '';
    await run(home);
    expect(home.err).toContain(
      'afip: wrapped already, as mcp-afip: its policy, counters and log are kept under that name\n',
    );
    expect(home.err).toContain('legiti: wrapped already, as mcp-legiti');
  });

  test('a new entry for a program that the database knows says so, and --server goes on with it', async () => {
    using home = new Home();
    home.known = ['mcp-afip'];
    const before = entries(home, { afip: ['npx', '@codespar/mcp-afip'] });
    await run(home);
    expect(home.err).toContain(
      'afip: counters, log and approvals begin anew as afip; what there is of mcp-afip stays there (--server mcp-afip goes on with it)\n',
    );
    expect(serverOf(home, 'afip')).toBe('afip');
    home.put(DESKTOP, before);
    home.err = '';
    await run(home, { server: 'mcp-afip' });
    expect(home.err).not.toContain('anew');
    expect(serverOf(home, 'afip')).toBe('mcp-afip');
  });

  test('equal names for different commands are said, and one command under two names', async () => {
    using home = new Home();
    for (const name of ['shop', 'tienda'])
      home.policies.set(name, home.put(`p/${name}.json`, '{ "version": "1", "default": "deny" }'));
    entries(home, { shop: ['npx', 'tsx', '/srv/a/index.ts'] });
    await run(home);
    expect(home.err).not.toContain('under');
    entries(home, { shop: ['npx', 'tsx', '/srv/b/index.ts'] }, '.cursor/mcp.json');
    await run(home, { client: 'cursor' });
    expect(home.err).toContain('start different servers under one name, shop: they share one policy');
    home.err = '';
    entries(home, { tienda: ['npx', 'tsx', '/srv/a/index.ts'] }, '.cursor/mcp.json');
    await run(home, { client: 'cursor' });
    expect(home.err).toContain(
      'tienda in Cursor and shop in Claude Desktop start one server under two names, tienda and shop',
    );
    expect(home.err).toMatch(/To change that, install tienda in Cursor again with --server shop\.\n/);
  });
});
