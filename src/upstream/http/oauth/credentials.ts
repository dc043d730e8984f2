import { reasonOf } from '../../../errors.js';
import { type HeaderCredentials, withoutSecrets } from '../headers.js';
import type { HttpResponse } from '../http-client.js';
import type { Credentials } from '../remote.js';
import type { LoginFile } from './login-file.js';
import type { OAuthFetch } from './oauth-fetch.js';
import { LoginProvider } from './provider.js';

/** Nobody comes back to it: where a browser is needed, the wrapper says so instead. */
const NOWHERE = 'http://127.0.0.1/callback';

/** Milliseconds in which a token that was just renewed, and is refused, is not renewed again: the next would be too. */
const RENEWAL_PAUSE = 10_000;

/**
 * The token of an earlier `policy-wrap login`, beside the headers that a person named. Several wrappers share one token:
 * whoever finds it refused first renews it, alone; the others take what is in the file by then.
 */
export class LoginCredentials implements Credentials {
  readonly #file: LoginFile;
  readonly #named: HeaderCredentials;
  readonly #fetch: OAuthFetch;
  readonly #url: URL;
  readonly #warn: (text: string) => void;
  #used: string | undefined;
  #renewal: Promise<boolean> | undefined;
  /** What the last renewal of this process brought, and when, by the monotonic clock. */
  #last: { readonly token: string | undefined; readonly at: number } | undefined;

  constructor(options: {
    readonly file: LoginFile;
    readonly named: HeaderCredentials;
    readonly fetch: OAuthFetch;
    readonly url: URL;
    readonly warn: (text: string) => void;
  }) {
    this.#file = options.file;
    this.#named = options.named;
    this.#fetch = options.fetch;
    this.#url = options.url;
    this.#warn = options.warn;
  }

  advice(challenge: string | undefined): string {
    if (!this.#named.isEmpty) return this.#named.advice();
    // Without its query, which may hold a key: a login goes by the rest.
    const login = `policy-wrap login ${this.#url.origin}${this.#url.pathname}`;
    const scope = /\bscope="([\w:./*+ -]{1,500})"/.exec(challenge ?? '')?.[1];
    return `a person logs in with: ${login}${scope === undefined ? '' : ` --oauth-scope "${scope}"`}`;
  }

  async headers(): Promise<Record<string, string>> {
    const named = await this.#named.headers();
    if (named.authorization !== undefined) return named;
    this.#used = this.#file.read()?.tokens?.access_token;
    return this.#used === undefined ? named : { authorization: `Bearer ${this.#used}`, ...named };
  }

  masked(text: string): string {
    return this.#named.masked(this.#used === undefined ? text : withoutSecrets(text, [this.#used]));
  }

  async renew(response: HttpResponse): Promise<boolean> {
    if ((await this.#named.headers()).authorization !== undefined) return this.#named.renew();
    // 403 is about what the token may do: another one of the same kind may do no more.
    if (response.status !== 401) return false;
    const refused = this.#used;
    this.#renewal ??= this.#renewed(refused).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #renewed(refused: string | undefined): Promise<boolean> {
    if (this.#file.read() === undefined) return false;
    try {
      // Before anybody has to wait for us.
      const { auth } = await import('@modelcontextprotocol/sdk/client/auth.js');
      return await this.#file.alone(async () => {
        const tokens = this.#file.read()?.tokens;
        if (tokens === undefined) return false;
        if (tokens.access_token !== refused) return true;
        if (tokens.refresh_token === undefined || this.#isJustRenewed(refused)) return false;
        let isAsked = false;
        const provider = new LoginProvider(this.#file, {
          redirectUrl: NOWHERE,
          fresh: false,
          redirect: () => {
            isAsked = true;
          },
        });
        const result = await auth(provider, { serverUrl: this.#url, fetchFn: this.#fetch });
        this.#last = { token: this.#file.read()?.tokens?.access_token, at: performance.now() };
        return (result === 'AUTHORIZED' && !isAsked) || this.#isAnother(refused);
      });
    } catch (error) {
      if (this.#isAnother(refused)) return true;
      // An authorization server that fails is not asked with each call either.
      this.#last = { token: refused, at: performance.now() };
      this.#warn(`the login could not be renewed: ${reasonOf(error)}`);
      return false;
    }
  }

  /** Whether somebody else, who logged in or renewed, has put another token there. */
  #isAnother(refused: string | undefined): boolean {
    const token = this.#file.read()?.tokens?.access_token;
    return token !== undefined && token !== refused;
  }

  /** A server that refuses every token would have the authorization server asked with each call. */
  #isJustRenewed(refused: string | undefined): boolean {
    const last = this.#last;
    return last !== undefined && last.token === refused && performance.now() - last.at < RENEWAL_PAUSE;
  }
}
