import { describe, expect, test } from 'vitest';
import { PACKED_HINT } from '../../src/config/bundle.js';
import { Decimal } from '../../src/json/decimal.js';
import type { Evaluation } from '../../src/policy/call.js';
import { CODES } from '../../src/policy/codes.js';
import type { TeamStanding } from '../../src/policy/remedy.js';
import { RefusalNotices } from '../../src/proxy/refusal-notices.js';
import { refusedCall } from '../../src/proxy/refusal-text.js';
import type { Admitted, ApprovalEntry, Exceeded } from '../../src/store/store.js';
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
    expect(text).toBe(
      'another value was typed than the one that was asked for, so nothing was approved. It is a number with two decimals. The question stays open until 2026-11-22T11:10:00.000Z (approval ab12cd): the user is asked again when exactly this call is made again',
    );
  });

  test('has its sentences apart', () => {
    expect(explained(['client'], { kind: 'unanswered' })).toMatch(
      /in the client in time\. The question stays/,
    );
  });

  test('before it, whoever reads the answer knows where a person is asked', () => {
    expect(explained(['queue'])).toBe('a person must approve this call (approval ab12cd)');
    expect(explained(['client'])).toBe('a person must approve this call in the client (approval ab12cd)');
  });
});

describe('why a call was refused', () => {
  type Refused = Extract<Admitted, { kind: 'refused' }>;
  const why = (refused: Partial<Refused>, evaluation: Evaluation = open()) =>
    refusedCall({ kind: 'call', id: 1, name: 'pay' } as unknown as ToolCall, evaluation, {
      kind: 'refused',
      row: 7,
      code: 'PAUSED',
      approval: undefined,
      ...refused,
    } as Refused);
  const denied = (code: 'STORE' | 'DENY_IF'): Evaluation => ({
    kind: 'refused',
    refusal: { code, rule: '/tools/pay/deny_if/0', authorText: 'No.', explanation: 'the policy says so' },
  });

  test.each(['PAUSED', 'CHANGED'] as const)('%s is said whatever the policy says of the tool', (code) => {
    const { rule, explanation } = CODES[code];
    expect(why({ code }, denied('DENY_IF'))).toMatchObject({
      code,
      rule,
      authorText: undefined,
      explanation,
    });
    expect(why({ code, why: 'it has other arguments' })).toMatchObject({
      code,
      explanation: 'it has other arguments',
    });
  });

  test('the store of a team that cannot be reached is told apart from one that the policy does not count in', () => {
    expect(why({ code: 'STORE', why: 'it is not reached' }, denied('DENY_IF'))).toMatchObject({
      rule: CODES.STORE.rule,
      explanation: 'it is not reached',
    });
    expect(why({ code: 'STORE' }, denied('STORE'))).toMatchObject({
      rule: '/tools/pay/deny_if/0',
      explanation: 'the policy says so',
    });
  });

  test('what the policy says, else what asks a person, else that one must be asked', () => {
    const ask = { code: 'APPROVAL_REQUIRED', rule: '/tools/pay/action', explanation: 'look' } as const;
    const asks: Evaluation = { kind: 'open', charges: [], ask: { ...ask, authorText: 'Ana knows.' } };
    expect(why({ code: 'DENY_IF' }, denied('DENY_IF'))).toMatchObject({ authorText: 'No.' });
    expect(why({ code: 'APPROVAL_REQUIRED' }, asks)).toMatchObject({ rule: '/tools/pay/action' });
    expect(why({ code: 'APPROVAL_REQUIRED' })).toMatchObject({ rule: CODES.APPROVAL_REQUIRED.rule });
  });

  test('a rejection without a note ends there', () => {
    const approval = { id: 'ab12cd', rule: '/tools/pay' } as ApprovalEntry;
    expect(why({ code: 'APPROVAL_REJECTED', approval }).explanation).toBe('a person rejected this call');
  });

  test('a row of this machine’s own log, where a team decides, is not named as one of the team’s', () => {
    expect([why({ row: 7 }), why({ row: -7 })].map(({ auditId }) => auditId)).toEqual(['7', 'local-7']);
  });
});

describe('what a person is told of a refusal, on stderr', () => {
  const HIDDEN: Evaluation = { kind: 'hidden' };
  const refused = (code: string, more: object = {}) =>
    ({ kind: 'refused', row: 7, code, approval: undefined, ...more }) as unknown as Exclude<
      Admitted,
      { kind: 'allowed' }
    >;
  const asked = (id: string) =>
    ({ kind: 'asked', row: 7, approval: { id } }) as unknown as ReturnType<typeof refused>;
  const exceeded = (clockWas: number | undefined) =>
    ({ kind: 'exceeded', row: 7, exceeded: { charge: charge(BREAKER), clockWas } }) as ReturnType<
      typeof refused
    >;

  function notices(team?: TeamStanding, isPacked = false) {
    const warnings: string[] = [];
    const told = new RefusalNotices({
      server: 'afip',
      warn: (text) => warnings.push(text),
      team: () => team,
      isPacked: () => isPacked,
    });
    return (admitted: ReturnType<typeof refused>, evaluation = open(), tool = 'pay') => {
      told.tell(tool, evaluation, admitted, () => undefined);
      return warnings.splice(0);
    };
  }

  test('the command that would let it through, once for each tool and reason', () => {
    const tell = notices();
    const denied = ['pay was refused (ACTION_DENY); to let it through: policy-wrap allow afip pay'];
    expect(tell(refused('ACTION_DENY'))).toEqual(denied);
    expect(tell(refused('ACTION_DENY'))).toEqual([]);
    expect(tell(refused('NOT_LISTED'))).toHaveLength(1);
    expect(tell(refused('ACTION_DENY'), open(), 'send')).toHaveLength(1);
    expect(tell(refused('NOT_LISTED'), HIDDEN)).toEqual([
      'pay is hidden; to let it through: policy-wrap allow afip pay',
    ]);
  });

  test('G10: each approval with its own', () => {
    const tell = notices();
    expect(tell(asked('ab12cd'))).toEqual([
      'pay waits for a person; to let it through: policy-wrap approve ab12cd',
    ]);
    expect(tell(asked('ef34gh'))).toHaveLength(1);
    expect(tell(asked('ab12cd'), open(), 'other')).toEqual([]);
  });

  test('nothing where no command helps', () => {
    expect(notices()(refused('REQUIRE'))).toEqual([]);
    expect(notices(undefined, true)(refused('REQUIRE'))).toEqual([]);
  });

  test('a policy that came in a bundle is edited by no command, and what does not hang on it is mended as ever', () => {
    const tell = notices(undefined, true);
    expect(tell(refused('ACTION_DENY'))).toEqual([
      `pay was refused (ACTION_DENY); its policy came in a bundle: ${PACKED_HINT}`,
    ]);
    expect(tell(refused('NOT_LISTED'), HIDDEN)).toEqual([
      `pay is hidden; its policy came in a bundle: ${PACKED_HINT}`,
    ]);
    expect(tell(refused('PAUSED'))).toEqual([
      'pay was refused (PAUSED); to let it through: policy-wrap resume',
    ]);
  });

  test('a clock that was set back is mended on this machine, and not in a team’s store', () => {
    expect(notices()(exceeded(NOW))).toEqual([
      'pay was refused (LIMIT); to let it through: policy-wrap reset --clock (once the clock is right)',
    ]);
    const owner = { store: 'ventas', roles: ['owner'] };
    expect(notices(owner)(exceeded(NOW))).toEqual([]);
    expect(notices(owner)(exceeded(undefined))).toEqual([
      'pay was refused (LIMIT); to let it through: policy-wrap reset track_logout_rate --server afip --store ventas',
    ]);
  });

  test('in a team, what the role of this login may do; an approval is named for whoever has the role', () => {
    const tell = notices({ store: 'ventas', roles: ['member'] });
    expect(tell(asked('ab12cd'))).toEqual([
      'pay waits for somebody with the role approver (approval ab12cd)',
    ]);
    expect(tell(refused('PAUSED'))).toEqual([]);
    // A pause of this machine is another one.
    expect(tell(refused('PAUSED', { isPausedHere: true }))).toEqual([
      'pay was refused (PAUSED); to let it through: policy-wrap resume --here',
    ]);
    expect(notices({ store: 'ventas', roles: ['approver'] })(asked('ab12cd'))).toEqual([
      'pay waits for a person; to let it through: policy-wrap approve ab12cd --store ventas',
    ]);
  });

  test('invented names fill no screen', () => {
    const tell = notices();
    const told = Array.from({ length: 250 }, (_, n) => tell(refused('NOT_LISTED'), open(), `t${n}`));
    expect(told.flat()).toHaveLength(200);
    expect(told[200]).toEqual([]);
  });
});
