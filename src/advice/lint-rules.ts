import type { ToolDefinition } from '../catalog/tool-definition.js';
import { isArray, type JsonType } from '../json/value.js';
import type { Checks, Condition, Limit, Path, Predicate, ToolEntry } from '../policy/model.js';
import type { RuleLocations } from '../policy/read/load.js';
import type { ProblemCode } from '../policy/read/problem.js';
import type { Segment } from '../policy/read/source.js';
import { allowsAnyKey, schemaFault } from '../policy/schema/check.js';
import { nearest } from '../text/suggest.js';
import { describeArgument, fixedArgument, prospectOf, some } from './satisfiability.js';
import { type Argument, argumentAt } from './tool-schema.js';

/** Reports a finding at a place in the document. */
export type Warn = (
  code: ProblemCode,
  path: readonly Segment[],
  message: string,
  hint: string,
  likely?: string,
) => void;

type List = 'require' | 'deny_if' | 'approve_if';

/** What the rules of one list do when a condition of theirs never holds. */
const NEVER: Readonly<Record<List, string>> = {
  require: 'so every call is refused',
  deny_if: 'so it never refuses',
  approve_if: 'so it never asks',
};

/** What they do when it can never be told. */
const UNTOLD: Readonly<Record<List, string>> = {
  require: 'so every call is refused',
  deny_if: 'so it counts as met for every call that has it',
  approve_if: 'so it counts as met for every call that has it',
};

/** What they do when it always holds. */
const ALWAYS: Readonly<Record<List, string>> = {
  require: 'so it requires nothing',
  deny_if: 'so every call is refused',
  approve_if: 'so a person is asked for every call',
};

/** Looks at the rules of an entry, or of all tools, by the schemas of the tools that they judge. */
export class RuleLint {
  readonly #locations: RuleLocations;
  readonly #warn: Warn;

  /** Counters that some limit of the policy adds to. */
  readonly #charged: ReadonlySet<string>;

  constructor(locations: RuleLocations, warn: Warn, charged: ReadonlySet<string>) {
    this.#charged = charged;
    this.#locations = locations;
    this.#warn = warn;
  }

  /** @param entry whose rules these are; undefined for those of all tools */
  look(checks: Checks, entry: ToolEntry | undefined, tools: readonly ToolDefinition[]): void {
    if (checks.declared) this.#declared(checks.declared.pointer, tools);
    this.#predicates('require', checks.require, entry, tools);
    this.#predicates('deny_if', checks.denyIf, entry, tools);
    this.#predicates('approve_if', checks.approveIf, entry, tools);
    // One at the end switches a tool off and keeps what holds when it is allowed again, as `policy-wrap deny` does.
    const isSwitchedOff =
      checks.denyIf.findIndex(({ conditions }) => conditions.length === 0) === checks.denyIf.length - 1;
    const behind = isSwitchedOff ? [] : [...checks.limits, ...checks.approveIf];
    this.#afterAlways(checks.denyIf, [...checks.denyIf, ...behind], 'refuses every call');
    this.#afterAlways(checks.approveIf, checks.approveIf, 'asks for every call');
    for (const limit of checks.limits) this.#limit(limit, entry, tools);
  }

  /** Schemas that refuse every call, and those that let any key through. */
  #declared(pointer: string, tools: readonly ToolDefinition[]): void {
    const path = this.#locations.pathOf(pointer);
    const faults = new Map<string, string[]>();
    const open: string[] = [];
    for (const { name, inputSchema } of tools) {
      const fault = schemaFault(inputSchema);
      if (fault !== undefined) faults.set(fault, [...(faults.get(fault) ?? []), name]);
      else if (allowsAnyKey(inputSchema)) open.push(name);
    }
    for (const [fault, names] of faults) {
      const message = `The input schema of ${some(names)} cannot be used, so every call is refused: ${fault}.`;
      this.#warn('SCHEMA_UNUSABLE', path, message, 'Leave "arguments" out for it, or mend the server.');
    }
    if (open.length === 0) return;
    const message = `The input schema of ${some(open)} allows any key, so that keys are not refused there.`;
    this.#warn('SCHEMA_OPEN', path, message, 'Name the arguments in "require" or "deny_if" instead.');
  }

  /** What stands after a rule without conditions is never reached. */
  #afterAlways(list: readonly Predicate[], following: readonly (Predicate | Limit)[], what: string): void {
    const always = list.find((predicate) => predicate.conditions.length === 0);
    if (!always) return;
    for (const rule of following.slice(following.indexOf(always) + 1)) {
      const message = `${always.pointer} ${what}, so that this is never looked at.`;
      this.#warn('SHADOWED', this.#locations.pathOf(rule.pointer), message, 'Remove the one or the other.');
    }
  }

  #predicates(
    list: List,
    predicates: readonly Predicate[],
    entry: ToolEntry | undefined,
    tools: readonly ToolDefinition[],
  ): void {
    for (const predicate of predicates) {
      const base = this.#locations.pathOf(predicate.pointer);
      for (const [index, condition] of predicate.conditions.entries()) {
        const path = [...base, 'conditions', index];
        this.#condition(list, condition, path, entry, tools);
      }
    }
  }

  #condition(
    list: List,
    condition: Condition,
    path: readonly Segment[],
    entry: ToolEntry | undefined,
    tools: readonly ToolDefinition[],
  ): void {
    const { op, value } = condition;
    const fixed = fixedArgument(condition.path, entry);
    if (fixed) {
      const prospect = prospectOf(condition, fixed);
      if (prospect !== 'may') this.#neverHolds(list, condition, prospect, path, 'which is text');
      return;
    }
    if ((op === 'in' || op === 'not_in') && isArray(value) && value.length === 0) {
      const [what, then] =
        op === 'in'
          ? ['Nothing is in an empty list', NEVER]
          : ['Everything is outside an empty list', ALWAYS];
      this.#warn(
        'NEVER_HOLDS',
        [...path, 'value'],
        `${what}, ${then[list]}.`,
        'Fill the list, or remove this.',
      );
      return;
    }
    const looked = look(tools, condition.path);
    const then = op === 'exists' && value === false ? ALWAYS : NEVER;
    const expected = then === ALWAYS && list === 'require';
    if (!expected && this.#absent([...path, 'path'], looked, condition.path, entry, then[list], UNTOLD[list]))
      return;
    const [first] = looked;
    const prospects = looked.map(({ argument }) => prospectOf(condition, argument));
    const prospect = prospects[0];
    if (first && prospect && prospect !== 'may' && prospects.every((other) => other === prospect)) {
      const what = `which ${describeArgument(first.argument)} by the schema of ${first.tool.name}`;
      this.#neverHolds(list, condition, prospect, path, what);
      return;
    }
    if (list === 'require' || op === 'exists') return;
    const optional = looked.filter(({ argument }) => argument.kind === 'found' && !argument.required);
    if (optional.length === 0) return;
    const message = `${condition.path.text} is optional for ${namesOf(optional)}: a call without it passes this rule, whatever the server then takes instead.`;
    const hint = `If it must be there, add {"path": "${condition.path.text}", "op": "exists"} under "require".`;
    this.#warn('ARGUMENT_OPTIONAL', [...path, 'path'], message, hint);
  }

  #neverHolds(
    list: List,
    condition: Condition,
    prospect: 'fails' | 'unknown',
    path: readonly Segment[],
    what: string,
  ): void {
    const then = prospect === 'fails' ? NEVER[list] : UNTOLD[list];
    const message = `"${condition.op}" can never hold for ${condition.path.text}, ${what}; ${then}.`;
    this.#warn('NEVER_HOLDS', [...path, 'op'], message, 'Use an operator and a value that fit.');
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
    entry: ToolEntry | undefined,
    missing: string,
    untold: string,
  ): boolean {
    const without = looked.filter(
      ({ argument }) => argument.kind === 'absent' || argument.kind === 'mismatch',
    );
    const [first] = without;
    // Rules for all tools speak of arguments that only some have.
    if (!first || (!entry && without.length < looked.length)) return false;
    const { argument } = first;
    if (argument.kind === 'mismatch') {
      const kind = argument.expected === 'array' ? 'a list' : 'an object';
      const message = `${argument.at} is not ${kind} by the schema of ${namesOf(without)}, ${untold}.`;
      this.#warn('ARGUMENT_ABSENT', at, message, 'Correct the path.');
    } else if (argument.kind === 'absent') {
      const { siblings, parent, name } = argument;
      const near = nearest(name, siblings);
      const likely = near && path.text.replace(`${parent}.${name}`, `${parent}.${near}`);
      const message = `The schema of ${namesOf(without)} has no ${parent}.${name}, ${missing}.`;
      const hint = siblings.length > 0 ? `It has: ${some(siblings)}.` : 'It has no arguments.';
      this.#warn('ARGUMENT_ABSENT', at, message, hint, likely);
    }
    return without.length === looked.length;
  }

  #limit(limit: Limit, entry: ToolEntry | undefined, tools: readonly ToolDefinition[]): void {
    const path = this.#locations.pathOf(limit.pointer);
    const { amount } = limit;
    if (amount.kind === 'fixed') {
      // Where another rule charges the counter, this one only looks at it.
      if (amount.value.sign === 0 && !this.#charged.has(limit.counter)) {
        const message = `Each call charges 0 to "${limit.counter}", so that it never counts.`;
        this.#warn(
          'NEVER_COUNTS',
          [...path, 'amount'],
          message,
          'Write another amount, or remove the limit.',
        );
      }
    } else {
      this.#amount(limit, amount.path, amount.kind === 'count' ? 'array' : 'number', path, entry, tools);
    }
    for (const [index, part] of limit.per.entries()) {
      const written = this.#locations.source.value([...path, 'per']);
      const at = isArray(written) ? [...path, 'per', index] : [...path, 'per'];
      this.#absent(
        at,
        look(tools, part),
        part,
        entry,
        'so all calls share one count',
        'so every call is refused',
      );
    }
    for (const [index, part] of limit.except.entries()) {
      const nothing = 'so nothing is left out';
      this.#absent([...path, 'except', index], look(tools, part), part, entry, nothing, nothing);
    }
  }

  #amount(
    limit: Limit,
    amountPath: Path,
    wanted: JsonType,
    path: readonly Segment[],
    entry: ToolEntry | undefined,
    tools: readonly ToolDefinition[],
  ): void {
    const at = [...path, 'amount'];
    const looked = look(tools, amountPath);
    const refused = 'so every call is refused';
    if (this.#absent(at, looked, amountPath, entry, refused, refused)) return;
    const wrong = looked.filter(
      ({ argument }) => argument.kind === 'found' && argument.types?.has(wanted) === false,
    );
    if (wrong.length > 0) {
      const kind = wanted === 'array' ? 'a list' : 'a number';
      const message = `${amountPath.text} is not ${kind} by the schema of ${namesOf(wrong)}: nothing is charged to "${limit.counter}", and every call is refused.`;
      this.#warn('NEVER_COUNTS', at, message, `Name an argument that is ${kind}.`);
      return;
    }
    const optional = looked.filter(({ argument }) => argument.kind === 'found' && !argument.required);
    if (optional.length === 0) return;
    const message = `${amountPath.text} is optional for ${namesOf(optional)}: a call without it is refused, because it could not be counted.`;
    this.#warn(
      'ARGUMENT_OPTIONAL',
      at,
      message,
      'Count something that every call has, if that is not meant.',
    );
  }
}

interface Looked {
  readonly tool: ToolDefinition;
  readonly argument: Argument;
}

function look(tools: readonly ToolDefinition[], path: Path): readonly Looked[] {
  return tools.map((tool) => ({ tool, argument: argumentAt(tool.inputSchema, path) }));
}

function namesOf(looked: readonly Looked[]): string {
  return some(looked.map(({ tool }) => tool.name));
}
