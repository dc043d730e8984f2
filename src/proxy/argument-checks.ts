import type { JsonObject } from '../json/value.js';
import type { Layers } from '../policy/evaluate/layers.js';
import type { ArgumentCheck, argumentCheck } from '../policy/schema/check.js';

/**
 * Checks the arguments of calls by the input schemas of tools: each schema is compiled once, at the first call that
 * needs it. The checker itself is loaded by policies that need it alone.
 */
export class ArgumentChecks {
  readonly #checks = new WeakMap<object, ArgumentCheck>();
  #make: typeof argumentCheck | undefined;

  /** To be waited for before a policy holds that needs it. */
  async loadFor(policy: Pick<Layers, 'declares'> | undefined): Promise<void> {
    if (!policy?.declares || this.#make) return;
    this.#make = (await import('../policy/schema/check.js')).argumentCheck;
  }

  /** @returns why the schema does not accept the arguments; undefined where it does */
  fault(inputSchema: unknown, args: JsonObject): string | undefined {
    if (!this.#make) throw new Error('the checker of arguments is not loaded');
    if (typeof inputSchema !== 'object' || inputSchema === null) return this.#make(inputSchema).fault(args);
    let check = this.#checks.get(inputSchema);
    if (!check) {
      check = this.#make(inputSchema);
      this.#checks.set(inputSchema, check);
    }
    return check.fault(args);
  }
}
