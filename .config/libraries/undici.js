// Takes the place of undici's main file: what src/upstream/http/http-client.ts uses of it. The rest (fetch, WebSocket,
// caches, cookies, mocks) is two fifths of it, and nothing that a bundler could see to be unused.
import connect from 'undici/lib/api/api-connect.js';
import request from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';

// As the main file does it, with `stream`, `pipeline` and `upgrade`, which nobody uses; proxies are asked to `connect`.
Object.assign(Dispatcher.prototype, { connect, request });

export { Agent, EnvHttpProxyAgent, Pool };
