import type { ToolDefinition } from '../tool-definition.js';

/** What a server lists, under the name that it is known by here. */
export interface ServerTools {
  readonly server: string;
  readonly tools: readonly ToolDefinition[];
}

export interface ToolAt {
  readonly server: string;
  readonly tool: ToolDefinition;
}

/** Calls of an attack, or of its victim's agent. */
export interface Step extends ToolAt {
  readonly args: Readonly<Record<string, unknown>>;
  /** How often; default once. */
  readonly times?: number;
  /** Seconds between them, and after them; default 1. */
  readonly every?: number;
  /** The server answers with an error. */
  readonly fails?: true;
  /** Variables of the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** By argument number `n` of `times`, where they differ. */
  readonly vary?: (n: number) => Readonly<Record<string, unknown>>;
}

/**
 * In their order. An attack is countered where one of its steps is refused, hidden or asked about; of steps in a
 * list, the first that passes is taken.
 */
export type Attack = readonly (Step | readonly Step[])[];

/** Members of a policy, as JSON, for each server that needs one. */
export type Fix = Readonly<Record<string, PolicyPart>>;
export interface PolicyPart {
  readonly pin?: 'hold' | 'deny';
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
}

export interface Source {
  readonly name: string;
  readonly url: string;
}

/**
 * How it can be told whether a policy counters a pattern: by the attack's calls, which must not all pass; by questions,
 * which small calls must not lead to; by how changed definitions are treated;
 * or not at all, since what happens is nowhere in what passes through the wrapper.
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
