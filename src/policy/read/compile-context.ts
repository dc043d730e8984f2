import type { Problem, ProblemCode } from './problem.js';
import type { Segment, Source, Spot } from './source.js';

/** Where a document is compiled: its text, what was found wrong with it so far, and what holds for all of it. */
export class CompileContext {
  readonly problems: Problem[] = [];
  /** Places of limits, whose pointers name the counter in the place of the index. */
  readonly locations = new Map<string, readonly Segment[]>();
  timezone = 'UTC';

  constructor(readonly source: Source) {}

  report(
    code: ProblemCode,
    path: readonly Segment[],
    message: string,
    hint: string,
    options: { likely?: string | undefined; severity?: 'error' | 'warning'; spot?: Spot } = {},
  ): void {
    this.problems.push(this.source.problem(code, path, message, hint, options));
  }
}
