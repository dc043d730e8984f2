import { describe, expect, test } from 'vitest';
import { KNOWN_SERVERS, knownServer } from '../../src/catalog/servers.js';
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

  test('pins one version each and marks what must stay secret', () => {
    for (const { version, environment } of KNOWN_SERVERS) {
      expect(version).toMatch(/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/);
      for (const { name, secret } of environment) expect(secret).toBe(/KEY/.test(name));
    }
  });
});
