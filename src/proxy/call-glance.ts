import { isUtf8 } from 'node:buffer';
import { parseDoubles } from '../policy/json.js';
import { ID, idAt, isWholeAt, JSONRPC, METHOD, VERSION } from './envelope-bytes.js';
import {
  afterBlanks,
  afterColon,
  afterKey,
  afterPlainText,
  afterValue,
  CLOSE_BRACE,
  COMMA,
  isAt,
  LONGEST_KEY,
  OPEN_BRACE,
} from './json-bytes.js';
import type { Line } from './lines.js';
import { type Arguments, classify, type Id, type ToolCall, VERSION_KEY } from './message.js';
import { OUTLINED_FROM } from './outline.js';
import { isUtf8Line, scanLine } from './scan.js';
import { type Workspace, workspaceFor } from './workspace.js';

const CALL = Buffer.from('"tools/call"');
const PARAMS = Buffer.from('"params"');
const NAME = Buffer.from('"name"');
const ARGUMENTS = Buffer.from('"arguments"');
const META = Buffer.from('"_meta"');

/**
 * Reads a `tools/call` in one pass over its bytes, as strictly as scanning and classifying it would (scan.ts,
 * message.ts). Its arguments are checked like the rest, but stay where they are until a rule looks at them; only their
 * names are taken out. It never guesses either: beside what is odd, all that this module does not name (another member,
 * a task, another era) has to be read in full, and so has to be what would be refused.
 *
 * @returns undefined for all that has to be read in full, whether or not it is a call
 */
export function glanceCall(line: Line): ToolCall | undefined {
  if (line.size >= OUTLINED_FROM) {
    if (longOnesAreLookedAt) return undefined;
    const { bytes, plainEnd } = workspaceFor(line);
    const call = callIn(line, bytes, 0, line.size, plainEnd);
    return call && isUtf8(bytes.subarray(0, line.size)) ? call : undefined;
  }
  if (line.earlier.length > 0 || !isUtf8Line(line)) return undefined;
  return callIn(line, line.chunk, line.start, line.end, undefined);
}

/**
 * Some rule looked at the arguments of a long call. To read such a call once more costs more than a glance saves, and
 * where there is one there are others.
 */
let longOnesAreLookedAt = false;

type PlainEnd = Workspace['plainEnd'] | undefined;

/** @param line the one that lies in `[start, end)` of the bytes */
function callIn(line: Line, b: Buffer, start: number, end: number, plainEnd: PlainEnd): ToolCall | undefined {
  if (b[start] !== OPEN_BRACE) return undefined;
  let hasVersion = false;
  let isCall = false;
  let id: Id | undefined;
  let params: GlancedParams | undefined;
  let i = start;
  do {
    const key = afterBlanks(b, i + 1);
    const value = afterKey(b, key);
    if (value === -1) return undefined;
    if (isAt(b, key, PARAMS)) {
      if (params) return undefined;
      params = paramsAt(b, value, plainEnd);
      if (!params) return undefined;
      i = params.end;
    } else {
      i = afterValue(b, value, plainEnd, true);
      if (i === -1) return undefined;
      if (isAt(b, key, METHOD)) {
        if (isCall || !isAt(b, value, CALL)) return undefined;
        isCall = true;
      } else if (isAt(b, key, ID)) {
        if (id !== undefined) return undefined;
        id = idAt(b, value, i);
        if (id === undefined) return undefined;
      } else if (isAt(b, key, JSONRPC)) {
        if (hasVersion || !isAt(b, value, VERSION)) return undefined;
        hasVersion = true;
      } else return undefined;
    }
    i = afterBlanks(b, i);
  } while (b[i] === COMMA);
  if (!isWholeAt(b, i, end) || !hasVersion || !isCall || id === undefined || !params) return undefined;
  const { name } = params;
  const args = new LeftArguments(line, params.args);
  return { kind: 'call', id, name, args, params: NOTHING_ELSE, era: 'legacy', task: false };
}

const NOTHING_ELSE = Object.freeze({});

interface GlancedObject {
  readonly names: readonly string[];
  readonly start: number;
  readonly end: number;
}

interface GlancedParams {
  readonly end: number;
  readonly name: string;
  readonly args: GlancedObject;
}

function paramsAt(b: Buffer, from: number, plainEnd: PlainEnd): GlancedParams | undefined {
  if (b[from] !== OPEN_BRACE) return undefined;
  let name: string | undefined;
  let args: GlancedObject | undefined;
  let hasMeta = false;
  let i = from;
  do {
    const key = afterBlanks(b, i + 1);
    const value = afterKey(b, key);
    if (value === -1) return undefined;
    if (isAt(b, key, NAME)) {
      i = afterPlainText(b, value);
      if (i === -1 || name !== undefined) return undefined;
      name = nameIn(b, value + 1, i - 1);
    } else if (isAt(b, key, ARGUMENTS)) {
      const object = objectAt(b, value, plainEnd, lastArguments);
      if (!object || args) return undefined;
      args = object;
      i = object.end;
    } else if (isAt(b, key, META)) {
      const meta = objectAt(b, value, plainEnd, lastMeta);
      // Of what else stands there nothing concerns us.
      if (!meta || hasMeta || meta.names.includes(VERSION_KEY)) return undefined;
      hasMeta = true;
      i = meta.end;
    } else return undefined;
    i = afterBlanks(b, i);
  } while (b[i] === COMMA);
  if (b[i] !== CLOSE_BRACE || name === undefined || !args) return undefined;
  return { end: i + 1, name, args };
}

/** Objects with more members, or longer names, have to be read in full: each is looked for among those before it. */
const MOST_NAMES = 32;
/** The names in the last object of each kind: the next one tends to have the same, and then shares the list. */
const lastArguments = { names: [] as readonly string[] };
const lastMeta = { names: [] as readonly string[] };

function objectAt(
  b: Buffer,
  from: number,
  plainEnd: PlainEnd,
  last: { names: readonly string[] },
): GlancedObject | undefined {
  if (b[from] !== OPEN_BRACE) return undefined;
  let own: string[] | undefined;
  let count = 0;
  let i = afterBlanks(b, from + 1);
  if (b[i] !== CLOSE_BRACE) {
    i = from;
    do {
      const key = afterBlanks(b, i + 1);
      const keyEnd = afterPlainText(b, key);
      if (keyEnd === -1 || keyEnd - key > LONGEST_KEY) return undefined;
      const value = afterColon(b, keyEnd);
      i = value === -1 ? -1 : afterValue(b, value, plainEnd, true);
      if (i === -1) return undefined;
      const name = nameIn(b, key + 1, keyEnd - 1);
      if (count === MOST_NAMES || isAmong(own ?? last.names, count, name)) return undefined;
      if (!own && last.names[count] !== name) own = last.names.slice(0, count);
      own?.push(name);
      count++;
      i = afterBlanks(b, i);
    } while (b[i] === COMMA);
    if (b[i] !== CLOSE_BRACE) return undefined;
  }
  if (own || last.names.length > count) last.names = own ?? last.names.slice(0, count);
  return { names: last.names, start: from, end: i + 1 };
}

/** Whether it is one of the first so many names. */
function isAmong(names: readonly string[], count: number, name: string): boolean {
  for (let i = 0; i < count; i++) if (names[i] === name) return true;
  return false;
}

/** Arguments whose grammar was checked, and that are still in their line. */
class LeftArguments implements Arguments {
  readonly names: readonly string[];
  readonly #line: Line;
  readonly #start: number;
  readonly #end: number;
  #values: Arguments['values'] | undefined;

  constructor(line: Line, { names, start, end }: GlancedObject) {
    this.names = names;
    this.#line = line;
    this.#start = start;
    this.#end = end;
  }

  get values(): Arguments['values'] {
    this.#values ??= this.#read();
    return this.#values;
  }

  #read(): Arguments['values'] {
    const line = this.#line;
    if (line.size < OUTLINED_FROM)
      return parseDoubles(line.chunk.toString('utf8', this.#start, this.#end)) as Arguments['values'];
    longOnesAreLookedAt = true;
    // Long texts stay in the line even now, until a rule looks at those.
    const call = classify(scanLine(line));
    if (call.kind !== 'call') throw new Error('what was a call at a glance is none');
    return call.args.values;
  }
}

interface Known {
  readonly bytes: Buffer;
  readonly text: string;
}

/** Names are met again and again: a few short ones are kept, each in the place that its length and ends tell. */
const known: (Known | undefined)[] = Array(256).fill(undefined);
const LONGEST_KNOWN = 64;

function nameIn(b: Buffer, start: number, end: number): string {
  const size = end - start;
  if (size > LONGEST_KNOWN) return b.toString('utf8', start, end);
  const place = (size * 31 + (b[start] as number) * 7 + (b[end - 1] as number)) & 0xff;
  const before = known[place];
  if (before?.bytes.length === size && isAt(b, start, before.bytes)) return before.text;
  const text = b.toString('utf8', start, end);
  // A copy: a view would keep the chunk alive.
  known[place] = { bytes: Buffer.from(b.subarray(start, end)), text };
  return text;
}
