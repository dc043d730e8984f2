import type { OAuthClientProvider, OAuthDiscoveryState } from '@modelcontextprotocol/sdk/client/auth.js';
import type {
  OAuthClientInformationMixed,
  OAuthClientMetadata,
  OAuthTokens,
} from '@modelcontextprotocol/sdk/shared/auth.js';
import type { Login, LoginFile } from './login-file.js';

export interface ProviderOptions {
  /** Where the browser comes back to. */
  readonly redirectUrl: string;
  /** A client that the authorization server knows already; without one we register. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly scope?: string | undefined;
  readonly state?: string | undefined;
  /** A login begins: nothing of an earlier one is used. */
  readonly fresh: boolean;
  /** The address that a person has to open. */
  readonly redirect: (url: URL) => void;
}

/** What the SDK's OAuth functions remember, kept in the login's file. */
export class LoginProvider implements OAuthClientProvider {
  readonly #file: LoginFile;
  readonly #options: ProviderOptions;
  #login: Omit<Login, 'url'>;
  #verifier = '';

  constructor(file: LoginFile, options: ProviderOptions) {
    this.#file = file;
    this.#options = options;
    this.#login = (options.fresh ? undefined : file.read()) ?? {};
  }

  get redirectUrl(): string {
    return this.#options.redirectUrl;
  }

  get clientMetadata(): OAuthClientMetadata & { readonly application_type: string } {
    const { redirectUrl, scope } = this.#options;
    return {
      client_name: 'policy-wrap',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      // A program on a person's machine, which a browser comes back to (SEP-837).
      application_type: 'native',
      ...(scope !== undefined && { scope }),
    };
  }

  state(): string {
    return this.#options.state ?? '';
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    const { clientId, clientSecret } = this.#options;
    if (this.#login.client !== undefined || clientId === undefined) return this.#login.client;
    return { client_id: clientId, ...(clientSecret !== undefined && { client_secret: clientSecret }) };
  }

  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.#login = { ...this.#login, client };
  }

  tokens(): OAuthTokens | undefined {
    return this.#login.tokens;
  }

  saveTokens(tokens: OAuthTokens): void {
    this.#login = { ...this.#login, tokens };
    this.#file.write(this.#login);
  }

  /** @throws Error for metadata that is another server's than the one that was asked (RFC 8414, section 3.3) */
  saveDiscoveryState(discovery: OAuthDiscoveryState): void {
    const issuer = discovery.authorizationServerMetadata?.issuer;
    // Servers of 2025-03-26, which name none, hand on the metadata of others.
    const isNamed = discovery.resourceMetadata?.authorization_servers !== undefined;
    if (isNamed && issuer !== undefined && plain(issuer) !== plain(discovery.authorizationServerUrl))
      throw new Error(
        `${discovery.authorizationServerUrl} calls itself ${issuer.slice(0, 200)}, another server`,
      );
    this.#login = { ...this.#login, discovery };
  }

  discoveryState(): OAuthDiscoveryState | undefined {
    return this.#login.discovery;
  }

  redirectToAuthorization(url: URL): void {
    this.#options.redirect(url);
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier;
  }

  codeVerifier(): string {
    return this.#verifier;
  }

  /** Tokens that the authorization server does not take any more are of no use to anybody. */
  invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void {
    const { client, tokens, discovery } = this.#login;
    if (scope === 'all') this.#login = {};
    else if (scope === 'client') this.#login = { tokens, discovery };
    else if (scope === 'tokens') this.#login = { client, discovery };
    else if (scope === 'discovery') this.#login = { client, tokens };
  }
}

/** Many servers name themselves with and without the slash at the end. */
function plain(address: string): string {
  return address.replace(/\/$/, '');
}
