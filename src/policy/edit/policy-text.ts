import { canonicalJson } from '../../json/canonical.js';
import { readJsonc } from '../../json/relaxed.js';
import { isArray, isObject, type Json, setOwn } from '../../json/value.js';
import { type EditPath, removeIn, setIn } from './jsonc-text.js';

/**
 * The text of a policy that is being edited, with what it says. Every edit is read again: it is believed when the text
 * then says exactly what was meant, and nothing else has changed.
 */
export class PolicyText {
  #text: string;
  #document: Json;

  /** @throws Error for text that is no JSON object with comments, or has a key twice */
  constructor(text: string) {
    this.#text = text;
    this.#document = documentOf(text);
  }

  get text(): string {
    return this.#text;
  }

  /** @returns what stands at a path, with its numbers exact; undefined where there is nothing */
  at(path: EditPath): Json | undefined {
    let value: Json | undefined = this.#document;
    for (const step of path) {
      if (isArray(value)) value = typeof step === 'number' ? value[step] : undefined;
      else if (isObject(value) && Object.hasOwn(value, step)) value = value[step];
      else return undefined;
    }
    return value;
  }

  /** Sets a member, or an element behind the last one; what is missing on the way is made. */
  set(path: EditPath, value: Json): void {
    this.#edit(setIn(this.#text, path, value), withPut(this.#document, path, value));
  }

  remove(path: EditPath): void {
    this.#edit(removeIn(this.#text, path), withPut(this.#document, path, undefined));
  }

  #edit(text: string, meant: Json): void {
    const document = documentOf(text);
    if (canonicalJson(document) !== canonicalJson(meant))
      throw new Error('an edit of the policy came out otherwise than meant');
    this.#text = text;
    this.#document = document;
  }
}

function documentOf(text: string): Json {
  const value = readJsonc(text.replace(/^\uFEFF/, ' '))?.exact;
  if (!isObject(value)) throw new Error('the policy cannot be edited: it is no JSON object');
  return value;
}

/** @returns a copy in which `value` is at a path; without it where `value` is undefined */
function withPut(holder: Json | undefined, path: EditPath, value: Json | undefined): Json {
  const [step, ...rest] = path;
  if (step === undefined) return value ?? null;
  if (typeof step === 'number') {
    const list = isArray(holder) ? [...holder] : [];
    if (rest.length === 0 && value === undefined) list.splice(step, 1);
    else if (list.length > step || value !== undefined) list[step] = withPut(list[step], rest, value);
    return list;
  }
  const object: Record<string, Json> = {};
  for (const [key, member] of Object.entries(isObject(holder) ? holder : {}))
    if (key !== step) setOwn(object, key, member);
  const had = isObject(holder) && Object.hasOwn(holder, step) ? holder[step] : undefined;
  if (rest.length > 0 && (had !== undefined || value !== undefined))
    setOwn(object, step, withPut(had, rest, value));
  else if (value !== undefined) setOwn(object, step, value);
  return object;
}
