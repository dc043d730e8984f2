import type { JsonObject } from '../../json/value.js';
import { commentedJson, commentLines } from '../commented-json.js';
import {
  conditionOf,
  counterLimit,
  counterOf,
  durationOf,
  itemsOf,
  membersOf,
  NoCounterpart,
  onlyKnown,
  partsOf,
  rateLimitOf,
  textOf,
} from './rule.js';
import { compact, type Entry, emptyEntry, shorthand } from './text.js';
import { readYaml, type Yaml } from './yaml.js';

/** A policy of the predecessor in our format, with what could not be carried over. */
export interface Imported {
  /** JSON with comments; each rule that could not be carried over is one that refuses, with a comment above it. */
  readonly text: string;
  /** A sentence for people: `line 12: ...`. */
  readonly notes: readonly string[];
  /** False when a rule refuses because it could not be carried over, or means something else here. */
  readonly isComplete: boolean;
}

const TOP = ['version', 'description', 'default', 'hide', 'tools', 'approvals'];
const RULE = [
  ...['name', 'description', 'action', 'conditions', 'on_deny', 'rate_limit', 'state'],
  ...['approval_timeout', 'idempotency_window'],
];
/** Names of its later versions that nothing here does. */
const WITHOUT_COUNTERPART: Readonly<Record<string, string>> = {
  spend:
    '"spend" asks the server for the price of a call, which nothing here does; a limit with an "amount" of the arguments may do',
  validate: '"validate" has no counterpart; write what must hold under "require"',
};

/** Lengths that "expires" can have, in milliseconds, and how long a call is held by default. */
const EXPIRES = { least: 1000, most: 30 * 86_400_000 };
const HELD_MS = 45_000;

/**
 * Turns a policy of the open-source predecessor (YAML) into ours (docs/policy.md, "From the predecessor's YAML"). Its conditions must
 * hold, so they become `require`, those of `require_approval` ask a person; its counters become limits in calendar
 * windows of UTC, as there. Whatever is not understood, or has no counterpart, becomes a rule that refuses: what the
 * predecessor would have refused or asked about is refused or asked about by the result.
 *
 * @returns what is wrong when the text is no such file
 */
export function importIntercept(text: string): Imported | { readonly fault: string } {
  const root = readYaml(text);
  if ('fault' in root) return root;
  if (root.kind !== 'map') return { fault: 'the file holds no YAML mapping' };
  return new Import().run(root.entries);
}

class Import {
  readonly #notes: string[] = [];
  readonly #comments = new Map<object, string[]>();
  readonly #counters = new Set<string>();
  readonly #all = emptyEntry();
  readonly #tools = new Map<string, Entry>();
  readonly #hidden = new Set<string>();
  #isComplete = true;
  #expiresMs: number | undefined;

  run(root: ReadonlyMap<string, Yaml>): Imported {
    const description = this.#orRefuse(() => textOf(root.get('description'), 'the description'));
    const isFragment = !TOP.some((name) => root.has(name));
    for (const [name, value] of root) {
      if (isFragment && value.kind === 'map' && value.entries.has('rules')) this.#tool(name, value);
      else if (!TOP.includes(name)) this.#refuse(this.#all, value.line, `"${name}" is not known here`);
    }
    this.#orRefuse(() => this.#version(root.get('version')));
    this.#orRefuse(() => this.#hide(root.get('hide')));
    this.#orRefuse(() => this.#approvals(root.get('approvals')));
    const tools = this.#orRefuse(() => root.has('tools') && membersOf(root.get('tools') as Yaml, '"tools"'));
    for (const [name, tool] of tools || []) this.#tool(name, tool);
    const policy = {
      version: '1',
      ...(description !== undefined && { description }),
      default: this.#orRefuse(() => this.#default(root.get('default'), isFragment)) ?? 'deny',
      ...(this.#hidden.size > 0 && { hide: [...this.#hidden] }),
      ...(this.#expiresMs !== undefined && { approvals: expiring(this.#expiresMs) }),
      ...(Object.values(this.#all).some((list) => list.length > 0) && { all_tools: compact(this.#all) }),
      tools: Object.fromEntries([...this.#tools].map(([name, entry]) => [name, shorthand(compact(entry))])),
    };
    const head = this.#isComplete
      ? []
      : commentLines(['Imported in part: what could not be carried over refuses. See the comments below.']);
    return {
      text: `${[...head, ...commentedJson(policy, { above: this.#comments })].join('\n')}\n`,
      notes: this.#notes,
      isComplete: this.#isComplete,
    };
  }

  /** What cannot be carried over refuses every call of the entry; of all tools, where it belongs to none. */
  #orRefuse<T>(read: () => T, entry = this.#all): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof NoCounterpart)) throw error;
      this.#refuse(entry, error.line, error.message);
      return undefined;
    }
  }

  /** Puts a rule that refuses every call in the place of what could not be carried over. */
  #refuse(entry: Entry, line: number, why: string): void {
    const note = `line ${line}: ${why}`;
    const rule = { conditions: [], on_deny: `Not imported, and refused until someone decides: ${note}` };
    this.#comments.set(rule, [`${note}. Write a rule in the place of this one, or remove it.`]);
    entry.deny_if.push(rule);
    this.#remark(`${note}: ${entry === this.#all ? 'every call is refused' : 'refused'}`);
  }

  /** Something that a person has to look at. */
  #remark(note: string): void {
    this.#isComplete = false;
    this.#notes.push(note);
  }

  #version(version: Yaml | undefined): void {
    const written = version && textOf(version, '"version"');
    if (version && written !== '1')
      throw new NoCounterpart(version.line, `version "${written}" is not known`);
  }

  #default(value: Yaml | undefined, isFragment: boolean): 'allow' | 'deny' {
    const text = textOf(value, '"default"');
    if (text === 'allow' || text === 'deny') return text;
    if (value && text !== undefined)
      throw new NoCounterpart(value.line, `"default" is "${text}", neither allow nor deny`);
    if (isFragment) {
      this.#notes.push('rules without the rest of a policy: tools without rules are refused');
      return 'deny';
    }
    this.#notes.push('there was no default, which meant allow; "deny" is what most want');
    return 'allow';
  }

  #hide(hide: Yaml | undefined): void {
    for (const item of itemsOf(hide, '"hide"')) {
      const name = textOf(item, 'a name under "hide"');
      if (name === undefined) throw new NoCounterpart(item.line, 'a name under "hide" is empty');
      if (this.#hidden.has(name)) continue;
      if (name !== '*' && name.includes('*'))
        this.#remark(`line ${item.line}: "${name}" was a plain name there and hides all that match it here`);
      this.#hidden.add(name);
    }
  }

  #approvals(approvals: Yaml | undefined): void {
    if (!approvals) return;
    for (const [name, value] of membersOf(approvals, '"approvals"')) {
      if (name === 'default_timeout' || name === 'timeout') this.#expires(value, `"${name}"`);
      // Who is told of a question, and when one is asked anew, lets nothing pass.
      else if (name === 'dedupe_window' || name === 'notify' || name === 'webhook')
        this.#remark(`line ${value.line}: "${name}" of approvals has no counterpart; left out`);
      else throw new NoCounterpart(value.line, `"${name}" of approvals is not known here`);
    }
  }

  #expires(value: Yaml, what: string): void {
    const ms = durationOf(value, what);
    if (ms < EXPIRES.least) throw new NoCounterpart(value.line, `${what} is less than a second`);
    if (this.#expiresMs !== undefined && this.#expiresMs !== ms)
      this.#notes.push(`line ${value.line}: ${what}: approvals have one length here, the shortest of all`);
    this.#expiresMs = Math.min(ms, EXPIRES.most, this.#expiresMs ?? ms);
  }

  #tool(name: string, tool: Yaml): void {
    const entry = name === '*' ? this.#all : emptyEntry();
    if (name === '') {
      this.#refuse(this.#all, tool.line, 'a tool without a name');
      return;
    }
    if (name !== '*') this.#tools.set(name, entry);
    if (name !== '*' && name.includes('*'))
      this.#refuse(entry, tool.line, `"${name}" was a plain name there and is a pattern here`);
    let rules: readonly Yaml[] = [];
    this.#orRefuse(() => {
      const members = membersOf(tool, `the tool "${name}"`);
      onlyKnown(members, ['rules', 'description'], `the tool "${name}"`);
      rules = itemsOf(members.get('rules'), '"rules"');
    }, entry);
    for (const rule of rules) this.#orRefuse(() => this.#rule(entry, name, rule), entry);
  }

  #rule(entry: Entry, tool: string, rule: Yaml): void {
    const members = membersOf(rule, 'a rule');
    for (const [name, why] of Object.entries(WITHOUT_COUNTERPART)) {
      const value = members.get(name);
      if (value) throw new NoCounterpart(value.line, why);
    }
    onlyKnown(members, RULE, 'a rule');
    const name = textOf(members.get('name'), 'the name of a rule') ?? 'unnamed';
    const onDeny = textOf(members.get('on_deny'), '"on_deny"');
    const told = onDeny === undefined ? {} : { on_deny: onDeny };
    const action = textOf(members.get('action'), '"action"') ?? 'evaluate';
    const conditions = itemsOf(members.get('conditions'), '"conditions"');
    if (action === 'deny') {
      if (conditions.length > 0)
        throw new NoCounterpart(rule.line, 'a rule that denies had no conditions there');
      entry.deny_if.push({ conditions: [], on_deny: onDeny ?? `Denied by rule "${name}"` });
      return;
    }
    const isAsking = action === 'require_approval';
    if (!isAsking && action !== 'evaluate')
      throw new NoCounterpart(rule.line, `the action "${action}" is not known`);
    const limits = this.#limits(tool, members, conditions, isAsking);
    const own = conditions.filter((condition) => !isOnCounter(condition)).map(conditionOf);
    const timeout = members.get('approval_timeout');
    if (timeout && !isAsking)
      throw new NoCounterpart(timeout.line, 'a time for an approval, in a rule that asks for none');
    if (timeout) this.#expires(timeout, '"approval_timeout"');
    if (isAsking) entry.approve_if.push({ conditions: own, ...told });
    else if (own.length > 0) entry.require.push({ conditions: own, ...told });
    else if (limits.length === 0) throw new NoCounterpart(rule.line, 'this rule says nothing');
    for (const { name, limit } of limits)
      entry.limits.push({ counter: this.#counter(tool, name), ...limit, ...told, ...perTool(limit, tool) });
  }

  /** The limits of one rule: its rate limit, its own counter, and that no call comes twice. */
  #limits(
    tool: string,
    members: ReadonlyMap<string, Yaml>,
    conditions: readonly Yaml[],
    isAsking: boolean,
  ): { name: string; limit: JsonObject }[] {
    const limits: { name: string; limit: JsonObject }[] = [];
    const rate = members.get('rate_limit');
    if (rate && (rate.kind === 'map' || textOf(rate, '"rate_limit"') !== undefined)) {
      const limit = rateLimitOf(rate);
      limits.push({ name: `rate_${limit.window}`, limit });
    }
    const twice = members.get('idempotency_window');
    if (twice && twice.kind !== 'null') {
      const ms = durationOf(twice, '"idempotency_window"');
      limits.push({ name: 'twice', limit: { window: `${ms}ms`, max: 1, scope: 'grant', per: 'args' } });
    }
    const counted = conditions.filter(isOnCounter);
    const state = members.get('state');
    if (counted.length > 0 || (state && state.kind !== 'null')) {
      const [condition, more] = counted;
      const line = more?.line ?? condition?.line ?? state?.line ?? 1;
      if (!condition || more || !state || isAsking)
        throw new NoCounterpart(line, "only one lt or lte on a rule's own counter has a counterpart");
      const counter = counterOf(state);
      const { path, op, value } = partsOf(condition);
      if (path !== `state.${tool === '*' ? '_global' : tool}.${counter.name}`)
        throw new NoCounterpart(line, `the condition on ${path} is on another rule's counter`);
      limits.push({ name: counter.name, limit: counterLimit(counter, op, value, line) });
    }
    return limits;
  }

  /** Counters were each tool's own there; here one name is one count. */
  #counter(tool: string, name: string): string {
    const base = `${tool === '*' ? 'all_tools' : tool}.${name}`;
    let counter = base;
    for (let n = 2; this.#counters.has(counter); n += 1) counter = `${base}_${n}`;
    this.#counters.add(counter);
    return counter;
  }
}

function isOnCounter(condition: Yaml): boolean {
  return partsOf(condition).path.startsWith('state.');
}

/** Calls of two tools with the same arguments are not the same call. */
function perTool(limit: JsonObject, tool: string): JsonObject {
  return limit.per !== undefined && tool === '*' ? { per: ['tool.name', 'args'] } : {};
}

/** A call is not held for longer than an approval of it would keep. */
function expiring(ms: number): JsonObject {
  return { expires: `${ms}ms`, ...(ms < HELD_MS && { wait: `${ms}ms` }) };
}
