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
  // Lints: it says something, but hardly what was meant (see lint.ts).
  | 'UNUSED'
  | 'SHADOWED'
  | 'NEVER_HOLDS'
  | 'NEVER_COUNTS'
  | 'NOTHING_CALLABLE'
  | 'TOOL_ABSENT'
  | 'TOOL_UNPLACED'
  | 'ARGUMENT_ABSENT'
  | 'ARGUMENT_OPTIONAL';

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

/** Words of other formats, and what they are called here. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  approve: ['ask', 'confirm', 'require_approval', 'approval', 'prompt'],
  deny: ['block', 'reject', 'refuse', 'forbid', 'deny_all'],
  allow: ['permit', 'accept', 'evaluate', 'pass'],
  hide: ['hidden', 'remove', 'hides'],
  on_deny: ['reason', 'message', 'on_denied'],
  deny_if: ['deny', 'block_if', 'deny_when'],
  approve_if: ['approve', 'ask_if', 'approval', 'require_approval'],
  require: ['allow_if', 'conditions', 'must'],
  limits: ['limit', 'quotas', 'rate_limits', 'rate_limit'],
  op: ['operator'],
  path: ['field', 'arg', 'argument'],
  counter: ['name', 'id', 'key'],
  max: ['limit', 'count', 'maximum'],
  window: ['per', 'interval', 'period', 'duration'],
  amount: ['increment', 'increment_from', 'cost'],
  all_tools: ['*', 'global', 'all'],
  eq: ['==', '=', '===', 'equals', 'is'],
  neq: ['!=', '<>', 'ne', 'not_eq', 'not'],
  lt: ['<'],
  lte: ['<=', 'le', 'max'],
  gt: ['>'],
  gte: ['>=', 'ge', 'min'],
  regex: ['matches', 'match', 'pattern', 're', '=~'],
  contains: ['includes', 'has'],
  not_in: ['nin', 'notin'],
  grant: ['agent', 'token', 'user'],
  session: ['process', 'connection'],
  machine: ['global', 'host', 'all'],
  sliding: ['rolling'],
  calendar: ['fixed', 'aligned'],
};

/** Longest word that is compared; nobody misspells a longer one by a letter. */
const MAX_WORD = 64;

/**
 * @returns the candidate that was probably meant: another spelling of it, a word of another format, or one at most a
 *   third of its letters away; undefined when none is near
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD) return undefined;
  const list = [...candidates].filter((candidate) => candidate !== word && candidate.length <= MAX_WORD);
  const bare = bareForm(word);
  const same = list.find((candidate) => bareForm(candidate) === bare);
  if (same !== undefined) return same;
  const lower = word.toLowerCase();
  const foreign = list.find((name) => Object.hasOwn(FOREIGN, name) && FOREIGN[name]?.includes(lower));
  if (foreign !== undefined) return foreign;
  let best: string | undefined;
  let bestDistance = Math.floor(Math.max(3, word.length) / 3) + 1;
  for (const candidate of list) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** No literal: its sets of characters would be gathered at every start, for the few policies with a typing error. */
const NO_LETTER = String.raw`[^\p{L}\p{N}*]`;

function bareForm(word: string): string {
  return word.toLowerCase().replace(new RegExp(NO_LETTER, 'gu'), '') || word;
}

/** Optimal string alignment: insertions, deletions, substitutions, and neighbours exchanged. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, at(beforeLast, j - 2) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}
