import type { Problem } from './problem.js';
import type { Segment, Source } from './source.js';

/** What all parts of the compiler share: the text, the problems found so far, and what holds for the whole file. */
export class CompileContext {
  readonly problems: Problem[] = [];
  /** Where limits stand in the document: their pointers name the counter instead of the index. */
  readonly locations = new Map<string, readonly Segment[]>();
  timezone = 'UTC';

  constructor(readonly source: Source) {}

  report(...about: Parameters<Source['problem']>): void {
    this.problems.push(this.source.problem(...about));
  }
}
