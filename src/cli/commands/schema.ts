import { toJSONSchema } from 'zod/v4/core';
import { argumentPaths } from '../../advice/tool-schema.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { policyJsonSchema } from '../../policy/read/json-schema.js';
import { printable, printableJson } from '../../text/escape.js';
import { didYouMean } from '../../text/suggest.js';
import { liveServer } from '../../upstream/list-tools.js';
import type { CommandRow } from '../command-groups/command-row.js';
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
 * @param rows every command, one of which `of` names
 */
export async function schema(
  argv: readonly string[],
  options: SchemaOptions,
  rows: readonly CommandRow[],
  io: Terminal,
): Promise<number> {
  if (options.of !== undefined) {
    await ofOutput(options.of, rows, io);
    return EXIT.done;
  }
  const { source } = namedServer(argv, options, io.cwd);
  const tools = source ? (await liveServer(source, { install: options.install })).tools : [];
  const completed = tools.map(({ name, inputSchema }) => ({ name, paths: argumentPaths(inputSchema) }));
  await io.out.write(`${printableJson(policyJsonSchema(completed), 2)}\n`);
  return EXIT.done;
}

/** Commands that print an object a line, not one object. */
const LINES: readonly string[] = ['export', 'log'];

/** Prints the JSON Schema (draft 2020-12) of what a command prints; more fields than it names may come with a later version. */
async function ofOutput(name: string, rows: readonly CommandRow[], io: Terminal): Promise<void> {
  const output = await rows.find((row) => row.name === name)?.output?.();
  if (output === undefined) {
    const names = rows.flatMap((row) => (row.output ? [row.name] : [])).sort();
    throw new PolicyWrapError('USAGE', `${printable(name, 40)} prints no JSON`, {
      hint: didYouMean(name, names) ?? `These do: ${names.join(', ')}.`,
    });
  }
  const { $schema, ...schema } = toJSONSchema(output, {
    target: 'draft-2020-12',
    reused: 'ref',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const what = LINES.includes(name) ? 'a line' : 'what is printed';
  const title = `policy-wrap ${name} --json: ${what}`;
  await io.out.write(`${printableJson({ $schema, title, ...schema }, 2)}\n`);
}
