import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { BIN, type Message, Rig } from '../support/rig.js';
import { scratch } from './scratch.js';

const DUAL_ERA = resolve('test/interop/dual-era-server.js');
/** Both tools ask a person; the second also asks something itself, by a round trip of the server's own. */
const POLICY = {
  version: '1',
  default: 'allow',
  tools: {
    test_simple_text: {
      approve_if: [{ conditions: [] }],
      limits: [{ counter: 'simple', window: 'hour', max: 5 }],
    },
    test_input_required_result_elicitation: {
      approve_if: [{ conditions: [] }],
      limits: [{ counter: 'asks', window: 'hour', max: 5 }],
    },
  },
};

type Answer = (fields: Message) => Message;
const slowly = (answer: Answer) => async (fields: Message) => {
  await new Promise((done) => setTimeout(done, 600));
  return answer(fields);
};
const allow: Answer = ({ decision, confirm }) =>
  decision
    ? {
        action: 'accept',
        content: { decision: 'allow_once', ...(confirm && { confirm: 'test_simple_text' }) },
      }
    : { action: 'accept', content: { name: 'Ana' } };

/** One call by a client 2.x that answers forms in this way; what the tool answered, and how often the person was asked. */
async function call(
  mode: string | { pin: string },
  tool: string,
  answer: (fields: Message) => Message | Promise<Message>,
) {
  await using rig = new Rig();
  const { packages } = await scratch();
  const sdk = (file: string) => import(pathToFileURL(join(packages, 'client', 'dist', file)).href);
  const { Client } = await sdk('index.mjs');
  const { StdioClientTransport } = await sdk('stdio.mjs');
  const args = [BIN, '--policy', rig.file('p.json', POLICY), '--db', rig.db, '--server', 'dual'];
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [...args, '--', process.execPath, DUAL_ERA, join(packages, 'server')],
    env: rig.env() as Record<string, string>,
    stderr: 'pipe',
  });
  const client = new Client(
    { name: 'approver', version: '1' },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
  );
  let asked = 0;
  client.setRequestHandler('elicitation/create', ({ params }: Message) => {
    const fields = params.requestedSchema.properties;
    if (fields.decision) asked++;
    return answer(fields);
  });
  await client.connect(transport);
  const result = await client.callTool({ name: tool, arguments: {} });
  await client.close();
  return { asked, code: result._meta?.['policy-wrap/decision']?.code, text: result.content[0].text };
}

describe('G10: a client 2.x asks its person', () => {
  test.each([
    ['in the handshake era', 'legacy'],
    ['in 2026-07-28', { pin: '2026-07-28' }],
    ['after negotiation', 'auto'],
  ])('%s', async (_, mode) => {
    const allowed = await call(mode, 'test_simple_text', slowly(allow));
    expect(allowed).toMatchObject({ asked: 1, code: undefined });
    expect(allowed.text).toContain('simple text');
    expect(
      await call(
        mode,
        'test_simple_text',
        slowly(() => ({ action: 'decline' })),
      ),
    ).toMatchObject({
      asked: 1,
      code: 'APPROVAL_REJECTED',
    });
    expect(await call(mode, 'test_simple_text', () => ({ action: 'decline' }))).toMatchObject({
      asked: 1,
      code: 'APPROVAL_REQUIRED',
    });
    for (const [content, code] of [
      [{}, 'APPROVAL_REQUIRED'],
      [{ decision: 'deny' }, 'APPROVAL_REJECTED'],
    ] as const) {
      expect(
        await call(
          mode,
          'test_simple_text',
          slowly(() => ({ action: 'accept', content })),
        ),
      ).toMatchObject({ asked: 1, code });
    }
  });

  test("once, also where the server's own question makes the client call again", async () => {
    const result = await call({ pin: '2026-07-28' }, 'test_input_required_result_elicitation', slowly(allow));
    expect(result).toMatchObject({ asked: 1, code: undefined });
    expect(result.text).toContain('Ana');
  });
});
