import { describe, expect, test } from 'vitest';
import { KNOWN_SERVERS, knownServer } from '../../src/catalog/servers.js';
import { STAND_IN_KINDS } from '../../src/catalog/stand-in/server.js';
import { serverName } from '../../src/upstream/server-name.js';

describe('knownServer', () => {
  test.each(KNOWN_SERVERS)('$command is found by its name, its package and its path', (server) => {
    expect(knownServer(server.command)).toBe(server);
    expect(knownServer(serverName(['npx', '-y', `${server.packageName}@${server.version}`]))).toBe(server);
    expect(knownServer(serverName([`/usr/local/bin/${server.command}`]))).toBe(server);
  });

  test.each(['/usr/bin/mcp-afip', 'mcp-afip.cmd', 'MCP-AFIP', '', '__proto__', 'constructor'])(
    '%j is none',
    (command) => {
      expect(knownServer(command)).toBeUndefined();
    },
  );

  test.each(KNOWN_SERVERS)('$command simulates no tool that it does not have', ({ tools, simulate }) => {
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(simulate())));
    expect(new Set(names).size).toBe(names.length);
  });

  test('every one has a stand-in under its name', () => {
    expect(STAND_IN_KINDS).toEqual([...KNOWN_SERVERS.map(({ name }) => name), 'demo']);
    expect(new Set(STAND_IN_KINDS).size).toBe(KNOWN_SERVERS.length + 1);
  });

  test('pins one version each and marks what must stay secret', () => {
    for (const { version, environment } of KNOWN_SERVERS) {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/);
      for (const { name, secret } of environment) expect(secret).toBe(/KEY/.test(name));
    }
  });
});
