import { createHmac } from 'node:crypto';
import { printableJson } from '../../text/escape.js';
import { type Message, payloadOf } from '../message.js';
import type { Channel } from './channel.js';
import type { Poster } from './post.js';

/**
 * A program of the person's own. Signed as Standard Webhooks 1.0 describes it (standardwebhooks.com): an HMAC-SHA256 over
 * id, time and body, so that a receiver knows who sent it, and that it is not an old one sent again.
 */
export function webhook(
  poster: Poster,
  { url, secret }: { readonly url: string; readonly secret: string },
): Channel {
  const key = keyOf(secret);
  return {
    send(message: Message, signal) {
      const body = printableJson(payloadOf(message));
      const seconds = Math.floor(message.at / 1000);
      const signature = createHmac('sha256', key).update(`${message.id}.${seconds}.${body}`).digest('base64');
      const headers = {
        'content-type': 'application/json',
        'webhook-id': message.id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': `v1,${signature}`,
      };
      return poster.post(url, headers, body, signal);
    },
  };
}

/** `whsec_` and base64, as that specification writes secrets; any other text is taken as it is. */
function keyOf(secret: string): Buffer {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  return base64 === undefined ? Buffer.from(secret, 'utf8') : Buffer.from(base64, 'base64');
}
