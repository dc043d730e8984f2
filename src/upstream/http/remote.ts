import { isRecord, own } from '../../json/value.js';
import { type Id, isId } from '../../wire/message.js';
import type { HttpClient, HttpResponse } from './http-client.js';
import type { RemoteSession } from './session.js';

/** A connection of revision 2024-11-05 ("HTTP with SSE"): one stream brings everything, messages go elsewhere. */
export interface EventEndpoint {
  /** Where messages are POSTed. */
  readonly url: URL;
  /** Settles when the stream is over, with the reason: no further answer comes. */
  readonly over: Promise<string>;
}

/** Says who we are, and gets a new token where the server wants one. */
export interface Credentials {
  /** Headers for the next request; values are secret. */
  headers(): Promise<Record<string, string>>;
  /** @returns whether there are other credentials now, with which the request may be made again */
  renew(response: HttpResponse): Promise<boolean>;
  /**
   * What a person can do about a refusal.
   *
   * @param challenge what the server wants, as it says (`WWW-Authenticate`)
   */
  advice(challenge: string | undefined): string;
  /** A text of the server's without the secrets that we sent it: some repeat what they refuse. */
  masked(text: string): string;
}

/** What all requests to one server share. */
export interface Remote {
  readonly url: URL;
  readonly client: HttpClient;
  readonly session: RemoteSession;
  readonly credentials: Credentials;
  /** Longest message of the server's, in bytes. */
  readonly longest: number;
  /** Aborted when all is over. */
  readonly over: AbortSignal;
  /** A message for the client; settles when the client has room for the next. */
  toClient(message: Buffer): Promise<void>;
  /** The answer will not come, and the server may have run the request. */
  lost(id: Id, reason: string): void;
  /** One line for the person. */
  warn(text: string): void;
}

/** A media type without its parameters, in lower case. */
export function mediaType(header: string | string[] | undefined): string {
  return typeof header === 'string' ? (header.split(';')[0] ?? '').trim().toLowerCase() : '';
}

/** What a message of the server's answers, and with what. */
export function answerIn(
  bytes: Buffer,
): { readonly id: Id; readonly message: Record<string, unknown> } | undefined {
  try {
    const message: unknown = JSON.parse(bytes.toString('utf8'));
    if (!isRecord(message) || own(message, 'method') !== undefined) return undefined;
    const id = own(message, 'id');
    return isId(id) ? { id, message } : undefined;
  } catch {
    return undefined;
  }
}
