import Ajv from 'ajv/dist/2020.js';
import * as z from 'zod';
import { OUTPUTS, type OutputName } from '../../src/cli/output/outputs.js';

const ajv = new Ajv.default({ allErrors: true, strict: false });
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/**
 * Holds what a command printed against its JSON Schema, with nothing in it that the schema does not name.
 *
 * @returns what is wrong; empty where it fits
 */
export function misfits(name: OutputName, printed: unknown): string[] {
  const validate = ajv.compile(z.toJSONSchema(OUTPUTS[name]));
  if (validate(printed)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
