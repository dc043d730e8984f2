/** How often a wrapper looks at its policy's files, in milliseconds (src/proxy/policy-watch.ts). */
const LOOK_MS = 500;

/**
 * Looks as often as a wrapper does, for as long as a test waits for one: on a loaded machine both come late, and a
 * bound for the wrapper is taken from what these took.
 */
export class Looks implements Disposable {
  readonly #times = [performance.now()];
  readonly #timer = setInterval(() => this.#times.push(performance.now()), LOOK_MS);

  /** The longest that two looks took in a row, in milliseconds; a second where the machine has nothing else to do. */
  get slowestTwo(): number {
    const times = [...this.#times, performance.now()];
    const spans = times.slice(2).map((at, index) => at - (times[index] ?? at));
    return Math.max(2 * LOOK_MS, ...spans);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
