import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Peer } from './peer.js';

const NODE = process.execPath;
const WRAP = resolve('bin/policy-wrap.js');
const here = (file) => resolve('test/bench', file);

/** Other people's bridges: stdio to HTTP and back. */
const BRIDGES = { 'mcp-proxy': '6.7.19', supergateway: '4.0.0', 'mcp-remote': '0.15.1' };
const BRIDGE_FOLDER = join(tmpdir(), 'policy-wrap-bench-bridges');
const bridge = (name) => join(BRIDGE_FOLDER, 'node_modules', '.bin', name);

const ECHO_AND = (entry) => ({ version: '1', default: 'deny', tools: { echo: entry, count: {} } });
const LIMIT = { counter: 'calls', window: 'minute', max: 1e9 };

export const POLICIES = {
  /** No limits: nothing is counted, every call is logged. */
  stateless: { version: '1', default: 'allow' },
  counter: ECHO_AND({ limits: [LIMIT] }),
  /** `args.k` tells which of many counts is charged. */
  split: ECHO_AND({ limits: [{ ...LIMIT, window: 'day', per: 'args.k' }] }),
  hiding: { version: '1', default: 'allow', hide: ['tool_7'] },
  /** The tool that is called stands last. */
  entries: (count) => ({
    version: '1',
    default: 'deny',
    tools: Object.fromEntries([
      ...Array.from({ length: count - 1 }, (_, i) => [`tool_${i}`, { limits: [counted(i)] }]),
      ['echo', { limits: [LIMIT] }],
      ['count', {}],
    ]),
  }),
  patterns: (count) => ({
    version: '1',
    default: 'deny',
    tools: Object.fromEntries([
      ...Array.from({ length: count - 1 }, (_, i) => [`*tool_${i}*`, { limits: [counted(i)] }]),
      ['ech*', { limits: [LIMIT] }],
      ['coun*', {}],
    ]),
  }),
};

function counted(i) {
  return { counter: `calls_${i}`, window: 'minute', max: 30 };
}

const open = new Set();

/** Ends whatever was started, for a run that is stopped in the middle. */
export async function abandonAll() {
  await Promise.all([...open].map((scene) => scene.abandon()));
}

/** A folder of this run's own, what lies in it, and the processes that were started. */
export class Scene {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-bench-'));
  #peers = [];
  #files = 0;
  #fill;

  constructor() {
    open.add(this);
  }

  tiny(tools = 20) {
    return [NODE, here('servers/tiny.cjs'), '--tools', String(tools)];
  }

  direct(options = {}) {
    return [...this.tiny(options.tools)];
  }

  relay(options = {}) {
    return [NODE, here('servers/relay.cjs'), ...this.tiny(options.tools)];
  }

  sdk(options = {}) {
    return [NODE, here('servers/sdk-proxy.js'), ...this.tiny(options.tools)];
  }

  /** @param {{ policy: object, db?: string, more?: string[], tools?: number }} options */
  wrap({ policy, db = this.database(), more = [], tools }) {
    const file = join(this.folder, `policy-${this.#files++}.json`);
    writeFileSync(file, JSON.stringify(policy));
    const own = ['--policy', file, '--db', db, '--server', 'bench', ...more];
    return [NODE, WRAP, ...own, '--', ...this.tiny(tools)];
  }

  /** In front of a server at an address. */
  wrapRemote({ policy, url }) {
    const [node, wrapper, ...own] = this.wrap({ policy, more: ['--url', url] });
    return [node, wrapper, ...own.slice(0, own.indexOf('--'))];
  }

  /** One of the others, from stdio to an address. */
  bridgeTo(name, url) {
    const options = {
      'mcp-remote': [url, '--silent'],
      supergateway: ['--streamableHttp', url, '--logLevel', 'none'],
    };
    return [NODE, bridge(name), ...options[name]];
  }

  /** Starts the server at an address that costs as little as one can. @returns its address */
  async httpServer() {
    const child = spawn(NODE, [here('servers/tiny-http.cjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exit = new Promise((resolve) => child.once('close', resolve));
    const end = () => {
      child.stdin.end();
      return exit;
    };
    this.#peers.push({ child, exit, end });
    const [port] = await once(child.stdout, 'data');
    return `http://127.0.0.1:${Number(port)}/mcp`;
  }

  /** A name for a database that is not there yet. */
  database() {
    return join(this.folder, `state-${this.#files++}`, 'state.db');
  }

  /** Fills a new database through the store's interface; see prefill.ts. @returns its path */
  async filled(filling) {
    this.#fill ??= await bundledFill(this.folder);
    const db = this.database();
    this.#fill({ db, server: 'bench', tool: 'echo', ...filling, policy: JSON.stringify(filling.policy) });
    return db;
  }

  /** Starts a process without speaking to it. */
  launch(name, argv, env = {}) {
    const peer = new Peer(name, argv, { ...environment(this.folder), ...env });
    this.#peers.push(peer);
    return peer;
  }

  /** Starts a process and shakes hands. */
  async start(name, argv, env) {
    const peer = this.launch(name, argv, env);
    await peer.initialize();
    return peer;
  }

  /** Two bridges as one contestant; `memory` covers both. Undefined when they are not installed. */
  async startBridges() {
    if (!bridgesAreInstalled()) return undefined;
    const port = await freePort();
    const options = ['--host', '127.0.0.1', '--port', String(port), '--server', 'stream'];
    const there = this.launch('mcp-proxy', [NODE, bridge('mcp-proxy'), ...options, '--', ...this.tiny()]);
    for (let tries = 0; tries < 100 && !there.errors.includes('starting'); tries++) await sleep(50);
    await sleep(500);
    const url = `http://127.0.0.1:${port}/mcp`;
    const back = [NODE, bridge('supergateway'), '--streamableHttp', url, '--logLevel', 'none'];
    const peer = await this.start('mcp-proxy + supergateway', back);
    const own = peer.memory.bind(peer);
    peer.memory = () => (own() ?? 0) + (there.memory() ?? 0);
    const end = peer.end.bind(peer);
    peer.end = async () => {
      await end();
      // It does not mind the end of its input.
      there.child.kill('SIGTERM');
      await there.end();
    };
    return peer;
  }

  /** Ends these processes alone. */
  async endOf(peers) {
    this.#peers = this.#peers.filter((peer) => !peers.includes(peer));
    await Promise.all(peers.map((peer) => peer.end()));
  }

  /** Ends every process, checking first that none of `peers` answered a call on its own. */
  async end(peers = []) {
    for (const peer of peers) await peer.verify();
    await Promise.all(this.#peers.splice(0).map((peer) => peer.end()));
  }

  /** Ends what still runs without asking it anything, and leaves nothing behind. */
  async abandon() {
    open.delete(this);
    // First their input: what they have started goes with them.
    for (const peer of this.#peers) peer.child.stdin.end();
    await Promise.race([Promise.all(this.#peers.map((peer) => peer.exit)), sleep(1500)]);
    for (const peer of this.#peers) peer.child.kill('SIGKILL');
    await Promise.all(this.#peers.splice(0).map((peer) => peer.exit));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Nothing of this machine's own settings is found, and no colours or proxies leak in. */
function environment(folder) {
  return { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
}

async function bundledFill(folder) {
  const { build } = await import('esbuild');
  const outfile = join(folder, 'prefill.cjs');
  await build({
    entryPoints: [here('prefill.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    // The addon is looked for from here, not from the temporary folder.
    define: { 'import.meta.filename': JSON.stringify(here('prefill.ts')) },
  });
  const module = await import(pathToFileURL(outfile).href);
  return module.fill ?? module.default.fill;
}

/** Installs the bridges once for all runs. @returns why they are not there, or undefined */
export function installBridges() {
  if (bridgesAreInstalled()) return undefined;
  mkdirSync(BRIDGE_FOLDER, { recursive: true });
  const specs = Object.entries(BRIDGES).map(([name, version]) => `${name}@${version}`);
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefix', BRIDGE_FOLDER];
  try {
    execFileSync('npm', ['install', ...options, ...specs], { stdio: 'ignore', timeout: 180_000 });
    return undefined;
  } catch {
    rmSync(BRIDGE_FOLDER, { recursive: true, force: true });
    return 'the bridges could not be installed and are left out';
  }
}

export function bridgesAreInstalled() {
  return Object.keys(BRIDGES).every((name) => existsSync(bridge(name)));
}

function freePort() {
  return new Promise((done, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
