import { Amounts } from './amounts.js';
import type { LoggedCall } from './logged-call.js';
import { Rates } from './rates.js';

/** What the log says of one tool. Times in UTC milliseconds. */
export interface ToolUse {
  readonly tool: string;
  /** False when the log holds only the beginning of the name, so that no rule can be written for it. */
  readonly isNameWhole: boolean;
  readonly passed: number;
  /** Calls that passed because a person said so, and calls that passed and were answered with an error. */
  readonly consented: number;
  readonly failed: number;
  readonly first: number;
  readonly last: number;
  /** How often it was called, by the calls that passed. */
  readonly rates: Rates;
  readonly amounts: Amounts;
  /** Calls that did not pass, the most frequent rule first. */
  readonly stopped: readonly Stopped[];
}

/** Calls that one rule refused or asked about. */
export interface Stopped {
  /** As the log has it: a pointer into the policy of that time, or `(default deny)`. */
  readonly rule: string;
  readonly asked: boolean;
  calls: number;
}

type Gathered = { -readonly [Key in Exclude<keyof ToolUse, 'stopped'>]: ToolUse[Key] } & {
  readonly stopped: Map<string, Stopped>;
};

/** Tools that are told apart at most: a client may call any name. */
const MAX_TOOLS = 5000;
const MAX_RULES = 20;

/** Gathers what was done from the decision log, row by row, in the log's order. */
export class Usage {
  readonly #isAmount: (name: string) => boolean;
  readonly #tools = new Map<string, Gathered>();
  #from: number | undefined;
  #to: number | undefined;
  #passed = 0;
  #calls = 0;
  /** Calls that no policy had a part in, and calls of tools beyond MAX_TOOLS. */
  unjudged = 0;
  beyond = 0;

  /** @param isAmount whether an argument of that name is an amount of money */
  constructor(isAmount: (name: string) => boolean) {
    this.#isAmount = isAmount;
  }

  add(call: LoggedCall): void {
    this.#calls += 1;
    if (call.disposition === 'unjudged') {
      this.unjudged += 1;
      return;
    }
    this.#from = Math.min(this.#from ?? call.at, call.at);
    this.#to = Math.max(this.#to ?? call.at, call.at);
    const use = this.#useOf(call);
    if (!use) {
      this.beyond += 1;
      return;
    }
    if (call.disposition !== 'passed') {
      stop(use, call);
      return;
    }
    this.#passed += 1;
    if (use.passed === 0) use.first = call.at;
    use.last = call.at;
    use.passed += 1;
    if (call.consented) use.consented += 1;
    if (call.failed) use.failed += 1;
    use.rates.add(call.owner, call.at);
    use.amounts.add(call.owner, call.at, call.kept);
  }

  get calls(): number {
    return this.#calls;
  }

  get passed(): number {
    return this.#passed;
  }

  /** When the first and the last call were made; 0 without any. */
  get period(): { readonly from: number; readonly to: number } {
    return { from: this.#from ?? 0, to: this.#to ?? 0 };
  }

  /** @returns the tools by the number of calls that passed, the most used first */
  get tools(): readonly ToolUse[] {
    return [...this.#tools.values()]
      .map((use) => ({ ...use, stopped: [...use.stopped.values()].sort((a, b) => b.calls - a.calls) }))
      .sort((a, b) => b.passed - a.passed || (a.tool < b.tool ? -1 : 1));
  }

  #useOf({ tool, isNameWhole, at }: LoggedCall): Gathered | undefined {
    let use = this.#tools.get(tool);
    if (!use && this.#tools.size < MAX_TOOLS) {
      use = {
        ...{ tool, isNameWhole, passed: 0, consented: 0, failed: 0, first: at, last: at },
        rates: new Rates(),
        amounts: new Amounts(this.#isAmount),
        stopped: new Map(),
      };
      this.#tools.set(tool, use);
    }
    return use;
  }
}

function stop({ stopped, rates }: Gathered, { disposition, code, rule = '', owner, at }: LoggedCall): void {
  const known = stopped.get(rule);
  if (known) known.calls += 1;
  else if (stopped.size < MAX_RULES) stopped.set(rule, { rule, asked: disposition === 'asked', calls: 1 });
  if (code === 'LIMIT') rates.refuse(owner, at);
}
