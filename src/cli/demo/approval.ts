import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { count } from '../../text/count.js';
import type { Terminal } from '../terminal.js';
import { thisWrapper } from '../this-installation.js';
import { arrived, call, connect, type Stage } from './client.js';

const POLICY = `{ "version": "1", "default": "deny",
  "tools": { "create_invoice": { "action": "approve", "reason": "A person says yes to each invoice." } } }
`;
const INVOICE = {
  ...{ point_of_sale: 1, invoice_type: 11, concept: 1, doc_type: 96, doc_number: 30111222 },
  ...{ amount_total: 1250, amount_net: 1250, amount_iva: 0 },
};

const NOT_APPROVED = `You approved nothing, so nothing passed. To see a call go through, once: policy-wrap demo --approve, and type ${INVOICE.amount_total}.`;

/**
 * An approval: a call is held, the person at this terminal lets it through, and one changed digit is refused.
 *
 * @returns what was not shown, since the person did not approve
 */
export async function showApproval(stage: Stage, io: Terminal): Promise<string | undefined> {
  const { say, check } = stage;
  await writeFile(stage.policy, POLICY);
  await say('A stand-in server with the tools of mcp-afip, wrapped with this policy:\n');
  await say(POLICY.replace(/^/gm, '    ').trimEnd());
  await say('');
  const { client } = await connect(stage, io);
  await client.listTools();
  const held = await call(client, 'create_invoice', INVOICE);
  const { approvalId = '' } = held;
  await check(
    'an invoice waits for you, and the model is told so',
    held.code === 'APPROVAL_REQUIRED',
    held.text,
  );
  await say(`\nYou decide, in a terminal of your own. This is one:\n\n$ policy-wrap approve ${approvalId}`);
  const { node, script } = thisWrapper();
  // The command itself, as a person runs it.
  const approve = [script, 'approve', approvalId, '--db', join(stage.folder, 'policy-wrap.db')];
  const { exitCode } = await execa(node, approve, { stdio: 'inherit', reject: false });
  await say('');
  const approved = exitCode === 0;
  const other = { ...INVOICE, amount_total: INVOICE.amount_total + 1 };
  const changed = await call(client, 'create_invoice', other);
  await check(
    'the same invoice with one digit changed is refused: it needs its own approval',
    changed.code === 'APPROVAL_REQUIRED' && changed.approvalId !== approvalId,
    changed.text,
  );
  const again = await call(client, 'create_invoice', INVOICE);
  if (approved) {
    await check('the invoice that you saw goes through', !again.refused, again.text);
    const once = await call(client, 'create_invoice', INVOICE);
    await check('and only once', once.refused, once.text);
  } else await check('without your yes the invoice does not go through', again.refused, again.text);
  await client.close();
  const calls = await arrived(stage);
  await check(
    approved ? 'the server saw exactly what you approved' : 'the server saw nothing',
    calls === (approved ? 1 : 0),
    `${count(calls, 'call')} arrived`,
  );
  return approved ? undefined : NOT_APPROVED;
}
