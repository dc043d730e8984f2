import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { EXIT } from '../../errors.js';
import { connect as connectDatabase } from '../../store/sqlite/driver.js';
import { printable } from '../../text/escape.js';
import { printJson } from '../json-output.js';
import type { Terminal } from '../terminal.js';
import { endAbruptly, thisWrapper } from '../this-installation.js';

/** The pasted policy: 30 calls of `track_logout` a minute, nothing else. */
const POLICY = `{ "version": "1", "default": "deny",
  "tools": { "track_logout": { "limits": [
    { "counter": "track_logout_rate", "window": "minute", "max": 30, "scope": "grant" } ] } } }
`;
const MAX = 30;
const CALLS = 35;

/** One thing that the demo promises, and whether it was seen. */
interface Check {
  readonly name: string;
  readonly held: boolean;
  readonly seen: string;
}

/**
 * Wraps the bundled stand-in server with the pasted policy and drives it with the SDK's own client, in a temporary
 * folder that is removed afterwards.
 *
 * @returns 0 only if everything that it shows was so
 */
export async function demo({ json }: { readonly json?: boolean }, io: Terminal): Promise<number> {
  // Without a database every call is refused, and each of them would say why.
  connectDatabase(':memory:', 0).close();
  const folder = await mkdtemp(join(tmpdir(), 'policy-wrap-demo-'));
  const say = async (text: string) => {
    if (!json) await io.out.write(`${text}\n`);
  };
  const checks: Check[] = [];
  const check = async (name: string, held: boolean, seen: string) => {
    checks.push({ name, held, seen });
    await say(`  ${held ? 'ok  ' : 'FAIL'}  ${name}\n        ${seen}`);
  };
  try {
    const policy = join(folder, 'policy.json');
    const journal = join(folder, 'journal.jsonl');
    await writeFile(policy, POLICY);
    await writeFile(journal, '');
    await say('A stand-in server with the tools of mcp-afip and track_logout, wrapped with this policy:\n');
    await say(POLICY.replace(/^/gm, '    ').trimEnd());
    await say('');

    const first = await connect(folder, policy, journal, io);
    const { tools } = await first.client.listTools();
    await check(
      'the client sees the tools of the server',
      tools.length > 20,
      `${tools.length} tools, track_logout among them`,
    );

    const answers = [];
    for (let i = 0; i < CALLS; i++) answers.push(await logout(first.client));
    const passed = answers.filter((answer) => !answer.refused).length;
    await check(
      `${MAX} of ${CALLS} calls to track_logout in a row pass`,
      passed === MAX,
      `${passed} passed, ${CALLS - passed} refused`,
    );
    const refusal = answers.at(-1);
    await check(
      'the refusal says why, and when the next call is possible',
      refusal?.code === 'LIMIT' && (refusal.retryAfterMs ?? 0) > 0,
      refusal?.text ?? '',
    );
    const invoice = await call(first.client, 'create_invoice', {
      point_of_sale: 1,
      invoice_type: 11,
      amount_total: 500_000,
    });
    await check(
      'a tool that the policy does not list is refused: no invoice in a loop',
      invoice.code === 'NOT_LISTED',
      invoice.text,
    );
    first.kill();

    const second = await connect(folder, policy, journal, io);
    const again = await logout(second.client);
    await check('killing and restarting the wrapper gives no fresh 30', again.code === 'LIMIT', again.text);
    await second.client.close();

    const arrived = (await readFile(journal, 'utf8')).split('\n').filter(Boolean).length;
    await check('the server saw exactly the calls that passed', arrived === MAX, `${arrived} calls arrived`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const held = checks.every((one) => one.held);
  if (json) await printJson(io, { held, checks });
  else
    await say(
      held
        ? '\nAll of it held. Next: policy-wrap init -- <your server>'
        : '\nSomething did not hold: please report it.',
    );
  return held ? EXIT.done : EXIT.failed;
}

async function connect(
  folder: string,
  policy: string,
  journal: string,
  { env }: Terminal,
): Promise<{ client: Client; kill: () => void }> {
  const { node, script } = thisWrapper();
  const transport = new StdioClientTransport({
    command: node,
    args: [
      ...[script, '--policy', policy, '--db', join(folder, 'policy-wrap.db'), '--server', 'demo'],
      ...['--', node, script, 'stand-in', 'demo'],
    ],
    env: { ...(env as Record<string, string>), POLICY_STAND_IN_JOURNAL: journal },
    stderr: 'inherit',
  });
  const client = new Client({ name: 'policy-wrap-demo', version: '1.0.0' });
  await client.connect(transport);
  const kill = () => {
    if (transport.pid !== null) endAbruptly(transport.pid);
  };
  return { client, kill };
}

interface Answer {
  readonly refused: boolean;
  readonly text: string;
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
}

const logout = (client: Client) => call(client, 'track_logout', { account_id: 'demo' });

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<Answer> {
  const result = await client.callTool({ name, arguments: args });
  const decision = result._meta?.['policy-wrap/decision'] as
    | { code?: string; retryAfterMs?: number }
    | undefined;
  const [content] = result.content as { text?: string }[];
  return {
    refused: result.isError === true,
    text: printable(content?.text ?? ''),
    code: decision?.code,
    retryAfterMs: decision?.retryAfterMs,
  };
}
