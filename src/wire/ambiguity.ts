/**
 * wire/ holds lines and messages of JSON-RPC, answers of ours, pending requests and lists of tools.
 * It may import json/, text/ and types of policy/.
 * No stream, file, process or clock enters.
 */

import { eachMember, whole } from '../json/members.js';
import { ENVELOPE_KEYS, type Envelope, lookalikeKey } from './message.js';

/** What a decoder writes for bytes that are no UTF-8; another decoder leaves them out, and reads another text. */
const REPLACEMENT = '\ufffd';

/**
 * Why another reader could find another id or another result in a message from the server. Only the members of the
 * message itself are looked at: whatever is inside of them belongs to this message in any case.
 *
 * @param text the line, known to be JSON
 * @param message the same, parsed
 */
export function ambiguity(text: string, message: Envelope): string | undefined {
  const twin = lookalikeKey(message, ENVELOPE_KEYS);
  if (twin !== undefined) return twin;
  if (typeof message.id === 'string' && message.id.includes(REPLACEMENT)) return 'invalid UTF-8 in its id';
  const keys = new Set<string>();
  let reason: string | undefined;
  eachMember(text, whole(text)[0], (key) => {
    if (keys.has(key)) reason ??= `duplicate key ${JSON.stringify(key.slice(0, 80))} at the top level`;
    if (key.includes(REPLACEMENT)) reason ??= 'invalid UTF-8 in a key';
    keys.add(key);
  });
  return reason;
}
