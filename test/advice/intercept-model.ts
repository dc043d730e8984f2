/**
 * The predecessor's own way of judging calls, as far as it is known (its source at v1.1.0, and the documents of its
 * later versions), for tests that compare. All calls are at one instant. What its loader does not know, misspelt names
 * and all, is taken for a protection: it refuses.
 */

// biome-ignore lint/suspicious/noExplicitAny: documents of any shape
type Any = any;

const TOP = ['version', 'description', 'default', 'hide', 'tools', 'approvals'];
const RULE =
  'name description action conditions on_deny rate_limit state approval_timeout idempotency_window'.split(
    ' ',
  );
const STATE = ['counter', 'window', 'increment', 'increment_from'];
const OPERATORS = 'eq neq in not_in lt lte gt gte regex contains exists'.split(' ');

const isMap = (value: Any): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: Any): boolean => value === undefined || value === null || typeof value !== 'object';
const knows = (value: Any, names: readonly string[]): boolean =>
  isMap(value) && Object.keys(value).every((name) => names.includes(name));

export class Predecessor {
  readonly #document: Any;
  readonly #used = new Map<string, number>();

  constructor(document: Any) {
    this.#document = document;
  }

  /** @returns whether it refuses the call, or asks a person about it */
  refuses(tool: string, args: Any): boolean {
    const { hide, tools, version, default: fallback } = this.#document;
    if (!knows(this.#document, TOP) || String(version) !== '1' || !isText(this.#document.description))
      return true;
    if (![undefined, null, '', 'allow', 'deny'].includes(fallback)) return true;
    if (hide && (!Array.isArray(hide) || hide.some((name: Any) => !isText(name) || name === ''))) return true;
    if (hide?.some((name: Any) => String(name) === tool || name === '*')) return true;
    if (!knows(this.#document.approvals ?? {}, ['default_timeout', 'dedupe_window', 'notify'])) return true;
    if (tools !== undefined && tools !== null && !isMap(tools)) return true;
    const own = tools && Object.hasOwn(tools, tool) ? tools[tool] : undefined;
    if (fallback === 'deny' && own === undefined) return true;
    return [
      [own ?? {}, tool],
      [tools?.['*'] ?? {}, '_global'],
    ].some(
      ([entry, scope]) =>
        !knows(entry, ['rules', 'description']) || this.#refusing(entry.rules, tool, scope, args),
    );
  }

  #refusing(rules: Any, tool: string, scope: string, args: Any): boolean {
    if (rules === undefined || rules === null) return false;
    return (
      !Array.isArray(rules) || rules.some((rule, i) => this.#rule(rule, `${scope}.${i}`, tool, scope, args))
    );
  }

  #rule(rule: Any, place: string, tool: string, scope: string, args: Any): boolean {
    if (!knows(rule, RULE)) return true;
    const action = rule.action || 'evaluate';
    const conditions = rule.conditions ?? [];
    if (!Array.isArray(conditions) || !isText(rule.on_deny) || !isText(rule.name)) return true;
    if (!['evaluate', 'require_approval'].includes(action)) return true;
    if (conditions.some((condition: Any) => !isCondition(condition))) return true;
    if (rule.state && !knows(rule.state, STATE)) return true;
    const holds = conditions.every((condition: Any) => this.#holds(condition, args));
    if (action === 'require_approval' && holds) return true;
    if (action === 'evaluate' && conditions.length > 0 && !holds) return true;
    return this.#charges(rule, place, tool, scope, args).some(
      ({ key, amount, max }) => !((this.#used.get(key) ?? 0) + amount <= max),
    );
  }

  /** Counts a call that was let through. */
  commit(tool: string, args: Any): void {
    const { tools } = this.#document;
    for (const [entry, scope] of [
      [tools && Object.hasOwn(tools, tool) ? tools[tool] : undefined, tool],
      [tools?.['*'], '_global'],
    ]) {
      for (const [i, rule] of (entry?.rules ?? []).entries()) {
        for (const { key, amount } of this.#charges(rule, `${scope}.${i}`, tool, scope, args))
          this.#used.set(key, (this.#used.get(key) ?? 0) + amount);
      }
    }
  }

  /** Two rules with one counter were an error there, so each has its own here. */
  #charges(
    rule: Any,
    place: string,
    tool: string,
    scope: string,
    args: Any,
  ): { key: string; amount: number; max: number }[] {
    const charges: { key: string; amount: number; max: number }[] = [];
    if (rule.rate_limit) {
      const max = isMap(rule.rate_limit) ? rule.rate_limit.max : String(rule.rate_limit).split('/')[0];
      charges.push({ key: `${place} rate`, amount: 1, max: Number(max) });
    }
    if (rule.idempotency_window)
      charges.push({ key: `${place} ${tool} ${canonical(args)}`, amount: 1, max: 1 });
    const { state } = rule;
    if (!state) return charges;
    const path = `state.${scope}.${state.counter}`;
    const limit = (rule.conditions ?? []).find(
      (condition: Any) => condition.path === path && ['lt', 'lte'].includes(condition.op),
    );
    if (!limit) return charges;
    const from = state.increment_from ? resolve(args, String(state.increment_from).slice(5)) : undefined;
    charges.push({
      key: `${place} counter`,
      amount: state.increment_from
        ? typeof from === 'number'
          ? Math.trunc(from)
          : Number.NaN
        : state.increment || 1,
      max: Math.trunc(limit.value) - (limit.op === 'lt' ? 1 : 0),
    });
    return charges;
  }

  #holds({ path, op, value }: Any, args: Any): boolean {
    // Whether there is room is looked at with the charges.
    if (path.startsWith('state.')) return true;
    const actual = resolve(args, path.slice('args.'.length));
    if (op === 'exists') return (actual !== undefined && actual !== null) === value;
    if (actual === undefined) return false;
    switch (op) {
      case 'eq':
        return equal(actual, value);
      case 'neq':
        return !equal(actual, value);
      case 'in':
        return value.some((item: Any) => equal(actual, item));
      case 'not_in':
        return !value.some((item: Any) => equal(actual, item));
      case 'regex':
        return typeof actual === 'string' && new RegExp(value).test(actual);
      case 'contains':
        if (typeof actual === 'string') return typeof value === 'string' && actual.includes(value);
        return Array.isArray(actual) && actual.some((item) => equal(item, value));
      default:
        if (typeof actual !== 'number') return false;
        return { lt: actual < value, lte: actual <= value, gt: actual > value, gte: actual >= value }[
          op as 'lt'
        ];
    }
  }
}

function isCondition(condition: Any): boolean {
  if (!knows(condition, ['path', 'op', 'value'])) return false;
  const { path, op, value } = condition;
  if (!/^(args|state)\./.test(String(path)) || !OPERATORS.includes(op)) return false;
  if (['in', 'not_in'].includes(op)) return Array.isArray(value);
  if (['lt', 'lte', 'gt', 'gte'].includes(op)) return typeof value === 'number';
  return op === 'exists' ? typeof value === 'boolean' : op !== 'regex' || typeof value === 'string';
}

function canonical(args: Any): string {
  return JSON.stringify(Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function resolve(args: Any, path: string): Any {
  let value = args;
  for (const part of path.split('.')) {
    if (!isMap(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** Numbers as numbers, everything else as Go prints it. */
function equal(actual: Any, expected: Any): boolean {
  if (typeof actual === 'number' && typeof expected === 'number') return actual === expected;
  return printed(actual) === printed(expected, Number.isInteger(expected));
}

function printed(value: Any, isWhole = false): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map((item) => printed(item)).join(' ')}]`;
  if (isMap(value)) {
    const members = Object.keys(value).sort();
    return `map[${members.map((name) => `${name}:${printed(value[name])}`).join(' ')}]`;
  }
  if (typeof value !== 'number' || isWhole || value === 0) return String(value);
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 21 && !(power >= 6 && power >= digits.replace(/[-.]/g, '').length))
    return String(value);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
