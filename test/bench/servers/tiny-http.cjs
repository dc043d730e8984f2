// The same as tiny.cjs, at an address (Streamable HTTP): no SDK, answers at once with JSON, and keeps sessions. It
// prints its port. The tool `count` tells how many calls of `echo` its session has had.
const { createServer } = require('node:http');

const RESULT = '"result":{"content":[{"type":"text","text":"';
const END = '"}]}';
const calls = new Map();
let sessions = 0;

function resultOf({ method, params }, session) {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'tiny', version: '1.0.0' },
      };
    case 'tools/list':
      return { tools: [{ name: 'echo', description: 'Says how it went.', inputSchema: { type: 'object' } }] };
    case 'tools/call':
      return { content: [{ type: 'text', text: String(calls.get(session) ?? 0) }] };
    default:
      return {};
  }
}

function answer(body, session, response) {
  const message = JSON.parse(body);
  if (message.id === undefined || message.method === undefined) return response.writeHead(202).end();
  const id = JSON.stringify(message.id);
  const headers = { 'content-type': 'application/json' };
  if (message.method === 'initialize') headers['mcp-session-id'] = `session-${++sessions}`;
  let text;
  if (message.method === 'tools/call' && message.params.name === 'echo') {
    calls.set(session, (calls.get(session) ?? 0) + 1);
    text = `{"jsonrpc":"2.0","id":${id},${RESULT}${'x'.repeat(Math.max(0, body.length - 80))}${END}}`;
  } else text = `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(resultOf(message, session))}}`;
  headers['content-length'] = Buffer.byteLength(text);
  response.writeHead(200, headers).end(text);
}

const server = createServer((request, response) => {
  const session = request.headers['mcp-session-id'];
  if (request.method === 'DELETE') return response.writeHead(200).end();
  // It says nothing by itself, and has no metadata: nobody logs in.
  if (request.method !== 'POST') return response.writeHead(request.url === '/mcp' ? 405 : 404).end();
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => answer(Buffer.concat(chunks).toString(), session, response));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit()).resume();
