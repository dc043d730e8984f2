import type { JsonObject } from '../json/value.js';
import type { Layers } from '../policy/evaluate/layers.js';
import type { ArgumentCheck, argumentCheck } from '../policy/schema/check.js';
import type { incompatibility } from '../policy/schema/compatible.js';

/**
 * Checks the arguments of calls by the input schemas of tools: each schema is compiled once, at the first call that
 * needs it. The checker itself is loaded by policies that need it alone.
 */
export class ArgumentChecks {
  readonly #checks = new WeakMap<object, ArgumentCheck>();
  #make: typeof argumentCheck | undefined;
  #incompatibility: typeof incompatibility | undefined;

  /** To be waited for before a policy holds that needs it. */
  async loadFor(policy: Pick<Layers, 'declares' | 'pin'> | undefined): Promise<void> {
    if (!policy || this.#make || !(policy.declares || policy.pin === 'hold')) return;
    const [check, compatible] = await Promise.all([
      import('../policy/schema/check.js'),
      import('../policy/schema/compatible.js'),
    ]);
    this.#make = check.argumentCheck;
    this.#incompatibility = compatible.incompatibility;
  }

  /**
   * @param trusted the tool as the client was shown it
   * @param current as its server has it
   * @returns why a call of a changed tool may not go on; undefined where both definitions mean the same by it
   */
  heldFault(trusted: JsonObject, current: JsonObject, args: JsonObject): string | undefined {
    if (!this.#incompatibility) throw new Error('the checker of arguments is not loaded');
    const why = this.fault(trusted.inputSchema, args) ?? this.#incompatibility(trusted, current, args);
    return why && `it has changed since it was trusted, and ${why}; a person must look at the change`;
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
