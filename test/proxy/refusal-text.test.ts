import { describe, expect, test } from 'vitest';
import { Decimal } from '../../src/json/decimal.js';
import { refusedCall } from '../../src/proxy/refusal-text.js';
import type { ApprovalEntry, Exceeded } from '../../src/store/store.js';
import { DECISION_KEY, refusalLine } from '../../src/wire/answers.js';
import type { ToolCall } from '../../src/wire/message.js';
import { charge, limit, open } from '../store/support-shapes.js';

const NOW = Date.UTC(2026, 10, 22, 11);
const BREAKER = limit({ max: 3, windowMs: 600_000, windowText: '10m', refund: 'on_success' });

function told(changes: Partial<Exceeded>): { text: string; decision: Record<string, unknown> } {
  const exceeded: Exceeded = {
    charge: charge(BREAKER),
    used: Decimal.from(3),
    retryAt: undefined,
    inFlight: undefined,
    clockWas: undefined,
    ...changes,
  };
  const call = { kind: 'call', id: 1, name: 'pay' } as unknown as ToolCall;
  const refused = refusedCall(call, open(charge(BREAKER)), { kind: 'exceeded', row: 7, exceeded });
  const { result } = JSON.parse(refusalLine(1, 'legacy', false, refused, NOW));
  return { text: result.content[0].text, decision: result._meta[DECISION_KEY] };
}

describe('what is told of a limit', () => {
  test('G5: calls in flight are named, and no time is', () => {
    const { text, decision } = told({ inFlight: Decimal.from(2) });
    expect(text).toContain('3 of 3 calls per 10m used, 2 of it by calls that are still in flight.');
    expect(text).toContain('The next call is possible when one of them ends well.');
    expect(text).not.toMatch(/never pass|Next call possible in|before then/);
    expect(decision).toMatchObject({ inFlight: 2, used: 3 });
    expect(decision).not.toHaveProperty('retryAt');
  });

  test('a time where there is one, and that it never passes where it does not', () => {
    expect(told({ retryAt: NOW + 5000 }).text).toContain(
      'Next call possible in 5 s (2026-11-22T11:00:05.000Z).',
    );
    expect(told({ retryAt: NOW + 5000 }).text).toContain('before then');
    expect(told({}).text).toContain('A call of this size can never pass.');
    for (const changes of [{}, { isBarred: true }]) expect(told(changes).text).not.toContain('before then');
  });

  test('a clock that was set back is named, with what mends it', () => {
    const clockWas = Date.UTC(2099, 0, 1);
    const { text, decision } = told({ retryAt: clockWas + 600_000, clockWas });
    expect(text).toContain("This machine's clock has said 2099-01-01T00:00:00.000Z before and was set back");
    expect(text).not.toContain('policy-wrap');
    expect(decision).toMatchObject({ clockWas: '2099-01-01T00:00:00.000Z' });
    expect(told({ retryAt: NOW }).decision).not.toHaveProperty('clockWas');
  });
});

test("a limit on the same call does not say that other calls are refused, and the author's words end before what happened", () => {
  const call = { kind: 'call', id: 1, name: 'echo' } as unknown as ToolCall;
  const perCall = { text: 'args', root: 'args', steps: [] } as const;
  const exceeded: Exceeded = {
    charge: charge(limit({ max: 5, windowText: '10 minutes', per: [perCall], onDeny: 'no echo today' })),
    used: Decimal.from(5),
    retryAt: NOW + 5000,
    inFlight: undefined,
    clockWas: undefined,
  };
  const refused = refusedCall(call, open(), { kind: 'exceeded', row: 7, exceeded });
  const { result } = JSON.parse(refusalLine(1, 'legacy', false, refused, NOW));
  expect(result.content[0].text).toContain(
    '[POLICY DENIED] no echo today. echo: 5 of 5 calls with these arguments per 10 minutes used. Next such call possible in 5 s',
  );
});

test.each([
  ['APPROVAL_REJECTED', 'a person rejected this call: too much'],
  ['APPROVAL_EXPIRED', 'approval ab12cd has expired'],
] as const)('G10: %s says what became of the approval', (code, explanation) => {
  const approval = { id: 'ab12cd', rule: '/tools/pay', note: 'too much' } as ApprovalEntry;
  const call = { kind: 'call', id: 1, name: 'pay' } as unknown as ToolCall;
  expect(refusedCall(call, open(), { kind: 'refused', row: 7, code, approval })).toMatchObject({
    code,
    rule: '/tools/pay',
    explanation,
  });
});

describe('a form that nobody answered in time', () => {
  const explained = (channels: string[], form?: Parameters<typeof refusedCall>[3]) => {
    const approval = { id: 'ab12cd', rule: '/tools/pay', channels, expiresAt: NOW + 600_000 };
    const call = { kind: 'call', id: 1, name: 'pay' } as unknown as ToolCall;
    const admitted = { kind: 'asked', row: 7, approval: approval as unknown as ApprovalEntry, isNew: true };
    return refusedCall(call, open(), admitted as unknown as Parameters<typeof refusedCall>[2], form)
      .explanation;
  };

  test('says until when the question stays open and how the user goes on, and names no command', () => {
    const text = explained(['client', 'queue'], { kind: 'unanswered' });
    expect(text).toContain('nobody answered the question in the client in time');
    expect(text).toContain('stays open until 2026-11-22T11:10:00.000Z as approval ab12cd');
    expect(text).toContain('in a terminal of their own, or answer when exactly this call is made again');
    expect(text).not.toContain('policy-wrap approve');
  });

  test('offers no terminal where the policy asks in the client alone', () => {
    const text = explained(['client'], { kind: 'unanswered' });
    expect(text).toContain('the user is asked again when exactly this call is made again');
    expect(text).not.toContain('terminal');
  });

  test('is another thing than a value that was mistyped', () => {
    const text = explained(['client'], { kind: 'mistyped', expected: 'It is a number with two decimals.' });
    expect(text).toContain(
      'another value was typed than the one that was asked for, so nothing was approved',
    );
    expect(text).toContain('It is a number with two decimals.');
  });
});
