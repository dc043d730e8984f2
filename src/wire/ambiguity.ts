import { eachMember, whole } from '../json/members.js';
import { ENVELOPE_KEYS, type Envelope, twinOf } from './message.js';

/** What a decoder writes for bytes that are no UTF-8; another leaves them out, and reads another text. */
const REPLACEMENT = '\ufffd';

/**
 * Why another reader could take a message of the server's for an answer with another id or another result. Only the
 * members of the message itself are looked at: whatever stands inside of them, it is of this message.
 *
 * @param text the line, known to be JSON
 * @param message the same, parsed
 */
export function ambiguity(text: string, message: Envelope): string | undefined {
  const twin = twinOf(message, ENVELOPE_KEYS);
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
