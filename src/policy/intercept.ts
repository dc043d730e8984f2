import { LineCounter, parseDocument } from 'yaml';
import { OPERATORS } from './document.js';

/** A policy of the predecessor in our format, with what could not be carried over. */
export interface Imported {
  /** JSON; loads without a problem unless the original had one that only we look at. */
  readonly text: string;
  /** For people: `line 12: ...`. */
  readonly notes: readonly string[];
}

type Yaml = Readonly<Record<string, unknown>>;

const KNOWN_OPERATORS: ReadonlySet<string> = new Set(OPERATORS);
const WINDOWS = new Set(['minute', 'hour', 'day']);

/** What the rules of one tool come to. */
interface Entry {
  require: object[];
  deny_if: object[];
  limits: object[];
}

/**
 * Turns a policy of the open-source predecessor (YAML) into ours (handbook, policylayer.md part B). Its conditions must
 * hold, so they become `require`; its counters become limits in calendar windows of UTC, as there. What never had an
 * effect there has none here, and a note says so.
 *
 * @returns undefined together with what is wrong when the text is no such file
 */
export function importIntercept(text: string): Imported | { readonly fault: string } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const [error] = document.errors;
  if (error) return { fault: error.message };
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    return { fault: cause instanceof Error ? cause.message : 'it cannot be read' };
  }
  if (!isMap(root)) return { fault: 'the file holds no YAML mapping' };

  const notes: string[] = [];
  const note = (path: readonly (string | number)[], what: string) => {
    const node = document.getIn(path, true) as { range?: readonly number[] } | undefined;
    const offset = node?.range?.[0];
    notes.push(offset === undefined ? what : `line ${lines.linePos(offset).line}: ${what}`);
  };

  for (const key of Object.keys(root)) {
    if (!['version', 'description', 'default', 'hide', 'tools'].includes(key))
      note([key], `"${key}" is not known; left out`);
  }
  const fallback = root.default === 'deny' ? 'deny' : 'allow';
  if (root.default === undefined)
    notes.push('there was no default, which meant allow; "deny" is what most want');
  const hide = Array.isArray(root.hide) ? root.hide.filter((name) => typeof name === 'string') : [];

  const tools: Record<string, object> = Object.create(null);
  let allTools: object | undefined;
  for (const [name, tool] of Object.entries(isMap(root.tools) ? root.tools : {})) {
    const rules = isMap(tool) && Array.isArray(tool.rules) ? tool.rules : [];
    const entry: Entry = { require: [], deny_if: [], limits: [] };
    rules.forEach((rule, index) => {
      const path = ['tools', name, 'rules', index];
      if (isMap(rule)) addRule(entry, name, rule, (what, ...more) => note([...path, ...more], what));
      else note(path, 'this rule is no mapping; left out');
    });
    const compact = Object.fromEntries(Object.entries(entry).filter(([, list]) => list.length > 0));
    if (name === '*') allTools = compact;
    else if (name.includes('*'))
      note(['tools', name], `"${name}" was a plain name there and is a pattern here; left out`);
    else tools[name] = compact;
  }
  const policy = {
    version: '1',
    ...(typeof root.description === 'string' && { description: root.description }),
    default: fallback,
    ...(hide.length > 0 && { hide }),
    ...(allTools && { all_tools: allTools }),
    tools,
  };
  return { text: `${JSON.stringify(policy, null, 2)}\n`, notes };
}

type Note = (what: string, ...path: (string | number)[]) => void;

function addRule(entry: Entry, tool: string, rule: Yaml, note: Note): void {
  const name = typeof rule.name === 'string' ? rule.name : 'unnamed';
  const onDeny = typeof rule.on_deny === 'string' ? { on_deny: rule.on_deny } : {};
  if (rule.action === 'deny') {
    entry.deny_if.push({ conditions: [], on_deny: onDeny.on_deny ?? `Denied by rule "${name}"` });
    return;
  }
  if (typeof rule.rate_limit === 'string') addRateLimit(entry, tool, rule.rate_limit, onDeny, note);
  const own: object[] = [];
  const conditions = Array.isArray(rule.conditions) ? rule.conditions : [];
  const state = isMap(rule.state) ? rule.state : undefined;
  let counted = false;
  for (const [index, condition] of conditions.entries()) {
    if (
      !isMap(condition) ||
      typeof condition.path !== 'string' ||
      !KNOWN_OPERATORS.has(String(condition.op))
    ) {
      note('this condition is not understood; left out: check the result', 'conditions', index);
    } else if (!condition.path.startsWith('state.')) {
      const { path, op, value } = condition;
      own.push({ path, op, value });
    } else if (!counted && addCounter(entry, tool, condition, state, onDeny)) {
      counted = true;
    } else {
      const why = "only the first lt or lte on the rule's own counter counted";
      note(`the condition on ${condition.path} has no counterpart (${why}); left out`, 'conditions', index);
    }
  }
  if (own.length > 0) entry.require.push({ conditions: own, ...onDeny });
  if (state && !counted) note('this counter was never looked at, so it never counted; left out', 'state');
}

function addRateLimit(entry: Entry, tool: string, text: string, onDeny: object, note: Note): void {
  const match = /^([1-9]\d*)\/(minute|hour|day)$/.exec(text);
  if (!match) {
    note(`rate_limit "${text}" is not understood; left out: check the result`, 'rate_limit');
    return;
  }
  const [, max, window = ''] = match;
  const counter = `${counterPrefix(tool)}rate_${window}`;
  entry.limits.push({ counter, window, max: Number(max), scope: 'grant', align: 'calendar', ...onDeny });
}

/** `state.create_charge.daily lte 1000`, with what the rule's `state` says of that counter. */
function addCounter(
  entry: Entry,
  tool: string,
  condition: Yaml,
  state: Yaml | undefined,
  onDeny: object,
): boolean {
  const { op, value } = condition;
  const counter = state?.counter;
  const window = state?.window;
  if (typeof counter !== 'string' || typeof window !== 'string' || !WINDOWS.has(window)) return false;
  if (typeof value !== 'number' || (op !== 'lt' && op !== 'lte')) return false;
  const scope = tool === '*' ? '_global' : tool;
  if (condition.path !== `state.${scope}.${counter}`) return false;
  const from = state?.increment_from;
  const by = state?.increment;
  entry.limits.push({
    counter: `${counterPrefix(tool)}${counter}`,
    window,
    max: op === 'lt' ? value - 1 : value,
    scope: 'grant',
    align: 'calendar',
    ...(typeof from === 'string'
      ? { amount: from }
      : typeof by === 'number' && by !== 1
        ? { amount: by }
        : {}),
    ...onDeny,
  });
  return true;
}

/** Counters were each tool's own there; here one name is one count. */
function counterPrefix(tool: string): string {
  return tool === '*' ? 'all_tools.' : `${tool}.`;
}

function isMap(value: unknown): value is Yaml {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
