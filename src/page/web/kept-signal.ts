import { effect, type Signal, signal } from '@preact/signals';

/**
 * A signal whose value outlives a page that is loaded again. Browsers keep some megabytes: a longer value is used all the
 * same, and an old one must not come back for it.
 *
 * @param read undefined for what is no such value
 */
export function keptSignal<T>(key: string, read: (kept: Partial<T>) => T | undefined): Signal<T | undefined> {
  const kept = signal(before(key, read));
  effect(() => {
    const { value } = kept;
    try {
      if (value) sessionStorage.setItem(key, JSON.stringify(value));
      else sessionStorage.removeItem(key);
    } catch {
      sessionStorage.removeItem(key);
    }
  });
  return kept;
}

function before<T>(key: string, read: (kept: Partial<T>) => T | undefined): T | undefined {
  try {
    return read(JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<T>);
  } catch {
    return undefined;
  }
}
