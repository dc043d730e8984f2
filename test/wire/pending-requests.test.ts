import { describe, expect, test } from 'vitest';
import { scan } from '../../src/json/strict.js';
import { McpSession } from '../../src/wire/mcp-session.js';
import { isId, parseClientMessage } from '../../src/wire/message.js';
import { PENDING_MAX, PendingRequests } from '../../src/wire/pending-requests.js';

describe('PendingRequests', () => {
  test('keeps numbers and strings apart, and answers once', () => {
    const pending = new PendingRequests<string>();
    pending.add(5, 'number');
    pending.add('5', 'string');
    expect([pending.take('5'), pending.take('5'), pending.take(5)]).toEqual(['string', undefined, 'number']);
  });

  test('finds a request under the other type only where nothing else is meant', () => {
    const pending = new PendingRequests<string>();
    pending.add(5, 'number');
    expect(['5', '05', ' 5', '5.0', '0x5', '5e0', 6].map((id) => pending.aliasOf(id))).toEqual([
      5,
      ...Array(6).fill(undefined),
    ]);
  });

  test('forgets the older half of too many', () => {
    const pending = new PendingRequests<number>();
    for (let i = 0; i < PENDING_MAX; i++) pending.add(i, i);
    expect([pending.size, pending.has(0)]).toEqual([PENDING_MAX, true]);
    pending.add('one more', 0);
    expect(pending.size).toBe(PENDING_MAX / 2);
    expect([pending.has(0), pending.has(PENDING_MAX - 1), pending.has('one more')]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('owes nothing to who cancelled, and still knows a late answer', () => {
    const pending = new PendingRequests<string>();
    pending.add(0, 'cancelled');
    pending.add(1, 'waiting');
    expect(pending.cancel(0)).toBe('cancelled');
    expect(pending.has(0)).toBe(true);
    expect(pending.drain()).toEqual([[1, 'waiting']]);
  });

  test('says which request it forgets when too many are cancelled', () => {
    const forgotten: string[] = [];
    const pending = new PendingRequests<string>((request) => forgotten.push(request));
    for (let id = 0; id < 1002; id++) {
      pending.add(id, `request ${id}`);
      pending.cancel(id);
    }
    expect(forgotten).toEqual(['request 0', 'request 1']);
    expect(pending.has(1)).toBe(false);
  });
});

test('G6 G7: the filter of lists is armed for lists that may still come, not for ever after a thousand were cancelled', () => {
  const session = new McpSession();
  for (let id = 0; id < 2000; id++) {
    session.addRequest(id, 'tools/list', 'legacy');
    session.cancel(id);
  }
  expect(session.listPending).toBe(true);
  for (let id = 0; id < 2000; id++) session.takeSentRequest(id);
  expect(session.listPending).toBe(false);
});

test.each([
  ['0', true],
  ['-0', true],
  ['9007199254740991', true],
  ['9007199254740992', false],
  ['1.5', false],
  ['""', true],
  [JSON.stringify('x'.repeat(1000)), true],
  [JSON.stringify('x'.repeat(1001)), false],
  ['null', false],
  ['[1]', false],
])('G2: %s as an id', (text, allowed) => {
  expect(isId(JSON.parse(text))).toBe(allowed);
  const { kind } = parseClientMessage(scan(Buffer.from(`{"jsonrpc":"2.0","id":${text},"method":"ping"}`)));
  expect(kind).toBe(allowed ? 'request' : 'refused');
});
