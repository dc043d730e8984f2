import { describe, expect, test } from 'vitest';
import type { Charge, Evaluation, Refusal } from '../../../src/policy/call.js';
import type { Admission, Admitted, ApprovalTerms, BudgetTerms } from '../../../src/store/store.js';
import { admission, charge, INFO, limit, open } from '../support-shapes.js';
import { type Ground, wait } from './ground.js';

const EXPIRES = 600_000;
const ASK: Refusal = {
  code: 'APPROVAL_REQUIRED',
  rule: '/tools/crear_factura/approve_if/0',
  authorText: 'More than 100,000 needs a person.',
  explanation: 'args.amount_total is 250000, which is gt 100000',
};
export const asking = (...charges: Charge[]): Evaluation => ({ kind: 'open', charges, ask: ASK });
export const terms = (changes: Partial<ApprovalTerms> = {}): ApprovalTerms => ({
  argumentsHash: 'a'.repeat(64),
  argumentsText: '{"amount_total":250000}',
  expiresMs: EXPIRES,
  ...changes,
});

/** What a person is asked, and what becomes of their answers (G10): wherever calls are decided. */
export function approvalsContract(ground: Ground): void {
  async function call(
    evaluation: Evaluation = asking(),
    changes: Partial<ApprovalTerms> = {},
    { session = ground.own, ...others }: Partial<Admission> & { session?: string } = {},
  ): Promise<Admitted> {
    const one = admission(evaluation, { tool: 'crear_factura', approval: terms(changes), ...others });
    return (await ground.admit(session, [one]))[0] as Admitted;
  }
  async function asked(one: Admitted | Promise<Admitted> = call()): Promise<string> {
    const admitted = await one;
    if (admitted.kind !== 'asked') throw new Error(`not asked but ${admitted.kind}`);
    return admitted.approval.id;
  }
  const decide = async (
    id: string | Promise<string>,
    state: 'approved' | 'rejected' | 'expired' = 'approved',
  ) => await ground.decideApproval(await id, state, 'cli');

  describe('asking', () => {
    test('the row keeps what the person must see, and the call is logged as asked', async () => {
      const admitted = await call();
      expect(admitted).toMatchObject({
        kind: 'asked',
        isNew: true,
        exceeded: undefined,
        approval: {
          server: 'mcp-afip',
          grant: 'default',
          tool: 'crear_factura',
          arguments: '{"amount_total":250000}',
          policyHash: INFO.policyHash,
          rule: ASK.rule,
          reason: ASK.authorText,
          session: ground.own,
          state: 'pending',
          askedAt: ground.at,
          expiresAt: ground.at + EXPIRES,
        },
      });
      expect(await asked(admitted)).toMatch(/^[bcdfghjkmnpqrstvwxyz2-9]{6}$/);
      expect(await ground.log()).toMatchObject([
        { decision: 'ask', code: 'APPROVAL_REQUIRED', rule: ASK.rule, approval: await asked(admitted) },
      ]);
      expect(await ground.approvals()).toMatchObject([{ id: await asked(admitted), state: 'pending' }]);
    });

    test('the same call while pending gets the same id', async () => {
      const id = await asked();
      expect(await call()).toMatchObject({ kind: 'asked', isNew: false, approval: { id } });
      expect(await ground.approvals()).toHaveLength(1);
    });

    test.each([
      ['arguments', {}, { argumentsHash: 'b'.repeat(64) }],
      ['tool', { tool: 'anular_factura' }, {}],
      ['policy', { policyHash: 'c'.repeat(64) }, {}],
    ] as const)('G10: another %s needs an approval of its own', async (_, rest, changes) => {
      await decide(asked());
      expect(await call(asking(), changes, rest)).toMatchObject({ kind: 'asked', isNew: true });
    });

    test.each([{ server: 'mcp-other' }, { grant: 'second' }])(
      'G10: another %o needs one of its own',
      async (info) => {
        await decide(asked());
        const other = await ground.session({ ...INFO, ...info });
        expect(await call(asking(), {}, { session: other })).toMatchObject({ kind: 'asked', isNew: true });
      },
    );

    test('nobody is asked for a call that a limit refuses anyway', async () => {
      const full = charge(limit({ max: 0 }));
      expect((await call(asking(full))).kind).toBe('exceeded');
      expect(await ground.approvals()).toEqual([]);
    });

    test('asking charges nothing', async () => {
      await call(asking(charge(limit({ max: 1 }))));
      expect((await ground.counters()).filter(({ used }) => used.sign !== 0)).toEqual([]);
    });

    test('without terms, or without a policy, nobody can be asked', async () => {
      for (const rest of [{ approval: undefined }, { policyHash: undefined }])
        expect(await call(asking(), {}, rest)).toMatchObject({ kind: 'refused', code: 'APPROVAL_REQUIRED' });
      expect(await ground.approvals()).toEqual([]);
    });

    test('arguments that are too long to be shown are refused', async () => {
      expect(await call(asking(), { argumentsText: 'x'.repeat(300_000) })).toMatchObject({
        kind: 'refused',
        code: 'APPROVAL_REQUIRED',
      });
      expect(await ground.approvals()).toEqual([]);
    });

    test('the queue is bounded for each server, and another server is not shut out', async () => {
      for (let i = 0; i < 50; i += 1)
        expect((await call(asking(), { argumentsHash: String(i) })).kind).toBe('asked');
      expect((await call(asking(), { argumentsHash: 'one more' })).kind).toBe('refused');
      expect(await call(asking(), { argumentsHash: '7' })).toMatchObject({ kind: 'asked', isNew: false });
      const other = await ground.session({ ...INFO, server: 'mcp-other' });
      expect((await call(asking(), {}, { session: other })).kind).toBe('asked');
      await wait(ground, EXPIRES);
      expect((await call(asking(), { argumentsHash: 'one more' })).kind).toBe('asked');
    });

    test('observing asks nobody and uses nothing up', async () => {
      await decide(asked());
      const watching = await ground.session({ ...INFO, observe: true });
      const full = limit({ max: 0, onExceed: 'approve' });
      for (const evaluation of [asking(), open(charge(full))])
        expect(await call(evaluation, {}, { session: watching })).toMatchObject({
          kind: 'refused',
          code: 'APPROVAL_REQUIRED',
        });
      expect((await ground.log({ limit: 2 })).map(({ decision }) => decision)).toEqual(['ask', 'ask']);
      expect(await ground.approvals()).toEqual([]);
      expect((await call()).kind).toBe('allowed');
    });
  });

  describe('answering', () => {
    test('G10: approved, the same call passes once, charged and logged', async () => {
      const rate = charge(limit({ max: 5 }));
      const id = await asked(call(asking(rate)));
      expect(await decide(id)).toMatchObject({
        kind: 'done',
        approval: { state: 'approved', decidedBy: 'cli' },
      });
      expect((await call(asking(rate))).kind).toBe('allowed');
      expect((await ground.approval(id))?.state).toBe('consumed');
      expect(String((await ground.counters())[0]?.used)).toBe('1');
      expect(await ground.log({ limit: 1 })).toMatchObject([{ decision: 'allow', approval: id }]);
      const next = await asked(call(asking(rate)));
      expect(next).not.toBe(id);
      expect((await ground.events()).map(({ kind, by }) => `${kind} ${by}`)).toEqual([
        'approval.asked wrapper',
        'approval.approved cli',
        'approval.consumed wrapper',
        'approval.asked wrapper',
      ]);
    });

    test('G10: two calls that come together cannot both use it', async () => {
      await decide(asked());
      const one = admission(asking(), { tool: 'crear_factura', approval: terms() });
      const admitted = await ground.admit(ground.own, [one, one, one]);
      expect(admitted.map(({ kind }) => kind)).toEqual(['allowed', 'asked', 'asked']);
    });

    test('G10: a restart forgets nothing, and uses it up no second time', async () => {
      await decide(asked());
      await ground.restart();
      expect((await call()).kind).toBe('allowed');
      expect((await call()).kind).toBe('asked');
    });

    test('rejected: refused while it would have waited, then asked anew', async () => {
      const id = await asked();
      await ground.decideApproval(id, 'rejected', 'cli', { note: 'wrong taxpayer' });
      await wait(ground, EXPIRES - 1);
      expect(await call()).toMatchObject({
        kind: 'refused',
        code: 'APPROVAL_REJECTED',
        approval: { id, note: 'wrong taxpayer' },
      });
      await wait(ground, 1);
      expect(await call()).toMatchObject({ kind: 'asked', isNew: true });
    });

    test('G10: an approval keeps as long as the question did, counted from the answer', async () => {
      const id = await asked();
      await wait(ground, EXPIRES - 1);
      await decide(id);
      await wait(ground, EXPIRES);
      expect((await ground.approval(id))?.state).toBe('expired');
      expect(await call()).toMatchObject({ kind: 'asked', isNew: true });
    });

    test('G10: what was approved and not used yet can be taken back; its use and that are one or the other', async () => {
      const id = await asked();
      await decide(id);
      expect(await decide(id, 'rejected')).toMatchObject({ kind: 'done', approval: { state: 'rejected' } });
      expect(await call()).toMatchObject({ kind: 'refused', code: 'APPROVAL_REJECTED' });
      expect(await decide(id)).toMatchObject({ kind: 'not_pending', approval: { state: 'rejected' } });
    });

    test.each(['approved', 'rejected', 'expired'] as const)('only a pending one can be %s', async (state) => {
      const settled: [string, string][] = [];
      for (const first of ['approved', 'rejected', 'expired'] as const) {
        const id = await asked(call(asking(), { argumentsHash: first }));
        await decide(id, first);
        settled.push([id, first]);
      }
      const used = await asked();
      await decide(used);
      await call();
      settled.push([used, 'consumed']);
      for (const [id, before] of settled) {
        if (before === 'approved' && state === 'rejected') continue;
        expect(await decide(id, state)).toMatchObject({ kind: 'not_pending', approval: { state: before } });
        expect((await ground.approval(id))?.state).toBe(before);
      }
    });

    test.each([
      [['client'], 'cli', 'not_here'],
      [['client'], 'client', 'done'],
      [['queue'], 'client', 'not_here'],
      [['queue'], 'cli', 'done'],
      [['client', 'queue'], 'client', 'done'],
      [undefined, 'cli', 'done'],
      [undefined, 'client', 'done'],
    ] as const)(
      'G10: where the policy names %j an approval by %s is %s; a no is taken anywhere',
      async (channels, by, kind) => {
        const id = await asked(call(asking(), { channels }));
        expect((await ground.decideApproval(id, 'approved', by)).kind).toBe(kind);
        expect((await ground.approval(id))?.state).toBe(kind === 'done' ? 'approved' : 'pending');
        const other = await asked(call(asking(), { channels, argumentsHash: 'b'.repeat(64) }));
        expect((await ground.decideApproval(other, 'rejected', by)).kind).toBe('done');
      },
    );

    test('what has expired cannot be approved and is not listed', async () => {
      const id = await asked();
      await wait(ground, EXPIRES);
      expect(await ground.approvals()).toEqual([]);
      expect(await ground.approvals(true)).toMatchObject([{ id, state: 'expired' }]);
      expect(await decide(id)).toMatchObject({ kind: 'not_pending', approval: { state: 'expired' } });
    });

    test('an id is read as people write it', async () => {
      const id = await asked();
      const typed = ` ${id.slice(0, 3).toUpperCase()}-${id.slice(3)}`;
      expect((await ground.approval(typed))?.id).toBe(id);
      expect((await decide(typed)).kind).toBe('done');
      expect((await decide('nosuch')).kind).toBe('unknown');
      expect((await decide('')).kind).toBe('unknown');
    });
  });

  describe('a call that was held for its answer', () => {
    test('passes with its own approval', async () => {
      const id = await asked();
      await ground.decideApproval(id, 'approved', 'client');
      expect((await call(asking(), { id })).kind).toBe('allowed');
    });

    test.each([
      ['pending', 'asked', undefined],
      ['rejected', 'refused', 'APPROVAL_REJECTED'],
      ['expired', 'refused', 'APPROVAL_EXPIRED'],
    ] as const)(
      'G10: with one that is %s it is %s, and nobody is asked again',
      async (state, kind, refusal) => {
        const id = await asked();
        if (state !== 'pending') await decide(id, state);
        const before = (await ground.approvals(true)).length;
        const admitted = await call(asking(), { id });
        expect(admitted.kind).toBe(kind);
        if (admitted.kind === 'refused') expect(admitted.code).toBe(refusal);
        expect(await ground.approvals(true)).toHaveLength(before);
      },
    );

    test('G10: where an equal call was faster with it, it is asked about anew', async () => {
      const id = await asked();
      await decide(id);
      const one = admission(asking(), { tool: 'crear_factura', approval: terms({ id }) });
      const admitted = await ground.admit(ground.own, [one, one, one]);
      expect(admitted.map(({ kind }) => kind)).toEqual(['allowed', 'asked', 'asked']);
      expect((await ground.approval(id))?.state).toBe('consumed');
      const [, again, last] = await Promise.all(
        admitted.map((each) => (each.kind === 'asked' ? asked(each) : '')),
      );
      expect(again).toBe(last);
      expect(again).not.toBe(id);
      await decide(again ?? '');
      expect((await call(asking(), { id: again })).kind).toBe('allowed');
      // What needs no approval by now passes, as it does without one.
      expect((await call(open(), { id: again })).kind).toBe('allowed');
    });

    test.each([
      ['other arguments', { argumentsHash: 'b'.repeat(64) }, {}],
      ['another tool', {}, { tool: 'anular_factura' }],
      ['another policy', {}, { policyHash: 'c'.repeat(64) }],
    ] as const)('G10: an approval for %s does not serve, nor is it used up', async (_, changes, rest) => {
      const id = await asked();
      await decide(id);
      expect(await call(asking(), { id, ...changes }, rest)).toMatchObject({
        kind: 'refused',
        code: 'APPROVAL_REQUIRED',
      });
      expect((await ground.approval(id))?.state).toBe('approved');
    });

    test.each([{ grant: 'second' }, { server: 'mcp-other' }])(
      'G10: nor one of another wrapper, %j',
      async (info) => {
        const id = await asked();
        await decide(id);
        const elsewhere = await ground.session({ ...INFO, ...info });
        expect(await call(asking(), { id }, { session: elsewhere })).toMatchObject({
          code: 'APPROVAL_REQUIRED',
        });
        expect((await ground.approval(id))?.state).toBe('approved');
      },
    );

    test('an id that nobody gave out refuses', async () => {
      expect(await call(asking(), { id: 'nosuch' })).toMatchObject({ kind: 'refused' });
      expect(await ground.approvals(true)).toEqual([]);
    });

    test('a no stands, even where the call would need no approval by now', async () => {
      const id = await asked();
      await decide(id, 'rejected');
      expect(await call(open(), { id })).toMatchObject({ kind: 'refused', code: 'APPROVAL_REJECTED' });
    });

    test('a limit that has filled up meanwhile refuses and leaves the approval', async () => {
      const rate = charge(limit({ max: 1 }));
      const id = await asked(call(asking(rate)));
      await decide(id);
      await call(open(rate), { argumentsHash: 'other' });
      expect((await call(asking(rate), { id })).kind).toBe('exceeded');
      expect((await ground.approval(id))?.state).toBe('approved');
    });
  });

  describe('on_exceed: approve', () => {
    const soft = (max: number) => limit({ counter: 'soft', max, onExceed: 'approve' });

    test('a full limit asks, and the approved call is charged beyond max', async () => {
      const money = soft(100);
      expect((await call(open(charge(money, 80)))).kind).toBe('allowed');
      const admitted = await call(open(charge(money, 50)));
      expect(admitted).toMatchObject({
        kind: 'asked',
        exceeded: { retryAt: ground.at + 60_000 },
        approval: { reason: '80 of 100 per minute used in soft, and this call adds 50', rule: money.pointer },
      });
      await decide(asked(admitted));
      expect((await call(open(charge(money, 50)))).kind).toBe('allowed');
      expect(String((await ground.counters())[0]?.used)).toBe('130');
      expect((await ground.counters())[0]?.freesAt).toBe(ground.at + 60_000);
      expect((await call(open(charge(money, 1)))).kind).toBe('asked');
      await ground.isSound();
    });

    test('where nobody can be asked it is a limit like others', async () => {
      expect(await call(open(charge(soft(0))), {}, { approval: undefined })).toMatchObject({
        kind: 'exceeded',
        exceeded: { retryAt: undefined },
      });
      expect(await ground.log()).toMatchObject([{ decision: 'deny', code: 'LIMIT' }]);
    });

    test('a limit that refuses wins over one that asks, whatever their order', async () => {
      const hard = charge(limit({ counter: 'hard', max: 0 }));
      for (const charges of [
        [charge(soft(0)), hard],
        [hard, charge(soft(0))],
      ])
        expect(await call(open(...charges))).toMatchObject({ kind: 'exceeded', exceeded: { charge: hard } });
      expect(await ground.approvals()).toEqual([]);
    });

    test('a call that goes through by itself takes its question with it', async () => {
      const rate = charge(soft(1));
      await call(open(rate));
      const id = await asked(call(open(rate)));
      await wait(ground, 60_000);
      expect((await call(open(rate))).kind).toBe('allowed');
      expect(await ground.approval(id)).toMatchObject({ state: 'expired' });
      expect((await decide(id)).kind).toBe('not_pending');
    });

    test('but leaves a no as it is', async () => {
      const rate = charge(soft(1));
      await call(open(rate));
      const id = await asked(call(open(rate)));
      await decide(id, 'rejected');
      await wait(ground, 60_000);
      expect((await call(open(rate))).kind).toBe('allowed');
      expect(await ground.approval(id)).toMatchObject({ state: 'rejected', decidedBy: 'cli' });
      expect((await ground.events()).map(({ kind }) => kind)).toEqual([
        'approval.asked',
        'approval.rejected',
      ]);
    });
  });

  describe('budgets', () => {
    const numbers = new Map([['args.amount_total', '250000']]);
    const grant = async (details: { readonly budget: BudgetTerms }) =>
      await ground.decideApproval(await asked(), 'approved', 'cli', details);

    test('further calls of the tool pass, so many, so long, up to so much', async () => {
      await grant({ budget: { calls: 2, forMs: 1000, bound: { path: 'args.amount_total', max: '300000' } } });
      expect(await ground.budgets()).toMatchObject([{ callsLeft: 2, tool: 'crear_factura', madeBy: 'cli' }]);
      const next = async (
        hash: string,
        values?: ReadonlyMap<string, string>,
        amounts: readonly string[] | null = [],
      ) =>
        (await call(asking(), { argumentsHash: hash, numbers: values, amounts: amounts ?? undefined })).kind;
      expect((await call(asking(), { numbers })).kind).toBe('allowed');
      expect(await next('1', numbers, ['0', '300000'])).toBe('allowed');
      // Every amount counts, and one that cannot be determined is as good as too large.
      expect(await next('a', numbers, ['1', '300000.01'])).toBe('asked');
      expect(await next('b', numbers, ['-0.01', '1'])).toBe('asked');
      expect(await next('c', numbers, null)).toBe('asked');
      expect(await next('2', new Map([['args.amount_total', '300000.01']]))).toBe('asked');
      expect(await next('3', new Map([['args.amount_total', '-1']]))).toBe('asked');
      expect(await next('4', new Map([['args.other', '1']]))).toBe('asked');
      expect(await next('5')).toBe('asked');
      expect(await next('6', numbers)).toBe('allowed');
      expect(await next('7', numbers)).toBe('asked');
      expect(await ground.budgets()).toEqual([]);
    });

    test('time ends it, and so does a person', async () => {
      await grant({ budget: { calls: 10, forMs: 1000 } });
      const [budget] = await ground.budgets();
      expect((await call(asking(), { argumentsHash: '1' })).kind).toBe('allowed');
      const revoked = async () => (await ground.events()).filter(({ kind }) => kind === 'budget.revoked');
      const once = [{ by: 'cli', detail: { budget: budget?.id } }];
      expect(await ground.revokeBudget(budget?.id ?? '', 'cli')).toBe(true);
      expect(await revoked()).toMatchObject(once);
      expect(await ground.revokeBudget(budget?.id ?? '', 'cli')).toBe(false);
      expect(await revoked()).toMatchObject(once);
      expect((await call(asking(), { argumentsHash: '2' })).kind).toBe('asked');
      const third = await asked(call(asking(), { argumentsHash: '3' }));
      await ground.decideApproval(third, 'approved', 'cli', { budget: { calls: 10, forMs: 1000 } });
      await wait(ground, 1000);
      expect((await call(asking(), { argumentsHash: '4' })).kind).toBe('asked');
    });

    test('a call that waits is not asked about any more once a budget lets it pass', async () => {
      const waiting = await asked(call(asking(), { argumentsHash: 'waiting' }));
      await grant({ budget: { calls: 10, forMs: 1000 } });
      expect((await call(asking(), { argumentsHash: 'waiting' })).kind).toBe('allowed');
      expect((await ground.approval(waiting))?.state).toBe('expired');
    });

    test.each([
      { calls: 0, forMs: 1 },
      { calls: 1.5, forMs: 1 },
      { calls: 1, forMs: 1, bound: { path: 'args.a', max: 'much' } },
    ])('%j is refused, and the approval is not given either', async (budget) => {
      const id = await asked();
      await expect(ground.decideApproval(id, 'approved', 'cli', { budget })).rejects.toThrow(RangeError);
      expect((await ground.approval(id))?.state).toBe('pending');
    });

    test('a rejection stands before any budget', async () => {
      await decide(asked(call(asking(), { argumentsHash: 'no' })), 'rejected');
      await grant({ budget: { calls: 10, forMs: EXPIRES } });
      expect(await call(asking(), { argumentsHash: 'no' })).toMatchObject({ code: 'APPROVAL_REJECTED' });
      expect((await ground.budgets())[0]?.callsLeft).toBe(10);
    });
  });
}
