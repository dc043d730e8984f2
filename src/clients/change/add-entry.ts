import { isDeepStrictEqual } from 'node:util';
import { PolicyWrapError } from '../../errors.js';
import { containersAt, sameFolder } from '../entries.js';
import type { Format, Shape } from '../file-shapes.js';
import type { Place } from '../places.js';
import { type ConfigDocument, errorAt, memberOf, quote } from '../text/document.js';
import type { Member, Splice, TableNode } from '../text/nodes.js';
import { apply, type Edited } from './rewrite-entry.js';

/** A server to be written as a whole new entry. */
export interface NewEntry {
  readonly name: string;
  /** The command and its arguments. */
  readonly words: readonly string[];
  readonly env: ReadonlyMap<string, string>;
}

type Setting = string | boolean | readonly string[] | ReadonlyMap<string, string>;

/** The settings of a new entry in the order in which people write them. */
function settingsOf({ name, words, env }: NewEntry, shape: Shape): Map<string, Setting> {
  const [command = '', ...args] = words;
  const settings = new Map<string, Setting>(Object.entries(shape.fixed));
  if (shape.name !== undefined) settings.set(shape.name, name);
  if (shape.args === undefined) settings.set(shape.command, words);
  else settings.set(shape.command, command).set(shape.args, args);
  if (env.size > 0) settings.set(shape.env, env);
  return settings;
}

/**
 * Adds an entry in the style of the file, together with the tables around it that are missing.
 *
 * @throws PolicyWrapError CONFIG_CONFLICT when the name is taken, or the file cannot take the entry where it belongs
 */
export function addEntry(document: ConfigDocument, at: Place['at'], shape: Shape, entry: NewEntry): Edited {
  const taken = containersAt(document, at).some(({ table }) => memberOf(table, entry.name) !== undefined);
  if (taken)
    throw new PolicyWrapError('CONFIG_CONFLICT', `${document.file}: ${entry.name} already exists`, {
      hint: `Wrap it as it is: leave out --add and the command.`,
    });
  const path = [...keysOf(document, at), entry.name];
  const settings = settingsOf(entry, shape);
  const change = CHANGES[document.format](document, path, settings);
  const edited = apply(document, [change]);
  if (!isDeepStrictEqual(withoutAdded(edited.after.plain, document.plain, path), comparable(document.plain)))
    throw errorAt(document, change.start, 'the entry cannot be added without changing others');
  return edited;
}

const CHANGES = { json: jsonChange, toml: tomlChange, yaml: yamlChange } as const;

/** The place's keys as the file spells them. */
function keysOf(document: ConfigDocument, at: Place['at']): string[] {
  const keys: string[] = [];
  let table: TableNode | undefined = document.root;
  for (const step of at) {
    // Claude Code writes paths with `/` on Windows too, and finds no others.
    const wanted =
      typeof step === 'string'
        ? step
        : step.project.replace(/^[A-Za-z]:.*/s, (folder) => folder.replaceAll('\\', '/'));
    const found: Member | undefined = table?.members.find(({ key }) =>
      typeof step === 'string' ? key === step : sameFolder(key, step.project),
    );
    keys.push(found?.key ?? wanted);
    table = found?.value.kind === 'table' ? found.value : undefined;
  }
  return keys;
}

function jsonChange(
  document: ConfigDocument,
  path: readonly string[],
  settings: Map<string, Setting>,
): Splice {
  const { text, eol } = document;
  let table = document.root;
  let depth = 0;
  for (const key of path.slice(0, -1)) {
    const next = memberOf(table, key)?.value;
    if (next?.kind !== 'table') break;
    table = next;
    depth += 1;
  }
  const unit = /\n([ \t]+)"/.exec(text)?.[1] ?? '  ';
  const last = table.members.at(-1);
  const lineOf = (offset: number): string =>
    /^[ \t]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';
  const ownLine = last !== undefined && /\n[ \t]*$/.test(text.slice(0, last.keySpan.start));
  const indent = ownLine ? lineOf(last.keySpan.start) : `${lineOf(table.start)}${unit}`;
  const [key = '', ...rest] = path.slice(depth);
  const nested = rest.reduceRight<unknown>((value, name) => new Map([[name, value]]), settings);
  const pretty = `${quote(key)}: ${json(nested, indent, unit, eol)}`;
  if (last === undefined)
    return {
      start: table.start + 1,
      end: table.start + 1,
      text: `${eol}${indent}${pretty}${/^\s*\n/.test(text.slice(table.start + 1, table.end)) ? '' : eol + lineOf(table.start)}`,
    };
  const end = last.value.end;
  return {
    start: end,
    end,
    text: ownLine ? `,${eol}${indent}${pretty}` : `, ${quote(key)}: ${json(nested)}`,
  };
}

/** JSON of maps, lists and literals; on one line when no indent is given. */
function json(value: unknown, indent?: string, unit = '', eol = '\n'): string {
  if (value instanceof Map) {
    const inner = indent === undefined ? undefined : indent + unit;
    const members = [...value].map(
      ([key, member]) => `${quote(String(key))}: ${json(member, inner, unit, eol)}`,
    );
    if (indent === undefined || members.length === 0)
      return `{${members.length > 0 ? ` ${members.join(', ')} ` : ''}}`;
    return `{${eol}${inner}${members.join(`,${eol}${inner}`)}${eol}${indent}}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => json(item)).join(', ')}]`;
  return typeof value === 'string' ? quote(value) : String(value);
}

function tomlChange(
  { text, eol }: ConfigDocument,
  path: readonly string[],
  settings: Map<string, Setting>,
): Splice {
  const gap = text === '' || text.endsWith('\n\n') || text.endsWith('\n\r\n') ? '' : eol;
  const ended = text === '' || text.endsWith('\n') ? '' : eol;
  return { start: text.length, end: text.length, text: ended + gap + toml(path, settings, eol) };
}

function toml(path: readonly string[], settings: Map<string, Setting>, eol: string): string {
  const bare = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : quote(key));
  const header = path.map(bare).join('.');
  const lines = [`[${header}]`];
  const tables: string[] = [];
  for (const [key, value] of settings) {
    if (value instanceof Map)
      tables.push(
        '',
        `[${header}.${bare(key)}]`,
        ...[...value].map(([name, inner]) => `${bare(name)} = ${json(inner)}`),
      );
    else lines.push(`${bare(key)} = ${json(value)}`);
  }
  return [...lines, ...tables, ''].join(eol);
}

/** The entry alone, for people who paste it themselves; ends with a line end. */
export function snippet(format: Format, shape: Shape, entry: NewEntry): string {
  const settings = settingsOf(entry, shape);
  const path = [...shape.at, entry.name];
  switch (format) {
    case 'toml':
      return toml(path, settings, '\n');
    case 'json':
      return `${json(
        path.reduceRight<unknown>((value, key) => new Map([[key, value]]), settings),
        '',
        '  ',
      )}\n`;
    case 'yaml':
      return yaml(path, settings);
  }
}

function yamlChange(
  document: ConfigDocument,
  path: readonly string[],
  settings: Map<string, Setting>,
): Splice {
  const { text, eol, root } = document;
  const [top = ''] = path;
  const found = memberOf(root, top)?.value;
  const put = (at: number, lines: string, end = at): Splice => {
    const before = at === 0 || text[at - 1] === '\n' ? '' : eol;
    return { start: at, end, text: before + lines.replaceAll('\n', eol) };
  };
  if (found === undefined) return put(text.length, yaml(path, settings));
  if (found.kind !== 'table' || text[found.start] === '{')
    throw errorAt(
      document,
      found.start,
      `${JSON.stringify(top)} is not a block to which an entry can be added`,
    );
  const [first] = found.members;
  const indent = first === undefined ? '' : (/[ \t]*$/.exec(text.slice(0, first.keySpan.start))?.[0] ?? '');
  const lineEnd = text[found.end - 1] === '\n' ? found.end - 1 : text.indexOf('\n', found.end);
  return put(lineEnd < 0 ? text.length : lineEnd + 1, yaml(path.slice(1), settings, indent));
}

/** JSON's own notation for strings and lists is YAML as well. */
function yaml(path: readonly string[], settings: Map<string, Setting>, indent = ''): string {
  const pad = (depth: number): string => indent + '  '.repeat(depth);
  const lines = path.map((key, depth) => `${pad(depth)}${yamlKey(key)}:`);
  for (const [key, value] of settings) {
    if (value instanceof Map) {
      lines.push(`${pad(path.length)}${key}:`);
      for (const [name, inner] of value)
        lines.push(`${pad(path.length + 1)}${yamlKey(name)}: ${json(inner)}`);
    } else {
      lines.push(`${pad(path.length)}${key}: ${json(value)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** A plain key must not be read as a number, null, true or false. */
function yamlKey(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) && !/^(?:null|true|false|yes|no|on|off|y|n)$/i.test(key)
    ? key
    : quote(key);
}

/** Tables as maps, because a key may be `__proto__`. */
function comparable(plain: unknown): unknown {
  if (Array.isArray(plain)) return plain.map(comparable);
  if (typeof plain !== 'object' || plain === null || plain instanceof Date) return plain;
  return new Map(Object.entries(plain).map(([key, value]) => [key, comparable(value)]));
}

/** The content less the entry at `path`, and less the tables around it that were not there before. */
function withoutAdded(after: unknown, before: unknown, path: readonly string[]): unknown {
  const less = (now: unknown, then: unknown, [key, ...rest]: readonly string[]): unknown => {
    if (!(now instanceof Map) || key === undefined) return now;
    const earlier = then instanceof Map ? then.get(key) : undefined;
    const kept = new Map(now);
    if (earlier === undefined) kept.delete(key);
    else kept.set(key, less(now.get(key), earlier, rest));
    return kept;
  };
  return less(comparable(after), comparable(before), path);
}
