import { parseJson } from '../json/exact.js';
import { isObject, isRecord, type Json, type JsonObject, own } from '../json/value.js';
import { resourceName } from '../policy/evaluate/sections.js';
import { PROMPT, RESOURCE, type Section } from '../policy/sections.js';
import { canonicalName } from '../text/lookalike.js';
import { unknownPromptLine, unknownResourceLine } from '../wire/answers.js';
import { type ClientMessage, type Id, type JudgedCall, lookalikeKey } from '../wire/message.js';
import type { Gate } from './gate.js';

const INVALID_REQUEST = -32600;
const INVALID_PARAMS = -32602;

/** What becomes of a request of the client's that is no call of a tool. */
export type ReadRequest =
  | { readonly kind: 'pass' }
  /** It is judged; each of them must be let through. */
  | { readonly kind: 'judged'; readonly call: JudgedCall; readonly also: readonly JudgedCall[] }
  /** It cannot be judged. */
  | { readonly kind: 'refused'; readonly code: number; readonly name: string; readonly reason: string }
  /** It asks about what is hidden. */
  | { readonly kind: 'answer'; readonly line: string };

const PASS: ReadRequest = { kind: 'pass' };

/** The methods that speak of resources and prompts; which part of a policy says what becomes of them. */
const METHODS: Readonly<Record<string, readonly Section[]>> = {
  'resources/read': ['resources'],
  'resources/subscribe': ['resources'],
  'resources/list': ['resources'],
  'resources/templates/list': ['resources'],
  'subscriptions/listen': ['resources'],
  'prompts/get': ['prompts'],
  'prompts/list': ['prompts'],
  'completion/complete': ['resources', 'prompts'],
};
const CANONICAL: ReadonlyMap<string, string> = new Map(
  Object.keys(METHODS).map((method) => [canonicalName(method), method]),
);
/** Such a method is its own canonical form. */
const PLAIN_METHOD = /^[a-z/]+$/;
/** Longer methods look like none of these, in UTF-16 units. */
const LONGEST_METHOD = 100;
/** Lists alone do not act: a server that is sent one without an id has nobody to answer. */
const ACTING: ReadonlySet<string> = new Set(['resources/read', 'resources/subscribe', 'prompts/get']);

/** What stands in params, and could be read in another spelling. */
const KEYS: ReadonlySet<string> = new Set([
  ...['uri', 'name', 'arguments', 'ref', 'notifications', 'inputResponses', 'requestState', '_meta'],
]);
const FOLDS: ReadonlySet<string> = new Set([...KEYS].map((key) => key.toLowerCase()));
const FILTER_KEYS: ReadonlySet<string> = new Set(['resourceSubscriptions']);
const FILTER_FOLDS: ReadonlySet<string> = new Set(['resourcesubscriptions']);
const REF_KEYS: ReadonlySet<string> = new Set(['type', 'name', 'uri']);
/** What a request carries besides what it asks for. */
const CARRIED: ReadonlySet<string> = new Set(['_meta', 'inputResponses', 'requestState']);
/** Each resource that a stream listens to is judged by itself. */
const MAX_SUBSCRIPTIONS = 1000;

type Asked = ClientMessage & { readonly kind: 'request' | 'notification' };

/**
 * Looks at what the client wants of resources and prompts, where the policy says something of them; without that every
 * request passes unread.
 *
 * @param exactText the line, where numbers in it need more than doubles
 */
export function readRequest(message: Asked, exactText: string | undefined, gate: Gate): ReadRequest {
  if (!gate.judges('resources') && !gate.judges('prompts')) return PASS;
  const { method } = message;
  const known = Object.hasOwn(METHODS, method) ? method : lookalike(method);
  if (known === undefined || !METHODS[known]?.some((section) => gate.judges(section))) return PASS;
  const refuse = (reason: string, code = INVALID_PARAMS, name = known): ReadRequest => ({
    ...{ kind: 'refused', code, name, reason },
  });
  if (known !== method) {
    const written = JSON.stringify(method.slice(0, 40));
    return refuse(`the method ${written} is not quite "${known}"`, INVALID_REQUEST);
  }
  if (message.kind === 'notification')
    // A server written by hand answers one without an id like any other.
    return ACTING.has(method) ? refuse(`a ${method} without id`, INVALID_REQUEST) : PASS;
  const params = message.params as Record<string, unknown>;
  const twin = lookalikeKey(params, KEYS, FOLDS);
  if (twin !== undefined) return refuse(`params: ${twin}`);
  const exact = () => exactParams(params, exactText);
  switch (method) {
    case 'resources/read':
    case 'resources/subscribe': {
      const { uri } = params;
      if (typeof uri !== 'string') return refuse('params.uri must be a string', INVALID_PARAMS, RESOURCE);
      const subscribe = method === 'resources/subscribe';
      const values = { ...exact(), ...(subscribe && { subscribe: true }) };
      return judged(callOf(message, 'resources', resourceName(uri), values, subscribe));
    }
    case 'prompts/get': {
      const { name } = params;
      if (typeof name !== 'string') return refuse('params.name must be a string', INVALID_PARAMS, PROMPT);
      const values = params.arguments === undefined ? {} : exact().arguments;
      if (!isObject(values))
        return refuse('params.arguments must be an object', INVALID_PARAMS, PROMPT + name);
      return judged(callOf(message, 'prompts', PROMPT + name, values, false));
    }
    case 'subscriptions/listen': {
      const filter = own(params, 'notifications');
      const uris = isRecord(filter) ? own(filter, 'resourceSubscriptions') : undefined;
      const fault = isRecord(filter) && lookalikeKey(filter, FILTER_KEYS, FILTER_FOLDS);
      if (typeof fault === 'string') return refuse(`params.notifications: ${fault}`);
      if (uris === undefined || uris === null) return PASS;
      if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string'))
        return refuse('params.notifications.resourceSubscriptions must be a list of strings');
      if (uris.length > MAX_SUBSCRIPTIONS) return refuse(`more than ${MAX_SUBSCRIPTIONS} resources at once`);
      const calls = [...new Set(uris as string[])].map((uri) =>
        callOf(message, 'resources', resourceName(uri), { uri, subscribe: true }, true),
      );
      return calls.length === 0 ? PASS : judged(...calls);
    }
    case 'completion/complete':
      return completion(message.id, message.era, own(params, 'ref'), gate) ?? refuse('params.ref is unclear');
    default:
      return PASS;
  }
}

/** What completes an argument of something hidden would tell of it. @returns undefined where it cannot be told of what */
function completion(id: Id, era: JudgedCall['era'], ref: unknown, gate: Gate): ReadRequest | undefined {
  if (!isRecord(ref) || lookalikeKey(ref, REF_KEYS) !== undefined) return undefined;
  const { type, name, uri } = ref as { readonly [key: string]: unknown };
  if (type !== 'ref/resource' && gate.filters('prompts')) {
    if (typeof name !== 'string' && type === 'ref/prompt') return undefined;
    if (typeof name === 'string' && !gate.shows('prompt', name))
      return { kind: 'answer', line: unknownPromptLine(id, name) };
  }
  if (type !== 'ref/prompt' && gate.filters('resources')) {
    if (typeof uri !== 'string' && type === 'ref/resource') return undefined;
    const isShown = typeof uri === 'string' ? gate.shows('template', uri) : true;
    if (isShown === undefined) return undefined;
    if (!isShown) return { kind: 'answer', line: unknownResourceLine(id, era, String(uri)) };
  }
  return PASS;
}

function judged(call?: JudgedCall, ...also: readonly JudgedCall[]): ReadRequest {
  return call ? { kind: 'judged', call, also } : PASS;
}

/** @param isAnsweredPlainly nothing but an answer or an error may come back */
function callOf(
  { id, params, era }: Asked & { readonly kind: 'request' },
  section: Section,
  name: string,
  values: JsonObject,
  isAnsweredPlainly: boolean,
): JudgedCall {
  const args = { names: Object.keys(values), values };
  return {
    ...{ kind: 'call', id, name, args, params: params as Record<string, unknown>, era },
    task: isAnsweredPlainly,
    section,
  };
}

/** With every digit. */
function exactParams(params: Record<string, unknown>, exactText: string | undefined): JsonObject {
  const message = exactText === undefined ? undefined : parseJson(exactText);
  const exact = isRecord(message) ? own(message, 'params') : params;
  const entries = Object.entries(isRecord(exact) ? exact : {});
  return Object.fromEntries(entries.filter(([key]) => !CARRIED.has(key))) as { [key: string]: Json };
}

function lookalike(method: string): string | undefined {
  if (method.length > LONGEST_METHOD || PLAIN_METHOD.test(method)) return undefined;
  return CANONICAL.get(canonicalName(method.trim()));
}
