import { expect, test } from 'vitest';
import { clients } from '../../../src/cli/commands/clients.js';
import { Home } from '../../clients/home.js';

function filled(): Home {
  const home = new Home();
  const { node, script } = home.wrapper;
  home.put(
    '.config/Claude/claude_desktop_config.json',
    JSON.stringify({
      mcpServers: {
        afip: {
          command: node,
          args: [script, '--server', 'afip', '--', 'npx', '-y', '@codespar/mcp-afip@alpha'],
          env: { AFIP_TOKEN: 's3cret' },
        },
        old: { command: '/gone/node', args: [script, '--', 'mcp-old'] },
      },
    }),
  );
  home.put(
    '.cursor/mcp.json',
    JSON.stringify({
      mcpServers: {
        taxes: { command: 'mcp-afip', args: ['--token', 's3cret'] },
        web: { url: 'https://u:s3cret@x.example' },
        odd: { args: [] },
        'bell\u0007': { command: 'policy-wrap' },
      },
    }),
  );
  home.put('.codex/config.toml', 'x = \n');
  home.put('.gemini/settings.json', '{}');
  return home;
}

test('the table', async () => {
  using home = filled();
  expect(await clients({}, home.io)).toBe(0);
  expect(home.out.replaceAll(home.root, '~')).toBe(
    `Claude Desktop  ~/.config/Claude/claude_desktop_config.json  (user)
  afip  wrapped                      npx -y @codespar/mcp-afip@alpha
  old   wrapped, drifted: node-gone  mcp-old

Cursor  ~/.cursor/mcp.json  (user)
  taxes      not wrapped; the same server is wrapped in claude-desktop  mcp-afip --token ***
  web        a remote server that cannot be wrapped in place: its address holds a secret, which a command line shows to other users of this machine  https://u:***@x.example
  odd        cannot be wrapped: no \`command\`
  bell\\u{7}  starts policy-wrap without \`--\` before a server  policy-wrap

Gemini CLI  ~/.gemini/settings.json  (user)
  no servers

Codex  ~/.codex/config.toml  (user)
  cannot be read: ~/.codex/config.toml:1:5: ${home.out.split('toml:1:5: ')[1]?.trimEnd()}
`,
  );
});

test('where nothing is, the places that were looked at are named', async () => {
  using home = new Home();
  expect(await clients({}, home.io)).toBe(0);
  expect(home.out).toMatch(/^No client configuration found\. Looked for:\n/);
  expect(home.out).toContain('~/.config/Claude/claude_desktop_config.json\n');
});

test('--json has the same, with a version, and no secret', async () => {
  using home = filled();
  await clients({ json: true }, home.io);
  const { version, places } = JSON.parse(home.out);
  expect(version).toBe(1);
  expect(
    places.map(({ client, entries }: { client: string; entries: { name: string; status: string }[] }) => [
      client,
      ...entries.map(({ name, status }) => `${name} ${status}`),
    ]),
  ).toEqual([
    ['claude-desktop', 'afip wrapped', 'old drifted'],
    ['cursor', 'taxes not-wrapped', 'web remote', 'odd unusable', 'bell\u0007 broken'],
    ['gemini'],
    ['codex'],
  ]);
  expect(places[0].entries[0]).toMatchObject({
    env: ['AFIP_TOKEN'],
    command: ['npx', '-y', '@codespar/mcp-afip@alpha'],
    wrapper: { how: 'installed', options: ['--server', 'afip'], drift: [] },
  });
  expect(places[1].entries[0].wrappedElsewhere).toMatchObject([{ client: 'claude-desktop', name: 'afip' }]);
  expect(home.out).not.toContain('s3cret');
});

test('a machine without any client', async () => {
  using home = new Home();
  await clients({}, home.io);
  expect(home.out).toMatch(
    /^No client configuration found\. [\s\S]* policy-wrap install --print --add <name> -- <command>\n$/,
  );
});
