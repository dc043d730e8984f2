import { lastPart, packageOf, stem, type TellingPart, tellingPart, withoutVersion } from './program-name.js';
import type { Runner } from './runner.js';
import { isNode, RUNNERS } from './runners.js';
import { readShellLine } from './shell-line.js';
import { BRIDGES, RUNTIME_IMAGES } from './unspecific-names.js';

/** Our own program, as a command or as a package, and the script that Node runs of it. */
const WRAPPER = 'policy-wrap';
const WRAPPER_SCRIPT = /(?:^|[/\\])bin[/\\]policy-wrap\.js$/;

/** Runners within runners that are read; `env X=1 sh -c "npx ..."` is a common three, a hostile line has thousands. */
const MOST_NESTED = 8;

/** A server's command line, read through every program that only starts another one. */
export interface CommandLine {
  /** What was read through, outermost first, by the names of the table: `cmd`, `env`, `sh`. */
  readonly through: readonly string[];
  /** What runs the program, by its name in the table; undefined when it is started directly. */
  readonly runner: string | undefined;
  /** The word that names the program: a command, script, package, image or module; '' where there is none. */
  readonly program: string;
  /** Where `program` stands among the words; undefined where it is part of one, as in `sh -c "..."`. */
  readonly at: number | undefined;
  /** The words behind the runner; behind the program where there is none. */
  readonly args: readonly string[];
  /** The package of the program, without its version, where the runner finds that by name. */
  readonly package: string | undefined;
  /** The machines and containers in which it is started, where that is not this one. */
  readonly place: string | undefined;
  /** The host of the server elsewhere to which the program connects. */
  readonly host: string | undefined;
  /** The most telling part, in lower case: `mcp-afip` of `node /opt/mcp-afip/dist/index.js`; undefined for none. */
  readonly name: string | undefined;
  /** How the program is our own wrapper: by Node and its script, by its package, or as a command. */
  readonly wrapper: 'installed' | 'package' | 'path' | undefined;
}

/**
 * Reads the command line of a server: the command, then its arguments.
 *
 * @param cwd where it is started: the folder's name stands for a program that the line names by no more than `index.js`
 *   or `npm start`, for then the folder decides which program that is
 * @returns a function of these words, and of `cwd` in that case
 */
export function readCommandLine(words: readonly string[], cwd?: string): CommandLine {
  const { isGeneric, isLocal, ...line } = read(words, {
    offset: 0,
    through: [],
    folders: [],
    isLocal: false,
    place: undefined,
  });
  const isAbsolute = /^(?:[\\/~]|[a-z]:)/i.test(line.program);
  if (!isGeneric || !isLocal || isAbsolute || cwd === undefined) return line;
  const folder = tellingPart(cwd, []);
  return folder.isGeneric ? line : { ...line, name: folder.name };
}

/** What was read before a word. */
interface Before {
  /** Index of the next word in the whole line; undefined where they are all part of one. */
  readonly offset: number | undefined;
  readonly through: readonly string[];
  /** Folders, hosts and containers that were named, outermost first. */
  readonly folders: readonly string[];
  readonly isLocal: boolean;
  readonly place: string | undefined;
}

interface Read extends CommandLine {
  /** `name` says nothing. */
  readonly isGeneric: boolean;
  /** Which program it is depends on the working folder. */
  readonly isLocal: boolean;
}

function read(argv: readonly string[], before: Before): Read {
  const { offset, through, folders } = before;
  const first = argv.findIndex((word) => !/^(?:--|[&.])$/.test(word) && !/^[A-Za-z_]\w*=/.test(word));
  const words = first < 0 ? [] : argv.slice(first);
  const [command = '', ...args] = words;
  const at = offset === undefined ? undefined : offset + Math.max(first, 0);
  const own = tellingPart(command, folders);
  const common = { through, args, place: before.place, package: undefined, wrapper: undefined };
  const name = runnerName(command);
  const found = name === undefined ? undefined : alternative(RUNNERS.get(name) ?? [], args);
  if (name === undefined || found === undefined) {
    const wrapper = name === undefined && stem(lastPart(command)) === WRAPPER ? 'path' : undefined;
    const isLocal = before.isLocal || /[\\/]/.test(command);
    return { ...common, runner: name, program: command, at, ...withHost(own, words), wrapper, isLocal };
  }

  const { runner, rest, verb } = found;
  const [program = ''] = rest;
  const programAt = at === undefined || found.at === undefined ? undefined : at + 1 + found.at;
  const isByName = runner.byName?.split('|').includes(verb) === true;
  const within: Before = {
    offset: programAt,
    through: [...through, name],
    folders: [...folders, ...(runner.inside ? [command.replace(/[^\\/]*$/, '')] : []), ...found.folders],
    isLocal: runner.project === true || (before.isLocal && runner.elsewhere !== true),
    place: runner.elsewhere === true && found.place ? `${before.place ?? ''}/${found.place}` : before.place,
  };
  if (through.length < MOST_NESTED) {
    const inner = startedBy(found, isByName, within);
    if (inner !== undefined) return inner;
  }
  const isOurs = withoutVersion(program) === WRAPPER && (isByName || (runner.byName && verb === ''));
  const isOurScript = isNode(runner) && WRAPPER_SCRIPT.test(program);
  return {
    ...common,
    runner: name,
    program,
    at: programAt,
    package: isByName && program !== '' ? packageOf(found.package ?? program) : undefined,
    ...withHost(nameAfter(found, within.folders, own), rest),
    isLocal: before.isLocal || runner.project === true || !(isByName || runner.elsewhere === true),
    wrapper: isOurScript ? 'installed' : isOurs ? 'package' : undefined,
  };
}

/** The runner that a word names, in whatever folder and version; undefined for a program of its own. */
function runnerName(word: string): string | undefined {
  const scoped = withoutVersion(word).toLowerCase();
  if (RUNNERS.has(scoped)) return scoped;
  const file = stem(withoutVersion(lastPart(word))).replace(/(?<=^(?:python|pypy|node|nodejs))[\d.]+$/, '');
  // `@org/docker` is somebody's package.
  return RUNNERS.has(file) && !word.startsWith('@') ? file : undefined;
}

/** The command line that a runner starts in its turn; undefined where what it starts is a program. */
function startedBy(found: AfterRunner, isByName: boolean, within: Before): Read | undefined {
  const { runner, rest, line, verb } = found;
  const [program = ''] = rest;
  if (line !== undefined || (runner.starts === 'line' && rest.length === 1 && /\s/.test(program))) {
    const { words, folders } = readShellLine(line ?? program);
    if (words.length === 0) return undefined;
    return read(words, { ...within, offset: undefined, folders: [...within.folders, ...folders] });
  }
  if (rest.length === 0) return undefined;
  if (runner.starts !== undefined) return read(rest, within);
  if (runner.image === true) {
    if (found.entry !== undefined)
      return read([found.entry, ...rest.slice(1)], { ...within, offset: undefined });
    const isRuntime = RUNTIME_IMAGES.has(stem(withoutVersion(lastPart(program))));
    const offset = within.offset === undefined ? undefined : within.offset + 1;
    return isRuntime && rest.length > 1 ? read(rest.slice(1), { ...within, offset }) : undefined;
  }
  // `npx tsx a/index.ts`, `python -m fastmcp run x.py`: what is started by its name starts another.
  const isCommand = isByName || (runner.byName !== undefined && verb === '');
  const isNamed = isCommand || found.isAfterFlag || /(?:^|[\\/])artisan$/.test(program);
  const name = isNamed ? runnerName(program) : undefined;
  return name !== undefined && alternative(RUNNERS.get(name) ?? [], rest.slice(1))
    ? read(rest, within)
    : undefined;
}

function nameAfter(found: AfterRunner, folders: readonly string[], own: TellingPart): TellingPart {
  const { runner, rest } = found;
  if (runner.name !== undefined) return { name: runner.name, isGeneric: false };
  const [program = ''] = rest;
  const [origin = '', fragment] = runner.fragment === true ? program.split('#') : [program];
  const inside = fragment === undefined ? undefined : tellingPart(fragment, []);
  if (inside?.isGeneric === false) return inside;
  const telling = tellingPart(origin, folders);
  return telling.name === undefined ? { name: own.name, isGeneric: true } : telling;
}

interface AfterRunner {
  readonly runner: Runner;
  /** The words from the program on. */
  readonly rest: readonly string[];
  /** Index of the first of them among the words after the runner; undefined where it is part of a word. */
  readonly at: number | undefined;
  /** The one of the runner's verbs that was there; '' where none was. */
  readonly verb: string;
  readonly folders: readonly string[];
  /** The host or the container, where one was named. */
  readonly place: string | undefined;
  readonly package: string | undefined;
  readonly entry: string | undefined;
  /** A line for a shell. */
  readonly line: string | undefined;
  /** The program stands behind a flag that names it, as in `-m module`. */
  readonly isAfterFlag: boolean;
}

/** Reads by the first of several ways whose verbs fit. */
function alternative(ways: readonly Runner[], words: readonly string[]): AfterRunner | undefined {
  for (const way of ways) {
    const found = afterRunner(way, words);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** @returns undefined when the verbs do not fit */
function afterRunner(runner: Runner, words: readonly string[]): AfterRunner | undefined {
  const flags = (text: string | undefined): Set<string> => new Set(text?.split(' '));
  const valued = flags(runner.valued);
  const pairs = flags(runner.pairs);
  const folder = flags(runner.folder);
  const program = flags(runner.program);
  const line = flags(runner.line);
  const pack = flags(runner.package);
  const entry = flags(runner.entry);
  let verbs = (runner.verbs ?? '').split('|').map((verb) => verb.split(' ').filter(Boolean));
  const isDone = (): boolean => verbs.some((verb) => verb.length === 0);
  const said: string[] = [];
  const folders: string[] = [];
  let awaited = runner.before;
  let named: string | undefined;
  let entered: string | undefined;
  let place: number | undefined;
  const found = (rest: readonly string[], at: number | undefined): AfterRunner => ({
    runner,
    rest,
    at,
    verb: said.join(' '),
    folders,
    place: place === undefined ? undefined : words[place],
    package: named,
    entry: entered,
    line: undefined,
    isAfterFlag: false,
  });
  const dashes = runner.dashes === true ? words.indexOf('--') : -1;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [, flag = word, inline] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const is = (flags: Set<string>): boolean => flags.has(flag) || flags.has(flag.toLowerCase());
    const value = (): string => inline ?? words[++at] ?? '';
    if (dashes >= 0 && isDone()) return found(words.slice(dashes + 1), dashes + 1);
    if (is(line)) return { ...found([], undefined), line: [value(), ...words.slice(at + 1)].join(' ') };
    if (is(program)) {
      const after = inline === undefined ? found(words.slice(at + 1), at + 1) : found([inline], undefined);
      return { ...after, isAfterFlag: true };
    }
    if (is(folder)) folders.push(value());
    else if (is(pack)) named = value();
    else if (is(entry)) entered = value();
    else if (is(valued)) value();
    else if (is(pairs)) at += 2;
    else if (word !== '' && !/^[-+]/.test(word)) {
      const begun = verbs.filter(([first]) => first === word).map((verb) => verb.slice(1));
      if (begun.length > 0) {
        verbs = begun;
        said.push(word);
        continue;
      }
      if (!isDone()) return undefined;
      if (awaited === 'all') continue;
      if (awaited !== undefined && (typeof awaited === 'string' || awaited.test(word))) {
        if (awaited === 'place') place = at;
        awaited = undefined;
      } else {
        if (place !== undefined) folders.push(placeName(words[place] ?? ''));
        return found(words.slice(at), at);
      }
    }
  }
  if (!isDone()) return undefined;
  return place === undefined ? found([], undefined) : found([placeName(words[place] ?? '')], place);
}

/** `user@host` is called by the host. */
const placeName = (word: string): string => word.replace(/^[^@/\\]+@/, '');

/** A bridge is called by the host that it leads to. */
function withHost(
  telling: TellingPart,
  words: readonly string[],
): { name: string | undefined; host: string | undefined; isGeneric: boolean } {
  const isBridge = telling.name !== undefined && BRIDGES.has(telling.name);
  const url = isBridge && words.find((word) => /^(?:https?|wss?):\/\//i.test(word) && URL.canParse(word));
  const host = url ? new URL(url).host : undefined;
  return { name: host ?? telling.name, host, isGeneric: host === undefined && telling.isGeneric };
}
