/** How the command line of a program that starts others is read. Lists are words separated by spaces. */
export interface Runner {
  /** Words between the runner and the program, `|` between alternatives; an empty one means that they may be absent. */
  readonly verbs?: string;
  /** Those of the verbs after which the program is named as a package or a command is, not as a script. */
  readonly byName?: string;
  /** Flags whose next word is their value, and so not the program. */
  readonly valued?: string;
  /** Flags whose next two words are their values. */
  readonly pairs?: string;
  /** Flags whose value is the package in which the program lies. */
  readonly package?: string;
  /** Flags whose value is the folder, or the part of a project, in which the program lies. */
  readonly folder?: string;
  /** Flags after which the program stands. */
  readonly program?: string;
  /** Flags whose value, with all that follows, is a line for a shell. */
  readonly line?: string;
  /**
   * A word before the program that is no part of it, such as a time (`one`); the `place` where it runs: a host, a
   * container, a folder; `all` words before the flag that the program stands behind.
   */
  readonly before?: 'one' | 'place' | 'all' | RegExp;
  /** The program stands behind the first `--`, whatever is before that. */
  readonly dashes?: true;
  /** What follows is again a command line; with `line` it may be one in a single word. Else it is the program. */
  readonly starts?: 'words' | 'line';
  /** What it starts belongs to the project in the working folder, however it is named. */
  readonly project?: true;
  /** It lies in the folder of the project whose server it starts. */
  readonly inside?: true;
  /** What it starts is not found in the working folder. */
  readonly elsewhere?: true;
  /** An image of one of the common runtimes is no server: the command behind it is. */
  readonly image?: true;
  /** Flags whose value is the program that an image starts. */
  readonly entry?: string;
  /** `#` stands before the most telling part: `nixpkgs#weather`. */
  readonly fragment?: true;
  /** A name for all that it starts. */
  readonly name?: string;
}
