import { isArray, isObject, type Json, type JsonObject } from '../../json/value.js';
import { ascii } from '../../text/escape.js';
import { lookalikeOf, NameIndex } from '../../text/lookalike.js';
import type { Call } from '../call.js';
import { EACH, type Path } from '../model.js';

/** Longest path, in characters. */
export const MAX_PATH = 1000;

/**
 * @param text `args`, `args.a.b`, `args["a.b"]`, `args.items[*].price`, `env.NAME`, `tool.name`
 * @returns the path, or in a sentence why it is none, and the path that was probably meant
 */
export function parsePath(text: string): Path | { readonly fault: string; readonly likely?: string } {
  if (text.length > MAX_PATH) return { fault: `A path has at most ${MAX_PATH} characters.` };
  const root = /^(args|env|tool)(?=[.[]|$)/.exec(text)?.[1] as Path['root'] | undefined;
  if (!root) {
    const foreign = /^(?:\$\.)?(?:params\.arguments|arguments|params|input|args|arg)(?=[.[])/;
    const likely = foreign.test(text)
      ? text.replace(foreign, 'args')
      : /^[\w-]+(?:[.[]|$)/.test(text)
        ? `args.${text}`
        : undefined;
    return {
      fault: `"${text}" does not begin with args, env or tool.`,
      ...(likely !== undefined && { likely }),
    };
  }
  const steps: (string | typeof EACH)[] = [];
  let rest = text.slice(root.length);
  while (rest !== '') {
    const [taken, step] = nextStep(rest);
    if (step === undefined) {
      if (/^\[\d+\]/.test(rest)) {
        const likely = text.replaceAll(/\[\d+\]/g, '[*]');
        return { fault: `"${text}": a single element cannot be named, only [*] for all.`, likely };
      }
      if (/^\.\*/.test(rest)) {
        const likely = text.replaceAll('.*', '[*]');
        return { fault: `"${text}": the elements of a list are written [*].`, likely };
      }
      return { fault: `"${text}" cannot be read as a path from "${rest.slice(0, 20)}" on.` };
    }
    steps.push(step);
    rest = rest.slice(taken);
  }
  if (root === 'tool' && (steps.length !== 1 || steps[0] !== 'name')) {
    return { fault: `"${text}": of the tool, only its name is known.`, likely: 'tool.name' };
  }
  if (root === 'env' && (steps.length !== 1 || steps[0] === EACH)) {
    return { fault: `"${text}" names no variable: env.NAME.` };
  }
  return { text, root, steps };
}

/** @returns how many characters the first step takes, and the step */
function nextStep(rest: string): [number, string | typeof EACH | undefined] {
  if (rest.startsWith('[*]')) return [3, EACH];
  const name = /^\.([^.[\]"*]+)/.exec(rest);
  if (name) return [name[0].length, name[1]];
  const quoted = /^\[("(?:[^"\\]|\\.)*")\]/.exec(rest);
  if (quoted?.[1] === undefined) return [0, undefined];
  try {
    const key: unknown = JSON.parse(quoted[1]);
    return [quoted[0].length, typeof key === 'string' ? key : undefined];
  } catch {
    return [0, undefined];
  }
}

/** Where something stands, for people. Written out when somebody asks: a list may have a million elements. */
export class Place {
  readonly #above: Place | undefined;
  readonly #step: string | number;

  constructor(step: string | number, above?: Place) {
    this.#above = above;
    this.#step = step;
  }

  /** @returns `args.items[3].price` */
  toString(): string {
    if (!this.#above) return String(this.#step);
    return typeof this.#step === 'number' ? `${this.#above}[${this.#step}]` : `${this.#above}.${this.#step}`;
  }
}

/** What stands at the end of a path; `at` is the path with its elements counted. */
export type Reached =
  | { readonly kind: 'value'; readonly value: Json; readonly at: Place }
  | { readonly kind: 'missing'; readonly at: Place }
  /** There is something, and it cannot be determined what the server will make of it; `what` reads on from `at`. */
  | { readonly kind: 'unclear'; readonly at: Place; readonly what: string };

const ARGS = new Place('args');

/**
 * Follows a path by own properties only, one element after the other: whoever has seen enough stops.
 *
 * @returns one answer without `[*]`, one for each element with it, so none for an empty list
 */
export function reach(path: Path, call: Call): Iterable<Reached> {
  switch (path.root) {
    case 'tool':
      return [{ kind: 'value', value: call.tool, at: new Place(path.text) }];
    case 'env': {
      // Not from the agent, so without a search for lookalikes.
      const [name] = path.steps;
      const value = typeof name === 'string' && Object.hasOwn(call.env, name) ? call.env[name] : undefined;
      const at = new Place(path.text);
      return [value === undefined ? { kind: 'missing', at } : { kind: 'value', value, at }];
    }
    case 'args':
      return walk(call.args, path.steps, 0, ARGS);
  }
}

function walk(from: Json, steps: Path['steps'], first: number, start: Place): Iterable<Reached> {
  let value = from;
  let at = start;
  for (let index = first; index < steps.length; index++) {
    const step = steps[index] as (typeof steps)[number];
    if (step === EACH) {
      if (isArray(value)) return walkEach(value, steps, index + 1, at);
      return [{ kind: 'unclear', at, what: `is ${nameOfKind(value)}, not a list` }];
    }
    if (!isObject(value)) {
      // A text may hold JSON, and a list of one may be taken for its element: a server could still find the field.
      return [{ kind: 'unclear', at, what: `is ${nameOfKind(value)}, without a field "${step}"` }];
    }
    const lookalike = lookalikeIn(value, step);
    const present = Object.hasOwn(value, step);
    if (lookalike !== undefined) {
      const what = present
        ? `has both "${step}" and "${ascii(lookalike, 40)}", which could be taken for each other`
        : `has "${ascii(lookalike, 40)}" where the policy reads "${step}"`;
      return [{ kind: 'unclear', at, what }];
    }
    at = new Place(step, at);
    if (!present) return [{ kind: 'missing', at }];
    value = value[step] ?? null;
  }
  return [{ kind: 'value', value, at }];
}

function* walkEach(list: readonly Json[], steps: Path['steps'], next: number, at: Place): Generator<Reached> {
  for (let i = 0; i < list.length; i++) {
    const value = list[i] ?? null;
    const place = new Place(i, at);
    if (next === steps.length) yield { kind: 'value', value, at: place };
    else yield* walk(value, steps, next, place);
  }
}

function nameOfKind(value: Json): string {
  if (value === null) return 'null';
  if (isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return typeof value === 'string' ? 'a text' : typeof value === 'boolean' ? 'true or false' : 'a number';
}

/** Objects with more keys than this get an index, or a call with many keys would cost as many for each condition. */
const INDEXED_FROM = 64;

const indexes = new WeakMap<object, NameIndex>();

/** @returns a key other than `name` that a server could take for it */
function lookalikeIn(object: JsonObject, name: string): string | undefined {
  const index = indexes.get(object);
  if (index) return index.lookalikeOf(name);
  const keys = Object.keys(object);
  if (keys.length < INDEXED_FROM) return lookalikeOf(name, keys);
  const built = new NameIndex(keys);
  indexes.set(object, built);
  return built.lookalikeOf(name);
}
