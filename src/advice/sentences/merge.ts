import { isStricterAction } from '../../catalog/actions.js';
import { canonicalJson } from '../../json/canonical.js';
import { isArray, isObject, type Json, type JsonObject } from '../../json/value.js';
import type { EditPath } from '../../policy/edit/jsonc-text.js';
import { copyOf } from '../../policy/edit/own-copy.js';
import { PolicyText } from '../../policy/edit/policy-text.js';
import { comparePatterns, namePattern } from '../../policy/evaluate/name-pattern.js';
import { rateAsLimit, rateCounter } from '../../policy/read/rate.js';
import { isAsStrict } from '../limit-strictness.js';
import { countersIn, freshCounter } from './counters.js';

/**
 * Puts members of a policy into another one, beside what is there: lists get what they lack, and where one of the two
 * is stricter, that holds. Nothing that was refused passes afterwards, and the result can be used where both parts can.
 *
 * @param text of a policy
 * @param part `pin`, `new_tools`, `hide`, `all_tools`, `server_requests` and `tools`, as they would stand in a policy
 * @returns the text with all of it; comments, order and everything else stay
 * @throws Error where the text cannot be read
 */
export function merged(text: string, part: JsonObject): string {
  const document = new PolicyText(text);
  for (const [key, value] of Object.entries(part)) {
    if (key === 'pin') raise(document, value);
    else if (key === 'new_tools') document.set(['new_tools'], value);
    else if (key === 'hide' && isArray(value)) addNames(document, value);
    else if (key === 'tools' && isObject(value)) {
      for (const [tool, entry] of Object.entries(value)) if (isObject(entry)) addEntry(document, tool, entry);
    } else if (key === 'all_tools' && isObject(value)) addRules(document, ['all_tools'], value);
    else if (key === 'server_requests' && isObject(value)) {
      for (const [kind, entry] of Object.entries(value))
        if (isObject(entry)) addRules(document, ['server_requests', kind], entry);
    }
  }
  return document.text;
}

/**
 * Gives a tool an entry of its own. Entries are never merged: the rules of the pattern that judged it until now come
 * along.
 *
 * @throws Error where the text cannot be read
 */
export function withOwnEntry(text: string, tool: string): string {
  const document = new PolicyText(text);
  makeOwn(document, tool);
  return document.text;
}

/** @returns the pattern under `tools` that judges a tool without an entry of its own */
export function patternFor(text: string, tool: string): string | undefined {
  const tools = new PolicyText(text).at(['tools']);
  if (!isObject(tools) || Object.hasOwn(tools, tool)) return undefined;
  return Object.keys(tools)
    .map(namePattern)
    .filter((pattern) => !pattern.plain && pattern.matches(tool))
    .sort(comparePatterns)[0]?.text;
}

function makeOwn(document: PolicyText, tool: string): void {
  if (document.at(['tools', tool]) !== undefined) return;
  const pattern = patternFor(document.text, tool);
  const copied = pattern === undefined ? undefined : document.at(['tools', pattern]);
  document.set(['tools', tool], isObject(copied) && pattern !== undefined ? copyOf(copied, pattern) : {});
}

/** Whether no call of a tool passes because nothing is said of it: an entry, whatever it says, would list it. */
function isUnlisted(document: PolicyText, tool: string): boolean {
  return (
    document.at(['default']) !== 'allow' &&
    document.at(['tools', tool]) === undefined &&
    patternFor(document.text, tool) === undefined
  );
}

const PINS: readonly Json[] = ['off', 'warn', 'hold', 'deny'];

function raise(document: PolicyText, pin: Json): void {
  const now = document.at(['pin']) ?? 'warn';
  if (PINS.indexOf(pin) > PINS.indexOf(now)) document.set(['pin'], pin);
}

function addNames(document: PolicyText, names: readonly Json[]): void {
  for (const name of names) {
    const hide = document.at(['hide']);
    const there = isArray(hide) ? hide : [];
    if (!there.includes(name)) document.set(['hide', there.length], name);
  }
}

const isClosed = (action: Json | undefined): boolean => action === 'deny' || action === 'hide';

function addEntry(document: PolicyText, tool: string, entry: JsonObject): void {
  const path = ['tools', tool];
  // What a pattern of attack does with several tools must not open those that are closed.
  if (isUnlisted(document, tool)) {
    if (entry.action === 'hide') addNames(document, [tool]);
    return;
  }
  makeOwn(document, tool);
  const now = document.at(path);
  if (!isObject(now)) return;
  // Every call is refused already.
  if (isClosed(now.action)) return;
  if (isClosed(entry.action)) {
    if (entry.action === 'hide') addNames(document, [tool]);
    else document.set([...path, 'deny_if', lengthOf(now.deny_if)], refusal(entry.reason));
    return;
  }
  const { action, reason, ...rules } = entry;
  addRules(document, path, rules);
  if (action !== undefined && isStricterAction(action, now.action)) {
    // It asks about some calls, and this about all.
    if (action === 'approve' && document.at([...path, 'approve_if']) !== undefined)
      document.remove([...path, 'approve_if']);
    document.set([...path, 'action'], action);
  }
  if (reason !== undefined && now.reason === undefined) document.set([...path, 'reason'], reason);
}

const refusal = (reason: Json | undefined): Json => ({
  conditions: [],
  ...(reason !== undefined && { on_deny: reason }),
});

/** Lists get what they lack; what is alone under its key stays as it is where it is there. */
function addRules(document: PolicyText, path: EditPath, rules: JsonObject): void {
  for (const [key, value] of Object.entries(rules)) {
    const at = [...path, key];
    const now = document.at(at);
    if (key === 'approve_if' && document.at([...path, 'action']) === 'approve') continue;
    if (isArray(value)) {
      for (const rule of value) addRule(document, at, key === 'limits' ? counted(document, at, rule) : rule);
    } else if (key === 'rate_limit') addRate(document, path, value);
    else if (now === undefined) document.set(at, value);
  }
}

/** As it is where nothing else has its counter, else as a limit; not beside one that is as strict. */
function addRate(document: PolicyText, path: EditPath, rate: Json): void {
  const limit = spelledOut(document, path, rate);
  const now = document.at([...path, 'rate_limit']);
  const limits = document.at([...path, 'limits']);
  const all = [
    ...(isArray(limits) ? limits : []),
    ...(now === undefined ? [] : [spelledOut(document, path, now)]),
  ];
  if (all.some((each) => isObject(each) && isAsStrict(each, limit))) return;
  const isFree = now === undefined && limit.counter === counterOf(path);
  if (isFree) document.set([...path, 'rate_limit'], rate);
  else addRule(document, [...path, 'limits'], limit);
}

function addRule(document: PolicyText, at: EditPath, rule: Json): void {
  const now = document.at(at);
  const list = isArray(now) ? now : [];
  if (list.some((each) => canonicalJson(each) === canonicalJson(rule))) return;
  document.set([...at, list.length], rule);
}

/** A limit whose counter is another one's gets a name of its own: the two would be one count. */
function counted(document: PolicyText, at: EditPath, limit: Json): Json {
  const list = document.at(at);
  const isThere = isArray(list) && list.some((each) => canonicalJson(each) === canonicalJson(limit));
  const counter = isObject(limit) && typeof limit.counter === 'string' ? limit.counter : undefined;
  if (isThere || counter === undefined || !isObject(limit)) return limit;
  return { ...limit, counter: freshCounter(counter, countersIn(document.at([]) ?? null)) };
}

const counterOf = (path: EditPath): string => rateCounter(String(path.at(-1) ?? 'calls'));

/** A rate as a limit, with a counter that nothing else has. */
function spelledOut(document: PolicyText, path: EditPath, rate: Json): JsonObject {
  const counter = freshCounter(counterOf(path), countersIn(document.at([]) ?? null));
  return { counter, ...(rateAsLimit(rate) as JsonObject | undefined) };
}

const lengthOf = (list: Json | undefined): number => (isArray(list) ? list.length : 0);
