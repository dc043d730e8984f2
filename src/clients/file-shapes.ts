export type Format = 'json' | 'toml' | 'yaml';

/** How one family of clients writes an entry. */
export interface Shape {
  /** The key that holds the servers, from the root of the file. */
  readonly at: readonly string[];
  readonly command: string;
  /** Absent where `command` is a list that holds the arguments too. */
  readonly args: string | undefined;
  readonly env: string;
  /** Further settings of a new entry. */
  readonly fixed: Readonly<Record<string, string | boolean | readonly string[]>>;
  /** A key under which a new entry repeats its own name. */
  readonly name?: string;
}

const SPLIT = { command: 'command', args: 'args', env: 'env', fixed: {} } as const;

/** Every known shape by its key; the order is the order in which an unknown file is tried (`shapeOf`). */
export const SHAPES = {
  mcpServers: { ...SPLIT, at: ['mcpServers'] },
  servers: { ...SPLIT, at: ['servers'], fixed: { type: 'stdio' } },
  mcp_servers: { ...SPLIT, at: ['mcp_servers'] },
  context_servers: { ...SPLIT, at: ['context_servers'], fixed: { source: 'custom' } },
  // VS Code's settings.json before it had an mcp.json.
  'mcp.servers': { ...SPLIT, at: ['mcp', 'servers'] },
  mcp: {
    at: ['mcp'],
    command: 'command',
    args: undefined,
    env: 'environment',
    fixed: { type: 'local', enabled: true },
  },
  extensions: {
    at: ['extensions'],
    command: 'cmd',
    args: 'args',
    env: 'envs',
    fixed: { type: 'stdio', enabled: true },
    name: 'name',
  },
} as const satisfies Record<string, Shape>;

/** What the client's own parser accepts beyond JSON. */
export interface Tolerance {
  readonly comments: boolean;
  readonly trailingCommas: boolean;
  /** A byte order mark, as Windows PowerShell and some editors put in front. */
  readonly byteOrderMark: boolean;
}

/** `JSON.parse` as it is. With a byte order mark one such client starts anew with an empty file, another refuses to start. */
export const STRICT: Tolerance = { comments: false, trailingCommas: false, byteOrderMark: false };
export const LENIENT: Tolerance = { comments: true, trailingCommas: true, byteOrderMark: true };
