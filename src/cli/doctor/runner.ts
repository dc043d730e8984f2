import * as z from 'zod';
import type { KnownServer } from '../../catalog/known-server.js';
import type { ToolDefinition } from '../../catalog/tool-definition.js';
import type { Machine } from '../../clients/machine.js';
import type { Wrapper } from '../../clients/wrapped-command.js';
import type { FoundPolicy } from '../../config/policy-files.js';
import { PolicyWrapError } from '../../errors.js';
import type { Inspection } from '../../store/sqlite/inspect.js';
import type { LiveServer } from '../../upstream/live-server.js';
import type { ServerSource } from '../../upstream/upstream.js';
import type { OtherDatabases } from '../databases.js';
import type { Printed } from '../json-output.js';
import * as parts from '../output-parts.js';

/** From good to bad; `info` is only good to know. */
const STATUSES = ['ok', 'info', 'warn', 'fail'] as const;
export type Status = (typeof STATUSES)[number];

const FINDING = z.object({
  status: z.enum(STATUSES),
  // One sentence; text of others in it is shown with its unsafe characters escaped.
  message: z.string(),
  // In the imperative; with every `warn` and `fail`.
  fix: parts.text('what to do').optional(),
});

export type Finding = Printed<typeof FINDING>;

/** One thing that is looked at. It changes nothing; what it throws becomes a failure. */
export interface Check {
  readonly id: string;
  /** @returns nothing where there is nothing to look at */
  run(context: Context): readonly Finding[] | Promise<readonly Finding[]>;
}

/** What the checks look at, each part read once and only when it is asked for. */
export interface Context {
  readonly node: { readonly version: string; readonly path: string };
  /** The number of our own account; undefined on Windows. */
  readonly account: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly configFolder: string;
  readonly database: string;
  /** The store of a team that was named; else that of the environment and of entries is looked at. */
  readonly store: string | undefined;
  /** The name of the server that is asked about. */
  readonly server: string | undefined;
  readonly known: KnownServer | undefined;
  now(): number;
  /** The name of the SQLite that can be used; throws when there is none. */
  sqlite(): string;
  inspection(): Inspection | undefined;
  /** Databases besides `database` that wrappers here may be using. */
  others(): OtherDatabases;
  /** Looks into any of them. */
  inspect(path: string): Inspection | undefined;
  /** The policy that a wrapper would use; without a server, all in the config folder. */
  policies(): readonly FoundPolicy[];
  /** The policy files in the config folders. */
  policyFiles(): readonly string[];
  /** Names of servers that a state database knows. */
  namesIn(database: string): ReadonlySet<string>;
  /** Undefined without a server, and for one that does not list its tools. */
  tools(): Promise<readonly ToolDefinition[] | undefined>;
  /** The server with its tools; throws what went wrong. */
  live(): Promise<LiveServer>;
  /** The server that is asked about; undefined without one. */
  readonly source: ServerSource | undefined;
  /** What names it on our command line; empty without one. */
  readonly words: readonly string[];
  /** Where clients keep their files, and what a wrapped entry starts. */
  readonly machine: Machine;
  readonly wrapper: Wrapper;
}

/** What came of a check. */
export const EXAMINED = z.object({
  number: z.number().int(),
  id: z.string(),
  status: z.enum(STATUSES).describe('the worst of the findings'),
  findings: z.array(FINDING),
});

export type Examined = Printed<typeof EXAMINED>;

/** Runs every check. */
export async function examine(context: Context, checks: readonly Check[]): Promise<readonly Examined[]> {
  const examined: Examined[] = [];
  for (const { id, run } of checks) {
    const findings = await attempt(() => run(context));
    if (findings.length === 0) continue;
    const status = STATUSES[Math.max(...findings.map((each) => STATUSES.indexOf(each.status)))] ?? 'fail';
    examined.push({ number: examined.length + 1, id, status, findings });
  }
  return examined;
}

async function attempt(run: () => ReturnType<Check['run']>): Promise<readonly Finding[]> {
  try {
    return await run();
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return [fail(error.message, error.hint ?? 'See the message.')];
  }
}

export const ok = (message: string): Finding => ({ status: 'ok', message });
export const info = (message: string): Finding => ({ status: 'info', message });
export const warn = (message: string, fix: string): Finding => ({ status: 'warn', message, fix });
export const fail = (message: string, fix: string): Finding => ({ status: 'fail', message, fix });
