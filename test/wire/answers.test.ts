import { describe, expect, test } from 'vitest';
import {
  errorLine,
  type RefusedCall,
  refusalLine,
  unknownResourceLine,
  unknownToolLine,
} from '../../src/wire/answers.js';

const NOW = Date.UTC(2026, 10, 22, 11);
const REFUSED: RefusedCall = {
  code: 'LIMIT',
  rule: '/tools/pay/limits/c',
  tool: 'pay',
  authorText: 'Ask Ana.',
  explanation: '1 of 1 calls per minute used',
  auditId: '7',
  limit: { counter: 'c', max: 1, used: 1, windowMs: 60_000, retryAt: NOW + 1001 },
};
const refusal = (changes: Partial<RefusedCall> = {}, era: 'legacy' | 'modern' = 'legacy', asError = false) =>
  JSON.parse(refusalLine(1, era, asError, { ...REFUSED, ...changes }, NOW));

describe('a refusal', () => {
  test('says who, what, when and by which rule, the author first; and the same for programs', () => {
    const { id, result } = refusal();
    expect(id).toBe(1);
    expect(result.content[0].text).toBe(
      '[POLICY DENIED] Ask Ana. pay: 1 of 1 calls per minute used. Next call possible in 2 s (2026-11-22T11:00:01.001Z). Rule: /tools/pay/limits/c. Do not repeat the call before then.',
    );
    expect(result).toMatchObject({
      isError: true,
      _meta: {
        'policy-wrap/decision': {
          version: 1,
          decision: 'deny',
          code: 'LIMIT',
          retryAfterMs: 1001,
          auditId: '7',
        },
      },
    });
    expect(Object.keys(result)).toEqual(['content', 'isError', '_meta']);
    expect(refusal({}, 'modern').result.resultType).toBe('complete');
  });

  test('names no time that it does not have', () => {
    for (const code of ['LIMIT', 'HOURS', 'AFTER', 'BEFORE'] as const) {
      const text = refusal({ code, limit: undefined }).result.content[0].text;
      expect(text).not.toContain('then');
    }
    const { text } = refusal({ code: 'HOURS', limit: undefined, demand: { retryAt: NOW + 1001 } }).result
      .content[0];
    expect(text).toContain('before then');
  });

  test('tells of a limit what holds it, and only that', () => {
    const limit = { counter: 'c', max: 1, used: 1, windowMs: 60_000, retryAt: undefined };
    const told = (more: Partial<NonNullable<RefusedCall['limit']>>) =>
      refusal({ limit: { ...limit, ...more } }).result;
    const decision = (more: object) => told(more)._meta['policy-wrap/decision'];
    expect(Object.keys(decision({}))).toEqual([
      'version',
      'decision',
      'code',
      'rule',
      'counter',
      'max',
      'used',
      'windowMs',
      'auditId',
    ]);
    expect(decision({ inFlight: 0 })).toMatchObject({ inFlight: 0 });
    expect(decision({ clockWas: NOW })).toMatchObject({ clockWas: '2026-11-22T11:00:00.000Z' });
    expect(told({}).content[0].text).toContain('A call of this size can never pass.');
    expect(told({ isBarred: true }).content[0].text).not.toContain('never pass');
    expect(told({ inFlight: 1, isBarred: true }).content[0].text).toMatch(
      /possible when one of them ends well\. Rule: .* Wait for the calls that you have made\.$/,
    );
    expect(told({ retryAt: NOW - 5000, isSplit: true }).content[0].text).toContain(
      'Next such call possible in 1 s (',
    );
    expect(decision({ retryAt: NOW - 5000 })).toMatchObject({ retryAfterMs: 0 });
  });

  test.each([
    ['LIMIT', 42900, 'deny'],
    ['APPROVAL_REQUIRED', 40100, 'ask'],
    ['APPROVAL_REJECTED', 40100, 'deny'],
    ['APPROVAL_EXPIRED', 40100, 'deny'],
    ['NOT_LISTED', 40300, 'deny'],
    ['INTERNAL', 40300, 'deny'],
  ] as const)('%s of a call that waits for a task is error %i', (code, number, decision) => {
    const { error, result } = refusal({ code, limit: undefined }, 'legacy', true);
    expect(result).toBeUndefined();
    expect(error).toMatchObject({ code: number, data: { code, decision } });
  });

  test('has no id where none is known, and escapes what it names', () => {
    expect(JSON.parse(errorLine(undefined, -32600, 'x'))).toEqual({
      jsonrpc: '2.0',
      error: { code: -32600, message: 'x' },
    });
    expect(errorLine(0, -32600, 'x')).toContain('"id":0');
    expect(JSON.parse(unknownToolLine('a', 'b\u202e')).error.message).toBe('Unknown tool: b\\u{202e}');
    expect(refusal({ authorText: '\u001b[2J' }).result.content[0].text).not.toContain('\u001b');
  });
});

test('G6: a hidden resource is not found, by the number that its revision has for it', () => {
  const told = (era: 'legacy' | 'modern') => JSON.parse(unknownResourceLine(1, era, 'memo://a')).error;
  expect(told('legacy')).toEqual({ code: -32002, message: 'Resource not found', data: { uri: 'memo://a' } });
  expect(told('modern').code).toBe(-32602);
});
