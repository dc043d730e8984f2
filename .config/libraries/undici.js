// Takes the place of undici's main file: what src/upstream/http/http-client.ts uses of it. The rest (fetch, WebSocket,
// caches, cookies, mocks) is two fifths of it, and nothing that a bundler could see to be unused.
import api from 'undici/lib/api/index.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';
import Pool from 'undici/lib/dispatcher/pool.js';

// As the main file does it: `request` and its like.
Object.assign(Dispatcher.prototype, api);

export { Agent, EnvHttpProxyAgent, Pool };
