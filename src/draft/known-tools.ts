import { KNOWN_SERVERS } from '../catalog/servers.js';
import type { ToolDefinition } from '../catalog/tool-definition.js';
import { stateFile } from '../config/policy-files.js';
import { isRecord, own } from '../json/value.js';
import type { Call } from '../policy/call.js';
import { argumentCheck } from '../policy/schema/check.js';
import { type PinEntry, Store } from '../store/store.js';

/**
 * Names of tools, without a server being started: those of the catalogue and those that wrappers have seen.
 *
 * @param server of this server; of all where it is undefined
 * @param db the database, as `--db` names it; one that is not there or cannot be read adds nothing
 */
export function knownTools(server: string | undefined, db: string | undefined): readonly string[] {
  const known = KNOWN_SERVERS.filter(({ command }) => server === undefined || command === server);
  return [...known.flatMap(({ tools }) => tools.map(({ name }) => name)), ...seenTools(server, db)];
}

/**
 * What is known of a server's tools, without it being started: as wrappers have first seen them, else as the catalogue
 * has them.
 */
export function knownDefinitions(server: string, db: string | undefined): readonly ToolDefinition[] {
  const seen = seenDefinitions(server, db).flatMap(({ definition }) => definitionIn(definition));
  if (seen.length > 0) return seen;
  return KNOWN_SERVERS.filter(({ command }) => command === server).flatMap(({ tools }) => tools);
}

/** None where it was too long to be kept whole. */
function definitionIn(text: string): ToolDefinition[] {
  try {
    const tool: unknown = JSON.parse(text);
    return isRecord(tool) && typeof tool.name === 'string' ? [tool as unknown as ToolDefinition] : [];
  } catch {
    return [];
  }
}

/**
 * Checks arguments by the input schema of a tool, as wrappers have first seen it, or as the catalogue has it.
 *
 * @returns why the schema does not accept arguments; undefined where no schema is known
 */
export function declaredArguments(
  tool: string,
  server: string | undefined,
  db: string | undefined,
): ((args: Call['args']) => string | undefined) | undefined {
  const [seen] = seenDefinitions(server, db).filter((pin) => pin.tool === tool);
  const known = KNOWN_SERVERS.filter(({ command }) => server === undefined || command === server)
    .flatMap(({ tools }) => tools)
    .find(({ name }) => name === tool);
  const schema = seen ? schemaIn(seen.definition) : known?.inputSchema;
  if (schema === undefined) return undefined;
  const check = argumentCheck(schema);
  return (args) => check.fault(args);
}

function schemaIn(definition: string): unknown {
  const tool: unknown = JSON.parse(definition);
  return isRecord(tool) ? own(tool, 'inputSchema') : undefined;
}

function seenTools(server: string | undefined, db: string | undefined): readonly string[] {
  return seenDefinitions(server, db).map(({ tool }) => tool);
}

function seenDefinitions(server: string | undefined, db: string | undefined): readonly PinEntry[] {
  let store: Store | undefined;
  try {
    store = Store.open(stateFile(db), { mustExist: true });
    return store.pins(server).filter(({ kind }) => kind === 'tool');
  } catch {
    // Only for suggestions.
    return [];
  } finally {
    store?.close();
  }
}
