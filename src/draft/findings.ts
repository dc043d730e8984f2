import { type LintFinding, lintPolicy } from '../advice/lint.js';
import type { ToolDefinition } from '../catalog/tool-definition.js';
import { type FoundPolicy, loadWithLayers } from '../config/policy-files.js';
import { PolicyWrapError } from '../errors.js';
import type { Problem } from '../policy/read/problem.js';
import { Source } from '../policy/read/source.js';
import { SECTIONS, type Section } from '../policy/sections.js';

/**
 * draft/: a policy before it holds: what is wrong with it, what it would do with a call, with cases and with the recorded
 * calls, and how it is written. What `check`, `explain`, `test`, `replay`, `import` and `allow` do, and the page too.
 * Imports every room below it but wire/, approval/ and proxy/.
 * Never enters: terminals, options of commands, HTTP.
 */

type Usable = Extract<FoundPolicy, { readonly kind: 'policy' }>;
export type FoundDraft = Exclude<FoundPolicy, { readonly kind: 'none' }>;

/**
 * Reads a policy's text as if it stood in its file, with what it extends. What is wrong with an extended file is a
 * problem at `extends` here: a person who edits looks at this file.
 *
 * @param file absolute; it need not be there
 */
export function readDraft(text: string, file: string): FoundDraft {
  const atExtends = (message: string, hint: string): FoundDraft => {
    const problem = new Source(text).problem('VALUE', ['extends'], message, hint);
    return { kind: 'problems', source: file, problems: [problem] };
  };
  try {
    const found = loadWithLayers(text, file);
    if (found.kind === 'policy' || found.source === file) return found;
    const [first] = found.problems;
    const where = first ? `, line ${first.line}: ${first.message}` : '';
    return atExtends(`${found.source} cannot be used${where}`, 'Mend that file.');
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return atExtends(error.message, error.hint ?? '');
  }
}

/** A problem that the reader found, or one that the linter did, which has its facts too. */
export type Found = Problem & Partial<Pick<LintFinding, 'said'>>;

/**
 * Everything that is wrong with a policy; of one that cannot be used its errors alone, since it has no rules to look at.
 *
 * @param tools those of the server, where they are known: then also what does not fit them
 * @param known names of tools that such servers have
 */
export function findingsOf(
  found: FoundDraft,
  tools?: readonly ToolDefinition[],
  known: readonly string[] = [],
): readonly Found[] {
  if (found.kind === 'problems') return found.problems;
  return [...found.loaded.problems, ...lintPolicy(found.loaded, tools, known)];
}

/** What a policy says nothing of, so that it passes without a look. */
export function unjudgedSections({ policy, extended }: Usable): readonly Section[] {
  return SECTIONS.filter((name) => ![policy, ...extended].some((layer) => layer[name] !== undefined));
}
