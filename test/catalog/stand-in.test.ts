import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AFIP_TOOLS } from '../../src/catalog/servers/afip/tools.js';
import { LEGITI_TOOLS } from '../../src/catalog/servers/legiti/tools.js';
import { runStandIn } from '../../src/catalog/stand-in/server.js';

const folder = mkdtempSync(join(tmpdir(), 'stand-in-'));
const program = join(folder, 'stand-in.mjs');

beforeAll(async () => {
  const entryPoints = [join(import.meta.dirname, '../fixtures/servers/stand-in.ts')];
  await build({ entryPoints, bundle: true, platform: 'node', format: 'esm', outfile: program });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the stand-in writes for an input of any bytes, as parsed lines. */
async function run(
  input: string | Buffer[],
  { kind = 'demo', env = {} }: { kind?: string; env?: Record<string, string> } = {},
) {
  const output = new PassThrough();
  const collected = output.toArray();
  const chunks = typeof input === 'string' ? [Buffer.from(input)] : input;
  await runStandIn(kind, { input: Readable.from(chunks), output, env });
  output.end();
  const text = Buffer.concat((await collected) as Buffer[]).toString();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

const line = (message: object): string => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
const call = (id: number, name: string, args: object, more: object = {}): string =>
  line({ id, method: 'tools/call', params: { name, arguments: args, ...more } });
const modern = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };

const invoice = {
  point_of_sale: 1,
  invoice_type: 11,
  concept: 1,
  doc_type: 99,
  doc_number: 0,
  amount_total: 1500.5,
};

describe('the tools on offer', () => {
  test.each([
    ['afip', 20],
    ['legiti', 18],
    ['demo', 21],
  ] as const)('%s has %i, each with a schema and a description of its own', async (kind, count) => {
    const [{ result }] = await run(line({ id: 1, method: 'tools/list' }), { kind });
    expect(result.tools).toHaveLength(count);
    expect(new Set(result.tools.map(({ name }: { name: string }) => name)).size).toBe(count);
    for (const { inputSchema, description } of result.tools) {
      expect(inputSchema.type).toBe('object');
      expect(Object.keys(inputSchema.properties)).toEqual(expect.arrayContaining(inputSchema.required ?? []));
      expect(description.length).toBeGreaterThan(10);
    }
  });

  test('demo is mcp-afip and track_logout', async () => {
    const [{ result }] = await run(line({ id: 1, method: 'tools/list' }));
    const names = result.tools.map(({ name }: { name: string }) => name);
    expect(names).toEqual([...AFIP_TOOLS.map(({ name }) => name), 'track_logout']);
  });

  test('pages hold every tool once, in order', async () => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const [answer] = await run(line({ id: 1, method: 'tools/list', params: { cursor } }), {
        kind: 'legiti',
        env: { POLICY_STAND_IN_PAGE: '4' },
      });
      const { tools, nextCursor } = answer.result as { tools: { name: string }[]; nextCursor?: string };
      names.push(...tools.map(({ name }) => name));
      cursor = nextCursor;
    } while (cursor !== undefined);
    expect(names).toEqual(LEGITI_TOOLS.map(({ name }) => name));
  });

  test.each(['x', '-1', '99999999', 5])('cursor %j is refused', async (cursor) => {
    const [{ error }] = await run(line({ id: 1, method: 'tools/list', params: { cursor } }));
    expect(error.code).toBe(-32602);
  });
});

describe('the handshake revisions', () => {
  test.each([
    ['2024-11-05', '2024-11-05'],
    ['2025-11-25', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
    ['2026-07-28', '2025-11-25'],
  ])('initialize for %s answers %s', async (protocolVersion, expected) => {
    const [{ result }] = await run(line({ id: 0, method: 'initialize', params: { protocolVersion } }));
    expect(result.protocolVersion).toBe(expected);
    expect(result).not.toHaveProperty('resultType');
  });

  test.each([
    ['ping', { result: {} }],
    ['resources/list', { error: { code: -32601, message: 'Method not found: resources/list' } }],
  ])('%s', async (method, reply) => {
    expect(await run(line({ id: 'a', method }))).toEqual([{ jsonrpc: '2.0', id: 'a', ...reply }]);
  });
});

describe('revision 2026-07-28', () => {
  test('discover names the revision and the server', async () => {
    const [{ result }] = await run(line({ id: 1, method: 'server/discover', params: { _meta: modern } }));
    expect(result).toMatchObject({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      ttlMs: expect.any(Number),
      cacheScope: 'public',
    });
  });

  test('lists and calls carry what it requires', async () => {
    const [list, called] = await run(
      line({ id: 1, method: 'tools/list', params: { _meta: modern } }) +
        call(2, 'track_logout', { account_id: 'a' }, { _meta: modern }),
    );
    expect(list.result).toMatchObject({ resultType: 'complete', ttlMs: 60_000, cacheScope: 'public' });
    expect(called.result).toMatchObject({ resultType: 'complete', content: [{ type: 'text' }] });
  });

  test('another revision is refused with the one that is spoken', async () => {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2031-01-01' };
    const [{ error }] = await run(line({ id: 1, method: 'tools/list', params: { _meta } }));
    expect(error).toMatchObject({
      code: -32022,
      data: { supported: ['2026-07-28'], requested: '2031-01-01' },
    });
  });

  test('ping is gone from it', async () => {
    const [{ error }] = await run(line({ id: 1, method: 'ping', params: { _meta: modern } }));
    expect(error.code).toBe(-32601);
  });
});

describe('calls', () => {
  test.each([...AFIP_TOOLS, ...LEGITI_TOOLS].map((tool) => [tool.name, tool] as const))(
    '%s says that it is simulated',
    async (name, tool) => {
      const args = Object.fromEntries((tool.inputSchema.required ?? []).map((key) => [key, 1]));
      const kind = AFIP_TOOLS.includes(tool) ? 'afip' : 'legiti';
      const [{ result }] = await run(call(1, name, args), { kind });
      expect(result.isError).toBeUndefined();
      expect(JSON.parse(result.content[0].text).simulated).toBe(true);
    },
  );

  test('what was issued can be looked up, and its CAE is none', async () => {
    const at = { invoice_type: 11, point_of_sale: 1 };
    const answers = await run(
      call(1, 'create_invoice', invoice) +
        call(2, 'create_invoice', invoice) +
        call(3, 'get_last_invoice_number', at) +
        call(4, 'get_invoice', { ...at, invoice_number: 2 }) +
        call(5, 'get_cae_status', { ...at, invoice_number: 3 }),
    );
    const data = answers.map(({ result }) => JSON.parse(result.content[0].text));
    expect(data[0]).toMatchObject({ invoice_number: 1, cae: expect.stringMatching(/^0+$/) });
    expect(data[2].invoice_number).toBe(2);
    expect(data[3].invoice.amount_total).toBe(1500.5);
    expect(data[4].status).toBe('not_found');
  });

  test('a missing required argument is an error of the tool', async () => {
    const [{ result }] = await run(call(1, 'track_logout', {}));
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toContain('account_id');
  });

  test.each(['nothing', '__proto__', 'toString', 'track_login'])('%s is an unknown tool', async (name) => {
    const [{ error }] = await run(call(1, name, {}));
    expect(error).toEqual({ code: -32602, message: `Unknown tool: ${name}` });
  });
});

describe('framing', () => {
  test('any division of the bytes gives the same answers', async () => {
    const text =
      call(1, 'track_logout', { account_id: 'Muñoz 🧾' }) +
      `\r\n\n${line({ method: 'notifications/initialized' })}` +
      line({ id: 2, method: 'ping' }).replace('\n', '\r\n') +
      line({ id: 3, method: 'tools/list' }).trimEnd();
    const whole = await run(text);
    expect(whole.map(({ id }) => id)).toEqual([1, 2, 3]);
    const bytes = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 20 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((end, i) => bytes.subarray(edges[i], end));
        expect(await run(chunks)).toEqual(whole);
      }),
      { numRuns: 100 },
    );
  });

  test('what cannot be read is answered without an id, and the next line is served', async () => {
    const [bad, odd, good] = await run(`{"id":\n5\n${line({ id: 1, method: 'ping' })}`);
    expect(bad).toEqual({ jsonrpc: '2.0', error: { code: -32700, message: 'Parse error' } });
    expect(odd.error.code).toBe(-32600);
    expect(good.id).toBe(1);
  });

  test('the journal holds every call as it came: without id, in a batch, of an unknown tool', async () => {
    const journal = join(folder, 'journal.jsonl');
    const unread = '{"jsonrpc":"2.0", "method":"tools/call","params":{"name":"track_logout"}}';
    const batch = `[${call(7, 'track_logout', { account_id: 'b' }).trim()}]`;
    await run(`${call(1, 'nothing', { a: [1] })}${unread}\n${batch}\n`, {
      env: { POLICY_STAND_IN_JOURNAL: journal },
    });
    const entries = readFileSync(journal, 'utf8')
      .trim()
      .split('\n')
      .map((entry) => JSON.parse(entry));
    expect(entries).toEqual([
      { id: 1, name: 'nothing', arguments: { a: [1] }, raw: call(1, 'nothing', { a: [1] }).trim() },
      { name: 'track_logout', raw: unread },
      { id: 7, name: 'track_logout', arguments: { account_id: 'b' }, raw: batch },
    ]);
  });
});

describe('as a process', () => {
  test("the SDK's client sees its tools and calls them", async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(new StdioClientTransport({ command: process.execPath, args: [program, 'demo'] }));
    try {
      expect((await client.listTools()).tools).toHaveLength(21);
      const { content } = await client.callTool({ name: 'track_logout', arguments: { account_id: 'a' } });
      expect(content).toMatchObject([{ type: 'text', text: expect.stringContaining('simulated') }]);
    } finally {
      await client.close();
    }
  });

  test('ends with code 0 at the end of its input, with every answer written', async () => {
    const child = spawn(process.execPath, [program, 'afip'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const collected = child.stdout.toArray();
    const ended = once(child, 'close');
    child.stdin.end(line({ id: 1, method: 'tools/list' }).repeat(200));
    expect(await ended).toEqual([0, null]);
    const written = Buffer.concat((await collected) as Buffer[]).toString();
    expect(written.trim().split('\n')).toHaveLength(200);
  });

  test('ends when nobody reads its output any more', async () => {
    const child = spawn(process.execPath, [program, 'afip'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    child.stdin.on('error', () => {});
    child.stdout.destroy();
    const writing = setInterval(() => child.stdin.write(line({ id: 1, method: 'tools/list' })), 5);
    const [code] = await ended;
    clearInterval(writing);
    expect(code).toBe(0);
  });
});
