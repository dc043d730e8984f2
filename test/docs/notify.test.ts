import { expect, test } from 'vitest';
import { messageOf, payloadOf } from '../../src/notify/message.js';
import { approvalNotice, EVENTS } from '../../src/notify/notice.js';
import type { ApprovalEntry } from '../../src/store/store.js';
import { blocksOf, textOf } from '../support/documents.js';

test('the body of a webhook that docs/notify.md shows is what is sent', () => {
  const shown = blocksOf('docs/notify.md').find(({ info }) => info === 'json message')?.text ?? '';
  const { host, id, text, ...same } = JSON.parse(shown);
  const at = Date.parse(same.at);
  const entry = {
    id: same.approval.id,
    tool: same.tool,
    rule: same.rule,
    reason: 'Invoices need a look.',
    arguments: '{"amount_total":1}',
    expiresAt: at + 600_000,
  } as ApprovalEntry;
  const message = messageOf(approvalNotice(same.server, entry, at), { id, at, link: undefined }, false);
  const sent = JSON.parse(JSON.stringify(payloadOf(message)));
  expect(sent).toMatchObject({ ...same, id });
  expect(Object.keys(sent).sort()).toEqual(Object.keys(JSON.parse(shown)).sort());
  expect(sent.text.startsWith(text.replace(/\.\.\.$/, ''))).toBe(true);
  expect(host).not.toBe('');
});

test('docs/notify.md tells every event', () => {
  const [, table = ''] =
    /## What is told\n\n\| event [\s\S]*?\n\|[-|]+\n((?:\|.*\n)+)/.exec(textOf('docs/notify.md')) ?? [];
  expect([...table.matchAll(/^\| `(\w+)`/gm)].map(([, event]) => event)).toEqual([...EVENTS]);
});
