import { SHAPES, type Shape } from './known-clients.js';

/** A client whose file is not edited in place: `--print` shows the entry, and `--config` edits it where it is JSON. */
export interface SnippetClient {
  readonly id: string;
  readonly name: string;
  readonly shape: Shape;
  readonly format: 'json' | 'yaml';
  /** Where the entry goes, in words. */
  readonly where: string;
}

/** Handbook, clients 1.1. */
export const SNIPPET_CLIENTS: readonly SnippetClient[] = [
  {
    id: 'zed',
    name: 'Zed',
    shape: SHAPES.context_servers,
    format: 'json',
    where: '~/.config/zed/settings.json',
  },
  {
    id: 'cline',
    name: 'Cline',
    shape: SHAPES.mcpServers,
    format: 'json',
    where: 'cline_mcp_settings.json (Cline: MCP Servers, Configure)',
  },
  {
    id: 'goose',
    name: 'Goose',
    shape: SHAPES.extensions,
    format: 'yaml',
    where: '~/.config/goose/config.yaml',
  },
  {
    id: 'opencode',
    name: 'OpenCode',
    shape: SHAPES.mcp,
    format: 'json',
    where: '~/.config/opencode/opencode.jsonc',
  },
  {
    id: 'copilot-cli',
    name: 'Copilot CLI',
    shape: SHAPES.mcpServers,
    format: 'json',
    where: '~/.copilot/mcp-config.json',
  },
  {
    id: 'junie',
    name: 'JetBrains Junie',
    shape: SHAPES.mcpServers,
    format: 'json',
    where: '~/.junie/mcp/mcp.json',
  },
  { id: 'kiro', name: 'Kiro', shape: SHAPES.mcpServers, format: 'json', where: '~/.kiro/settings/mcp.json' },
  {
    id: 'antigravity',
    name: 'Antigravity',
    shape: SHAPES.mcpServers,
    format: 'json',
    where: '~/.gemini/config/mcp_config.json',
  },
  {
    id: 'amazon-q',
    name: 'Amazon Q',
    shape: SHAPES.mcpServers,
    format: 'json',
    where: '~/.aws/amazonq/mcp.json',
  },
  {
    id: 'lm-studio',
    name: 'LM Studio',
    shape: SHAPES.mcpServers,
    format: 'json',
    where: '~/.lmstudio/mcp.json',
  },
  { id: 'warp', name: 'Warp', shape: SHAPES.mcpServers, format: 'json', where: '~/.warp/.mcp.json' },
];
