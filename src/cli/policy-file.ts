import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createFile, overwriteFile } from '../clients/files/atomic-write.js';
import { policyFileName } from '../config/policy-files.js';
import { messageOf, PolicyWrapError } from '../errors.js';
import { policyJsonSchema } from '../policy/read/json-schema.js';
import { printable } from '../text/escape.js';
import { SERVER_NAME } from '../upstream/server-name.js';

const SCHEMA_FILE = 'policy.schema.json';

/**
 * The file in which a server's policy is looked for.
 *
 * @param folder our config folder
 * @throws PolicyWrapError USAGE for a name that cannot be one of a file
 */
export function policyFileOf(folder: string, server: string): string {
  if (!SERVER_NAME.test(server)) {
    throw new PolicyWrapError('USAGE', `${printable(server)} cannot be the name of a file`, {
      hint: 'Name the server with small letters, digits and dashes (--server), or the file (-o).',
    });
  }
  return join(folder, policyFileName(server));
}

/** The schema lies beside the policies, so that editors complete and explain fields without a network. */
export function schemaFor(folder: string, file: string): string {
  return dirname(file) === folder ? `./${SCHEMA_FILE}` : pathToFileURL(join(folder, SCHEMA_FILE)).href;
}

/**
 * Writes a policy, and the schema that it names into our config folder.
 *
 * @param options.overwrite whether a file that is there gives way; `hint` says what to do where it does not
 * @throws PolicyWrapError REFUSED, CONFIG_CONFLICT
 */
export function writePolicyFile(
  file: string,
  text: string,
  folder: string,
  { overwrite = false, hint }: { readonly overwrite?: boolean; readonly hint?: string } = {},
): void {
  const namesSchema = text.includes(SCHEMA_FILE);
  if (dirname(file) === folder || namesSchema) makePrivateFolder(folder);
  if (namesSchema)
    overwriteFile(join(folder, SCHEMA_FILE), `${JSON.stringify(policyJsonSchema(), null, 2)}\n`);
  if (overwrite) overwriteFile(file, text);
  else createFile(file, text, hint);
}

function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = messageOf(error);
    throw new PolicyWrapError('REFUSED', `${folder} cannot be written: ${reason}`, { cause: error });
  }
}
