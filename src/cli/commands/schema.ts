import { argumentPaths } from '../../advice/tool-schema.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { policyJsonSchema } from '../../policy/read/json-schema.js';
import { printable, printableJson } from '../../text/escape.js';
import { didYouMean } from '../../text/suggest.js';
import { liveServer } from '../../upstream/list-tools.js';
import { namedServer } from '../named-server.js';
import type { Terminal } from '../terminal.js';

export interface SchemaOptions extends RemoteOptions {
  readonly install: boolean;
  /** A command that prints JSON: the schema of that, in the place of the policy file's. */
  readonly of?: string;
}

/**
 * Prints the JSON Schema of the policy file, for editors.
 *
 * @param argv a server's command: it is started once, and its tools' names and arguments are completed
 */
export async function schema(argv: readonly string[], options: SchemaOptions, io: Terminal): Promise<number> {
  if (options.of !== undefined) return ofOutput(options.of, io);
  const { source } = namedServer(argv, options, io.cwd);
  const tools = source ? (await liveServer(source, { install: options.install })).tools : [];
  const completed = tools.map(({ name, inputSchema }) => ({ name, paths: argumentPaths(inputSchema) }));
  await io.out.write(`${printableJson(policyJsonSchema(completed), 2)}\n`);
  return EXIT.done;
}

async function ofOutput(command: string, io: Terminal): Promise<number> {
  const { OUTPUTS, isOutputName, outputSchema } = await import('../output/outputs.js');
  if (!isOutputName(command)) {
    const names = Object.keys(OUTPUTS);
    throw new PolicyWrapError('USAGE', `${printable(command, 40)} prints no JSON`, {
      hint: didYouMean(command, names) ?? `These do: ${names.join(', ')}.`,
    });
  }
  await io.out.write(`${printableJson(outputSchema(command), 2)}\n`);
  return EXIT.done;
}
