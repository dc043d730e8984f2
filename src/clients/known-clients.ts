import { type Format, LENIENT, SHAPES, type Shape, STRICT, type Tolerance } from './file-shapes.js';
import { type Machine, pathsOf } from './machine.js';

export type Scope = 'user' | 'local' | 'project';

/** Claude Code keeps local servers under the project's own path; which key that is depends on the file. */
export interface ProjectKey {
  readonly project: string;
}

/** One file, and where in it, a client keeps servers. */
export interface Place {
  readonly scope: Scope;
  readonly path: string;
  readonly at: readonly (string | ProjectKey)[];
  /** Why there is a second file for the same scope: a packaged (MSIX) install, or an editor profile. */
  readonly variant?: 'MSIX' | 'profile';
}

export interface Client {
  readonly id: string;
  readonly name: string;
  readonly format: Format;
  readonly shape: Shape;
  readonly tolerance: Tolerance;
  /** In the order in which the client prefers them, least first. */
  places(machine: Machine): Place[];
  /** The client writes this file itself, from memory, and undoes what was changed while it ran. */
  readonly rewrites: boolean;
  /** Matched against whole command lines (image names on Windows). */
  readonly process: RegExp;
  readonly restart: string;
}

/** Starts of a command line: a program of this name, or Node running a script of this name. */
function program(names: string): RegExp {
  return new RegExp(
    `^(?:\\S*[/\\\\])?(?:node(?:\\.exe)?\\s+\\S*[/\\\\])?(?:${names})(?:\\.exe|\\.js)?(?:\\s|$)`,
  );
}

function userFolder(machine: Machine, name: { mac: string; win: string; linux: string }): string {
  const { join } = pathsOf(machine);
  switch (machine.platform) {
    case 'darwin':
      return join(machine.home, 'Library', 'Application Support', name.mac);
    case 'win32':
      return join(machine.env.APPDATA || join(machine.home, 'AppData', 'Roaming'), name.win);
    default:
      return join(machine.env.XDG_CONFIG_HOME || join(machine.home, '.config'), name.linux);
  }
}

function userAndProject(shape: Shape, user: string[], project: string[]): (machine: Machine) => Place[] {
  return (machine) => {
    const { join } = pathsOf(machine);
    return [
      { scope: 'user', path: join(machine.home, ...user), at: shape.at },
      { scope: 'project', path: join(machine.cwd, ...project), at: shape.at },
    ];
  };
}

function claudeDesktop(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const file = 'claude_desktop_config.json';
  const at = SHAPES.mcpServers.at;
  const folder = userFolder(machine, { mac: 'Claude', win: 'Claude', linux: 'Claude' });
  const places: Place[] = [{ scope: 'user', path: join(folder, file), at }];
  if (machine.platform !== 'win32') return places;
  // A packaged install silently reads this file in place of the one above.
  const packages = join(machine.env.LOCALAPPDATA || join(machine.home, 'AppData', 'Local'), 'Packages');
  for (const name of machine.list(packages)) {
    if (!name.startsWith('Claude_')) continue;
    const path = join(packages, name, 'LocalCache', 'Roaming', 'Claude', file);
    places.push({ scope: 'user', path, at, variant: 'MSIX' });
  }
  return places;
}

function claudeCode(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const own = join(machine.env.CLAUDE_CONFIG_DIR || machine.home, '.claude.json');
  const at = SHAPES.mcpServers.at;
  return [
    { scope: 'user', path: own, at },
    { scope: 'project', path: join(machine.cwd, '.mcp.json'), at },
    { scope: 'local', path: own, at: ['projects', { project: machine.cwd }, ...at] },
  ];
}

function vsCode(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const user = join(userFolder(machine, { mac: 'Code', win: 'Code', linux: 'Code' }), 'User');
  const at = SHAPES.servers.at;
  const profiles = machine.list(join(user, 'profiles')).map(
    (name): Place => ({
      scope: 'user',
      path: join(user, 'profiles', name, 'mcp.json'),
      at,
      variant: 'profile',
    }),
  );
  return [
    { scope: 'user', path: join(user, 'mcp.json'), at },
    ...profiles,
    { scope: 'project', path: join(machine.cwd, '.vscode', 'mcp.json'), at },
  ];
}

function codex(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const at = SHAPES.mcp_servers.at;
  return [
    { scope: 'user', path: join(machine.env.CODEX_HOME || join(machine.home, '.codex'), 'config.toml'), at },
    { scope: 'project', path: join(machine.cwd, '.codex', 'config.toml'), at },
  ];
}

/**
 * The clients whose files are edited in place, a row each. `LENIENT` also stands for "not documented": a comment that is
 * already there is kept, and only a client known to choke on it is reason to stop.
 */
export const CLIENTS: readonly Client[] = [
  {
    id: 'claude-desktop',
    name: 'Claude Desktop',
    format: 'json',
    shape: SHAPES.mcpServers,
    tolerance: STRICT,
    places: claudeDesktop,
    rewrites: true,
    process: /\/Claude\.app\/Contents\/MacOS\/|^Claude\.exe|(?:^|\/)claude-desktop(?:[/\s]|$)/i,
    restart: 'Quit Claude Desktop fully (closing its window is not enough) and open it again.',
  },
  {
    id: 'claude-code',
    name: 'Claude Code',
    format: 'json',
    shape: { ...SHAPES.mcpServers, fixed: { type: 'stdio' } },
    tolerance: STRICT,
    places: claudeCode,
    rewrites: true,
    process: program('claude'),
    restart: 'Start a new Claude Code session.',
  },
  {
    id: 'cursor',
    name: 'Cursor',
    format: 'json',
    shape: SHAPES.mcpServers,
    tolerance: LENIENT,
    places: userAndProject(SHAPES.mcpServers, ['.cursor', 'mcp.json'], ['.cursor', 'mcp.json']),
    rewrites: false,
    process: /\/Cursor\.app\/|^(?:\S*\/)?cursor(?:\.exe|\.AppImage)?(?:\s|$)/i,
    restart: 'Switch the server off and on in the MCP settings of Cursor, or restart it.',
  },
  {
    id: 'vscode',
    name: 'VS Code',
    format: 'json',
    shape: SHAPES.servers,
    tolerance: LENIENT,
    places: vsCode,
    rewrites: false,
    process: /\/Visual Studio Code\.app\/|^(?:\S*\/)?code(?:\.exe)?(?:\s|$)/i,
    restart: 'Run "MCP: List Servers" in VS Code and restart the server.',
  },
  {
    id: 'windsurf',
    name: 'Windsurf',
    format: 'json',
    shape: SHAPES.mcpServers,
    tolerance: LENIENT,
    places: (machine) => [
      {
        scope: 'user',
        path: pathsOf(machine).join(machine.home, '.codeium', 'windsurf', 'mcp_config.json'),
        at: SHAPES.mcpServers.at,
      },
    ],
    rewrites: false,
    process: /\/Windsurf\.app\/|^(?:\S*\/)?windsurf(?:\.exe)?(?:\s|$)/i,
    restart: 'Refresh the servers in the MCP settings of Windsurf, or restart it.',
  },
  {
    id: 'gemini',
    name: 'Gemini CLI',
    format: 'json',
    shape: SHAPES.mcpServers,
    // It strips comments before JSON.parse, and nothing else.
    tolerance: { comments: true, trailingCommas: false, byteOrderMark: false },
    places: userAndProject(SHAPES.mcpServers, ['.gemini', 'settings.json'], ['.gemini', 'settings.json']),
    rewrites: false,
    process: program('gemini'),
    restart: 'Start Gemini CLI again.',
  },
  {
    id: 'codex',
    name: 'Codex',
    format: 'toml',
    shape: SHAPES.mcp_servers,
    tolerance: LENIENT,
    places: codex,
    rewrites: false,
    process: program('codex'),
    restart: 'Start Codex again.',
  },
];

/** The client of that id, or undefined. */
export function clientById(id: string): Client | undefined {
  return CLIENTS.find((client) => client.id === id);
}

/** A client whose file is not edited in place: `--print` shows the entry, and `--config` edits it where it is JSON. */
export interface SnippetClient {
  readonly id: string;
  readonly name: string;
  readonly shape: Shape;
  readonly format: 'json' | 'yaml';
  /** Where the entry goes, in words. */
  readonly where: string;
}

const { mcpServers, context_servers, extensions, mcp } = SHAPES;

function shownOnly(
  id: string,
  name: string,
  shape: Shape,
  where: string,
  format: 'json' | 'yaml' = 'json',
): SnippetClient {
  return { id, name, shape, format, where };
}

/** The clients whose entries are only shown, a row each. */
export const SNIPPET_CLIENTS: readonly SnippetClient[] = [
  shownOnly('zed', 'Zed', context_servers, '~/.config/zed/settings.json'),
  shownOnly('cline', 'Cline', mcpServers, 'cline_mcp_settings.json (Cline: MCP Servers, Configure)'),
  shownOnly('goose', 'Goose', extensions, '~/.config/goose/config.yaml', 'yaml'),
  shownOnly('opencode', 'OpenCode', mcp, '~/.config/opencode/opencode.jsonc'),
  shownOnly('copilot-cli', 'Copilot CLI', mcpServers, '~/.copilot/mcp-config.json'),
  shownOnly('junie', 'JetBrains Junie', mcpServers, '~/.junie/mcp/mcp.json'),
  shownOnly('kiro', 'Kiro', mcpServers, '~/.kiro/settings/mcp.json'),
  shownOnly('antigravity', 'Antigravity', mcpServers, '~/.gemini/config/mcp_config.json'),
  shownOnly('amazon-q', 'Amazon Q', mcpServers, '~/.aws/amazonq/mcp.json'),
  shownOnly('lm-studio', 'LM Studio', mcpServers, '~/.lmstudio/mcp.json'),
  shownOnly('warp', 'Warp', mcpServers, '~/.warp/.mcp.json'),
];
