import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import * as z from 'zod/mini';
import { PolicyWrapError } from '../../../errors.js';
import { writePrivate } from '../../../files/whole-file.js';
import { sha256 } from '../../../text/hash.js';

/** What a login leaves behind, for one server. */
export interface Login {
  readonly url: string;
  readonly client?: OAuthClientInformationMixed | undefined;
  readonly tokens?: OAuthTokens | undefined;
  /** Where the authorization server is and what it can do, so that a renewal asks for nothing but the token. */
  readonly discovery?: OAuthDiscoveryState | undefined;
}

const record = z.record(z.string(), z.unknown());
const LOGIN = z.object({
  url: z.string(),
  client: z.optional(record),
  tokens: z.optional(z.looseObject({ access_token: z.string(), token_type: z.string() })),
  discovery: z.optional(record),
});

/** How long somebody else may hold the file without a sign of life, in milliseconds; then they have died. */
const STALE = 30_000;
const SIGN_EVERY = 5000;
const LOOK_EVERY = 50;

/**
 * The file of one server's login: mode 0600 in a folder of mode 0700, shared by every wrapper of that server. Replaced
 * as one step, and held by one process while it renews the token: many servers take a refresh token once.
 */
export class LoginFile {
  readonly path: string;
  readonly #folder: string;
  readonly #url: string;

  /** @param folder absolute; made when something is written */
  constructor(folder: string, url: URL) {
    this.#folder = folder;
    this.#url = `${url.origin}${url.pathname}`;
    this.path = join(folder, `${sha256(this.#url).slice(0, 32)}.json`);
  }

  /** @returns undefined where nobody has logged in, or what is there cannot be read */
  read(): Login | undefined {
    let text: string;
    try {
      const { mode, uid } = statSync(this.path);
      // What others could have written names servers that get our token.
      if (process.platform !== 'win32' && ((mode & 0o077) !== 0 || uid !== process.getuid?.()))
        return undefined;
      text = readFileSync(this.path, 'utf8');
    } catch {
      return undefined;
    }
    try {
      const login = LOGIN.safeParse(JSON.parse(text));
      return login.success && login.data.url === this.#url ? (login.data as unknown as Login) : undefined;
    } catch {
      return undefined;
    }
  }

  write(login: Omit<Login, 'url'>): void {
    writePrivate(this.path, `${JSON.stringify({ url: this.#url, ...login }, null, 2)}\n`);
  }

  /** @returns whether there was one */
  remove(): boolean {
    const was = this.read() !== undefined;
    rmSync(this.path, { force: true });
    return was;
  }

  /** Runs `work` while no other process does for this server. @throws PolicyWrapError when the lock cannot be had */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.path}.lock`;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const since = performance.now(); ; ) {
      try {
        closeSync(openSync(lock, 'wx', 0o600));
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const held = statSync(lock, { throwIfNoEntry: false });
        // By the file system's clock on both sides, so that a clock that was set back holds nobody for ever.
        if (held && Math.abs(Date.now() - held.mtimeMs) > STALE) rmSync(lock, { force: true });
        if (performance.now() - since > 2 * STALE) {
          throw new PolicyWrapError('REFUSED', `${lock} is held by somebody`, { hint: 'Delete it.' });
        }
        await wait(LOOK_EVERY);
      }
    }
    const signs = setInterval(() => {
      const now = new Date();
      try {
        utimesSync(lock, now, now);
      } catch {
        // Somebody deleted it; what we do is not undone by that.
      }
    }, SIGN_EVERY);
    try {
      return await work();
    } finally {
      clearInterval(signs);
      rmSync(lock, { force: true });
    }
  }
}
