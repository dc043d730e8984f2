import { parsePath } from '../evaluate/path.js';
import type { Path } from '../model.js';
import type { CompileContext } from './compile-context.js';
import type { LimitDocument } from './format-checks.js';
import type { Segment } from './source.js';
import type { Partly } from './validate.js';

const PATH_HINT = 'Paths are args.field, args.list[*].field, args["a.b"], env.NAME and tool.name.';

/** @returns the path; otherwise reports what is wrong with it */
export function compilePath(context: CompileContext, text: string, at: readonly Segment[]): Path | undefined {
  const path = parsePath(text);
  if (!('fault' in path)) return path;
  context.report('PATH', at, path.fault, PATH_HINT, { likely: path.likely });
  return undefined;
}

/** @returns the path when it leads to an argument; otherwise reports it */
export function compileArgsPath(
  context: CompileContext,
  text: string,
  at: readonly Segment[],
): Path | undefined {
  const path = compilePath(context, text, at);
  if (!path || (path.root === 'args' && path.steps.length > 0)) return path;
  const message = `"${text}" is not an argument of the call, so it has no number to charge.`;
  context.report('PATH', at, message, 'Write args.NAME.');
  return undefined;
}

/** @returns the path of the list of which `path` names the elements */
export function withoutLast(path: Path): Path {
  return { ...path, text: path.text.replace(/\[\*\]$/, ''), steps: path.steps.slice(0, -1) };
}

/** @returns the paths that can be read; the others are reported */
export function compilePer(
  context: CompileContext,
  per: Partly<LimitDocument['per']>,
  at: readonly Segment[],
): readonly Path[] {
  if (per === undefined) return [];
  if (typeof per === 'string') return [compilePath(context, per, at) ?? []].flat();
  return per.flatMap((text, index) => (text && compilePath(context, text, [...at, index])) || []);
}

/**
 * @param within paths of which each takes in what is left out; undefined when that is all arguments
 * @returns the arguments that are left out
 */
export function compileExcept(
  context: CompileContext,
  list: Partly<readonly string[]> | undefined,
  at: readonly Segment[],
  within?: readonly Path[],
): readonly Path[] {
  return (list ?? []).flatMap((text, index) => {
    const path = text === undefined ? undefined : compilePath(context, text, [...at, index]);
    if (!path) return [];
    if (path.root !== 'args' || path.steps.length === 0) {
      const message = `"${path.text}" is not a single argument of the call, so it cannot be left out.`;
      context.report('PATH', [...at, index], message, 'Write args.NAME.');
      return [];
    }
    if (within && !within.some((outer) => isWithin(outer, path))) {
      const message = `"${path.text}" is not part of what "per" splits the count by, so leaving it out changes nothing.`;
      context.report('PATH', [...at, index], message, 'Write "per": "args" for all arguments but these.');
    }
    return [path];
  });
}

function isWithin(outer: Path, path: Path): boolean {
  return (
    outer.root === path.root &&
    outer.steps.length < path.steps.length &&
    outer.steps.every((step, index) => step === path.steps[index])
  );
}
