import type { Policy } from '../model.js';
import { compilePolicy } from './compile.js';
import type { Problem } from './problem.js';
import { Source } from './source.js';
import { checkShape } from './validate.js';

/** A policy that may be used, with warnings; or, without one, every error in the file. */
export type Loaded =
  | { readonly policy: Policy; readonly problems: readonly Problem[]; readonly locations: RuleLocations }
  | { readonly policy?: undefined; readonly problems: readonly Problem[] };

/** Finds the place of a rule in the file again, for findings that come later (see advice/lint.ts). */
export interface RuleLocations {
  readonly source: Source;
  /** The path in the document of a rule's pointer. */
  pathOf(pointer: string): readonly (string | number)[];
}

/**
 * Reads a policy file: JSON with comments and trailing commas, in the format of docs/policy.md. Never throws, and
 * never uses part of a file: with a single error there is no policy.
 *
 * @param text the file's text
 * @param name where it came from, for people: an absolute path or `preset afip`
 * @param identity what tells the file from every other: its real path
 */
export function loadPolicy(text: string, name: string, identity: string = name): Loaded {
  const source = new Source(text);
  if (!source.readable)
    return { problems: looksLikeYaml(text) ? [yamlProblem(source, name)] : source.problems };
  const shape = checkShape(source);
  const { policy, context } = compilePolicy(source, shape, text, name, identity);
  const problems = inOrder([...source.problems, ...shape.problems, ...context.problems]);
  const errors = problems.filter((problem) => problem.severity === 'error');
  // Warnings beside errors may be echoes of them: a rule that cannot be read looks like one that is not there.
  if (errors.length > 0) return { problems: errors };
  return {
    policy,
    problems,
    locations: { source, pathOf: (pointer) => context.locations.get(pointer) ?? split(pointer) },
  };
}

/** Whether it begins as the predecessor's files do, comments aside; JSON begins with a bracket. */
function looksLikeYaml(text: string): boolean {
  return /^\uFEFF?(?:[ \t]*(?:#[^\n]*|---[ \t]*)?\r?\n)*(?:version|description|default|hide|tools)[ \t]*:/.test(
    text.slice(0, 10_000),
  );
}

function yamlProblem(source: Source, name: string): Problem {
  const message = "This looks like the predecessor's YAML; a policy is JSON.";
  return source.problem('SYNTAX', [], message, `Turn it into one: policy-wrap import ${name} > policy.json`);
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** The parts of a JSON pointer; a whole number may be an index or a name, and the source takes either. */
function split(pointer: string): readonly (string | number)[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^(0|[1-9]\d{0,8})$/.test(part) ? Number(part) : part));
}
