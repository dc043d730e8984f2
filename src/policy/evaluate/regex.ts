import type { RE2JS } from 're2js';

/** Matches in linear time. */
export interface Regex {
  /** Text beyond this length, in UTF-16 units, is not searched: its answer is unknown. */
  readonly maxText: number;
  /** Instructions of its program, which cost time and memory to make. */
  readonly size: number;
  /** Whether the pattern is found anywhere in the text. */
  test(text: string): boolean;
}

/** Longer patterns are programs, and cost more to compile than a policy should. */
const MAX_PATTERN = 2000;

/**
 * The time of a search is linear in the text, times the size of the pattern's program: at worst some 10 ns for each
 * product of the two (measured with patterns made for it; common ones take a tenth). This keeps it under half a second.
 * Longer text cannot be determined, and so is refused: 40,000 characters for a pattern of a thousand instructions, all that
 * a call can hold for most.
 */
const MAX_WORK = 50_000_000;

/**
 * RE2 in JavaScript: a pattern from the policy meets text from an agent, and a backtracking matcher could be made to
 * hang by either. Same syntax as the hosted service; no look-around, no back-references.
 *
 * A bare `require` of a package that is not bundled: it is large, most policies have no regex, and a client waits for
 * each start. It is loaded at the first use.
 */
function re2(): typeof RE2JS {
  return (require('re2js') as { RE2JS: typeof RE2JS }).RE2JS;
}

/** @returns a matcher, or in a few words why the pattern is none */
export function compileRegex(pattern: string): Regex | { readonly fault: string } {
  if (pattern.length > MAX_PATTERN) return { fault: `longer than ${MAX_PATTERN} characters` };
  try {
    const regex = re2().compile(pattern);
    const size = regex.programSize();
    return { maxText: Math.floor(MAX_WORK / size), size, test: (text) => regex.test(text) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { fault: message.replace(/^error parsing regexp: /, '').slice(0, 200) };
  }
}
