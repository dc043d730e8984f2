// Takes the place of undici's main file: what src/upstream/http/http-client.ts uses of it. The rest (fetch, WebSocket,
// caches, cookies, mocks) is two fifths of it, and nothing that a bundler could see to be unused.
import request from 'undici/lib/api/api-request.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';

// As the main file does it, with `stream`, `pipeline` and the like, which we do not use.
Object.assign(Dispatcher.prototype, { request });

export { Agent, EnvHttpProxyAgent, Pool };
