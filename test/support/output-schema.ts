import Ajv from 'ajv/dist/2020.js';
import * as z from 'zod';
import { COMMANDS } from '../../src/cli/command-table.js';

const ajv = new Ajv.default({ allErrors: true, strict: false });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/**
 * Holds what a command printed against its JSON Schema, with nothing in it that the schema does not name.
 *
 * @returns what is wrong; empty where it fits
 */
export async function misfits(name: string, printed: unknown): Promise<string[]> {
  const schema = await COMMANDS.find((row) => row.name === name)?.output?.();
  if (schema === undefined) throw new Error(`${name} prints no JSON`);
  const validate = ajv.compile(z.toJSONSchema(schema));
  if (validate(printed)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
