import { VALUED } from '../config/run-options.js';

/** The options of the wrapper that entries bear, read and changed among the words of an entry. */

export const SERVER_FLAGS = ['--server'] as const;
export const URL_FLAGS = ['--url'] as const;
export const HEADER_FLAG = '--header';
export const HEADER_ENV_FLAG = '--header-env';
export const ENTRY_FLAG = '--entry';
export const DB_FLAGS = ['--db'] as const;
export const STORE_FLAGS = ['--store'] as const;
export const OFFLINE_FLAGS = ['--store-offline'] as const;
export const POLICY_FLAGS = ['--policy', '-p'] as const;
export const PRESET_FLAGS = ['--preset'] as const;
export const OBSERVE_FLAG = '--observe';

/**
 * The value of an option among those of a wrapped entry; the last one counts, as it does for the wrapper.
 *
 * @param flags its spellings, the long one first
 */
export function optionValue(options: readonly string[], flags: readonly string[]): string | undefined {
  return allValues(options, flags).at(-1);
}

/** The same for an option that may stand several times. */
export function allValues(options: readonly string[], flags: readonly string[]): string[] {
  const values: string[] = [];
  for (let i = 0; i < options.length; i++) {
    const word = options[i] ?? '';
    const next = options[i + 1];
    if (flags.includes(word)) values.push(...(next === undefined ? [] : [next]));
    else if (isAttached(word, flags))
      values.push(word.startsWith('--') ? word.slice(word.indexOf('=') + 1) : word.slice(2));
    if (VALUED.has(word)) i += 1;
  }
  return values;
}

/** `--policy=file` or `-pfile`. */
function isAttached(word: string, flags: readonly string[]): boolean {
  return flags.some((flag) => word.startsWith(flag.startsWith('--') ? `${flag}=` : flag) && word !== flag);
}

/** Puts a value in the place of an option's first, or at the end; without one nothing changes. */
export function withOption(
  options: readonly string[],
  flags: readonly string[],
  wanted: string | undefined,
): string[] {
  const [flag = ''] = flags;
  return wanted === undefined ? [...options] : replaced(options, flags, [flag, wanted]);
}

export const withoutOption = (options: readonly string[], flags: readonly string[]): string[] =>
  replaced(options, flags, []);

function replaced(options: readonly string[], flags: readonly string[], words: readonly string[]): string[] {
  const kept: string[] = [];
  let placed = false;
  for (let i = 0; i < options.length; i++) {
    const word = options[i] ?? '';
    if (flags.includes(word) || isAttached(word, flags)) {
      if (!placed) kept.push(...words);
      placed = true;
      if (flags.includes(word)) i += 1;
      continue;
    }
    kept.push(word);
    const value = options[i + 1];
    if (VALUED.has(word) && value !== undefined) {
      kept.push(value);
      i += 1;
    }
  }
  return placed ? kept : [...kept, ...words];
}
