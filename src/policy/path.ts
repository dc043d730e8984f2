import type { Call } from './decision.js';
import { fold } from './fold.js';
import { isArray, isObject, type Json, type JsonObject } from './json.js';
import { EACH, type Path } from './policy.js';

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

/** What stands at the end of a path; `at` is the path with its elements counted, for people. */
export type Reached =
  | { readonly kind: 'value'; readonly value: Json; readonly at: string }
  | { readonly kind: 'missing'; readonly at: string }
  /** There is something, and it cannot be told what the server will make of it. */
  | { readonly kind: 'unclear'; readonly why: string };

/**
 * @returns what the path leads to, by own properties only: one answer without `[*]`, one for each element with it, so
 *   none for an empty list
 */
export function reach(path: Path, call: Call): readonly Reached[] {
  const out: Reached[] = [];
  switch (path.root) {
    case 'tool':
      return [{ kind: 'value', value: call.tool, at: path.text }];
    case 'env': {
      // Not from the agent, so without a search for twins.
      const [name] = path.steps;
      const value = typeof name === 'string' && Object.hasOwn(call.env, name) ? call.env[name] : undefined;
      return [
        value === undefined ? { kind: 'missing', at: path.text } : { kind: 'value', value, at: path.text },
      ];
    }
    case 'args':
      walk(call.args, path.steps, 0, 'args', out);
      return out;
  }
}

function walk(value: Json, steps: Path['steps'], index: number, at: string, out: Reached[]): void {
  const step = steps[index];
  if (step === undefined) {
    out.push({ kind: 'value', value, at });
  } else if (step === EACH) {
    if (!isArray(value)) out.push({ kind: 'unclear', why: `${at} is ${nameOfKind(value)}, not a list` });
    else for (const [i, item] of value.entries()) walk(item, steps, index + 1, `${at}[${i}]`, out);
  } else if (!isObject(value)) {
    // A text may hold JSON, and a list of one may be taken for its element: a server could still find the field.
    out.push({ kind: 'unclear', why: `${at} is ${nameOfKind(value)}, without a field "${step}"` });
  } else {
    const here = `${at}.${step}`;
    const twin = twinOf(value, step);
    const present = Object.hasOwn(value, step);
    if (twin !== undefined) {
      const why = present
        ? `${at} has both "${step}" and "${shown(twin)}", which could be taken for each other`
        : `${at} has "${shown(twin)}" where the policy reads "${step}"`;
      out.push({ kind: 'unclear', why });
    } else if (!present) {
      out.push({ kind: 'missing', at: here });
    } else {
      walk(value[step] ?? null, steps, index + 1, here, out);
    }
  }
}

function nameOfKind(value: Json): string {
  if (value === null) return 'null';
  if (isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return typeof value === 'string' ? 'a text' : typeof value === 'boolean' ? 'true or false' : 'a number';
}

/** A name for a sentence: what cannot be seen in it is written as an escape. */
function shown(name: string): string {
  const text = name.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

/** Objects with more keys than this get an index, or a call with many keys would cost as many for each condition. */
const INDEXED_FROM = 64;

/** The keys of large objects by their fold. */
const indexes = new WeakMap<object, ReadonlyMap<string, readonly string[]>>();

/** @returns a key other than `name` that a server could take for it */
function twinOf(object: JsonObject, name: string): string | undefined {
  const folded = fold(name);
  const index = indexes.get(object);
  if (index) return index.get(folded)?.find((key) => key !== name);
  const keys = Object.keys(object);
  if (keys.length < INDEXED_FROM) return keys.find((key) => key !== name && fold(key) === folded);
  const built = new Map<string, string[]>();
  for (const key of keys) {
    const twins = built.get(fold(key));
    if (twins) twins.push(key);
    else built.set(fold(key), [key]);
  }
  indexes.set(object, built);
  return built.get(folded)?.find((key) => key !== name);
}
