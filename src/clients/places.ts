import { SHAPES, type Shape } from './file-shapes.js';
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
  /** Why there is a second file for the same scope: a packaged (MSIX) install, an editor profile, a program of its own. */
  readonly variant?: 'MSIX' | 'profile' | 'CLI' | 'extension' | 'earlier versions';
  /** Where entries are written otherwise than in the client's other files. */
  readonly shape?: Shape;
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

export function userAndProject(
  shape: Shape,
  user: string[],
  project: string[],
): (machine: Machine) => Place[] {
  return (machine) => {
    const { join } = pathsOf(machine);
    return [
      { scope: 'user', path: join(machine.home, ...user), at: shape.at },
      { scope: 'project', path: join(machine.cwd, ...project), at: shape.at },
    ];
  };
}

export function claudeDesktop(machine: Machine): Place[] {
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

export function claudeCode(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const own = join(machine.env.CLAUDE_CONFIG_DIR || machine.home, '.claude.json');
  const at = SHAPES.mcpServers.at;
  return [
    { scope: 'user', path: own, at },
    { scope: 'project', path: join(machine.cwd, '.mcp.json'), at },
    { scope: 'local', path: own, at: ['projects', { project: machine.cwd }, ...at] },
  ];
}

export function vsCode(machine: Machine): Place[] {
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

export function codex(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const at = SHAPES.mcp_servers.at;
  return [
    { scope: 'user', path: join(machine.env.CODEX_HOME || join(machine.home, '.codex'), 'config.toml'), at },
    { scope: 'project', path: join(machine.cwd, '.codex', 'config.toml'), at },
  ];
}

/** Those of the names a file may have that are there, else the first. */
function spelled(machine: Machine, scope: Scope, paths: readonly string[], at: Place['at']): Place[] {
  const [first] = paths;
  const there = paths.filter((path) => machine.exists(path));
  return (there.length > 0 || first === undefined ? there : [first]).map((path) => ({ scope, path, at }));
}

/** Where the extension of that id keeps a file, in VS Code and the editors made from it. */
function extensionFiles(machine: Machine, id: string, file: string): string[] {
  const { join } = pathsOf(machine);
  return ['Code', 'Code - Insiders', 'VSCodium', 'Cursor', 'Windsurf'].map((name) => {
    const editor = userFolder(machine, { mac: name, win: name, linux: name });
    return join(editor, 'User', 'globalStorage', id, 'settings', file);
  });
}

/** `~/.config`, on macOS and Windows too. */
function xdgFolder(machine: Machine, name: string): string {
  const { join } = pathsOf(machine);
  return join(machine.env.XDG_CONFIG_HOME || join(machine.home, '.config'), name);
}

export function copilot(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const { at } = SHAPES.mcpServers;
  const own = join(machine.env.COPILOT_HOME || join(machine.home, '.copilot'), 'mcp-config.json');
  // It reads `.mcp.json` as well, which stands under Claude Code.
  return [
    { scope: 'user', path: own, at },
    { scope: 'project', path: join(machine.cwd, '.github', 'mcp.json'), at },
  ];
}

export function openCode(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const { at } = SHAPES.mcp;
  const folder = xdgFolder(machine, 'opencode');
  const names = ['opencode.json', 'opencode.jsonc'];
  const own = [...names, 'config.json'].map((name) => join(folder, name));
  const project = [machine.cwd, join(machine.cwd, '.opencode')];
  return [
    ...spelled(machine, 'user', own, at),
    ...spelled(
      machine,
      'project',
      project.flatMap((each) => names.map((name) => join(each, name))),
      at,
    ),
  ];
}

export function cline(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const { at } = SHAPES.mcpServers;
  const file = 'cline_mcp_settings.json';
  const cli =
    machine.env.CLINE_MCP_SETTINGS_PATH ||
    join(machine.env.CLINE_DIR || join(machine.home, '.cline'), 'data', 'settings', file);
  const extension = spelled(machine, 'user', extensionFiles(machine, 'saoudrizwan.claude-dev', file), at);
  return [
    ...extension.map((place): Place => ({ ...place, variant: 'extension' })),
    { scope: 'user', path: cli, at, variant: 'CLI' },
  ];
}

export function zed(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const { at } = SHAPES.context_servers;
  const folder =
    machine.platform === 'win32'
      ? userFolder(machine, { mac: '', win: 'Zed', linux: '' })
      : xdgFolder(machine, 'zed');
  return [
    { scope: 'user', path: join(folder, 'settings.json'), at },
    { scope: 'project', path: join(machine.cwd, '.zed', 'settings.json'), at },
  ];
}

export function qwen(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const { at } = SHAPES.mcpServers;
  return [
    { scope: 'user', path: join(machine.home, '.qwen', 'settings.json'), at },
    { scope: 'project', path: join(machine.cwd, '.qwen', 'settings.json'), at },
    { scope: 'local', path: join(machine.cwd, '.qwen', 'settings.local.json'), at },
  ];
}

export function kilo(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const { at } = SHAPES.mcp;
  const names = ['kilo.jsonc', 'kilo.json'];
  const own = names.map((name) => join(xdgFolder(machine, 'kilo'), name));
  const projects = [machine.cwd, join(machine.cwd, '.kilo')];
  const former = [
    join(machine.home, '.kilocode', 'cli', 'global', 'settings', 'mcp_settings.json'),
    ...extensionFiles(machine, 'kilocode.kilo-code', 'mcp_settings.json'),
  ].filter((path) => machine.exists(path));
  const shape = SHAPES.mcpServers;
  const earlier = (scope: Scope, path: string): Place => {
    return { scope, path, at: shape.at, variant: 'earlier versions', shape };
  };
  return [
    ...spelled(machine, 'user', own, at),
    ...former.map((path) => earlier('user', path)),
    ...spelled(
      machine,
      'project',
      projects.flatMap((each) => names.map((name) => join(each, name))),
      at,
    ),
    earlier('project', join(machine.cwd, '.kilocode', 'mcp.json')),
  ];
}

export function goose(machine: Machine): Place[] {
  const { join } = pathsOf(machine);
  const { at } = SHAPES.extensions;
  const folder =
    machine.platform === 'win32'
      ? join(userFolder(machine, { mac: '', win: 'Block', linux: '' }), 'goose', 'config')
      : xdgFolder(machine, 'goose');
  return [
    { scope: 'user', path: join(folder, 'config.yaml'), at },
    { scope: 'project', path: join(machine.cwd, '.goose', 'config.yaml'), at },
  ];
}
