import * as z from 'zod';
import { APPROVALS, CLIENTS, NOTIFY, STORE, TRUST } from './decide.js';
import { CHECK, DEMO, DOCTOR, EXPLAIN, HISTORY, PRESETS, TEST, THREATS, TOOLS } from './look.js';
import { LOG_LINE, RECOMMEND, REPLAY, STATUS } from './see.js';

/**
 * What each command prints under `--json`, by its name: the one place. Commands give what they print by these types, the
 * JSON Schemas are made of them, and tests hold real output against those. Only the schema command loads this file; all
 * others take its types.
 */
export const OUTPUTS = {
  approvals: APPROVALS,
  check: CHECK,
  clients: CLIENTS,
  demo: DEMO,
  doctor: DOCTOR,
  explain: EXPLAIN,
  export: LOG_LINE,
  history: HISTORY,
  log: LOG_LINE,
  notify: NOTIFY,
  presets: PRESETS,
  recommend: RECOMMEND,
  replay: REPLAY,
  status: STATUS,
  store: STORE,
  test: TEST,
  threats: THREATS,
  tools: TOOLS,
  trust: TRUST,
} as const;

export type OutputName = keyof typeof OUTPUTS;

export const isOutputName = (name: string): name is OutputName => Object.hasOwn(OUTPUTS, name);

/** What commands hand over may be frozen. */
type Frozen<T> = T extends readonly (infer U)[]
  ? readonly Frozen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;
type WithoutVersion<T> = T extends unknown ? Omit<T, 'version'> : never;

/** What a command prints, as it hands it over: the version is added where it is printed. */
export type Output<N extends OutputName> = Frozen<WithoutVersion<z.infer<(typeof OUTPUTS)[N]>>>;

/** Commands that print an object a line, not one object. */
const LINES: readonly OutputName[] = ['export', 'log'];

/** @returns the JSON Schema (draft 2020-12) of what a command prints; more fields than it names may come with a later version */
export function outputSchema(name: OutputName): object {
  const schema = z.toJSONSchema(OUTPUTS[name], {
    target: 'draft-2020-12',
    reused: 'ref',
    override: ({ jsonSchema }) => {
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  const { $schema, ...rest } = schema;
  const what = LINES.includes(name) ? 'a line' : 'what is printed';
  return { $schema, title: `policy-wrap ${name} --json: ${what}`, ...rest };
}
