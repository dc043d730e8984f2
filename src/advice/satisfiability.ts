import type { Condition, Path, ToolEntry } from '../policy/model.js';
import { operatorOf, type Prospect } from '../policy/operators.js';
import { shortList } from '../text/count.js';
import type { Argument } from './tool-schema.js';

/** More names than this do not make a finding clearer. */
const MAX_NAMES = 8;

/** The environment and the tool's name are text, and the name is known where the entry is an exact one. */
export function fixedArgument(path: Path, entry: ToolEntry | undefined): Argument | undefined {
  if (path.root === 'args') return undefined;
  const values = path.root === 'tool' && entry?.name.plain ? [entry.name.text] : undefined;
  return { kind: 'found', types: new Set(['string']), values, required: path.root === 'tool' };
}

/** @returns what a condition can come to, by what is known of a value before there is one */
export function prospectOf({ op, value }: Condition, argument: Argument): Prospect {
  if (argument.kind !== 'found' || !argument.types) return 'may';
  return operatorOf(op).prospect(value, { types: argument.types, values: argument.values });
}

/** @returns the first few of the names, and how many more there are */
export function some(names: readonly string[]): string {
  return shortList(
    names.map((name) => (name.length > 60 ? `${name.slice(0, 60)}...` : name)),
    MAX_NAMES,
  );
}
