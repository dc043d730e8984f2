'use strict';
// Compiles the code for the Node that runs this, so that a client waits less for its server. Runs when the package is
// built or installed; without it, or with another Node, everything works as well and starts later.
const { spawnSync } = require('node:child_process');
const { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { COMPILED, main } = require('./policy-wrap.js');

const TIMEOUT_MS = 30_000;

/** What is compiled is what a session uses: this one. */
const POLICY = {
  version: '1',
  default: 'deny',
  tools: {
    allowed: {
      require: [{ conditions: [{ path: 'args.amount', op: 'lte', value: 10 }] }],
      limits: [{ counter: 'calls', window: 'minute', max: 2 }],
    },
  },
};
const CLIENT = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'compile', version: '1' },
};
const call = (amount) => ({ method: 'tools/call', params: { name: 'allowed', arguments: { amount } } });
const REQUESTS = [
  { method: 'initialize', params: CLIENT },
  { method: 'tools/list' },
  ...[1, 11, 2, 3].map(call),
];

/** Answers everything in a way that fits. */
const SERVER = `
  let text = '';
  process.stdin.on('data', (chunk) => {
    text += chunk;
    for (let end = text.indexOf('\\n'); end !== -1; end = text.indexOf('\\n')) {
      const { id, params = {} } = JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
      const { protocolVersion } = params;
      const serverInfo = { name: 'compile', version: '1' };
      const tools = [{ name: 'allowed', inputSchema: { type: 'object' } }];
      const result = { protocolVersion, serverInfo, capabilities: { tools: {} }, tools, content: [] };
      console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
    }
  });
`;

/** Goes through a session in a process of its own, and leaves nothing behind but the compiled code. */
function compile() {
  if (!existsSync(join(__dirname, '..', 'dist', 'main.cjs'))) return;
  const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-compile-'));
  try {
    const policy = join(folder, 'policy.json');
    writeFileSync(policy, JSON.stringify(POLICY));
    const options = ['--policy', policy, '--db', join(folder, 'state.db'), '--server', 'compile'];
    const lines = REQUESTS.map((request, id) => JSON.stringify({ jsonrpc: '2.0', id, ...request }));
    // The compiled form is only good for a Node that was started without options of its own.
    const { NODE_OPTIONS, ...env } = process.env;
    spawnSync(process.execPath, [__filename, 'record', ...options, '--', process.execPath, '-e', SERVER], {
      env,
      input: `${lines.join('\n')}\n`,
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: TIMEOUT_MS,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a command line as policy-wrap would, and keeps what was compiled of the code. */
function record(argv) {
  // Flags that are set while a session runs are not set when the next one starts, and V8 compares them.
  require('node:v8').setFlagsFromString = () => {};
  const scripts = new Map();
  process.once('exit', () => {
    rmSync(COMPILED, { recursive: true, force: true });
    const unfinished = `${COMPILED}-${process.pid}`;
    mkdirSync(unfinished, { recursive: true });
    for (const [file, script] of scripts)
      writeFileSync(join(unfinished, file), script.createCachedData(), { flush: true });
    renameSync(unfinished, COMPILED);
  });
  main(argv, scripts);
}

if (process.argv[2] === 'record') record(process.argv.slice(3));
else {
  try {
    compile();
  } catch {
    // A folder that cannot be written, or no room: nothing depends on it.
  }
}
