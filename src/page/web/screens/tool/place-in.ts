import { type EditPath, offsetOf } from '../../../../policy/edit/jsonc-text.js';

/** @returns line and column of what stands at a path, from 1; undefined where there is nothing */
export function placeIn(
  text: string,
  path: EditPath,
): { readonly line: number; readonly column: number } | undefined {
  const offset = offsetOf(text, path);
  if (offset === undefined) return undefined;
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
