import { randomBytes } from 'node:crypto';
import { sha256 } from '../text/hash.js';

/** Sign-ins that are open at once, and addresses that were given out: a person has few browsers. */
const MOST = 20;

interface Session {
  readonly key: string;
}

/**
 * Who may use the page: whoever brings a one-time token, and from then on a cookie together with a key. The cookie alone
 * is not enough, for browsers send it to every port of this machine; the key alone is not either, for scripts read it.
 * Tokens, cookies and keys are kept as digests.
 */
export class Access {
  readonly #tokens = new Set<string>();
  /** By the cookie's digest. */
  readonly #sessions = new Map<string, Session>();

  /** @returns a token that signs in once */
  newToken(): string {
    const token = secret();
    this.#tokens.add(sha256(token));
    trim(this.#tokens);
    return token;
  }

  /** @returns what the browser keeps; undefined for a token that was used already, or is none */
  signIn(token: string): { readonly cookie: string; readonly key: string } | undefined {
    if (!this.#tokens.delete(sha256(token))) return undefined;
    const [cookie, key] = [secret(), secret()];
    this.#sessions.set(sha256(cookie), { key: sha256(key) });
    trim(this.#sessions);
    return { cookie, key };
  }

  /** Whether these two were given out together. */
  isSignedIn(cookie: string | undefined, key: string | undefined): boolean {
    if (cookie === undefined || key === undefined) return false;
    return this.#sessions.get(sha256(cookie))?.key === sha256(key);
  }
}

/** 256 bits, for addresses and headers. */
const secret = (): string => randomBytes(32).toString('base64url');

/** The oldest goes. */
function trim(kept: Set<string> | Map<string, Session>): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST) return;
    kept.delete(oldest);
  }
}
