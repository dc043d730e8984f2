import { join, resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolResultSchema,
  ElicitRequestSchema,
  LoggingMessageNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect, test } from 'vitest';
import { ALLOW_ALL } from '../support/policies.js';
import { BIN, type Message, Rig } from '../support/rig.js';
import { freePort, listening } from './listening.js';
import { scratch } from './scratch.js';

const EXAMPLES = resolve('node_modules/@modelcontextprotocol/sdk/dist/esm/examples/server');

/** The examples listen where they like: on a free port for us. */
const PORT_HOOK = `data:text/javascript,${encodeURIComponent(
  'import { Server } from "node:net"; const { listen } = Server.prototype;' +
    'Server.prototype.listen = function (port, ...rest) { return listen.call(this, typeof port === "number" ? Number(process.env.PORT) : port, ...rest); };',
)}`;

interface Contestant {
  readonly name: string;
  readonly command: (packages: string, port: number) => readonly string[];
  readonly path: string;
  readonly calls: readonly (readonly [tool: string, args: Record<string, unknown>])[];
}

const EVERYTHING: Contestant['calls'] = [
  ['echo', { message: 'añ ☃' }],
  ['get-sum', { a: 2, b: 3 }],
  ['get-structured-content', { location: 'Chicago' }],
  ['get-tiny-image', {}],
  ['get-annotated-message', { messageType: 'error', includeImage: true }],
  ['get-resource-links', { count: 3 }],
  ['trigger-long-running-operation', { duration: 1, steps: 4 }],
  ['no-such-tool', {}],
];
const STREAM: Contestant['calls'] = [['start-notification-stream', { interval: 20, count: 5 }]];

const everything = (packages: string) => join(packages, 'server-everything', 'dist', 'index.js');
const example = (file: string) => () => ['--import', PORT_HOOK, join(EXAMPLES, file)];
const bin = (packages: string, ...path: string[]) => join(packages, '..', ...path);

const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'server-everything, Streamable HTTP',
    command: (packages) => [everything(packages), 'streamableHttp'],
    path: '/mcp',
    calls: EVERYTHING,
  },
  {
    name: 'server-everything, SSE',
    command: (packages) => [everything(packages), 'sse'],
    path: '/sse',
    calls: EVERYTHING,
  },
  {
    name: "the SDK's simpleStreamableHttp",
    command: example('simpleStreamableHttp.js'),
    path: '/mcp',
    calls: [
      ['greet', { name: 'A' }],
      ['multi-greet', { name: 'B' }],
      ['collect-user-info', { infoType: 'contact' }],
      ...STREAM,
    ],
  },
  {
    name: "the SDK's simpleStatelessStreamableHttp",
    command: example('simpleStatelessStreamableHttp.js'),
    path: '/mcp',
    calls: STREAM,
  },
  {
    name: "the SDK's jsonResponseStreamableHttp",
    command: example('jsonResponseStreamableHttp.js'),
    path: '/mcp',
    calls: [
      ['greet', { name: 'A' }],
      ['multi-greet', { name: 'B' }],
    ],
  },
  { name: "the SDK's simpleSseServer", command: example('simpleSseServer.js'), path: '/mcp', calls: STREAM },
  {
    name: 'mcp-proxy around server-everything',
    command: (packages, port) => [
      bin(packages, 'mcp-proxy', 'dist', 'bin', 'mcp-proxy.mjs'),
      ...['--port', String(port), '--host', '127.0.0.1', '--', process.execPath, everything(packages)],
    ],
    path: '/mcp',
    calls: EVERYTHING,
  },
  {
    name: 'supergateway around server-everything',
    command: (packages, port) => [
      bin(packages, 'supergateway', 'dist', 'index.js'),
      ...['--stdio', `${process.execPath} ${everything(packages)}`, '--port', String(port)],
      ...['--outputTransport', 'streamableHttp', '--stateful'],
    ],
    path: '/mcp',
    calls: EVERYTHING,
  },
];

/** What a client of the SDK gets to see of a server, in order. */
async function conversation(transport: Transport, calls: Contestant['calls']): Promise<Message> {
  const client = new Client({ name: 'compared', version: '1' }, { capabilities: { elicitation: {} } });
  const heard: unknown[] = [];
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params));
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    heard.push(params);
    return { action: 'decline' };
  });
  await client.connect(transport);
  // Off the wire: the SDK loses a notification that comes in one chunk with the answer behind it.
  const { onmessage } = transport;
  let progress: unknown[] = [];
  transport.onmessage = (message, extra) => {
    if ('method' in message && message.method === 'notifications/progress') progress.push(message.params);
    onmessage?.(message, extra);
  };
  try {
    const capabilities = client.getServerCapabilities();
    const results: unknown[] = [];
    for (const [name, args] of calls) {
      progress = [];
      const call = client.request(
        { method: 'tools/call', params: { name, arguments: args } },
        CallToolResultSchema,
        { onprogress: () => {}, timeout: 30_000 },
      );
      results.push([name, await call.catch((error: Error) => error.message), progress]);
    }
    return {
      server: client.getServerVersion(),
      capabilities,
      instructions: client.getInstructions(),
      tools: await client.listTools(),
      prompts: capabilities?.prompts ? await client.listPrompts() : undefined,
      resources: capabilities?.resources ? await client.listResources() : undefined,
      results,
      heard,
    };
  } finally {
    await client.close();
  }
}

/** Times and random ids differ from one run to the next. */
const plain = (seen: Message): Message =>
  JSON.parse(
    JSON.stringify(seen)
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T')
      .replace(/\d{1,2}:\d\d:\d\d [AP]M/g, 'T')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, 'U'),
  );

test.each(CONTESTANTS)('G7: $name looks the same through the wrapper', async (contestant) => {
  await using rig = new Rig();
  const { packages } = await scratch();
  const port = await freePort();
  const url = await listening(contestant.command(packages, port), port, rig, contestant.path);
  const isOld = /sse/i.test(contestant.name);
  const direct = await conversation(
    isOld ? new SSEClientTransport(url) : new StreamableHTTPClientTransport(url),
    contestant.calls,
  );
  const policy = rig.file('policy.json', ALLOW_ALL);
  const wrapped = await conversation(
    new StdioClientTransport({
      command: process.execPath,
      args: [BIN, '--url', url.href, '--policy', policy, '--db', rig.db],
      env: rig.env() as Record<string, string>,
      stderr: 'pipe',
    }),
    contestant.calls,
  );
  expect(direct.results).toHaveLength(contestant.calls.length);
  expect(plain(wrapped)).toEqual(plain(direct));
});
