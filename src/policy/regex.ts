import type { RE2JS } from 're2js';

/** Longer patterns are programs, and cost more to compile than a policy should. */
const MAX_PATTERN = 2000;

/**
 * Longest text that is searched, in UTF-16 units. The time is linear, but in the product of text and pattern; this
 * keeps the slowest search under about a second. Longer text cannot be told, and so is refused.
 */
export const MAX_REGEX_TEXT = 100_000;

/**
 * RE2 in JavaScript: a pattern from the policy meets text from an agent, and a backtracking matcher could be made to
 * hang by either. Same syntax as the hosted service; no look-around, no back-references.
 *
 * A bare `require`, because the package takes 9 ms to start and most policies have no regex: the bundler folds it in
 * and runs it at the first use.
 */
function engine(): typeof RE2JS {
  return (require('re2js') as { RE2JS: typeof RE2JS }).RE2JS;
}

export interface Matcher {
  /** Whether the pattern is found anywhere in the text. */
  test(text: string): boolean;
}

/** @returns a matcher, or in a few words why the pattern is none */
export function compileRegex(pattern: string): Matcher | { readonly fault: string } {
  if (pattern.length > MAX_PATTERN) return { fault: `longer than ${MAX_PATTERN} characters` };
  try {
    const regex = engine().compile(pattern);
    return { test: (text) => regex.test(text) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { fault: message.replace(/^error parsing regexp: /, '').slice(0, 200) };
  }
}
