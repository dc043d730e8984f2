import { afterAll, describe, expect, test } from 'vitest';
import type { Seen } from '../../src/notify/seen.js';
import { done, tempDir } from '../store/support.js';
import { ALLOW_ALL } from '../support/policies.js';
import { type Message, refusalCode } from '../support/rig.js';
import { Between, layersOf } from './support.js';

const temp = tempDir();
afterAll(temp.remove);

const textOf = (answer: Message): string => answer.result.content[0].text;
const list = (between: Between, ...tools: object[]) => {
  between.client({ jsonrpc: '2.0', id: 'list', method: 'tools/list' });
  between.server({ jsonrpc: '2.0', id: 'list', result: { tools } });
};

describe('G3: a policy that counts in the store of a team', () => {
  const counting = layersOf({ ...ALLOW_ALL, store: 'ventas', tools: { no: { action: 'deny' } } });

  test.each([
    [undefined, 'was started with none'],
    ['compras', 'was started with that of "compras"'],
  ])('refuses every call where the wrapper was started with %s', (team, words) => {
    using between = new Between(temp, { ...ALLOW_ALL, store: 'ventas' }, { team });
    between.call(1, 'pay');
    expect(textOf(between.answer(1))).toContain(
      `counts in the store of the team "ventas", and this wrapper ${words}`,
    );
    expect(between.answer(1).result._meta['policy-wrap/decision']).toMatchObject({
      code: 'STORE',
      rule: '/store',
    });
    expect(between.calls).toEqual([]);
  });

  test('decides where it is that store; what it refuses anyway it refuses for its own reason', () => {
    using between = new Between(temp, ALLOW_ALL, { team: 'ventas' });
    between.gate.use(counting);
    between.call(1, 'pay');
    between.call(2, 'no');
    expect(between.calls).toEqual(['pay']);
    using other = new Between(temp, ALLOW_ALL);
    other.gate.use(counting);
    other.call(1, 'no');
    expect(refusalCode(other.answer(1))).toBe('ACTION_DENY');
  });
});

describe('where the rule is that refused a call', () => {
  const told = (policy: object | undefined, name: string) => {
    using between = new Between(temp, policy);
    between.call(1, name);
    return textOf(between.answer(1));
  };

  test('the file of the policy is named, unless no policy had a part in it', () => {
    const policy = { version: '1', default: 'deny', tools: { no: { action: 'deny' }, yes: {} } };
    expect(told(policy, 'no')).toContain('Rule: /tools/no/action, in /policy.json.');
    expect(told(policy, 'other')).toContain('Rule: (default deny), in /policy.json.');
    expect(told(undefined, 'other')).not.toContain(', in ');
    using paused = new Between(temp, policy);
    paused.read((store) => done(store.pause(undefined, undefined, 'cli')));
    paused.call(1, 'yes');
    expect(refusalCode(paused.answer(1))).toBe('PAUSED');
    expect(textOf(paused.answer(1))).not.toContain(', in ');
  });
});

describe('what a person who looks elsewhere may want to know', () => {
  const POLICY = {
    version: '1',
    default: 'deny',
    tools: {
      pay: { limits: [{ counter: 'c', window: 'day', max: 2, warn_at: 0.5 }] },
      free: {},
      asks: { action: 'approve' },
    },
    hide: ['secret'],
  };

  function watched(policy: object | undefined, wantsCalls: boolean, observe = false) {
    const saw: Seen[] = [];
    const outside = { wantsCalls, saw: (seen: Seen) => void saw.push(seen) };
    const between = new Between(temp, policy, { outside, observe });
    const told = () =>
      saw.map((seen) => {
        if (seen.kind === 'decided') return `${seen.call.name} ${seen.code ?? '-'} ${seen.rule ?? '-'}`;
        if (seen.kind === 'settled') return `settled ${seen.outcome}`;
        return seen.kind === 'filled' ? `filled ${seen.tool}` : seen.kind;
      });
    return { between, saw, told };
  }

  test('is what was refused, asked or filled; every call and its outcome only where somebody wants them', () => {
    for (const wantsCalls of [false, true]) {
      const { between, told } = watched(POLICY, wantsCalls);
      using _ = between;
      for (const [id, name] of ['free', 'pay', 'other', 'secret', 'asks'].entries()) between.call(id, name);
      between.server({ jsonrpc: '2.0', id: 0, result: {} });
      expect(told()).toEqual([
        ...(wantsCalls ? ['free - -'] : []),
        'filled pay',
        ...(wantsCalls ? ['pay - -'] : []),
        'other NOT_LISTED (default deny)',
        'secret HIDDEN (hidden)',
        'asks APPROVAL_REQUIRED /tools/asks/action',
        ...(wantsCalls ? ['settled ok'] : []),
      ]);
    }
  });

  test('--observe refuses nothing: what would have been is told as a call that passed, a pause as it is', () => {
    const { between, told } = watched(POLICY, true, true);
    using _ = between;
    between.call(1, 'other');
    between.read((store) => done(store.pause(undefined, undefined, 'cli')));
    between.call(2, 'free');
    expect(told()).toEqual(['other - -', 'free PAUSED (paused)']);
    expect(between.calls).toEqual(['other']);
  });

  test('says whether the policy has all arguments kept', () => {
    const kept = (audit: object) => {
      const { between, saw } = watched({ version: '1', default: 'deny', ...audit }, false);
      using _ = between;
      between.call(1, 'other');
      return saw.map((seen) => seen.kind === 'decided' && seen.keepsArguments);
    };
    expect(kept({ audit: { arguments: 'full' } })).toEqual([true]);
    expect(kept({})).toEqual([false]);
  });

  test('G3: what could not be decided is told with its reason', () => {
    const { between, saw } = watched(POLICY, false);
    using _ = between;
    between.gate.giveUp([]);
    expect(saw).toEqual([{ kind: 'undecided', reason: 'the state database was locked for too long' }]);
  });
});

describe('G10: about which calls a person can be asked', () => {
  const approvals = (between: Between) => between.read((store) => store.approvals());

  test('those of what came before, and of a limit that ask; each with its arguments', () => {
    const tools = {
      // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
      first: { before: [{ tools: ['preview'], then: 'approve' }] },
      full: { limits: [{ counter: 'c', window: 'day', max: 0, on_exceed: 'approve' }] },
      plain: { limits: [{ counter: 'd', window: 'day', max: 0 }] },
    };
    using between = new Between(temp, { ...ALLOW_ALL, tools });
    for (const [id, name] of Object.keys(tools).entries()) between.call(id, name, { n: id });
    expect(approvals(between).map(({ tool, arguments: args }) => [tool, args])).toEqual([
      ['first', '{"n":0}'],
      ['full', '{"n":1}'],
    ]);
    expect(refusalCode(between.answer(2))).toBe('LIMIT');
  });

  test('a severe one is asked about with the value that the policy looks at', () => {
    const approve_if = [{ conditions: [{ path: 'args.points', op: 'gte', value: 1 }] }];
    using between = new Between(temp, { ...ALLOW_ALL, tools: { create_invoice: { approve_if } } });
    const challenge = () =>
      between.gate.challenge({
        name: 'create_invoice',
        args: { names: [], values: { points: 5, amount: 900 } },
      } as Message);
    expect(challenge()?.label).toBe('the value of points');
    between.call(1, 'create_invoice', { points: 5, amount: 900 });
    expect(approvals(between)).toMatchObject([{ severe: true }]);
    between.call(2, 'tag', { points: 5 });
    expect(between.calls).toEqual(['tag']);
    list(between, { name: 'create_invoice' });
  });
});
