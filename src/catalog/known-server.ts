import type { KnownTool } from './tool-definition.js';

/** A variable that a server reads from its environment. */
export interface EnvironmentVariable {
  readonly name: string;
  /** Whether the server does nothing useful without it. */
  readonly required: boolean;
  /** Whether its value must not be shown, logged or written into a file that others read. */
  readonly secret: boolean;
  /** What to put there, for people. */
  readonly what: string;
  /** Whether it names a file, which must be there. */
  readonly isFile?: boolean;
  /**
   * The value under which calls have real effects, so that a policy should look at the variable, and those under which
   * they have none; without a variable that is not required they have none either.
   */
  readonly real?: { readonly value: string; readonly why: string; readonly test: readonly string[] };
}

/** A policy that ships with policy-wrap. */
export interface Preset {
  readonly name: string;
  /** One line for the list of presets. */
  readonly title: string;
  /** The policy: JSON with comments, as it would stand in a file. */
  readonly text: string;
}

/** Answers a call of one tool from memory. */
export type SimulatedTool = (args: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** A server that policy-wrap can start by its short name and has a preset for. */
export interface KnownServer {
  /** Name of its folder, and of its stand-in. */
  readonly name: string;
  /** What people type after `--`. */
  readonly command: string;
  readonly packageName: string;
  /** The version that is fetched when the command is not on the machine: pinned, so that an upload cannot change it. */
  readonly version: string;
  readonly environment: readonly EnvironmentVariable[];
  /** The first one holds when there is no other policy. */
  readonly presets: readonly [Preset, ...Preset[]];
  readonly tools: readonly KnownTool[];
  /** Starts a simulation: answers of the tools that do more than say that they received something. */
  readonly simulate: () => Readonly<Record<string, SimulatedTool>>;
}
