import { createHash } from 'node:crypto';
import type { Received, RemoteServer } from './remote-server.js';

/** A remote server and its authorization server in one. Refresh tokens serve once. */
export class Issuer {
  readonly codes = new Map<string, { challenge: string; redirect: string }>();
  readonly refreshes: string[] = [];
  readonly revoked: string[] = [];
  registered = 0;
  /** The one access token that is taken. */
  valid = 'none';
  #next = 0;
  /** What the metadata says where the authorization server is; itself when absent. */
  elsewhere: string | undefined;
  /** Whether it promises to name itself in its answer, and what it says there. */
  promisesIssuer = false;
  iss: string | undefined;
  /** What it calls itself in its metadata; its address when absent. */
  name: string | undefined;
  /** How clients said who they are at the token endpoint. */
  readonly clients: (string | undefined)[] = [];
  /** Where the browser is sent to; a page of its own when absent. */
  authorize: string | undefined;

  readonly behaviour = (
    received: Received,
    response: import('node:http').ServerResponse,
    server: RemoteServer,
  ) => {
    const origin = `http://127.0.0.1:${server.port}`;
    const { pathname, searchParams } = new URL(received.path, origin);
    const json = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      return true;
    };
    switch (pathname) {
      case '/mcp': {
        if (received.headers.authorization === `Bearer ${this.valid}`) return undefined;
        const challenge = `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource", scope="tools"`;
        response.writeHead(401, { 'www-authenticate': challenge }).end();
        return true;
      }
      case '/.well-known/oauth-protected-resource':
        return json(200, { resource: `${origin}/mcp`, authorization_servers: [this.elsewhere ?? origin] });
      case '/.well-known/oauth-authorization-server':
        return json(200, {
          issuer: this.name ?? origin,
          ...(this.promisesIssuer && { authorization_response_iss_parameter_supported: true }),
          authorization_endpoint: this.authorize ?? `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          registration_endpoint: `${origin}/register`,
          revocation_endpoint: `${origin}/revoke`,
          response_types_supported: ['code'],
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
        });
      case '/register':
        this.registered++;
        return json(201, { ...received.message, client_id: 'client-1' });
      case '/authorize': {
        const code = `code-${this.#next++}`;
        const redirect = searchParams.get('redirect_uri') ?? '';
        this.codes.set(code, { challenge: searchParams.get('code_challenge') ?? '', redirect });
        const target = new URL(redirect);
        target.searchParams.set('code', code);
        if (this.iss !== undefined) target.searchParams.set('iss', this.iss);
        target.searchParams.set('state', searchParams.get('state') ?? '');
        response.writeHead(302, { location: target.href }).end();
        return true;
      }
      case '/token':
        this.clients.push(received.headers.authorization);
        return this.#token(new URLSearchParams(received.body), json);
      case '/revoke':
        this.revoked.push(new URLSearchParams(received.body).get('token') ?? '');
        return json(200, {});
      default:
        return json(404, {});
    }
  };

  #token(asked: URLSearchParams, json: (status: number, body: object) => boolean): boolean {
    if (asked.get('grant_type') === 'authorization_code') {
      const given = this.codes.get(asked.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(asked.get('code_verifier') ?? '')
        .digest('base64url');
      if (given?.challenge !== challenge || given.redirect !== asked.get('redirect_uri'))
        return json(400, { error: 'invalid_grant' });
    } else {
      const refresh = asked.get('refresh_token') ?? '';
      this.refreshes.push(refresh);
      if (refresh !== `refresh-${this.valid}`) return json(400, { error: 'invalid_grant' });
    }
    this.valid = `token-${this.#next++}`;
    return json(200, {
      access_token: this.valid,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: `refresh-${this.valid}`,
    });
  }
}
