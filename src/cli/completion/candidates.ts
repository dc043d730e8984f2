import type { Argument, Command, Option } from 'commander';
import { printable } from '../../text/escape.js';
import type { Candidate, Line } from './candidate.js';
import { type NameSources, namedSource } from './name-sources.js';

/** What could stand where the cursor is: words of ours, or what only the shell knows. */
export type Completion =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'files' }
  /** A program of the PATH. */
  | { readonly kind: 'commands' };

const NOTHING: Completion = { kind: 'words', candidates: [] };

/** Longest description, in characters: most shells show it beside the word. */
const LONGEST_ABOUT = 70;

/**
 * @param program with every command
 * @param words what stands behind `policy-wrap` up to the cursor, without quotes; the last is the one that is typed, and
 *   may be empty
 * @param takesServer whether a server may stand behind `--` of a command
 */
export function complete(
  program: Command,
  words: readonly string[],
  sources: NameSources,
  takesServer: (command: string) => boolean,
): Completion {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const separator = before.indexOf('--');
  // The words of the server are its own.
  if (separator !== -1) return separator === before.length - 1 ? { kind: 'commands' } : { kind: 'files' };
  const [name] = before;
  const run = program.commands.find((each) => each.name() === 'run');
  const inline = /^(--[^=]+)=(.*)$/s.exec(current);
  if (name === undefined && !inline) {
    const commands = program.createHelp().visibleCommands(program);
    if (!current.startsWith('-'))
      return found(commands.map((each) => ({ text: each.name(), about: each.description() })));
    return found([...optionsOf(program), ...(run ? optionsOf(run) : []), SERVER]);
  }
  const isRun = name === undefined || name.startsWith('-');
  const command = isRun ? run : program.commands.find((each) => each.name() === name);
  if (command === undefined) return NOTHING;
  const line = taken(command, isRun ? before : before.slice(1), inline?.[2] ?? current);
  const server = takesServer(command.name()) ? [SERVER] : [];
  if (inline) {
    const option = command.options.find(({ long }) => long === inline[1]);
    return option?.required || option?.optional
      ? valuesOf(option, `${inline[1]}=`, inline[2] ?? '', line, sources, program)
      : NOTHING;
  }
  if (line.open !== undefined && !(current.startsWith('-') && line.openHasValue))
    return valuesOf(line.open, '', current, line, sources, program);
  const argument = argumentAt(command, line.arguments.length);
  if (argument !== undefined && !current.startsWith('-'))
    return valuesOf(argument, '', current, line, sources, program);
  // A flag says all by standing there once.
  const given = [...line.options.keys()].filter(({ required, optional }) => !required && !optional);
  return found([...optionsOf(command).filter(({ option }) => !given.includes(option)), ...server]);
}

const SERVER: Candidate = { text: '--', about: "the server's command and its arguments" };

function taken(command: Command, words: readonly string[], typed: string): Line {
  const options = new Map<Option, string>();
  const args: string[] = [];
  let open: Option | undefined;
  let openHasValue = false;
  for (const word of words) {
    if (open !== undefined && !(word.startsWith('-') && openHasValue)) {
      options.set(open, word);
      openHasValue = true;
      if (!open.variadic) open = undefined;
      continue;
    }
    open = undefined;
    if (!word.startsWith('-')) {
      args.push(word);
      continue;
    }
    const [, flag = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = command.options.find(({ short, long }) => flag === short || flag === long);
    if (option === undefined) continue;
    options.set(option, value ?? '');
    if (value === undefined && option.required) {
      open = option;
      openHasValue = false;
    }
  }
  return {
    arguments: args,
    options,
    open,
    openHasValue,
    typed,
    value(name) {
      for (const [option, value] of options) if (option.attributeName() === name) return value;
      const at = command.registeredArguments.findIndex((argument) => argument.name() === name);
      return at === -1 ? undefined : args[at];
    },
  };
}

/** The argument that the next word would be. */
function argumentAt({ registeredArguments }: Command, at: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[at] ?? (last?.variadic ? last : undefined);
}

function optionsOf(command: Command): (Candidate & { readonly option: Option })[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map((option) => ({
      text: option.long ?? option.short ?? '',
      about: option.description,
      option,
    }));
}

/**
 * @param head what stands in front of the value in the same word, such as `--format=`
 * @param typed what there is of the value
 */
function valuesOf(
  of: Option | Argument,
  head: string,
  typed: string,
  line: Line,
  sources: NameSources,
  program: Command,
): Completion {
  const put = (candidates: readonly Candidate[], before = head) =>
    found(candidates.filter(isWord).map(({ text, about }) => ({ text: `${before}${text}`, about })));
  if (of.argChoices) return put(of.argChoices.map((text) => ({ text, about: '' })));
  const source = namedSource(of);
  if (source === undefined) return NOTHING;
  if (source === 'files') return { kind: 'files' };
  const { names, isList } = source;
  if (!isList) return put(names(sources, line, program));
  const last = typed.lastIndexOf(',') + 1;
  const given = typed.slice(0, last).split(',');
  return put(
    names(sources, line, program).filter(({ text }) => !given.includes(text)),
    `${head}${typed.slice(0, last)}`,
  );
}

/** A name that begins like an option would be taken for one. */
const isWord = ({ text }: Candidate) => text !== '' && !text.startsWith('-');

/** What could hide in a name, or end a line, is in no candidate: who wants such a name has to type it. */
function found(all: readonly Candidate[]): Completion {
  const candidates = new Map<string, Candidate>();
  for (const { text, about } of all) {
    if (printable(text) !== text || candidates.has(text)) continue;
    candidates.set(text, { text, about: printable(about, LONGEST_ABOUT) });
  }
  return { kind: 'words', candidates: [...candidates.values()] };
}
