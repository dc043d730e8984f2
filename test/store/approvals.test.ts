import { afterAll, describe, expect, test } from 'vitest';
import type { Charge, Evaluation, Refusal } from '../../src/policy/call.js';
import { Approvals } from '../../src/store/approvals.js';
import { Events } from '../../src/store/events.js';
import { StateFile } from '../../src/store/sqlite/file.js';
import { type Admission, type Admitted, type ApprovalTerms, Store } from '../../src/store/store.js';
import { damage, done, eachDriver, freshStore, rows, tempDir } from './support.js';
import { admission, charge, INFO, limit, open } from './support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const EXPIRES = 600_000;
const ASK: Refusal = {
  code: 'APPROVAL_REQUIRED',
  rule: '/tools/crear_factura/approve_if/0',
  authorText: 'More than 100,000 needs a person.',
  explanation: 'args.amount_total is 250000, which is gt 100000',
};
const asking = (...charges: Charge[]): Evaluation => ({ kind: 'open', charges, ask: ASK });
const terms = (changes: Partial<ApprovalTerms> = {}): ApprovalTerms => ({
  argumentsHash: 'a'.repeat(64),
  argumentsText: '{"amount_total":250000}',
  expiresMs: EXPIRES,
  ...changes,
});

eachDriver('approvals', () => {
  const fresh = freshStore(temp);

  function call(
    evaluation: Evaluation = asking(),
    changes: Partial<ApprovalTerms> = {},
    rest: Partial<Admission> & { session?: string } = {},
  ): Admitted {
    const { session: who = fresh.session, ...others } = rest;
    const one = admission(evaluation, { tool: 'crear_factura', approval: terms(changes), ...others });
    return done(fresh.store.admit(who, [one]))[0] as Admitted;
  }
  function asked(admitted: Admitted = call()): string {
    if (admitted.kind !== 'asked') throw new Error(`not asked but ${admitted.kind}`);
    return admitted.approval.id;
  }
  const decide = (id: string, state: 'approved' | 'rejected' | 'expired' = 'approved') =>
    done(fresh.store.decideApproval(id, state, 'cli'));

  describe('asking', () => {
    test('the row keeps what the person must see, and the call is logged as asked', () => {
      const admitted = call();
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
          session: fresh.session,
          state: 'pending',
          askedAt: fresh.time.at,
          expiresAt: fresh.time.at + EXPIRES,
        },
      });
      expect(asked(admitted)).toMatch(/^[bcdfghjkmnpqrstvwxyz2-9]{6}$/);
      expect(fresh.store.log()).toMatchObject([
        { decision: 'ask', code: 'APPROVAL_REQUIRED', rule: ASK.rule, approval: asked(admitted) },
      ]);
      expect(fresh.store.approvals()).toMatchObject([{ id: asked(admitted), state: 'pending' }]);
    });

    test('the same call while pending gets the same id', () => {
      const id = asked();
      expect(call()).toMatchObject({ kind: 'asked', isNew: false, approval: { id } });
      expect(fresh.store.approvals()).toHaveLength(1);
    });

    test.each([
      ['arguments', {}, { argumentsHash: 'b'.repeat(64) }],
      ['tool', { tool: 'anular_factura' }, {}],
      ['policy', { policyHash: 'c'.repeat(64) }, {}],
    ] as const)('G10: another %s needs an approval of its own', (_, rest, changes) => {
      decide(asked());
      expect(call(asking(), changes, rest)).toMatchObject({ kind: 'asked', isNew: true });
    });

    test.each([{ server: 'mcp-other' }, { grant: 'second' }])(
      'G10: another %o needs one of its own',
      (info) => {
        decide(asked());
        const other = fresh.store.startSession({ ...INFO, ...info });
        expect(call(asking(), {}, { session: other })).toMatchObject({ kind: 'asked', isNew: true });
      },
    );

    test('nobody is asked for a call that a limit refuses anyway', () => {
      const full = charge(limit({ max: 0 }));
      expect(call(asking(full)).kind).toBe('exceeded');
      expect(fresh.store.approvals()).toEqual([]);
    });

    test('asking charges nothing', () => {
      call(asking(charge(limit({ max: 1 }))));
      expect(fresh.store.counters()).toEqual([]);
    });

    test('without terms, or without a policy, nobody can be asked', () => {
      for (const rest of [{ approval: undefined }, { policyHash: undefined }])
        expect(call(asking(), {}, rest)).toMatchObject({ kind: 'refused', code: 'APPROVAL_REQUIRED' });
      expect(fresh.store.approvals()).toEqual([]);
    });

    test('arguments that are too long to be shown are refused', () => {
      expect(call(asking(), { argumentsText: 'x'.repeat(300_000) })).toMatchObject({
        kind: 'refused',
        code: 'APPROVAL_REQUIRED',
      });
      expect(fresh.store.approvals()).toEqual([]);
    });

    test('the queue is bounded for each server, and another server is not shut out', () => {
      for (let i = 0; i < 50; i += 1) expect(call(asking(), { argumentsHash: String(i) }).kind).toBe('asked');
      expect(call(asking(), { argumentsHash: 'one more' }).kind).toBe('refused');
      expect(call(asking(), { argumentsHash: '7' })).toMatchObject({ kind: 'asked', isNew: false });
      const other = fresh.store.startSession({ ...INFO, server: 'mcp-other' });
      expect(call(asking(), {}, { session: other }).kind).toBe('asked');
      fresh.time.at += EXPIRES;
      expect(call(asking(), { argumentsHash: 'one more' }).kind).toBe('asked');
    });

    test('observing asks nobody and uses nothing up', () => {
      decide(asked());
      const watching = fresh.store.startSession({ ...INFO, observe: true });
      const full = limit({ max: 0, onExceed: 'approve' });
      for (const evaluation of [asking(), open(charge(full))])
        expect(call(evaluation, {}, { session: watching })).toMatchObject({
          kind: 'refused',
          code: 'APPROVAL_REQUIRED',
        });
      expect(fresh.store.log({ limit: 2 }).map(({ decision }) => decision)).toEqual(['ask', 'ask']);
      expect(fresh.store.approvals()).toEqual([]);
      expect(call().kind).toBe('allowed');
    });
  });

  describe('answering', () => {
    test('G10: approved, the same call passes once, charged and logged', () => {
      const rate = charge(limit({ max: 5 }));
      const id = asked(call(asking(rate)));
      expect(decide(id)).toMatchObject({ kind: 'done', approval: { state: 'approved', decidedBy: 'cli' } });
      expect(call(asking(rate)).kind).toBe('allowed');
      expect(fresh.store.approval(id)?.state).toBe('consumed');
      expect(String(fresh.store.counters()[0]?.used)).toBe('1');
      expect(fresh.store.log({ limit: 1 })).toMatchObject([{ decision: 'allow', approval: id }]);
      const next = asked(call(asking(rate)));
      expect(next).not.toBe(id);
      expect(fresh.store.events().map(({ kind, who }) => `${kind} ${who}`)).toEqual([
        'approval.asked wrapper',
        'approval.approved cli',
        'approval.consumed wrapper',
        'approval.asked wrapper',
      ]);
    });

    test('G10: two calls that come together cannot both use it', () => {
      decide(asked());
      const one = admission(asking(), { tool: 'crear_factura', approval: terms() });
      const admitted = done(fresh.store.admit(fresh.session, [one, one, one]));
      expect(admitted.map(({ kind }) => kind)).toEqual(['allowed', 'asked', 'asked']);
    });

    test('G10: a restart forgets nothing, and uses it up no second time', () => {
      decide(asked());
      fresh.store.close();
      fresh.store = Store.open(fresh.path, fresh.time);
      fresh.session = fresh.store.startSession(INFO);
      expect(call().kind).toBe('allowed');
      expect(call().kind).toBe('asked');
    });

    test('rejected: refused while it would have waited, then asked anew', () => {
      const id = asked();
      done(fresh.store.decideApproval(id, 'rejected', 'cli', { note: 'wrong taxpayer' }));
      fresh.time.at += EXPIRES - 1;
      expect(call()).toMatchObject({
        kind: 'refused',
        code: 'APPROVAL_REJECTED',
        approval: { id, note: 'wrong taxpayer' },
      });
      fresh.time.at += 1;
      expect(call()).toMatchObject({ kind: 'asked', isNew: true });
    });

    test('G10: an approval keeps as long as the question did, counted from the answer', () => {
      const id = asked();
      fresh.time.at += EXPIRES - 1;
      decide(id);
      fresh.time.at += EXPIRES;
      expect(fresh.store.approval(id)?.state).toBe('expired');
      expect(call()).toMatchObject({ kind: 'asked', isNew: true });
    });

    test('G10: what was approved and not used yet can be taken back; its use and that are one or the other', () => {
      const id = asked();
      decide(id);
      expect(decide(id, 'rejected')).toMatchObject({ kind: 'done', approval: { state: 'rejected' } });
      expect(call()).toMatchObject({ kind: 'refused', code: 'APPROVAL_REJECTED' });
      expect(decide(id)).toMatchObject({ kind: 'not_pending', approval: { state: 'rejected' } });
    });

    test.each(['approved', 'rejected', 'expired'] as const)('only a pending one can be %s', (state) => {
      const settled: [string, string][] = [];
      for (const first of ['approved', 'rejected', 'expired'] as const) {
        const id = asked(call(asking(), { argumentsHash: first }));
        decide(id, first);
        settled.push([id, first]);
      }
      const used = asked();
      decide(used);
      call();
      settled.push([used, 'consumed']);
      for (const [id, before] of settled) {
        if (before === 'approved' && state === 'rejected') continue;
        expect(decide(id, state)).toMatchObject({ kind: 'not_pending', approval: { state: before } });
        expect(fresh.store.approval(id)?.state).toBe(before);
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
      (channels, by, kind) => {
        const id = asked(call(asking(), { channels }));
        expect(done(fresh.store.decideApproval(id, 'approved', by)).kind).toBe(kind);
        expect(fresh.store.approval(id)?.state).toBe(kind === 'done' ? 'approved' : 'pending');
        const other = asked(call(asking(), { channels, argumentsHash: 'b'.repeat(64) }));
        expect(done(fresh.store.decideApproval(other, 'rejected', by)).kind).toBe('done');
      },
    );

    test('what has expired cannot be approved and is not listed', () => {
      const id = asked();
      fresh.time.at += EXPIRES;
      expect(fresh.store.approvals()).toEqual([]);
      expect(fresh.store.approvals(true)).toMatchObject([{ id, state: 'expired' }]);
      expect(decide(id)).toMatchObject({ kind: 'not_pending', approval: { state: 'expired' } });
    });

    test('an id is read as people write it', () => {
      const id = asked();
      const typed = ` ${id.slice(0, 3).toUpperCase()}-${id.slice(3)}`;
      expect(fresh.store.approval(typed)?.id).toBe(id);
      expect(decide(typed).kind).toBe('done');
      expect(decide('nosuch').kind).toBe('unknown');
      expect(decide('').kind).toBe('unknown');
    });
  });

  test.each(['pending', 'rejected', 'expired', 'consumed', 'over'] as const)(
    'G10: the row itself refuses to be used up from the state %s',
    (state) => {
      const id = asked();
      if (state === 'consumed' || state === 'over') decide(id);
      else if (state !== 'pending') decide(id, state);
      if (state === 'over') fresh.time.at += EXPIRES;
      const file = StateFile.open(fresh.path);
      const approvals = new Approvals(file.db, new Events(file.db));
      if (state === 'consumed') approvals.consume(id, fresh.time.at);
      expect(() => approvals.consume(id, fresh.time.at)).toThrow('cannot be consumed');
      expect(approvals.get(id, fresh.time.at)?.state).toBe(state === 'over' ? 'expired' : state);
      file.close();
    },
  );

  describe('a call that was held for its answer', () => {
    test('passes with its own approval', () => {
      const id = asked();
      done(fresh.store.decideApproval(id, 'approved', 'client'));
      expect(call(asking(), { id }).kind).toBe('allowed');
    });

    test.each([
      ['pending', 'asked', undefined],
      ['rejected', 'refused', 'APPROVAL_REJECTED'],
      ['expired', 'refused', 'APPROVAL_EXPIRED'],
      ['consumed', 'refused', 'APPROVAL_REQUIRED'],
    ] as const)('G10: with one that is %s it is %s, and nobody is asked again', (state, kind, refusal) => {
      const id = asked();
      if (state === 'consumed') {
        decide(id);
        call();
      } else if (state !== 'pending') decide(id, state);
      const before = fresh.store.approvals(true).length;
      const admitted = call(asking(), { id });
      expect(admitted.kind).toBe(kind);
      if (admitted.kind === 'refused') expect(admitted.code).toBe(refusal);
      expect(fresh.store.approvals(true)).toHaveLength(before);
    });

    test.each([
      ['other arguments', { argumentsHash: 'b'.repeat(64) }, {}],
      ['another tool', {}, { tool: 'anular_factura' }],
      ['another policy', {}, { policyHash: 'c'.repeat(64) }],
    ] as const)('G10: an approval for %s does not serve, nor is it used up', (_, changes, rest) => {
      const id = asked();
      decide(id);
      expect(call(asking(), { id, ...changes }, rest)).toMatchObject({
        kind: 'refused',
        code: 'APPROVAL_REQUIRED',
      });
      expect(fresh.store.approval(id)?.state).toBe('approved');
    });

    test.each([{ grant: 'second' }, { server: 'mcp-other' }])(
      'G10: nor one of another wrapper, %j',
      (info) => {
        const id = asked();
        decide(id);
        const elsewhere = fresh.store.startSession({ ...INFO, ...info });
        expect(call(asking(), { id }, { session: elsewhere })).toMatchObject({ code: 'APPROVAL_REQUIRED' });
        expect(fresh.store.approval(id)?.state).toBe('approved');
      },
    );

    test('an id that nobody gave out refuses', () => {
      expect(call(asking(), { id: 'nosuch' })).toMatchObject({ kind: 'refused' });
      expect(fresh.store.approvals(true)).toEqual([]);
    });

    test('a no stands, even where the call would need no approval by now', () => {
      const id = asked();
      decide(id, 'rejected');
      expect(call(open(), { id })).toMatchObject({ kind: 'refused', code: 'APPROVAL_REJECTED' });
    });

    test('a limit that has filled up meanwhile refuses and leaves the approval', () => {
      const rate = charge(limit({ max: 1 }));
      const id = asked(call(asking(rate)));
      decide(id);
      call(open(rate), { argumentsHash: 'other' });
      expect(call(asking(rate), { id }).kind).toBe('exceeded');
      expect(fresh.store.approval(id)?.state).toBe('approved');
    });
  });

  describe('on_exceed: approve', () => {
    const soft = (max: number) => limit({ counter: 'soft', max, onExceed: 'approve' });

    test('a full limit asks, and the approved call is charged beyond max', () => {
      const money = soft(100);
      expect(call(open(charge(money, 80))).kind).toBe('allowed');
      const admitted = call(open(charge(money, 50)));
      expect(admitted).toMatchObject({
        kind: 'asked',
        exceeded: { retryAt: fresh.time.at + 60_000 },
        approval: { reason: '80 of 100 per minute used in soft, and this call adds 50', rule: money.pointer },
      });
      decide(asked(admitted));
      expect(call(open(charge(money, 50))).kind).toBe('allowed');
      expect(String(fresh.store.counters()[0]?.used)).toBe('130');
      expect(fresh.store.counters()[0]?.freesAt).toBe(fresh.time.at + 60_000);
      expect(call(open(charge(money, 1))).kind).toBe('asked');
      expect(damage(fresh.store)).toEqual([]);
    });

    test('where nobody can be asked it is a limit like others', () => {
      expect(call(open(charge(soft(0))), {}, { approval: undefined })).toMatchObject({
        kind: 'exceeded',
        exceeded: { retryAt: undefined },
      });
      expect(fresh.store.log()).toMatchObject([{ decision: 'deny', code: 'LIMIT' }]);
    });

    test('a limit that refuses wins over one that asks, whatever their order', () => {
      const hard = charge(limit({ counter: 'hard', max: 0 }));
      for (const charges of [
        [charge(soft(0)), hard],
        [hard, charge(soft(0))],
      ])
        expect(call(open(...charges))).toMatchObject({ kind: 'exceeded', exceeded: { charge: hard } });
      expect(fresh.store.approvals()).toEqual([]);
    });

    test('a call that goes through by itself takes its question with it', () => {
      const rate = charge(soft(1));
      call(open(rate));
      const id = asked(call(open(rate)));
      fresh.time.at += 60_000;
      expect(call(open(rate)).kind).toBe('allowed');
      expect(fresh.store.approval(id)).toMatchObject({ state: 'expired' });
      expect(decide(id).kind).toBe('not_pending');
    });

    test('but leaves a no as it is', () => {
      const rate = charge(soft(1));
      call(open(rate));
      const id = asked(call(open(rate)));
      decide(id, 'rejected');
      fresh.time.at += 60_000;
      expect(call(open(rate)).kind).toBe('allowed');
      expect(fresh.store.approval(id)).toMatchObject({ state: 'rejected', decidedBy: 'cli' });
      expect(fresh.store.events().map(({ kind }) => kind)).toEqual(['approval.asked', 'approval.rejected']);
    });
  });

  describe('budgets', () => {
    const numbers = new Map([['args.amount_total', '250000']]);
    const grant = (budget: Parameters<Store['decideApproval']>[3] & object) =>
      done(fresh.store.decideApproval(asked(), 'approved', 'cli', budget));

    test('further calls of the tool pass, so many, so long, up to so much', () => {
      grant({ budget: { calls: 2, forMs: 1000, bound: { path: 'args.amount_total', max: '300000' } } });
      expect(fresh.store.budgets()).toMatchObject([{ callsLeft: 2, tool: 'crear_factura', madeBy: 'cli' }]);
      const next = (
        hash: string,
        values?: ReadonlyMap<string, string>,
        amounts: readonly string[] | null = [],
      ) => call(asking(), { argumentsHash: hash, numbers: values, amounts: amounts ?? undefined }).kind;
      expect(call(asking(), { numbers }).kind).toBe('allowed');
      expect(next('1', numbers, ['0', '300000'])).toBe('allowed');
      // Every amount counts, and one that cannot be determined is as good as too large.
      expect(next('a', numbers, ['1', '300000.01'])).toBe('asked');
      expect(next('b', numbers, ['-0.01', '1'])).toBe('asked');
      expect(next('c', numbers, null)).toBe('asked');
      expect(next('2', new Map([['args.amount_total', '300000.01']]))).toBe('asked');
      expect(next('3', new Map([['args.amount_total', '-1']]))).toBe('asked');
      expect(next('4', new Map([['args.other', '1']]))).toBe('asked');
      expect(next('5')).toBe('asked');
      expect(next('6', numbers)).toBe('allowed');
      expect(next('7', numbers)).toBe('asked');
      expect(fresh.store.budgets()).toEqual([]);
    });

    test('of what is used up or over nothing is left in the file', () => {
      grant({ budget: { calls: 1, forMs: EXPIRES } });
      call(asking());
      expect(call(asking(), { argumentsHash: '1' }).kind).toBe('allowed');
      done(
        fresh.store.decideApproval(asked(call(asking(), { argumentsHash: '2' })), 'approved', 'cli', {
          budget: { calls: 5, forMs: 1 },
        }),
      );
      const kept = () => rows(fresh.path, 'SELECT calls_left FROM budgets').length;
      expect(kept()).toBe(2);
      fresh.time.at += 1;
      while (!fresh.store.maintain(1000));
      expect(kept()).toBe(0);
    });

    test('time ends it, and so does a person', () => {
      grant({ budget: { calls: 10, forMs: 1000 } });
      const [budget] = fresh.store.budgets();
      expect(call(asking(), { argumentsHash: '1' }).kind).toBe('allowed');
      expect(done(fresh.store.revokeBudget(budget?.id ?? '', 'cli'))).toBe(true);
      expect(done(fresh.store.revokeBudget(budget?.id ?? '', 'cli'))).toBe(false);
      expect(call(asking(), { argumentsHash: '2' }).kind).toBe('asked');
      done(
        fresh.store.decideApproval(asked(call(asking(), { argumentsHash: '3' })), 'approved', 'cli', {
          budget: { calls: 10, forMs: 1000 },
        }),
      );
      fresh.time.at += 1000;
      expect(call(asking(), { argumentsHash: '4' }).kind).toBe('asked');
    });

    test('a call that waits is not asked about any more once a budget lets it pass', () => {
      const waiting = asked(call(asking(), { argumentsHash: 'waiting' }));
      grant({ budget: { calls: 10, forMs: 1000 } });
      expect(call(asking(), { argumentsHash: 'waiting' }).kind).toBe('allowed');
      expect(fresh.store.approval(waiting)?.state).toBe('expired');
    });

    test.each([
      { calls: 0, forMs: 1 },
      { calls: 1.5, forMs: 1 },
      { calls: 1, forMs: 1, bound: { path: 'args.a', max: 'much' } },
    ])('%j is refused, and the approval is not given either', (budget) => {
      const id = asked();
      expect(() => fresh.store.decideApproval(id, 'approved', 'cli', { budget })).toThrow(RangeError);
      expect(fresh.store.approval(id)?.state).toBe('pending');
    });

    test('a rejection stands before any budget', () => {
      decide(asked(call(asking(), { argumentsHash: 'no' })), 'rejected');
      grant({ budget: { calls: 10, forMs: EXPIRES } });
      expect(call(asking(), { argumentsHash: 'no' })).toMatchObject({ code: 'APPROVAL_REJECTED' });
      expect(fresh.store.budgets()[0]?.callsLeft).toBe(10);
    });
  });
});
