/** What kind of fault it is; stable, for `--json` and for tests. */
export type ProblemCode =
  // The text.
  | 'SYNTAX'
  | 'DUPLICATE_KEY'
  // Its shape.
  | 'UNKNOWN_KEY'
  | 'MISSING'
  | 'TYPE'
  | 'VALUE'
  // What it says.
  | 'NAME'
  | 'PATH'
  | 'REGEX'
  | 'WINDOW'
  | 'TIMEZONE'
  | 'CONTRADICTION'
  | 'COUNTER_TWICE'
  | 'COUNTER_DIFFERS'
  // Lints: it says something, but hardly what was meant (see advice/lint.ts).
  | 'UNUSED'
  | 'SHADOWED'
  | 'NEVER_HOLDS'
  | 'NEVER_COUNTS'
  | 'NOTHING_CALLABLE'
  | 'TOOL_ABSENT'
  | 'TOOL_UNPLACED'
  | 'ARGUMENT_ABSENT'
  | 'ARGUMENT_OPTIONAL'
  | 'SCHEMA_UNUSABLE'
  | 'SCHEMA_OPEN';

/** One finding in a policy file. An error makes the file unusable; a warning does not. */
export interface Problem {
  readonly code: ProblemCode;
  readonly severity: 'error' | 'warning';
  /** JSON pointer (RFC 6901) of the place in the document. */
  readonly pointer: string;
  /** Both count from 1; a column counts UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** What is wrong, and why. */
  readonly message: string;
  /** How to mend it. */
  readonly hint: string;
  /** The word that was probably meant. */
  readonly likely?: string;
}

/**
 * @param file how the file is called for the reader
 * @returns `policy.json:3:5 error UNKNOWN_KEY: "defualt" is not known here. Did you mean "default"? ...`; text from the
 *   file stands in it as it is, so whoever prints it escapes it
 */
export function formatProblem(problem: Problem, file: string): string {
  const likely = problem.likely === undefined ? '' : ` Did you mean "${problem.likely}"?`;
  const place = `${file}:${problem.line}:${problem.column}`;
  return `${place} ${problem.severity} ${problem.code}: ${problem.message}${likely} ${problem.hint}`;
}

/** RFC 6901: `~` and `/` inside a name are written `~0` and `~1`. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
