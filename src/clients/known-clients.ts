import { type Format, LENIENT, SHAPES, type Shape, STRICT, type Tolerance } from './file-shapes.js';
import { type Machine, pathsOf } from './machine.js';
import {
  claudeCode,
  claudeDesktop,
  cline,
  codex,
  copilot,
  goose,
  kilo,
  openCode,
  type Place,
  qwen,
  userAndProject,
  vsCode,
  zed,
} from './places.js';

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
  {
    id: 'copilot-cli',
    name: 'Copilot CLI',
    format: 'json',
    shape: { ...SHAPES.mcpServers, fixed: { type: 'local', tools: ['*'] } },
    tolerance: LENIENT,
    places: copilot,
    rewrites: false,
    process: program('copilot'),
    restart: 'Start Copilot CLI again.',
  },
  {
    id: 'opencode',
    name: 'OpenCode',
    format: 'json',
    shape: SHAPES.mcp,
    tolerance: LENIENT,
    places: openCode,
    rewrites: false,
    process: program('opencode'),
    restart: 'Start OpenCode again.',
  },
  {
    id: 'cline',
    name: 'Cline',
    format: 'json',
    shape: SHAPES.mcpServers,
    tolerance: LENIENT,
    places: cline,
    rewrites: false,
    process: program('cline'),
    restart: 'Press "Restart Server" under MCP Servers in Cline, or start its CLI again.',
  },
  {
    id: 'zed',
    name: 'Zed',
    format: 'json',
    shape: SHAPES.context_servers,
    tolerance: LENIENT,
    places: zed,
    rewrites: false,
    process: /\/Zed\.app\/|^(?:\S*\/)?zed(?:-editor)?(?:\.exe)?(?:\s|$)/i,
    restart: 'Switch the server off and on in the settings of the agent panel of Zed, or restart it.',
  },
  {
    id: 'kiro',
    name: 'Kiro',
    format: 'json',
    shape: SHAPES.mcpServers,
    tolerance: LENIENT,
    places: userAndProject(
      SHAPES.mcpServers,
      ['.kiro', 'settings', 'mcp.json'],
      ['.kiro', 'settings', 'mcp.json'],
    ),
    rewrites: false,
    process: /\/Kiro\.app\/|^(?:\S*\/)?kiro(?:-cli)?(?:\.exe)?(?:\s|$)/i,
    restart: 'Reconnect the server under MCP Servers in Kiro, or restart it.',
  },
  {
    id: 'qwen',
    name: 'Qwen Code',
    format: 'json',
    shape: SHAPES.mcpServers,
    // Made from Gemini CLI, and reads its settings in the same way.
    tolerance: { comments: true, trailingCommas: false, byteOrderMark: false },
    places: qwen,
    rewrites: false,
    process: program('qwen'),
    restart: 'Start Qwen Code again.',
  },
  {
    id: 'kilo',
    name: 'Kilo Code',
    format: 'json',
    shape: SHAPES.mcp,
    tolerance: LENIENT,
    places: kilo,
    rewrites: false,
    process: program('kilo|kilocode'),
    restart: 'Start Kilo Code again, or reload the window of the editor.',
  },
  {
    id: 'goose',
    name: 'Goose',
    format: 'yaml',
    shape: SHAPES.extensions,
    tolerance: LENIENT,
    places: goose,
    rewrites: false,
    process: /\/Goose\.app\/|^(?:\S*[/\\])?goosed?(?:\.exe)?(?:\s|$)/i,
    restart: 'Start a new session of Goose.',
  },
];

/** The client of that id, or undefined. */
export function clientById(id: string): Client | undefined {
  return CLIENTS.find((client) => client.id === id);
}

/** A client whose file is not edited by name: `--print` shows the entry, and `--config` edits a file that is named. */
export interface SnippetClient {
  readonly id: string;
  readonly name: string;
  readonly shape: Shape;
  /** Where the entry goes, in words. */
  readonly where: string;
}

/** The clients whose entries are only shown, a row each; all of them keep JSON. */
export const SNIPPET_CLIENTS: readonly SnippetClient[] = [
  { id: 'junie', name: 'JetBrains Junie', shape: SHAPES.mcpServers, where: '~/.junie/mcp/mcp.json' },
  {
    id: 'antigravity',
    name: 'Antigravity',
    shape: SHAPES.mcpServers,
    where: '~/.gemini/config/mcp_config.json',
  },
  { id: 'amazon-q', name: 'Amazon Q', shape: SHAPES.mcpServers, where: '~/.aws/amazonq/mcp.json' },
  { id: 'lm-studio', name: 'LM Studio', shape: SHAPES.mcpServers, where: '~/.lmstudio/mcp.json' },
  { id: 'warp', name: 'Warp', shape: SHAPES.mcpServers, where: '~/.warp/.mcp.json' },
];
