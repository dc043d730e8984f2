import type { JsonType } from '../json/value.js';
import { some } from './satisfiability.js';

/** What follows from a rule that does not do what it seems to. */
export type Then =
  | 'every_call_refused'
  | 'every_call_asked'
  | 'never_refuses'
  | 'never_asks'
  | 'never_fires'
  | 'counts_as_met'
  | 'requires_nothing'
  | 'one_count'
  | 'nothing_left_out';

/** What a schema says of an argument. */
export type Described =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'values'; readonly values: readonly string[] }
  | { readonly kind: 'types'; readonly types: readonly JsonType[] };

/** A finding: a code with its facts, of which each language makes its sentences. Names are whole; some of many are shown. */
export type LintSaid =
  | { readonly code: 'too_many_patterns' | 'none_callable' }
  | { readonly code: 'shown_name'; readonly name: string; readonly does: Does }
  | { readonly code: 'no_tool'; readonly name: string; readonly isPattern: boolean; readonly does: Does }
  | { readonly code: 'unplaced'; readonly names: readonly string[]; readonly refused: boolean }
  | { readonly code: 'none_callable_of'; readonly names: readonly string[] }
  | { readonly code: 'covered'; readonly by: string }
  /** `by` undefined: every tool that it matches has another entry. */
  | { readonly code: 'never_judges'; readonly by: string | undefined }
  | { readonly code: 'before_itself'; readonly name: string; readonly so: Then }
  | { readonly code: 'server_in_name'; readonly text: string; readonly scope: string }
  | { readonly code: 'no_such_tool'; readonly text: string; readonly so: Then | undefined }
  | { readonly code: 'hours_apart'; readonly hours: string }
  | { readonly code: 'schema_unusable'; readonly names: readonly string[]; readonly fault: string }
  | { readonly code: 'schema_open'; readonly names: readonly string[] }
  | { readonly code: 'after_always'; readonly rule: string; readonly asks: boolean }
  | { readonly code: 'empty_list'; readonly op: 'in' | 'not_in'; readonly so: Then }
  | {
      readonly code: 'never_holds';
      readonly op: string;
      readonly path: string;
      /** By the schema of this tool; undefined where it is always text. */
      readonly by: { readonly tool: string; readonly is: Described } | undefined;
      readonly so: Then;
    }
  | { readonly code: 'optional'; readonly path: string; readonly names: readonly string[] }
  | {
      readonly code: 'other_kind';
      readonly at: string;
      readonly wanted: 'array' | 'object';
      readonly names: readonly string[];
      readonly so: Then;
    }
  | {
      readonly code: 'absent';
      readonly path: string;
      readonly names: readonly string[];
      /** The arguments that are there. */
      readonly siblings: readonly string[];
      readonly so: Then;
    }
  | { readonly code: 'charges_nothing'; readonly counter: string }
  | {
      readonly code: 'amount_kind';
      readonly path: string;
      readonly wanted: 'array' | 'number';
      readonly names: readonly string[];
      readonly counter: string;
    }
  | { readonly code: 'amount_optional'; readonly path: string; readonly names: readonly string[] }
  | { readonly code: 'section_open'; readonly section: string; readonly isEmpty: boolean }
  | { readonly code: 'section_pattern'; readonly by: string };

export type Does = 'hides' | 'judges';

/** A finding's two sentences. */
export interface LintText {
  /** What is wrong, and why. */
  readonly message: string;
  /** How to mend it. */
  readonly hint: string;
}

const THEN: Readonly<Record<Then, string>> = {
  every_call_refused: 'so every call is refused',
  every_call_asked: 'so a person is asked for every call',
  never_refuses: 'so it never refuses',
  never_asks: 'so it never asks',
  never_fires: 'so this never fires',
  counts_as_met: 'so it counts as met for every call that has it',
  requires_nothing: 'so it requires nothing',
  one_count: 'so all calls share one count',
  nothing_left_out: 'so nothing is left out',
};

const TYPES: Readonly<Record<JsonType, string>> = {
  null: 'null',
  boolean: 'true or false',
  number: 'a number',
  string: 'text',
  array: 'a list',
  object: 'an object',
};

/** @returns `is a number`, `is one of "a", "b"`, for a sentence */
function describedText(is: Described): string {
  switch (is.kind) {
    case 'unknown':
      return 'is not described';
    case 'values':
      return `is one of ${some(is.values)}`;
    case 'types':
      return `is ${is.types.map((type) => TYPES[type] ?? 'something else').join(' or ')}`;
  }
}

const toolCount = (names: readonly string[]): string =>
  names.length === 1 ? '1 tool' : `${names.length} tools`;

/** In English. */
export function lintText(said: LintSaid): LintText {
  switch (said.code) {
    case 'too_many_patterns':
      return {
        message:
          'There are too many patterns to compare each with all others: some that never judge a tool may be missing here.',
        hint: 'Write fewer or shorter patterns.',
      };
    case 'none_callable':
      return {
        message: 'No tool could ever be called under this policy.',
        hint: 'Give a tool that may be called an entry under "tools": {} allows it.',
      };
    case 'shown_name':
      return {
        message: `"${said.name}" is how a client shows a tool: servers know their tools without their own name in front, so this ${said.does} nothing.`,
        hint: 'Write the name as the server lists it.',
      };
    case 'no_tool':
      return {
        message: `The server has no tool ${said.isPattern ? 'like' : 'called'} "${said.name}"; this ${said.does} nothing.`,
        hint: 'Correct the name, or remove it.',
      };
    case 'unplaced': {
      const fate = said.refused ? 'refused by default' : 'allowed by default, without checks of their own';
      return {
        message: `${toolCount(said.names)} of the server match no entry and are ${fate}: ${some(said.names)}.`,
        hint: 'Give each an entry under "tools", or a name under "hide".',
      };
    }
    case 'none_callable_of':
      return {
        message: `None of the ${toolCount(said.names)} of the server could ever be called.`,
        hint: `The server has: ${some(said.names)}.`,
      };
    case 'covered':
      return {
        message: `"hide" has "${said.by}", so that this entry is never looked at.`,
        hint: 'Remove it, or take the name out of "hide".',
      };
    case 'never_judges': {
      const why =
        said.by === undefined
          ? 'every tool that it matches has another entry'
          : `"${said.by}" matches the same names`;
      return {
        message: `This pattern never judges a tool: ${why}.`,
        hint: 'Remove it; entries are not merged.',
      };
    }
    case 'before_itself': {
      const then = said.so === 'every_call_asked' ? 'so every call is asked about' : THEN[said.so];
      return {
        message: `"${said.name}" would have to succeed before it is called, ${then}.`,
        hint: 'Name another tool.',
      };
    }
    case 'server_in_name':
      return {
        message: `"${said.text}" names a server, and with "scope": "${said.scope}" only calls of this one count.`,
        hint: 'Write "scope": "machine", or leave the server out.',
      };
    case 'no_such_tool': {
      const then = said.so === 'every_call_asked' ? 'so every call is asked about' : said.so && THEN[said.so];
      return {
        message: `The server has no tool like "${said.text}"${then === undefined ? '' : `, ${then}`}.`,
        hint: 'Correct the name.',
      };
    }
    case 'hours_apart':
      return {
        message: `These hours and those of all tools (${said.hours}) are never open at one time, so every call is refused.`,
        hint: 'Make them overlap.',
      };
    case 'schema_unusable':
      return {
        message: `The input schema of ${some(said.names)} cannot be used, so every call is refused: ${said.fault}.`,
        hint: 'Leave "arguments" out for it, or mend the server.',
      };
    case 'schema_open':
      return {
        message: `The input schema of ${some(said.names)} allows any key, so that keys are not refused there.`,
        hint: 'Name the arguments in "require" or "deny_if" instead.',
      };
    case 'after_always':
      return {
        message: `${said.rule} ${said.asks ? 'asks for' : 'refuses'} every call, so that this is never looked at.`,
        hint: 'Remove the one or the other.',
      };
    case 'empty_list': {
      const what = said.op === 'in' ? 'Nothing is in an empty list' : 'Everything is outside an empty list';
      return { message: `${what}, ${THEN[said.so]}.`, hint: 'Fill the list, or remove this.' };
    }
    case 'never_holds': {
      const what =
        said.by === undefined
          ? 'which is text'
          : `which ${describedText(said.by.is)} by the schema of ${said.by.tool}`;
      return {
        message: `"${said.op}" can never hold for ${said.path}, ${what}; ${THEN[said.so]}.`,
        hint: 'Use an operator and a value that fit.',
      };
    }
    case 'optional':
      return {
        message: `${said.path} is optional for ${some(said.names)}: a call without it passes this rule, whatever the server then takes instead.`,
        hint: `If it must be there, add {"path": "${said.path}", "op": "exists"} under "require".`,
      };
    case 'other_kind':
      return {
        message: `${said.at} is not ${said.wanted === 'array' ? 'a list' : 'an object'} by the schema of ${some(said.names)}, ${THEN[said.so]}.`,
        hint: 'Correct the path.',
      };
    case 'absent':
      return {
        message: `The schema of ${some(said.names)} has no ${said.path}, ${THEN[said.so]}.`,
        hint: said.siblings.length > 0 ? `It has: ${some(said.siblings)}.` : 'It has no arguments.',
      };
    case 'charges_nothing':
      return {
        message: `Each call charges 0 to "${said.counter}", so that it never counts.`,
        hint: 'Write another amount, or remove the limit.',
      };
    case 'amount_kind': {
      const kind = said.wanted === 'array' ? 'a list' : 'a number';
      return {
        message: `${said.path} is not ${kind} by the schema of ${some(said.names)}: nothing is charged to "${said.counter}", and every call is refused.`,
        hint: `Name an argument that is ${kind}.`,
      };
    }
    case 'amount_optional':
      return {
        message: `${said.path} is optional for ${some(said.names)}: a call without it is refused, because it could not be counted.`,
        hint: 'Count something that every call has, if that is not meant.',
      };
    case 'section_open':
      return {
        message: `${said.isEmpty ? 'Nothing stands here' : 'No entry here has a rule'}, and "default" is "allow": all ${said.section} pass.`,
        hint: `Write { "*": { "action": "deny" } } among them to refuse all others, or "default": "deny".`,
      };
    case 'section_pattern':
      return {
        message: `This pattern never judges anything: "${said.by}" matches the same names.`,
        hint: 'Remove it; entries are not merged.',
      };
  }
}
