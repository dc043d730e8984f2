import { describe, expect, test } from 'vitest';
import { stack } from '../../src/policy/evaluate/layers.js';
import { counterOf, mendOf, type RefusedBy, remedyFor, type Unlifted } from '../../src/policy/remedy.js';
import { standingOf } from '../../src/policy/standing.js';
import { policyOf } from './support.js';

describe('the command that lets a refused call through', () => {
  const listed: Partial<RefusedBy> = { code: 'NOT_LISTED', rule: '(default deny)' };
  const limited: Partial<RefusedBy> = { code: 'LIMIT', rule: '/tools/pay/limits/spend' };
  const paused: Partial<RefusedBy> = { code: 'PAUSED', rule: '(paused)' };
  const unapproved: Partial<RefusedBy> = { code: 'APPROVAL_REQUIRED', rule: '/tools/pay/approve_if/0' };

  test.each<[Partial<RefusedBy>, string | undefined]>([
    [listed, 'policy-wrap allow afip pay'],
    [{ code: 'NO_POLICY', rule: '(no policy)' }, 'policy-wrap allow afip pay'],
    [{ code: 'ACTION_DENY', rule: '/tools/pay' }, 'policy-wrap allow afip pay'],
    [{ rule: '(hidden)' }, 'policy-wrap allow afip pay'],
    [{ rule: '(hidden)', standing: { kind: 'hidden', by: undefined } }, 'policy-wrap allow afip pay'],
    [{ rule: '(hidden)', standing: { kind: 'hidden', by: 'pa*' } }, "policy-wrap allow afip 'pa*'"],
    [{ ...listed, standing: { kind: 'closed' } }, 'policy-wrap allow afip pay'],
    // That command would do nothing.
    [{ ...listed, standing: { kind: 'open' } }, undefined],
    [{ ...listed, standing: { kind: 'elsewhere' } }, undefined],
    [{ ...listed, standing: { kind: 'absent' } }, undefined],
    [{ ...listed, isPacked: true }, undefined],
    [{ rule: '(hidden)', isPacked: true }, undefined],
    [{ ...listed, tool: 'resource:file:///a' }, undefined],
    [{ ...listed, tool: 'prompt:greet' }, undefined],
    // Conditions are edited in the file; a rule without any refuses every call.
    [{ code: 'DENY_IF', rule: '/tools/pay/deny_if/0' }, undefined],
    [
      { code: 'DENY_IF', rule: '/tools/pay/deny_if/0', standing: { kind: 'closed' } },
      'policy-wrap allow afip pay',
    ],
    [{ code: 'DENY_IF', rule: '/tools/pay/deny_if/0', standing: { kind: 'open' } }, undefined],
    [{ code: 'REQUIRE', rule: '/tools/pay/require/0' }, undefined],
    [{}, undefined],
    [paused, 'policy-wrap resume'],
    [{ ...paused, isPausedHere: true }, 'policy-wrap resume --here'],
    [{ code: 'CHANGED', rule: '(changed)' }, 'policy-wrap trust afip pay'],
    [limited, 'policy-wrap reset spend --server afip'],
    [{ code: 'LIMIT', rule: '/tools/pay' }, undefined],
    [{ code: 'LIMIT' }, undefined],
    [{ ...unapproved, approval: 'A7' }, 'policy-wrap approve A7'],
    [unapproved, undefined],
  ])('%o: %s', (refused, command) => {
    expect(remedyFor({ code: undefined, rule: undefined, server: 'afip', tool: 'pay', ...refused })).toBe(
      command,
    );
  });

  test.each<[Partial<RefusedBy>, role: string, string]>([
    [paused, 'approver', 'policy-wrap resume'],
    [paused, 'owner', 'policy-wrap resume'],
    [limited, 'owner', 'policy-wrap reset spend --server afip'],
    [{ ...unapproved, approval: 'A7' }, 'approver', 'policy-wrap approve A7'],
  ])('%o is offered to who is %s in the team, and to nobody else', (refused, role, command) => {
    const offered = (roles: string[], store?: string) =>
      remedyFor({
        code: undefined,
        rule: undefined,
        server: 'afip',
        tool: 'pay',
        ...refused,
        team: { store, roles },
      });
    expect(offered([role])).toBe(command);
    expect(offered(['reader', role], 'main')).toBe(`${command} --store main`);
    expect(offered(['reader'], 'main')).toBeUndefined();
    expect(offered([])).toBeUndefined();
  });

  test.each([
    ['a.b:c/d@e+f-g', 'a.b:c/d@e+f-g'],
    ['two words', "'two words'"],
    ['$HOME; ls', "'$HOME; ls'"],
    // What could end its quotes, or be read as a flag or as nothing, is not offered to be pasted.
    ["it's", undefined],
    ['a "b"', undefined],
    ['a\\ b', undefined],
    ['a !b', undefined],
    ['-x', undefined],
    ['--all', undefined],
    ['-a b', undefined],
    ['señal', undefined],
    ['a\nb', undefined],
    ['', undefined],
  ])('a tool called %j is typed as %s', (tool, typed) => {
    const command = remedyFor({ ...listed, code: 'NOT_LISTED', rule: undefined, server: 'afip', tool });
    expect(command).toBe(typed && `policy-wrap allow afip ${typed}`);
  });
});

describe('what a person can do where no command lets a call through', () => {
  test.each<[Partial<Unlifted>, string | undefined]>([
    [
      { code: 'REQUIRE', rule: '/tools/pay/require/0' },
      'correct the call, or edit /tools/pay/require/0 in p.json',
    ],
    [
      { code: 'REQUIRE', rule: '/tools/pay/require/0', file: undefined },
      'correct the call, or edit /tools/pay/require/0 in the policy file',
    ],
    [
      { code: 'REQUIRE', rule: 'org.json#/all_tools/require/0' },
      'correct the call, or edit org.json#/all_tools/require/0',
    ],
    [{ code: 'NOT_LISTED', rule: '(default deny)' }, 'edit p.json'],
    [{ code: 'NO_POLICY', rule: '(no policy)' }, 'edit p.json'],
    [{ code: 'ACTION_DENY', rule: '/tools/pay' }, 'edit p.json'],
    [{ code: 'ACTION_DENY', rule: 'org.json#/tools/pay' }, 'edit org.json#/tools/pay'],
    [{ rule: '(hidden)' }, 'edit p.json'],
    [{ rule: '(hidden)', instead: 'ask its author' }, 'ask its author'],
    [
      { code: 'REQUIRE', rule: '/all_tools/require/0', instead: 'ask its author' },
      'correct the call, or ask its author',
    ],
    [
      { code: 'PAUSED', rule: '(paused)', instead: 'ask its author' },
      'an approver or owner of the team lifts the pause',
    ],
    [{ code: 'PAUSED', rule: '(paused)' }, 'an approver or owner of the team lifts the pause'],
    // By now it passes, so far as the tool alone is concerned.
    [{ code: 'NOT_LISTED', rule: '(default deny)', standing: { kind: 'open' } }, undefined],
    [{ rule: '(hidden)', standing: { kind: 'open' } }, undefined],
    [{ rule: '(hidden)', standing: { kind: 'closed' } }, 'edit p.json'],
    [
      { code: 'REQUIRE', rule: '/all_tools/require/0', standing: { kind: 'open' } },
      'correct the call, or edit /all_tools/require/0 in p.json',
    ],
    [{ rule: '(hidden)', standing: { kind: 'absent' } }, 'the server has no such tool'],
    [{ code: 'REQUIRE', rule: '/x', standing: { kind: 'absent' } }, 'the server has no such tool'],
    [{}, undefined],
  ])('%o: %s', (refused, mend) => {
    expect(mendOf({ code: undefined, rule: undefined, file: 'p.json', ...refused })).toBe(mend);
  });
});

test.each([
  ['/tools/track_logout/limits/calls', 'calls'],
  ['/all_tools/limits/a~1b~01', 'a/b~1'],
  ['org.json#/all_tools/limits/calls', 'org.json:calls'],
  ['/tools/pay/rate_limit', 'pay_rate'],
  ['org.json#/tools/a~1b/rate_limit', 'org.json:a/b_rate'],
  ['/tools/pay/require/0', undefined],
  ['(paused)', undefined],
])('the counter of %s is %s', (rule, counter) => {
  expect(counterOf(rule)).toBe(counter);
});

describe('how a tool stands', () => {
  const full = { limits: [{ counter: 'c', window: 'minute', max: 0, scope: 'grant' }] };
  const always = { deny_if: [{ conditions: [] }] };
  const sometimes = { deny_if: [{ conditions: [{ path: 'args.x', op: 'exists', value: true }] }] };

  test.each<[own: object, extended: object | undefined, standing: object]>([
    [{ tools: { pay: {} } }, undefined, { kind: 'open' }],
    [{ default: 'allow' }, undefined, { kind: 'open' }],
    [{ tools: { pay: sometimes } }, { default: 'allow' }, { kind: 'open' }],
    [{}, undefined, { kind: 'closed' }],
    [{ tools: { pay: { action: 'deny' } } }, undefined, { kind: 'closed' }],
    [{ tools: { pay: always } }, { default: 'allow' }, { kind: 'closed' }],
    [{ hide: ['pay'], default: 'allow' }, undefined, { kind: 'hidden', by: undefined }],
    [{ hide: ['pay', 'x*', 'pa*'], default: 'allow' }, undefined, { kind: 'hidden', by: 'pa*' }],
    [{ tools: { pay: { action: 'hide' } } }, undefined, { kind: 'hidden', by: undefined }],
    // No command edits these.
    [{ tools: { pay: {} } }, {}, { kind: 'elsewhere' }],
    [{}, {}, { kind: 'elsewhere' }],
    [{ tools: { pay: {} } }, { hide: ['pay'], default: 'allow' }, { kind: 'elsewhere' }],
    [{ tools: { pay: {} }, all_tools: always }, undefined, { kind: 'elsewhere' }],
    [{ tools: { pay: full } }, undefined, { kind: 'elsewhere' }],
    [{ tools: { pay: { ...full, ...always } } }, undefined, { kind: 'elsewhere' }],
    [{ default: 'allow', all_tools: full }, undefined, { kind: 'elsewhere' }],
  ])('under %o and %o: %o', (own, extended, standing) => {
    const layers = stack(policyOf(own), extended ? [policyOf(extended)] : []);
    expect(standingOf(layers, 'pay')).toEqual(standing);
  });
});
