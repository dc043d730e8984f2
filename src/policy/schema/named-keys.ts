/** What the schemas that looked at an object know of its keys. */
export class NamedKeys {
  #keys: Set<string> | undefined;
  /** Whatever else it has was said to be fine. */
  all = false;
  /** Some schema names keys: what is not among them is a spare one. */
  some = false;

  add(key: string): void {
    this.#keys ??= new Set();
    this.#keys.add(key);
  }

  has(key: string): boolean {
    return this.#keys?.has(key) ?? false;
  }

  get size(): number {
    return this.#keys?.size ?? 0;
  }

  /** Knows what `others` know, too. */
  merge(others: NamedKeys): void {
    this.all ||= others.all;
    this.some ||= others.some;
    for (const key of others.#keys ?? []) this.add(key);
  }
}
