import { mapMembers, whole } from '../json/members.js';
import { isRecord, own } from '../json/value.js';
import { ENVELOPE_KEYS, lookalikeKey } from './message.js';

/** A list that carries words for the model, besides that of tools. */
export interface WordList {
  /** The member of the result that holds the list. */
  readonly member: string;
  readonly kind: 'prompt' | 'resource' | 'template';
  /** The member of an element that tells it from the others. */
  readonly key: string;
}

const LISTS: Readonly<Record<string, WordList>> = {
  'prompts/list': { member: 'prompts', kind: 'prompt', key: 'name' },
  'resources/list': { member: 'resources', kind: 'resource', key: 'uri' },
  'resources/templates/list': { member: 'resourceTemplates', kind: 'template', key: 'uriTemplate' },
};
/** Requests whose answers may carry instructions of the server. */
const GREETINGS: ReadonlySet<string> = new Set(['initialize', 'server/discover']);

/** @returns whether the answer to a request carries words for the model, besides the list of tools */
export function carriesWords(method: string): boolean {
  return GREETINGS.has(method) || Object.hasOwn(LISTS, method);
}

/** @returns the list that answers a request; undefined where the answer is none */
export function wordListOf(method: string): WordList | undefined {
  return Object.hasOwn(LISTS, method) ? LISTS[method] : undefined;
}

/** Why a client could find other words in an answer than we do. @param list undefined: it has instructions */
export function wordsFault(message: Record<string, unknown>, list: WordList | undefined): string | undefined {
  const member = list?.member ?? 'instructions';
  const envelope = lookalikeKey(message, ENVELOPE_KEYS);
  if (envelope !== undefined) return envelope;
  const { result } = message;
  if (result === undefined || result === null) return undefined;
  if (!isRecord(result)) return 'its result is not an object';
  const twin = lookalikeKey(result, new Set([member]), new Set([member.toLowerCase()]));
  if (twin !== undefined) return `in its result ${twin}`;
  const elements = own(result, member);
  return !list || elements === undefined || Array.isArray(elements)
    ? undefined
    : `its ${member} are not a list`;
}

/** @returns the server's instructions for the model, in an answer that may have some */
export function instructionsOf(message: unknown): unknown {
  const result = isRecord(message) ? own(message, 'result') : undefined;
  return isRecord(result) ? own(result, 'instructions') : undefined;
}

/**
 * Replaces the instructions in an answer, in place; every other byte stays.
 *
 * @param text one JSON-RPC response without duplicate keys, which has instructions
 * @param instructions undefined leaves them out
 */
export function withInstructions(text: string, instructions: string | undefined): string {
  const inResult = (key: string, member: string) => {
    if (key !== 'instructions') return member;
    return instructions === undefined ? undefined : `"instructions":${JSON.stringify(instructions)}`;
  };
  return edited(text, (result) => mapMembers(result, whole(result), inResult));
}

function edited(text: string, edit: (result: string) => string): string {
  const [start, end] = whole(text);
  const message = mapMembers(text, [start, end], (key, member, value) => {
    if (key !== 'result') return member;
    const result = text.slice(...value);
    return member.slice(0, member.length - result.length) + edit(result);
  });
  return text.slice(0, start) + message + text.slice(end);
}

/** Leaves members out of an object. @param raw its text, without duplicate keys */
export function withoutMembers(raw: string, keys: readonly string[]): string {
  return mapMembers(raw, whole(raw), (key, member) => (keys.includes(key) ? undefined : member));
}
