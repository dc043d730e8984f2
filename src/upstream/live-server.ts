import type { ToolDefinition } from '../catalog/tool-definition.js';
import type { AmbiguousTool } from '../wire/tool-list.js';

/** What a server that was started once said of itself. */
export interface LiveServer {
  /** What the server calls itself. */
  readonly name: string;
  readonly version: string;
  readonly tools: readonly ToolDefinition[];
  /** Listed tools that a wrapper leaves out too, since clients could read them in two ways. */
  readonly leftOut: readonly AmbiguousTool[];
  /** Milliseconds that the first page of its list took. */
  readonly answeredIn: number;
  /** How a remote one speaks with us, for people. */
  readonly about?: string | undefined;
}

export interface ListOptions {
  /** False forbids npm. */
  readonly install?: boolean;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where the server is started. */
  readonly cwd?: string | undefined;
}
