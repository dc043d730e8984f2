// The client that the conformance suite starts: with the SDK's own transport and login, or through policy-wrap.
// Usage: conformance-client.js <direct|wrapped> [<folder of the second SDK's packages>] <address>
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const [mode, ...rest] = process.argv.slice(2);
const url = rest.pop() ?? '';
const [packages] = rest;
const isWrapped = mode === 'wrapped';
const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');
const BIN = resolve(fileURLToPath(import.meta.url), '../../../bin/policy-wrap.js');
const home = mkdtempSync(join(tmpdir(), 'policy-wrap-conformance-'));
const env = {
  PATH: process.env.PATH ?? '',
  HOME: home,
  XDG_CONFIG_HOME: join(home, 'config'),
  XDG_DATA_HOME: join(home, 'data'),
  ...(context.client_secret && { CLIENT_SECRET: context.client_secret }),
};
let errors = '';

const say = (what) => process.stderr.write(`${what?.stack ?? what}\n`);

/** Logs in as a person would: opens the address that `login` shows. */
async function logIn(more) {
  const client = context.client_id ? ['--client-id', context.client_id] : [];
  const secret = context.client_secret ? ['--client-secret-env', 'CLIENT_SECRET'] : [];
  const child = spawn(process.execPath, [BIN, 'login', url, '--no-browser', ...client, ...secret, ...more], {
    env,
  });
  let text = '';
  let isOpened = false;
  const read = (chunk) => {
    text += chunk;
    const address = /^ {2}(https?:\S+)$/m.exec(text)?.[1];
    if (address === undefined || isOpened) return;
    isOpened = true;
    fetch(address).catch(say);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) throw new Error(`login ended with ${code}: ${text}`);
}

const saved = {};
let code;
/** What the SDK's client remembers of a login. */
const provider = {
  redirectUrl: 'http://localhost:3000/callback',
  clientMetadata: {
    client_name: 'conformance',
    redirect_uris: ['http://localhost:3000/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  clientInformation: () =>
    saved.client ??
    (context.client_id && { client_id: context.client_id, client_secret: context.client_secret }),
  saveClientInformation: (client) => {
    saved.client = client;
  },
  tokens: () => saved.tokens,
  saveTokens: (tokens) => {
    saved.tokens = tokens;
  },
  saveCodeVerifier: (verifier) => {
    saved.verifier = verifier;
  },
  codeVerifier: () => saved.verifier,
  redirectToAuthorization: async (address) => {
    const response = await fetch(address, { redirect: 'manual' });
    code = new URL(response.headers.get('location') ?? '').searchParams.get('code');
  },
};

/** The client of the first SDK, or that of the second, which speaks 2026-07-28. */
async function sdk() {
  if (packages === undefined) return { Client, StdioClientTransport, StreamableHTTPClientTransport };
  const load = (file) => import(pathToFileURL(join(packages, 'client', 'dist', file)).href);
  return { ...(await load('index.mjs')), ...(await load('stdio.mjs')) };
}

async function connection() {
  const { Client, StdioClientTransport, StreamableHTTPClientTransport } = await sdk();
  const info = { name: 'conformance', version: '1.0.0' };
  const client = new Client(info, {
    capabilities: { elicitation: { form: { applyDefaults: true } } },
    ...(packages !== undefined && { versionNegotiation: { mode: { pin: '2026-07-28' } } }),
  });
  const accept = async () => ({ action: 'accept', content: { ok: true } });
  client.setRequestHandler(packages === undefined ? ElicitRequestSchema : 'elicitation/create', accept);
  if (!isWrapped) {
    const options = scenario.startsWith('auth/') ? { authProvider: provider } : {};
    return { client, way: new StreamableHTTPClientTransport(new URL(url), options) };
  }
  const args = [BIN, '--preset', 'watch', '--db', join(home, 'state.db'), '--url', url];
  const way = new StdioClientTransport({ command: process.execPath, args, env, stderr: 'pipe' });
  way.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  return { client, way };
}

/** Connects, logs in where the server wants that, and uses every tool once. */
async function work() {
  for (let tries = 0; ; tries++) {
    const { client, way } = await connection();
    errors = '';
    try {
      await client.connect(way);
      const { tools } = await client.listTools();
      const each = tools.map(({ name }) => ({
        name,
        arguments: name === 'add_numbers' ? { a: 5, b: 3 } : {},
      }));
      for (const call of context.toolCalls ?? each)
        await client.callTool(call).catch((error) => {
          // What the client's own SDK will not send is no reason not to send the next.
          if (context.toolCalls === undefined && packages === undefined) throw error;
          say(error);
        });
      return;
    } catch (error) {
      say(error);
      if (tries === 3) throw error;
      if (isWrapped) {
        const advice = /policy-wrap login \S+(?: --oauth-scope "([^"]*)")?/.exec(errors);
        if (advice === null) throw error;
        await logIn(advice[1] === undefined ? [] : ['--oauth-scope', advice[1]]);
      } else if (code === undefined) throw error;
      else {
        const given = code;
        code = undefined;
        await way.finishAuth(given);
      }
    } finally {
      await client.close();
    }
  }
}

try {
  await work();
} finally {
  say(errors);
  rmSync(home, { recursive: true, force: true });
}
