import { argumentPaths } from '../../advice/tool-schema.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { EXIT } from '../../errors.js';
import { policyJsonSchema } from '../../policy/read/json-schema.js';
import { printableJson } from '../../text/escape.js';
import { liveServer } from '../../upstream/list-tools.js';
import { namedServer } from '../named-server.js';
import type { Terminal } from '../terminal.js';

/**
 * Prints the JSON Schema of the policy file, for editors.
 *
 * @param argv a server's command: it is started once, and its tools' names and arguments are completed
 */
export async function schema(
  argv: readonly string[],
  options: RemoteOptions & { readonly install: boolean },
  io: Terminal,
): Promise<number> {
  const { source } = namedServer(argv, options, io.cwd);
  const tools = source ? (await liveServer(source, { install: options.install })).tools : [];
  const completed = tools.map(({ name, inputSchema }) => ({ name, paths: argumentPaths(inputSchema) }));
  await io.out.write(`${printableJson(policyJsonSchema(completed), 2)}\n`);
  return EXIT.done;
}
