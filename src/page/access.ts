import { randomBytes } from 'node:crypto';
import { sha256 } from '../text/hash.js';

/** Sign-ins that are open at once, and addresses that were given out: a person has few browsers. */
const MOST = 20;
/** How long an address that nobody opened signs in, in milliseconds: it stands in a terminal that others may read later. */
const TOKEN_MS = 15 * 60_000;

interface Session {
  readonly key: string;
}

/**
 * Who may use the page: whoever brings a one-time token, and from then on a cookie together with a key. The cookie alone
 * is not enough, for browsers send it to every port of this machine; the key alone is not either, for scripts read it.
 * Tokens, cookies and keys are kept as digests.
 */
export class Access {
  readonly #now: () => number;
  /** When each was made. */
  readonly #tokens = new Map<string, number>();
  /** By the cookie's digest. */
  readonly #sessions = new Map<string, Session>();

  /** @param now milliseconds of a clock that does not run back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @returns a token that signs in once, soon */
  newToken(): string {
    const token = secret();
    this.#tokens.set(sha256(token), this.#now());
    trim(this.#tokens);
    return token;
  }

  /** @returns what the browser keeps; undefined for a token that was used already, is too old, or is none */
  signIn(token: string): { readonly cookie: string; readonly key: string } | undefined {
    const digest = sha256(token);
    const madeAt = this.#tokens.get(digest);
    this.#tokens.delete(digest);
    if (madeAt === undefined || this.#now() - madeAt > TOKEN_MS) return undefined;
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
function trim(kept: Map<string, unknown>): void {
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST) return;
    kept.delete(oldest);
  }
}
