import { isArray, isObject, isRecord, type Json, type JsonObject } from '../../json/value.js';
import type { NamePattern, Policy } from '../model.js';
import { RULE_FIELDS } from '../read/format.js';
import type { EditNote, Impossible } from './edit-note.js';
import { copyOf } from './own-copy.js';
import { PolicyText } from './policy-text.js';

/** What a person wants of a tool, or of all that match a pattern. */
export type Wish =
  | { readonly kind: 'allow' }
  | { readonly kind: 'ask' | 'deny'; readonly reason?: string | undefined }
  | { readonly kind: 'hide' }
  /** `10/hour`, as `rate_limit` takes it. */
  | { readonly kind: 'limit'; readonly rate: string };

export interface EditedPolicy {
  readonly text: string;
  /** Why nothing was edited, where that is not because the policy says so already. */
  readonly impossible?: Impossible;
  /** What stays, or comes along. */
  readonly notes: readonly EditNote[];
}

type Entry = JsonObject;

/**
 * Edits what a policy says of a tool, in place.
 *
 * - `allow` takes away what refuses or asks about every call (`action`, `deny_if` and `approve_if` without conditions, the
 *   name in `hide`), and keeps limits and rules with conditions.
 * - `ask` and `deny` keep everything else; beside limits and conditions, which `action: deny` contradicts, `deny` is a
 *   `deny_if` without conditions. `hide` puts the name into `hide`. So `allow` brings the limits of an entry back.
 * - `limit` sets the rate of the entry and changes nothing of whether calls may pass at all.
 *
 * Entries are never merged: where a pattern judged the tool until now, its rules are copied into the new entry.
 *
 * @param text of a policy that can be used
 * @param policy the same, loaded
 * @param name exactly as the server has it, or with `*`
 */
export function editEntry(text: string, policy: Policy, name: string, wish: Wish): EditedPolicy {
  const document = new EntryText(text);
  const notes: EditNote[] = [];
  const own = document.entry(name);
  const pattern = own === undefined ? patternOf(policy, name) : undefined;
  const before = own ?? (pattern && document.entry(pattern.text));
  const isHidden = document.hidden().includes(name);
  if (wish.kind === 'hide') {
    if (isHidden) return { text, notes: [{ code: 'hidden_already' }] };
    document.hide(name);
    if (own !== undefined) notes.push({ code: 'entry_stays' });
    return document.done(notes);
  }
  if (wish.kind === 'limit' && (before?.action === 'deny' || before?.action === 'hide'))
    return {
      text,
      notes,
      impossible: { code: 'refused_anyway', action: before.action },
    };
  // A limit alone lets nothing through that was refused.
  if (isHidden && wish.kind !== 'limit') document.unhide(name);
  if (wish.kind === 'allow' && own === undefined) {
    const isAllowed = before === undefined ? policy.default === 'allow' : !stops(before);
    const by = before && pattern?.text;
    if (isAllowed) return document.done([{ code: 'allowed_by', by, already: !isHidden }]);
  }
  if (own === undefined && before !== undefined) {
    // A rate that is set anew takes the place of the pattern's.
    const isRateSet = wish.kind === 'limit' || pattern === undefined;
    document.set(['tools', name], isRateSet ? before : copyOf(before, pattern.text));
    notes.push({ code: 'copied', pattern: pattern?.text ?? '' });
  } else if (own === undefined) document.set(['tools', name], {});
  change(document, name, wish);
  notes.push(...kept(document.entry(name) ?? {}, wish));
  return document.done(notes);
}

function change(document: EntryText, name: string, wish: Exclude<Wish, { kind: 'hide' }>): void {
  const at = ['tools', name];
  const entry = document.entry(name) ?? {};
  if (wish.kind === 'limit') {
    const counter = `${name}_rate`;
    const limits = Array.isArray(entry.limits) ? entry.limits : [];
    const named = limits.findIndex((limit) => isRecord(limit) && limit.counter === counter);
    // A limit of the same counter, written out: beside it, `rate_limit` would be a second one of that name.
    if (named >= 0) document.remove([...at, 'limits', named]);
    if (named >= 0 && limits.length === 1) document.remove([...at, 'limits']);
    document.set([...at, 'rate_limit'], wish.rate);
    return;
  }
  for (const list of ['deny_if', 'approve_if'] as const) {
    const predicates = entry[list];
    if (!Array.isArray(predicates)) continue;
    const always = predicates.flatMap((predicate, i) => (isAlways(predicate) ? [i] : []));
    if (always.length === predicates.length) document.remove([...at, list]);
    else for (const i of always.reverse()) document.remove([...at, list, i]);
  }
  const action = entry.action;
  if (wish.kind === 'allow') {
    if (action !== undefined && action !== 'allow') document.remove([...at, 'action']);
    // It said why calls are refused.
    if (entry.reason !== undefined && stops(entry) && !isRule(document.entry(name) ?? {}))
      document.remove([...at, 'reason']);
    return;
  }
  if (wish.kind === 'deny' && isRule(document.entry(name) ?? {})) {
    if (action !== undefined && action !== 'allow') document.remove([...at, 'action']);
    const never = { conditions: [], ...(wish.reason !== undefined && { on_deny: wish.reason }) };
    const others = document.entry(name)?.deny_if;
    document.set([...at, 'deny_if', Array.isArray(others) ? others.length : 0], never);
    return;
  }
  const wanted = wish.kind === 'ask' ? 'approve' : 'deny';
  if (action !== wanted) {
    document.set([...at, 'action'], wanted);
    if (action !== undefined && entry.reason !== undefined) document.remove([...at, 'reason']);
  }
  if (wish.reason !== undefined) document.set([...at, 'reason'], wish.reason);
}

/** Whether an entry has rules whose refusals a `reason` is for. */
function isRule(entry: Entry): boolean {
  return RULE_FIELDS.some((field) => entry[field] !== undefined);
}

/** What an entry goes on to do, for the person who thinks of one thing alone. */
function kept(entry: Entry, wish: Wish): EditNote[] {
  const notes: EditNote[] = [];
  if (wish.kind === 'limit') {
    if (entry.action === 'approve') notes.push({ code: 'still_asks' });
    if (entry.limits !== undefined) notes.push({ code: 'other_limits' });
    return notes;
  }
  if (wish.kind === 'deny') return notes;
  const rules = RULE_FIELDS.filter((field) => entry[field] !== undefined);
  const stays = [...new Set(rules.map((field) => (field === 'rate_limit' ? 'limits' : field)))];
  if (stays.length > 0) notes.push({ code: 'keeps', rules: stays });
  return notes;
}

/** Whether every call of an entry is refused, or asked about. */
function stops({ action, deny_if, approve_if }: Entry): boolean {
  if (action === 'deny' || action === 'hide' || action === 'approve') return true;
  return [deny_if, approve_if].some((list) => Array.isArray(list) && list.some(isAlways));
}

function isAlways(predicate: unknown): boolean {
  return isRecord(predicate) && Array.isArray(predicate.conditions) && predicate.conditions.length === 0;
}

/** The pattern that judges a tool which has no entry of its own; none for a pattern. */
function patternOf(policy: Policy, name: string): NamePattern | undefined {
  return name.includes('*') ? undefined : policy.patterns.find((entry) => entry.name.matches(name))?.name;
}

class EntryText extends PolicyText {
  entry(name: string): Entry | undefined {
    const entry = this.at(['tools', name]);
    return isObject(entry) ? entry : undefined;
  }

  hidden(): readonly Json[] {
    const hide = this.at(['hide']);
    return isArray(hide) ? hide : [];
  }

  hide(name: string): void {
    this.set(['hide', this.hidden().length], name);
  }

  unhide(name: string): void {
    const hidden = this.hidden();
    this.remove(hidden.length === 1 ? ['hide'] : ['hide', hidden.indexOf(name)]);
  }

  done(notes: readonly EditNote[]): EditedPolicy {
    return { text: this.text, notes };
  }
}
