import { describe, expect, test } from 'vitest';
import { errorLine, type RefusedCall, refusalLine, unknownToolLine } from '../../src/wire/answers.js';

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
