import { canonicalJson } from '../../json/canonical.js';
import { isArray, isNumber, isObject, type Json, type JsonObject, jsonTypeOf } from '../../json/value.js';
import type { Regex } from '../evaluate/regex.js';
import { exact } from './bounds.js';
import { compileSchema } from './compile.js';
import { SchemaFault, type SchemaNode } from './model.js';
import { NamedKeys } from './named-keys.js';
import { type Place, placeText, shownKey } from './place.js';

/** Steps that one call may take: what a call of megabytes needs under a plain schema. */
const MOST_STEPS = 1_000_000;
/** A schema looked at inside a schema; references to themselves go on for ever. */
const DEEPEST = 400;

/** A tool's input schema, ready for the arguments of calls. */
export interface ArgumentCheck {
  /**
   * @returns why the schema does not accept the arguments, in one sentence; undefined where it does. A key that no part
   *   of the schema names is refused unless the schema says `additionalProperties`
   */
  fault(args: JsonObject): string | undefined;
}

/** @returns why a schema cannot be used; undefined where it can */
export function schemaFault(inputSchema: unknown): string | undefined {
  const compiled = compiledOrFault(inputSchema);
  return typeof compiled === 'string' ? compiled : undefined;
}

/** @returns whether a key that the schema does not name is accepted, whatever its value is */
export function allowsAnyKey(inputSchema: unknown): boolean {
  const compiled = compiledOrFault(inputSchema);
  if (typeof compiled === 'string') return false;
  const { additional, unevaluated } = compiled;
  return [additional, unevaluated].some((node) => node !== undefined && isAnything(node));
}

function isAnything(node: SchemaNode): boolean {
  return ['', 0, null].every((value) => new Check().run(node, value) === undefined);
}

function compiledOrFault(inputSchema: unknown): SchemaNode | string {
  try {
    if (inputSchema === undefined) throw new SchemaFault('the server lists none');
    return compileSchema(inputSchema);
  } catch (error) {
    return error instanceof SchemaFault ? error.message : 'it could not be read';
  }
}

/** @returns what checks calls by the schema; refuses every call where it cannot be used */
export function argumentCheck(inputSchema: unknown): ArgumentCheck {
  const root = compiledOrFault(inputSchema);
  if (typeof root === 'string') return { fault: () => `the tool's input schema cannot be used: ${root}` };
  return { fault: (args) => new Check().run(root, args) };
}

class Check {
  #steps = 0;
  #depth = 0;
  readonly #canonical = new Map<Json, string>();

  run(root: SchemaNode, args: Json): string | undefined {
    try {
      return this.#enter(root, args, { parent: undefined, step: 'args' }, true);
    } catch (error) {
      if (error instanceof SchemaFault) return error.message;
      throw error;
    }
  }

  /** Looks at a value with all that the schema says of it, then at keys and elements that nothing named. */
  #enter(node: SchemaNode, value: Json, at: Place, isRoot = false): string | undefined {
    const named = new NamedKeys();
    const fault = this.#apply(node, value, at, named);
    if (fault !== undefined || named.all || !isObject(value) || !(named.some || isRoot)) return fault;
    for (const key in value)
      if (!named.has(key))
        return `${placeText(at)} has the key ${shownKey(key)}, which the tool's schema does not name`;
    return undefined;
  }

  #apply(node: SchemaNode, value: Json, at: Place, named: NamedKeys): string | undefined {
    this.#step(1);
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new SchemaFault("the tool's schema runs in a circle");
    const fault = this.#plain(node, value, at) ?? this.#parts(node, value, at, named);
    this.#depth -= 1;
    return fault;
  }

  #step(count: number): void {
    this.#steps += count;
    if (this.#steps > MOST_STEPS)
      throw new SchemaFault("the arguments take too long to check by the tool's schema");
  }

  #plain(node: SchemaNode, value: Json, at: Place): string | undefined {
    if (node.never) return `${placeText(at)} is not accepted by the tool's schema`;
    const { types } = node;
    if (types && !types.has(jsonTypeOf(value)) && !(types.has('integer') && isInteger(value)))
      return `${placeText(at)} is not of type ${[...types].join(' or ')}, as the tool's schema says`;
    for (const values of node.values)
      if (!values.has(this.#textOf(value)))
        return `${placeText(at)} is not one of the values that the tool's schema lists`;
    for (const bound of node.bounds) {
      if (bound.of !== jsonTypeOf(value)) continue;
      if (typeof value === 'string') this.#step(value.length >> 6);
      const fault = bound.fault(value);
      if (fault !== undefined) return `${placeText(at)} ${fault}, against the tool's schema`;
    }
    if (node.pattern && typeof value === 'string' && !this.#matches(node.pattern, value))
      return `${placeText(at)} does not match the pattern of the tool's schema`;
    if (node.unique && isArray(value) && new Set(value.map((each) => this.#textOf(each))).size < value.length)
      return `${placeText(at)} has an element twice, against the tool's schema`;
    return undefined;
  }

  #parts(node: SchemaNode, value: Json, at: Place, named: NamedKeys): string | undefined {
    return (
      (isObject(value) ? this.#object(node, value, at, named) : undefined) ??
      (isArray(value) ? this.#list(node, value, at) : undefined) ??
      this.#combined(node, value, at, named) ??
      (isObject(value) && node.unevaluated ? this.#others(node.unevaluated, value, at, named) : undefined)
    );
  }

  #object(node: SchemaNode, value: JsonObject, at: Place, named: NamedKeys): string | undefined {
    for (const name of node.required)
      if (!Object.hasOwn(value, name))
        return `${placeText(at)} lacks ${shownKey(name)}, which the tool's schema requires`;
    for (const [name, others] of node.dependentRequired) {
      const missing = Object.hasOwn(value, name) && others.find((other) => !Object.hasOwn(value, other));
      if (missing) return `${placeText(at)} lacks ${shownKey(missing)}, which the tool's schema requires`;
    }
    if (node.properties.size > 0 || node.patterns.length > 0) named.some = true;
    const here = new NamedKeys();
    for (const key in value) {
      this.#step(1 + node.patterns.length);
      const inner = { parent: at, step: key };
      const member = value[key] as Json;
      if (node.names) {
        const fault = this.#enter(node.names, key, inner);
        if (fault !== undefined) return fault;
      }
      const schemas = node.patterns.flatMap(([regex, each]) => (this.#matches(regex, key) ? [each] : []));
      const property = node.properties.get(key);
      if (property) schemas.push(property);
      for (const each of schemas) {
        const fault = this.#enter(each, member, inner);
        if (fault !== undefined) return fault;
      }
      if (schemas.length > 0) here.add(key);
    }
    const fault = node.additional && this.#others(node.additional, value, at, here);
    this.#merge(named, here);
    return fault;
  }

  /** What holds for the keys that nothing else named; they are named by that. */
  #others(node: SchemaNode, value: JsonObject, at: Place, named: NamedKeys): string | undefined {
    if (named.all) return undefined;
    for (const key in value) {
      if (named.has(key)) continue;
      if (node.never)
        return `${placeText(at)} has the key ${shownKey(key)}, which the tool's schema does not name`;
      const fault = this.#enter(node, value[key] as Json, { parent: at, step: key });
      if (fault !== undefined) return fault;
    }
    named.all = true;
    return undefined;
  }

  #list(node: SchemaNode, value: readonly Json[], at: Place): string | undefined {
    const { first, items, contains } = node;
    let found = 0;
    for (const [index, element] of value.entries()) {
      this.#step(1);
      const inner = { parent: at, step: index };
      const schema = first[index] ?? items;
      // A tuple that does not say what comes behind it has no place there.
      if (!schema && first.length > 0) return `${placeText(inner)} is one more than the tool's schema names`;
      const fault = schema && this.#enter(schema, element, inner);
      if (fault !== undefined) return fault;
      if (contains && this.#enter(contains.node, element, inner) === undefined) found += 1;
    }
    return contains && (found < contains.least || found > contains.most)
      ? `${placeText(at)} has too few or too many elements of a kind that the tool's schema counts`
      : undefined;
  }

  #combined(node: SchemaNode, value: Json, at: Place, named: NamedKeys): string | undefined {
    for (const each of node.all) {
      const fault = this.#apply(each, value, at, named);
      if (fault !== undefined) return fault;
    }
    for (const choices of node.any) {
      const faults = choices.map((each) => this.#try(each, value, at, named));
      if (!faults.includes(undefined)) return this.#choiceFault(faults, at);
    }
    for (const choices of node.one) {
      const faults = choices.map((each) => this.#try(each, value, at, named));
      const fits = faults.filter((fault) => fault === undefined).length;
      if (fits > 1) return `${placeText(at)} fits more than one of the choices of the tool's schema`;
      if (fits === 0) return this.#choiceFault(faults, at);
    }
    if (node.not && this.#try(node.not, value, at, new NamedKeys()) === undefined)
      return `${placeText(at)} is what the tool's schema excludes`;
    if (node.condition) {
      const then = this.#try(node.condition, value, at, named) === undefined ? node.ifTrue : node.ifFalse;
      const fault = then && this.#apply(then, value, at, named);
      if (fault !== undefined) return fault;
    }
    for (const [name, each] of node.dependent) {
      if (!isObject(value) || !Object.hasOwn(value, name)) continue;
      const fault = this.#apply(each, value, at, named);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** What a schema that does not fit names does not count. */
  #try(node: SchemaNode, value: Json, at: Place, named: NamedKeys): string | undefined {
    const here = new NamedKeys();
    const fault = this.#apply(node, value, at, here);
    if (fault === undefined) this.#merge(named, here);
    return fault;
  }

  #merge(into: NamedKeys, from: NamedKeys): void {
    this.#step(from.size);
    into.merge(from);
  }

  #choiceFault(faults: readonly (string | undefined)[], at: Place): string {
    const [only] = faults;
    return faults.length === 1 && only
      ? only
      : `${placeText(at)} fits none of the choices of the tool's schema`;
  }

  #matches(regex: Regex, text: string): boolean {
    this.#step(text.length >> 3);
    if (text.length > regex.maxText)
      throw new SchemaFault("a text is too long to be compared with a pattern of the tool's schema");
    return regex.test(text);
  }

  /** Once for a value, however many schemas list values. */
  #textOf(value: Json): string {
    const known = this.#canonical.get(value);
    if (known !== undefined) return known;
    const text = canonicalJson(value);
    this.#step(text.length >> 3);
    this.#canonical.set(value, text);
    return text;
  }
}

function isInteger(value: Json): boolean {
  return isNumber(value) && exact(value).decimals === 0;
}
