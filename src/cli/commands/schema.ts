import { argumentPaths } from '../../advice/tool-schema.js';
import { EXIT } from '../../errors.js';
import { policyJsonSchema } from '../../policy/read/json-schema.js';
import { printableJson } from '../../text/escape.js';
import { liveServer } from '../../upstream/list-tools.js';
import type { Terminal } from '../terminal.js';

/**
 * Prints the JSON Schema of the policy file, for editors.
 *
 * @param argv a server's command: it is started once, and its tools' names and arguments are completed
 */
export async function schema(
  argv: readonly string[],
  { install }: { readonly install: boolean },
  io: Terminal,
): Promise<number> {
  const tools = argv.length > 0 ? (await liveServer(argv, { install })).tools : [];
  const completed = tools.map(({ name, inputSchema }) => ({ name, paths: argumentPaths(inputSchema) }));
  await io.out.write(`${printableJson(policyJsonSchema(completed), 2)}\n`);
  return EXIT.done;
}
