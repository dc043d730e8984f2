/**
 * Makes something once for a whole answer. An answer is worked out without a pause, so nothing can change meanwhile;
 * what was made is forgotten as soon as the program turns to something else.
 */
export function onceATurn<Key, T>(make: (key: Key) => T): (key: Key) => T {
  const made = new Map<Key, T>();
  return (key) => {
    const there = made.get(key);
    if (there !== undefined) return there;
    if (made.size === 0) setImmediate(() => made.clear());
    const value = make(key);
    made.set(key, value);
    return value;
  };
}
