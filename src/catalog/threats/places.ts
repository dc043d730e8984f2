import { isRecord } from '../../json/value.js';
import { wordsOf } from '../words.js';
import { sampleArguments } from './sample.js';

type Schema = Readonly<Record<string, unknown>>;

/** A text among a tool's arguments, at any depth and in lists too. */
export interface Place {
  /** As a policy names it: `args.files[*].path`. */
  readonly path: string;
  /** The argument in which it stands. */
  readonly key: string;
  /** Names on the way, the last one its own. */
  readonly names: readonly string[];
  readonly schema: Schema;
  /** Whether a call that the schema accepts has it. */
  readonly isRequired: boolean;
  readonly steps: readonly (string | typeof EACH)[];
}

const EACH: unique symbol = Symbol('[*]');
const MAX_DEPTH = 5;
/** The most places of one schema, whatever it says. */
const MAX_PLACES = 200;

/** @param inputSchema from the server, and so of any form */
export function textPlaces(inputSchema: unknown): Place[] {
  const places: Place[] = [];
  const walk = (schema: unknown, at: Omit<Place, 'schema'>, depth: number): void => {
    if (depth > MAX_DEPTH || places.length >= MAX_PLACES) return;
    const own: Schema = isRecord(schema) ? schema : {};
    const types = typesOf(own);
    if (types.includes('object') && isRecord(own.properties)) {
      const required = Array.isArray(own.required) ? own.required : [];
      for (const [name, inner] of Object.entries(own.properties))
        walk(
          inner,
          {
            path: `${at.path}${member(name)}`,
            key: at.key === '' ? name : at.key,
            names: [...at.names, name],
            isRequired: at.isRequired && required.includes(name),
            steps: [...at.steps, name],
          },
          depth + 1,
        );
    }
    if (types.includes('array'))
      walk(own.items, { ...at, path: `${at.path}[*]`, steps: [...at.steps, EACH] }, depth + 1);
    if (types.includes('string') && at.key !== '' && !Array.isArray(own.enum))
      places.push({ ...at, schema: own });
  };
  walk(inputSchema, { path: 'args', key: '', names: [], isRequired: true, steps: [] }, 0);
  return places;
}

/** Also those of alternatives; without any a schema may be of all. */
function typesOf(schema: Schema): unknown[] {
  if (schema.type !== undefined) return [schema.type].flat();
  if (isRecord(schema.properties)) return ['object'];
  if (schema.items !== undefined) return ['array'];
  const several = [schema.anyOf, schema.oneOf].flatMap((each) => (Array.isArray(each) ? each : []));
  return several.length > 0
    ? several.flatMap((each) => (isRecord(each) ? [each.type].flat() : []))
    : ['string'];
}

const member = (name: string): string =>
  /^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;

/** The last word of a place's name. */
export const lastWord = ({ names }: Place): string =>
  wordsOf((names.at(-1) ?? '').slice(0, 100)).at(-1) ?? '';

/** Sample arguments of a tool with a text in one place, and in every element where the place is in a list. */
export function argumentsWith(
  inputSchema: unknown,
  { steps }: Place,
  text: string,
  given: Schema = {},
): Record<string, unknown> {
  const args: Record<string, unknown> = structuredClone({ ...sampleArguments(inputSchema, given) });
  return put(args, inputSchema, steps, text) as Record<string, unknown>;
}

function put(now: unknown, schema: unknown, [step, ...rest]: Place['steps'], text: string): unknown {
  if (step === undefined) return text;
  const own: Schema = isRecord(schema) ? schema : {};
  if (step === EACH) {
    const list = Array.isArray(now) && now.length > 0 ? now : [undefined];
    return list.map((element) => put(element, own.items, rest, text));
  }
  const inner = isRecord(own.properties) ? own.properties[step] : undefined;
  const object: Record<string, unknown> = { ...(isRecord(now) ? now : sampleArguments(own)) };
  const value = put(Object.hasOwn(object, step) ? object[step] : undefined, inner, rest, text);
  Object.defineProperty(object, step, { value, enumerable: true, configurable: true, writable: true });
  return object;
}
