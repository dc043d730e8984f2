import type { ToolDefinition } from '../catalog/tool-definition.js';
import { isArray } from '../json/value.js';
import type { Checks, Condition, Limit, Path, Predicate, ToolEntry } from '../policy/model.js';
import type { RuleLocations } from '../policy/read/load.js';
import type { ProblemCode } from '../policy/read/problem.js';
import type { Segment } from '../policy/read/source.js';
import { allowsAnyKey, schemaFault } from '../policy/schema/check.js';
import { nearest } from '../text/suggest.js';
import type { Described, LintSaid, Then } from './lint-said.js';
import { fixedArgument, prospectOf } from './satisfiability.js';
import { type Argument, argumentAt } from './tool-schema.js';

/** Reports a finding at a place in the document. */
export type Warn = (code: ProblemCode, path: readonly Segment[], said: LintSaid, likely?: string) => void;

type List = 'require' | 'deny_if' | 'approve_if';

/** What the rules of one list do when a condition of theirs never holds. */
const NEVER: Readonly<Record<List, Then>> = {
  require: 'every_call_refused',
  deny_if: 'never_refuses',
  approve_if: 'never_asks',
};

/** What they do when it can never be told. */
const UNTOLD: Readonly<Record<List, Then>> = {
  require: 'every_call_refused',
  deny_if: 'counts_as_met',
  approve_if: 'counts_as_met',
};

/** What they do when it always holds. */
const ALWAYS: Readonly<Record<List, Then>> = {
  require: 'requires_nothing',
  deny_if: 'every_call_refused',
  approve_if: 'every_call_asked',
};

/** What is the same for all rules of a policy. */
export interface LintedPolicy {
  readonly locations: RuleLocations;
  readonly warn: Warn;
  /** Counters that some limit of the policy adds to. */
  readonly charged: ReadonlySet<string>;
}

/** Looks at the rules of an entry, or of all tools, by the schemas of the tools that they judge. */
export class RuleLint {
  readonly #locations: RuleLocations;
  readonly #warn: Warn;
  readonly #charged: ReadonlySet<string>;
  readonly #entry: ToolEntry | undefined;
  readonly #tools: readonly ToolDefinition[];

  /** @param entry whose rules these are; undefined for those of all tools */
  constructor(
    { locations, warn, charged }: LintedPolicy,
    entry: ToolEntry | undefined,
    tools: readonly ToolDefinition[],
  ) {
    this.#locations = locations;
    this.#warn = warn;
    this.#charged = charged;
    this.#entry = entry;
    this.#tools = tools;
  }

  look(checks: Checks): void {
    if (checks.declared) this.#declared(checks.declared.pointer);
    this.#predicates('require', checks.require);
    this.#predicates('deny_if', checks.denyIf);
    this.#predicates('approve_if', checks.approveIf);
    // One at the end switches a tool off and keeps what holds when it is allowed again, as `policy-wrap deny` does.
    const isSwitchedOff =
      checks.denyIf.findIndex(({ conditions }) => conditions.length === 0) === checks.denyIf.length - 1;
    const behind = isSwitchedOff ? [] : [...checks.limits, ...checks.approveIf];
    this.#afterAlways(checks.denyIf, [...checks.denyIf, ...behind], false);
    this.#afterAlways(checks.approveIf, checks.approveIf, true);
    for (const limit of checks.limits) this.#limit(limit);
  }

  /** Schemas that refuse every call, and those that let any key through. */
  #declared(pointer: string): void {
    const path = this.#locations.pathOf(pointer);
    const faults = new Map<string, string[]>();
    const open: string[] = [];
    for (const { name, inputSchema } of this.#tools) {
      const fault = schemaFault(inputSchema);
      if (fault !== undefined) faults.set(fault, [...(faults.get(fault) ?? []), name]);
      else if (allowsAnyKey(inputSchema)) open.push(name);
    }
    for (const [fault, names] of faults)
      this.#warn('SCHEMA_UNUSABLE', path, { code: 'schema_unusable', names, fault });
    if (open.length > 0) this.#warn('SCHEMA_OPEN', path, { code: 'schema_open', names: open });
  }

  /** What stands after a rule without conditions is never reached. */
  #afterAlways(list: readonly Predicate[], following: readonly (Predicate | Limit)[], asks: boolean): void {
    const always = list.find((predicate) => predicate.conditions.length === 0);
    if (!always) return;
    for (const rule of following.slice(following.indexOf(always) + 1)) {
      const said: LintSaid = { code: 'after_always', rule: always.pointer, asks };
      this.#warn('SHADOWED', this.#locations.pathOf(rule.pointer), said);
    }
  }

  #predicates(list: List, predicates: readonly Predicate[]): void {
    for (const predicate of predicates) {
      const base = this.#locations.pathOf(predicate.pointer);
      for (const [index, condition] of predicate.conditions.entries())
        this.#condition(list, condition, [...base, 'conditions', index]);
    }
  }

  #condition(list: List, condition: Condition, path: readonly Segment[]): void {
    const { op, value } = condition;
    const fixed = fixedArgument(condition.path, this.#entry);
    if (fixed) {
      const prospect = prospectOf(condition, fixed);
      if (prospect !== 'may') this.#neverHolds(list, condition, prospect, path, undefined);
      return;
    }
    if ((op === 'in' || op === 'not_in') && isArray(value) && value.length === 0) {
      const then = (op === 'in' ? NEVER : ALWAYS)[list];
      this.#warn('NEVER_HOLDS', [...path, 'value'], { code: 'empty_list', op, so: then });
      return;
    }
    const looked = this.#lookedAt(condition.path);
    const then = op === 'exists' && value === false ? ALWAYS : NEVER;
    const expected = then === ALWAYS && list === 'require';
    if (!expected && this.#absent([...path, 'path'], looked, condition.path, then[list], UNTOLD[list]))
      return;
    const [first] = looked;
    const prospects = looked.map(({ argument }) => prospectOf(condition, argument));
    const prospect = prospects[0];
    if (first && prospect && prospect !== 'may' && prospects.every((other) => other === prospect)) {
      const by = { tool: first.tool.name, is: described(first.argument) };
      this.#neverHolds(list, condition, prospect, path, by);
      return;
    }
    if (list === 'require' || op === 'exists') return;
    this.#optional('optional', [...path, 'path'], looked, condition.path);
  }

  /** Reports an argument that calls may leave out. */
  #optional(
    code: 'optional' | 'amount_optional',
    at: readonly Segment[],
    looked: readonly Looked[],
    { text }: Path,
  ): void {
    const optional = looked.filter(({ argument }) => argument.kind === 'found' && !argument.required);
    if (optional.length > 0)
      this.#warn('ARGUMENT_OPTIONAL', at, { code, path: text, names: namesOf(optional) });
  }

  #neverHolds(
    list: List,
    condition: Condition,
    prospect: 'fails' | 'unknown',
    path: readonly Segment[],
    by: Extract<LintSaid, { readonly code: 'never_holds' }>['by'],
  ): void {
    const then = prospect === 'fails' ? NEVER[list] : UNTOLD[list];
    const { op } = condition;
    this.#warn('NEVER_HOLDS', [...path, 'op'], {
      ...{ code: 'never_holds', op, path: condition.path.text, by, so: then },
    });
  }

  /**
   * Reports an argument that the schemas lack.
   *
   * @param missing what follows when it is not there
   * @param untold what follows when its path leads through something else
   * @returns whether no tool has it, so that there is nothing more to say
   */
  #absent(
    at: readonly Segment[],
    looked: readonly Looked[],
    path: Path,
    missing: Then,
    untold: Then,
  ): boolean {
    const without = looked.filter(
      ({ argument }) => argument.kind === 'absent' || argument.kind === 'mismatch',
    );
    const [first] = without;
    // Rules for all tools speak of arguments that only some have.
    if (!first || (!this.#entry && without.length < looked.length)) return false;
    const { argument } = first;
    if (argument.kind === 'mismatch') {
      const wanted = argument.expected === 'array' ? 'array' : 'object';
      const names = namesOf(without);
      this.#warn('ARGUMENT_ABSENT', at, {
        ...{ code: 'other_kind', at: argument.at, wanted, names, so: untold },
      });
    } else if (argument.kind === 'absent') {
      const { siblings, parent, name } = argument;
      const near = nearest(name, siblings);
      const likely = near && path.text.replace(`${parent}.${name}`, `${parent}.${near}`);
      const absent = { path: `${parent}.${name}`, names: namesOf(without), siblings, so: missing };
      this.#warn('ARGUMENT_ABSENT', at, { code: 'absent', ...absent }, likely);
    }
    return without.length === looked.length;
  }

  #limit(limit: Limit): void {
    const path = this.#locations.pathOf(limit.pointer);
    const { amount } = limit;
    if (amount.kind === 'fixed') {
      // Where another rule charges the counter, this one only looks at it.
      if (amount.value.sign === 0 && !this.#charged.has(limit.counter)) {
        const said: LintSaid = { code: 'charges_nothing', counter: limit.counter };
        this.#warn('NEVER_COUNTS', [...path, 'amount'], said);
      }
    } else {
      this.#amount(limit, amount.path, amount.kind === 'count' ? 'array' : 'number', [...path, 'amount']);
    }
    for (const [index, part] of limit.per.entries()) {
      const written = this.#locations.source.value([...path, 'per']);
      const at = isArray(written) ? [...path, 'per', index] : [...path, 'per'];
      this.#absent(at, this.#lookedAt(part), part, 'one_count', 'every_call_refused');
    }
    for (const [index, part] of limit.except.entries()) {
      const nothing = 'nothing_left_out';
      this.#absent([...path, 'except', index], this.#lookedAt(part), part, nothing, nothing);
    }
  }

  #amount({ counter }: Limit, path: Path, wanted: 'array' | 'number', at: readonly Segment[]): void {
    const looked = this.#lookedAt(path);
    const refused = 'every_call_refused';
    if (this.#absent(at, looked, path, refused, refused)) return;
    const wrong = looked.filter(
      ({ argument }) => argument.kind === 'found' && argument.types?.has(wanted) === false,
    );
    if (wrong.length > 0) {
      const names = namesOf(wrong);
      this.#warn('NEVER_COUNTS', at, { code: 'amount_kind', path: path.text, wanted, names, counter });
    } else this.#optional('amount_optional', at, looked, path);
  }

  #lookedAt(path: Path): readonly Looked[] {
    return this.#tools.map((tool) => ({ tool, argument: argumentAt(tool.inputSchema, path) }));
  }
}

interface Looked {
  readonly tool: ToolDefinition;
  readonly argument: Argument;
}

function namesOf(looked: readonly Looked[]): readonly string[] {
  return looked.map(({ tool }) => tool.name);
}

function described(argument: Argument): Described {
  if (argument.kind !== 'found') return { kind: 'unknown' };
  if (argument.values)
    return { kind: 'values', values: argument.values.map((value) => JSON.stringify(value)) };
  return { kind: 'types', types: [...(argument.types ?? [])] };
}
