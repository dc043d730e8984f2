import { writeFile } from 'node:fs/promises';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { count } from '../../text/count.js';
import type { Terminal } from '../terminal.js';
import { arrived, call, connect, type Stage } from './client.js';

/** The pasted policy: 30 calls of `track_logout` a minute, nothing else. */
const POLICY = `{ "version": "1", "default": "deny",
  "tools": { "track_logout": { "limits": [
    { "counter": "track_logout_rate", "window": "minute", "max": 30, "scope": "grant" } ] } } }
`;
const MAX = 30;
const CALLS = 35;

const logout = (client: Client) => call(client, 'track_logout', { account_id: 'demo' });

/** The pasted policy: a limit that neither a loop nor a new start gets around. */
export async function showLimit(stage: Stage, io: Terminal): Promise<void> {
  const { say, check } = stage;
  await writeFile(stage.policy, POLICY);
  await say('A stand-in server with the tools of mcp-afip and track_logout, wrapped with this policy:\n');
  await say(POLICY.replace(/^/gm, '    ').trimEnd());
  await say('');

  const first = await connect(stage, io);
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

  const second = await connect(stage, io);
  const again = await logout(second.client);
  await check('killing and restarting the wrapper gives no fresh 30', again.code === 'LIMIT', again.text);
  await second.client.close();

  const calls = await arrived(stage);
  await check(
    'the server saw exactly the calls that passed',
    calls === MAX,
    `${count(calls, 'call')} arrived`,
  );
}
