import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CLIENTS, clientById, SNIPPET_CLIENTS } from '../../src/clients/known-clients.js';
import type { Machine } from '../../src/clients/machine.js';
import { isRunning } from '../../src/clients/running-apps.js';

const FOLDERS: Record<string, string[]> = {
  'C:\\Users\\ana\\AppData\\Local\\Packages': ['Claude_pzs8sxrjxfjjc', 'Microsoft.Paint_8wekyb3d8bbwe'],
  '/home/ana/.config/Code/User/profiles': ['-1a2b3c'],
};

function machine(platform: NodeJS.Platform, env: Record<string, string> = {}): Machine {
  const home = platform === 'win32' ? 'C:\\Users\\ana' : platform === 'darwin' ? '/Users/ana' : '/home/ana';
  const cwd = platform === 'win32' ? 'C:\\srv\\shop' : '/srv/shop';
  return {
    platform,
    home,
    cwd,
    env,
    list: (folder) => FOLDERS[folder] ?? [],
    exists: (path) => THERE.has(path),
  };
}

/** Files of which a client may have others as well, or instead. */
const THERE = new Set([
  '/srv/with/opencode.jsonc',
  '/srv/with/.opencode/opencode.json',
  '/home/ana/.config/VSCodium/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json',
  '/home/ana/.config/kilo/kilo.json',
  '/home/ana/.kilocode/cli/global/settings/mcp_settings.json',
]);

const MAC = machine('darwin');
const WIN = machine('win32', {
  APPDATA: 'C:\\Users\\ana\\AppData\\Roaming',
  LOCALAPPDATA: 'C:\\Users\\ana\\AppData\\Local',
});
const LINUX = machine('linux');

const PLACES: readonly [client: string, on: Machine, places: readonly string[]][] = [
  [
    'claude-desktop',
    MAC,
    ['user /Users/ana/Library/Application Support/Claude/claude_desktop_config.json mcpServers'],
  ],
  [
    'claude-desktop',
    WIN,
    [
      'user C:\\Users\\ana\\AppData\\Roaming\\Claude\\claude_desktop_config.json mcpServers',
      'user C:\\Users\\ana\\AppData\\Local\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json mcpServers MSIX',
    ],
  ],
  [
    'claude-desktop',
    machine('win32'),
    [
      'user C:\\Users\\ana\\AppData\\Roaming\\Claude\\claude_desktop_config.json mcpServers',
      'user C:\\Users\\ana\\AppData\\Local\\Packages\\Claude_pzs8sxrjxfjjc\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json mcpServers MSIX',
    ],
  ],
  ['claude-desktop', LINUX, ['user /home/ana/.config/Claude/claude_desktop_config.json mcpServers']],
  [
    'claude-desktop',
    machine('linux', { XDG_CONFIG_HOME: '/xdg' }),
    ['user /xdg/Claude/claude_desktop_config.json mcpServers'],
  ],
  [
    'claude-code',
    LINUX,
    [
      'user /home/ana/.claude.json mcpServers',
      'project /srv/shop/.mcp.json mcpServers',
      'local /home/ana/.claude.json projects.<project>.mcpServers',
    ],
  ],
  [
    'claude-code',
    machine('win32', { CLAUDE_CONFIG_DIR: 'D:\\claude' }),
    [
      'user D:\\claude\\.claude.json mcpServers',
      'project C:\\srv\\shop\\.mcp.json mcpServers',
      'local D:\\claude\\.claude.json projects.<project>.mcpServers',
    ],
  ],
  [
    'cursor',
    WIN,
    [
      'user C:\\Users\\ana\\.cursor\\mcp.json mcpServers',
      'project C:\\srv\\shop\\.cursor\\mcp.json mcpServers',
    ],
  ],
  [
    'vscode',
    MAC,
    [
      'user /Users/ana/Library/Application Support/Code/User/mcp.json servers',
      'project /srv/shop/.vscode/mcp.json servers',
    ],
  ],
  [
    'vscode',
    LINUX,
    [
      'user /home/ana/.config/Code/User/mcp.json servers',
      'user /home/ana/.config/Code/User/profiles/-1a2b3c/mcp.json servers profile',
      'project /srv/shop/.vscode/mcp.json servers',
    ],
  ],
  [
    'vscode',
    WIN,
    [
      'user C:\\Users\\ana\\AppData\\Roaming\\Code\\User\\mcp.json servers',
      'project C:\\srv\\shop\\.vscode\\mcp.json servers',
    ],
  ],
  ['windsurf', MAC, ['user /Users/ana/.codeium/windsurf/mcp_config.json mcpServers']],
  [
    'gemini',
    LINUX,
    ['user /home/ana/.gemini/settings.json mcpServers', 'project /srv/shop/.gemini/settings.json mcpServers'],
  ],
  [
    'codex',
    MAC,
    ['user /Users/ana/.codex/config.toml mcp_servers', 'project /srv/shop/.codex/config.toml mcp_servers'],
  ],
  [
    'codex',
    machine('linux', { CODEX_HOME: '/srv/codex' }),
    ['user /srv/codex/config.toml mcp_servers', 'project /srv/shop/.codex/config.toml mcp_servers'],
  ],
  [
    'copilot-cli',
    LINUX,
    ['user /home/ana/.copilot/mcp-config.json mcpServers', 'project /srv/shop/.github/mcp.json mcpServers'],
  ],
  [
    'copilot-cli',
    machine('linux', { COPILOT_HOME: '/srv/copilot' }),
    ['user /srv/copilot/mcp-config.json mcpServers', 'project /srv/shop/.github/mcp.json mcpServers'],
  ],
  [
    'opencode',
    MAC,
    ['user /Users/ana/.config/opencode/opencode.json mcp', 'project /srv/shop/opencode.json mcp'],
  ],
  [
    'opencode',
    { ...machine('linux', { XDG_CONFIG_HOME: '/xdg' }), cwd: '/srv/with' },
    [
      'user /xdg/opencode/opencode.json mcp',
      'project /srv/with/opencode.jsonc mcp',
      'project /srv/with/.opencode/opencode.json mcp',
    ],
  ],
  [
    'cline',
    WIN,
    [
      'user C:\\Users\\ana\\AppData\\Roaming\\Code\\User\\globalStorage\\saoudrizwan.claude-dev\\settings\\cline_mcp_settings.json mcpServers extension',
      'user C:\\Users\\ana\\.cline\\data\\settings\\cline_mcp_settings.json mcpServers CLI',
    ],
  ],
  [
    'cline',
    machine('linux', { CLINE_DIR: '/srv/cline' }),
    [
      'user /home/ana/.config/VSCodium/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json mcpServers extension',
      'user /srv/cline/data/settings/cline_mcp_settings.json mcpServers CLI',
    ],
  ],
  [
    'zed',
    MAC,
    [
      'user /Users/ana/.config/zed/settings.json context_servers',
      'project /srv/shop/.zed/settings.json context_servers',
    ],
  ],
  [
    'zed',
    WIN,
    [
      'user C:\\Users\\ana\\AppData\\Roaming\\Zed\\settings.json context_servers',
      'project C:\\srv\\shop\\.zed\\settings.json context_servers',
    ],
  ],
  [
    'kiro',
    LINUX,
    [
      'user /home/ana/.kiro/settings/mcp.json mcpServers',
      'project /srv/shop/.kiro/settings/mcp.json mcpServers',
    ],
  ],
  [
    'qwen',
    LINUX,
    [
      'user /home/ana/.qwen/settings.json mcpServers',
      'project /srv/shop/.qwen/settings.json mcpServers',
      'local /srv/shop/.qwen/settings.local.json mcpServers',
    ],
  ],
  [
    'kilo',
    LINUX,
    [
      'user /home/ana/.config/kilo/kilo.json mcp',
      'user /home/ana/.kilocode/cli/global/settings/mcp_settings.json mcpServers earlier versions',
      'project /srv/shop/kilo.jsonc mcp',
      'project /srv/shop/.kilocode/mcp.json mcpServers earlier versions',
    ],
  ],
  [
    'goose',
    MAC,
    [
      'user /Users/ana/.config/goose/config.yaml extensions',
      'project /srv/shop/.goose/config.yaml extensions',
    ],
  ],
  [
    'goose',
    WIN,
    [
      'user C:\\Users\\ana\\AppData\\Roaming\\Block\\goose\\config\\config.yaml extensions',
      'project C:\\srv\\shop\\.goose\\config.yaml extensions',
    ],
  ],
];

test.each(PLACES)('%s keeps its servers where it does', (id, on, expected) => {
  const places = clientById(id)
    ?.places(on)
    .map(({ scope, path, at, variant }) =>
      [scope, path, at.map((key) => (typeof key === 'string' ? key : '<project>')).join('.'), variant]
        .filter(Boolean)
        .join(' '),
    );
  expect(places).toEqual(expected);
});

test('every client has its places above, its own id, its files and its line in docs/clients.md', () => {
  const ids = CLIENTS.map(({ id }) => id);
  expect([...new Set(PLACES.map(([id]) => id))].sort()).toEqual([...ids].sort());
  const all = [...ids, ...SNIPPET_CLIENTS.map(({ id }) => id)];
  expect(all.filter((id, at) => all.indexOf(id) !== at)).toEqual([]);
  const fixtures = readdirSync('test/fixtures/clients');
  const table = readFileSync('docs/clients.md', 'utf8');
  for (const id of ids) {
    expect(fixtures.filter((name) => name.startsWith(`${id}.`))).toHaveLength(2);
    expect(table).toMatch(new RegExp(`^\\| .*\`policy-wrap install ${id} `, 'm'));
  }
});

test.each(['README.md', 'README.es.md', 'README.pt-BR.md'])(
  '%s names every client, and counts them',
  (path) => {
    const readme = readFileSync(path, 'utf8');
    const [, count, names = ''] = /\[(\d+) client\w+\]\([^)]*\): ([^.]*)\./.exec(readme) ?? [];
    expect(Number(count)).toBe(CLIENTS.length);
    expect(names.split(/, | (?:and|y|e) /)).toEqual(CLIENTS.map(({ name }) => name));
  },
);

describe('isRunning', () => {
  test.each<[string, string[]]>([
    ['/Applications/Claude.app/Contents/MacOS/Claude', ['claude-desktop']],
    ['/usr/lib/claude-desktop/claude-desktop --type=renderer', ['claude-desktop']],
    ['claude --resume', ['claude-code']],
    ['/home/ana/.local/bin/claude', ['claude-code']],
    ['node /usr/local/bin/claude --print', ['claude-code']],
    // The two apps share an image name on Windows; a warning too many does no harm.
    ['claude.exe', ['claude-desktop', 'claude-code']],
    ['Claude.exe', ['claude-desktop']],
    ['/Applications/Cursor.app/Contents/MacOS/Cursor', ['cursor']],
    ['/usr/share/cursor/cursor --no-sandbox', ['cursor']],
    ['/Applications/Visual Studio Code.app/Contents/MacOS/Electron', ['vscode']],
    ['/usr/share/code/code --type=zygote', ['vscode']],
    ['Code.exe', ['vscode']],
    ['/usr/share/windsurf/windsurf', ['windsurf']],
    ['node /usr/bin/gemini', ['gemini']],
    ['/usr/bin/codex exec x', ['codex']],
    ['/usr/local/bin/copilot -p x', ['copilot-cli']],
    ['node /usr/bin/opencode', ['opencode']],
    ['cline task', ['cline']],
    ['/Applications/Zed.app/Contents/MacOS/zed', ['zed']],
    ['/usr/lib/zed-editor --foo', ['zed']],
    ['kiro-cli chat', ['kiro']],
    ['qwen', ['qwen']],
    ['kilo run', ['kilo']],
    ['/usr/bin/goose session', ['goose']],
    ['vim /home/ana/.claude.json', []],
    ['node /srv/claude/server.js', []],
    ['/usr/bin/encode x', []],
    ['bash', []],
  ])('%s', (command, ids) => {
    expect(CLIENTS.filter((client) => isRunning(client, [command])).map(({ id }) => id)).toEqual(ids);
  });
});

test('those that write their file while they run are known: what is changed meanwhile they would undo', () => {
  expect(CLIENTS.filter(({ rewrites }) => rewrites).map(({ id }) => id)).toEqual([
    'claude-desktop',
    'claude-code',
  ]);
});
