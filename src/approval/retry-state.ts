import { canonicalJson } from '../json/canonical.js';
import { eachMember, mapMembers, type Span, whole } from '../json/members.js';
import { isRecord, type Json, own } from '../json/value.js';
import { crypto, sha256 } from '../text/hash.js';
import type { Id } from '../wire/message.js';
import type { Prompt } from './prompt-form.js';

/** Key of our question among `inputRequests`, and of its answer among `inputResponses`. */
const REQUEST_KEY = 'pw.approval';
/** Tells our `requestState` from a server's. */
const STATE_PREFIX = 'pw1.';
/** Most questions of the server's that are remembered; a retry that answers a forgotten one is charged as a new call. */
const EXPECTED_CAP = 1000;
/** How long the answer to a server's question may take and still belong to the charged call, in milliseconds. */
const EXPECTED_MS = 15 * 60_000;
/** Most retries that one charge covers, as many as the SDK's client makes: a server could act on each of them. */
const ROUNDS_MAX = 10;

/** A client's answer to our question, with the question known to be ours and unchanged. */
export interface RoundTripAnswer {
  readonly approvalId: string;
  /** ElicitResult, or whatever stood in its place. */
  readonly result: unknown;
  /** How long after the question it came, in milliseconds. */
  readonly afterMs: number;
}

/**
 * Multi round trips of 2026-07-28: nothing is held open. Our question goes back as an `input_required` result with a
 * signed `requestState`, and the client sends the call again. A server's own question makes the client do the same;
 * such a call is judged again, but charged and asked about only once. The key lives in this process: after a restart a
 * person is asked again.
 */
export class RoundTrips {
  #key: Buffer | undefined;
  readonly #now: () => number;
  readonly #expected = new Map<string, { readonly until: number; readonly round: number }>();

  /** @param now UTC milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns the line that asks, instead of an answer to the call */
  question(id: Id, approvalId: string, digest: string, prompt: Prompt, expiresAt: number): string {
    const state = Buffer.from(JSON.stringify([approvalId, digest, this.#now(), expiresAt])).toString(
      'base64url',
    );
    const request = { method: 'elicitation/create', params: { mode: 'form', ...prompt } };
    const result = {
      resultType: 'input_required',
      inputRequests: { [REQUEST_KEY]: request },
      requestState: `${STATE_PREFIX}${state}.${this.#sign(state)}`,
    };
    return `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`;
  }

  /**
   * Reads the answer to our question from a call that was sent again.
   *
   * @returns undefined when there is none, or the state is forged, expired or another call's: the call counts as new
   */
  answer(params: Readonly<Record<string, unknown>>, digest: string): RoundTripAnswer | undefined {
    const state = own(params, 'requestState');
    if (typeof state !== 'string' || !state.startsWith(STATE_PREFIX)) return undefined;
    const [payload = '', signature = ''] = state.slice(STATE_PREFIX.length).split('.');
    const expected = Buffer.from(this.#sign(payload));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !crypto().timingSafeEqual(given, expected)) return undefined;
    const [approvalId, asked, askedAt, expiresAt] = JSON.parse(
      Buffer.from(payload, 'base64url').toString(),
    ) as [string, string, number, number];
    if (asked !== digest || this.#now() >= expiresAt) return undefined;
    const responses = own(params, 'inputResponses');
    const result = isRecord(responses) ? own(responses, REQUEST_KEY) : undefined;
    return { approvalId, result, afterMs: this.#now() - askedAt };
  }

  /**
   * The server asked something of the client for a call that was let through.
   *
   * @param round of that call: undefined for the one that was charged
   */
  expectRetry(digest: string, requestState: unknown, round = 0): void {
    const key = keyOf(digest, requestState);
    this.#expected.delete(key);
    if (round >= ROUNDS_MAX) return;
    this.#expected.set(key, { until: this.#now() + EXPECTED_MS, round: round + 1 });
    for (const oldest of this.#expected.keys()) {
      if (this.#expected.size <= EXPECTED_CAP) break;
      this.#expected.delete(oldest);
    }
  }

  /** @returns which round a call is of one that was let through, undefined for a new one; each expectation serves once */
  roundOf(params: Readonly<Record<string, unknown>>, digest: string): number | undefined {
    if (!Object.hasOwn(params, 'inputResponses') && !Object.hasOwn(params, 'requestState')) return undefined;
    const key = keyOf(digest, own(params, 'requestState'));
    const expected = this.#expected.get(key);
    this.#expected.delete(key);
    return expected && this.#now() < expected.until ? expected.round : undefined;
  }

  #sign(payload: string): string {
    this.#key ??= crypto().randomBytes(32);
    return crypto().createHmac('sha256', this.#key).update(payload).digest('base64url');
  }
}

/** What binds a question to one call: its tool and all of its arguments. */
export function callDigest(tool: string, args: Json): string {
  return sha256(canonicalJson([tool, args]));
}

/** @returns whether a call carries something of ours, which no server must see */
export function carriesOurs(params: Readonly<Record<string, unknown>>): boolean {
  const state = own(params, 'requestState');
  const responses = own(params, 'inputResponses');
  return isOurs(state) || (isRecord(responses) && Object.hasOwn(responses, REQUEST_KEY));
}

/** Takes what is ours out of a call's line and leaves every other byte. */
export function withoutOurs(text: string): string {
  const [start] = whole(text);
  let params: Span | undefined;
  eachMember(text, start, (key, span) => {
    if (key === 'params') params = span;
  });
  if (!params) return text;
  const edited = mapMembers(text, params, (key, member, value) => {
    if (key === 'requestState') return isOurs(JSON.parse(text.slice(...value))) ? undefined : member;
    if (key !== 'inputResponses' || text[value[0]] !== '{') return member;
    let had = false;
    let left = 0;
    const kept = mapMembers(text, value, (name, response) => {
      if (name !== REQUEST_KEY) {
        left += 1;
        return response;
      }
      had = true;
      return undefined;
    });
    if (!had) return member;
    return left === 0 ? undefined : member.slice(0, value[0] - value[1]) + kept;
  });
  return text.slice(0, params[0]) + edited + text.slice(params[1]);
}

function isOurs(requestState: unknown): boolean {
  return typeof requestState === 'string' && requestState.startsWith(STATE_PREFIX);
}

function keyOf(digest: string, requestState: unknown): string {
  return `${digest} ${typeof requestState === 'string' ? sha256(requestState) : ''}`;
}
