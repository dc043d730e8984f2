// A server that costs as little as one can: no SDK, answers at once, with as many bytes as it was asked.
// `--tools N` sets the length of its list. The tool `count` tells how many calls of `echo` it has had.
const NEWLINE = 10;
const ID = /"id":("[^"]*"|\d+)/;
const RESULT = '"result":{"content":[{"type":"text","text":"';
const END = Buffer.from('"}]}}\n');

const toolCount = Number(process.argv[process.argv.indexOf('--tools') + 1] || 20);
/** Answers by size: all but the id is the same each time. */
const bodies = new Map();
let calls = 0;
let parts = [];
let held = 0;

function bodyOf(size) {
  let body = bodies.get(size);
  if (!body) {
    const text = Buffer.from('All lines of the invoice were accepted.\\n \\"A-00017\\" 1250.50 ');
    const length = Math.max(0, size - 34 - RESULT.length - END.length);
    body = Buffer.concat([Buffer.from(RESULT), Buffer.alloc(length - (length % text.length), text), END]);
    bodies.set(size, body);
  }
  return body;
}

function toolList() {
  const tools = Array.from({ length: toolCount }, (_, i) => ({
    name: i === 0 ? 'echo' : `tool_${i}`,
    description: `Does what the tool with the number ${i} does, and says how it went.`,
    inputSchema: {
      type: 'object',
      properties: {
        doc_number: { type: 'string', description: 'Number of the document' },
        amount_total: { type: 'number', minimum: 0 },
      },
      required: ['doc_number'],
    },
  }));
  return { tools };
}

function answer(line) {
  const head = line.subarray(0, 400).latin1Slice();
  // Proxies that write messages anew may put the id last.
  const id = (ID.exec(head) ?? ID.exec(line.subarray(-96).latin1Slice()))?.[1];
  if (head.includes('"tools/call"') && !head.includes('"name":"count"')) {
    calls++;
    const body = bodyOf(line.length);
    const start = `{"jsonrpc":"2.0","id":${id},`;
    if (body.length < 65536) return process.stdout.write(Buffer.concat([Buffer.from(start), body]));
    process.stdout.write(start);
    return process.stdout.write(body);
  }
  const message = JSON.parse(line.toString());
  if (message.id === undefined) return;
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, result: other(message) })}\n`);
}

function other({ method, params }) {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: 'tiny', version: '1.0.0' },
      };
    case 'tools/list':
      return toolList();
    case 'tools/call':
      return { content: [{ type: 'text', text: String(calls) }] };
    default:
      return {};
  }
}

process.stdin.on('data', (chunk) => {
  let start = 0;
  for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
    const part = chunk.subarray(start, end + 1);
    answer(held === 0 ? part : Buffer.concat([...parts, part]));
    parts = [];
    held = 0;
    start = end + 1;
  }
  if (start < chunk.length) {
    parts.push(chunk.subarray(start));
    held += chunk.length - start;
  }
});
