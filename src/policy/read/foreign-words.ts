import { nearest, type Synonyms } from '../../text/suggest.js';
import { OPERATOR_NAMES, OPERATORS } from '../operators.js';

/** What other formats call the words of this one, in small letters. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  approve: ['ask', 'confirm', 'require_approval', 'approval', 'prompt'],
  deny: ['block', 'reject', 'refuse', 'forbid', 'deny_all'],
  allow: ['permit', 'accept', 'evaluate', 'pass'],
  hide: ['hidden', 'remove', 'hides'],
  on_deny: ['reason', 'message', 'on_denied'],
  deny_if: ['deny', 'block_if', 'deny_when'],
  approve_if: ['approve', 'ask_if', 'approval', 'require_approval'],
  require: ['allow_if', 'conditions', 'must'],
  limits: ['limit', 'quotas', 'rate_limits', 'rate_limit'],
  op: ['operator'],
  path: ['field', 'arg', 'argument'],
  counter: ['name', 'id', 'key'],
  max: ['limit', 'count', 'maximum'],
  window: ['per', 'interval', 'period', 'duration'],
  amount: ['increment', 'increment_from', 'cost'],
  all_tools: ['*', 'global', 'all'],
  grant: ['agent', 'token', 'user'],
  session: ['process', 'connection'],
  machine: ['global', 'host', 'all'],
  sliding: ['rolling'],
  calendar: ['fixed', 'aligned'],
};

let synonyms: Synonyms | undefined;

/** @returns the word of the format that was probably meant, also by a word of another format */
export function likelyWord(word: string, candidates: Iterable<string>): string | undefined {
  synonyms ??= new Map<string, readonly string[]>([
    ...Object.entries(WORDS),
    ...OPERATOR_NAMES.map((name) => [name, OPERATORS[name].foreign] as const),
  ]);
  return nearest(word, candidates, synonyms);
}
