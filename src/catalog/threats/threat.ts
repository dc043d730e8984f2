import type { ToolDefinition } from '../tool-definition.js';

/** What a server lists, under the name that it is known by here. */
export interface ServerTools {
  readonly server: string;
  readonly tools: readonly ToolDefinition[];
  /** The variable that says where the server works, where that is known. */
  readonly environment?: ServerEnvironment | undefined;
}

export interface ServerEnvironment {
  readonly variable: string;
  /** Under which nothing is real. */
  readonly test: readonly string[];
  /** Under which everything is. */
  readonly real: string;
  /** What it does without the variable. */
  readonly unset: 'test' | 'real';
}

export interface ToolAt {
  readonly server: string;
  readonly tool: ToolDefinition;
}

/** What shows a policy, in the place of an argument's value, the text that it looks for, and is the attack all the same. */
export type Disguise = (wanted: string) => readonly string[];

/** Calls of an attack, or of its victim's agent. */
export interface Step extends ToolAt {
  readonly args: Readonly<Record<string, unknown>>;
  /** How often; default once. */
  readonly times?: number;
  /** Seconds between them, and after them; default 1. */
  readonly every?: number;
  /** It takes no pains not to be asked about. */
  readonly frank?: true;
  /** The server answers with an error. */
  readonly fails?: true;
  /** Each call comes through a wrapper that was started anew, as with each conversation. */
  readonly anew?: true;
  /** Who is held up by a limit waits and goes on, for as long as this in all; in seconds. */
  readonly patience?: number;
  /** Variables of the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What every variable says that tells where the server works; null: none of them is set. */
  readonly environment?: string | null;
  /** By number `n` of `times`, where the calls differ in what does not matter to the attack. */
  readonly others?: (n: number) => Readonly<Record<string, unknown>>;
  /** The same for what it is about. */
  readonly vary?: (n: number) => Readonly<Record<string, unknown>>;
  /** Numbers that may be smaller where the policy bounds them: down to what is still the attack. */
  readonly least?: Readonly<Record<string, number>>;
  /** By the name of the argument in whose texts it stands. */
  readonly disguises?: Readonly<Record<string, Disguise>>;
}

/**
 * One way to do it. Its calls in their order; it ends where one of them is refused, hidden or asked about. Each step
 * of a list is a way of its own.
 */
export interface Attack {
  /** What is tried, in a few words that a person reads behind "still passes:". */
  readonly name: string;
  readonly steps: readonly (Step | readonly Step[])[];
  /** No call shows it: what a server lists later, where that is what counts. */
  readonly lists?: 'changed' | 'new';
}

/** Members of a policy, as JSON, for each server that needs one. */
export type Fix = Readonly<Record<string, PolicyPart>>;
export interface PolicyPart {
  readonly pin?: 'hold' | 'deny';
  readonly new_tools?: 'hide';
  readonly hide?: readonly string[];
  readonly server_requests?: Readonly<Record<string, unknown>>;
  readonly all_tools?: Readonly<Record<string, unknown>>;
  readonly tools?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Where a pattern meets the tools that are there. */
export interface Opening {
  /** The tools that it takes, together. */
  readonly tools: readonly ToolAt[];
  /** What of them opens it, in a line. */
  readonly why: string;
  /** Ways to do it: the pattern is countered where none of them comes through. */
  readonly attacks: readonly Attack[];
  /** Closes it. */
  readonly fix: Fix;
  /** The fix lets pass unasked what was asked about: that is what it is for. */
  readonly eases?: true;
  /** Where many tools could take each place: which ones, in the order of the places. */
  readonly places?: readonly { readonly does: string; readonly tools: readonly ToolAt[] }[];
}

export interface Source {
  readonly name: string;
  readonly url: string;
}

/**
 * How it can be told whether a policy counters a pattern: by the attack's calls, which must not all pass; by questions,
 * which a small amount must not lead to where a larger one does; by how changed definitions are treated; or not at all,
 * since what happens is nowhere in what passes through the wrapper.
 */
export type Sight = 'calls' | 'asks' | 'pin' | 'none';

/** An attack pattern: one file, and one row of the list. */
export interface Threat {
  readonly id: string;
  readonly title: string;
  /** Paragraphs. */
  readonly how: string;
  readonly sources: readonly Source[];
  /** What opens it, in words. */
  readonly opens: string;
  readonly sight: Sight;
  /** How the rule counters it, and what it leaves. */
  readonly rule: string;
  readonly leaves: string;
  /** Servers that show it, in the docs and in its case file. */
  readonly example: readonly ServerTools[];
  readonly openings: (servers: readonly ServerTools[]) => readonly Opening[];
}
