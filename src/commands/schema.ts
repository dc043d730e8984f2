import { EXIT } from '../errors.js';
import { liveServer } from '../live-tools.js';
import { policyJsonSchema } from '../policy/schema.js';
import { printableJson } from '../printable.js';

/**
 * Prints the JSON Schema of the policy file, for editors.
 *
 * @param argv a server's command: it is started once, and its tools' names and arguments are completed
 */
export async function schema(
  argv: readonly string[],
  { install }: { readonly install: boolean },
): Promise<number> {
  const tools = argv.length > 0 ? (await liveServer(argv, { install })).tools : [];
  process.stdout.write(`${printableJson(policyJsonSchema(tools), 2)}\n`);
  return EXIT.done;
}
