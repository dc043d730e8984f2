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

  get clientMetadata(): OAuthClientMetadata {
    const { redirectUrl, scope } = this.#options;
    return {
      client_name: 'policy-wrap',
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...(scope !== undefined && { scope }),
    };
  }

  state(): string {
    return this.#options.state ?? '';
  }

  clientInformation(): OAuthClientInformationMixed | undefined {
    const { clientId } = this.#options;
    return this.#login.client ?? (clientId === undefined ? undefined : { client_id: clientId });
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

  saveDiscoveryState(discovery: OAuthDiscoveryState): void {
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
