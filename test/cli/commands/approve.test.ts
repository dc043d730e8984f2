import { describe, expect, test } from 'vitest';
import { approvals } from '../../../src/cli/commands/approvals.js';
import { approve } from '../../../src/cli/commands/approve.js';
import { resume } from '../../../src/cli/commands/pause.js';
import { reject } from '../../../src/cli/commands/reject.js';
import { reset } from '../../../src/cli/commands/reset.js';
import { trust } from '../../../src/cli/commands/trust.js';
import { FakeTerminal, State } from './support.js';

const PAYMENT = '{"amount_total":9007199254740993.25,"to":{"cuit":"20-12345678-9","note":"x\\u202ey"}}';

const stateOf = (state: State, id: string) => state.store.approval(id)?.state;

describe('approve', () => {
  test('a tool that is not severe: asks, and takes only a yes', async () => {
    using state = new State();
    const session = state.session();
    for (const [answer, expected] of [
      ['y', 'approved'],
      ['YES', 'approved'],
      ['', 'pending'],
      ['n', 'pending'],
      ['yellow', 'pending'],
    ] as const) {
      const id = state.ask(session, 'read_page', JSON.stringify({ answer }));
      const io = new FakeTerminal([answer]);
      expect(await approve(id, { db: state.db }, io)).toBe(expected === 'approved' ? 0 : 1);
      expect(stateOf(state, id)).toBe(expected);
    }
    const left = state.ask(session, 'read_page', '{}');
    expect(await approve(left, { db: state.db }, new FakeTerminal([]))).toBe(1);
    expect(stateOf(state, left)).toBe('pending');
  });

  test('G10: the person sees the arguments whole, every digit, escaped', async () => {
    using state = new State();
    const id = state.ask(state.session(), 'read_page', PAYMENT);
    const io = new FakeTerminal(['y']);
    io.err.columns = 30;
    await approve(id.toUpperCase(), { db: state.db }, io);
    expect(io.err.text).toContain('"amount_total": 9007199254740993.25,\n');
    expect(io.err.text).toContain(
      '      "to": {\n        "cuit": "20-12345678-9",\n        "note": "x\\u202ey"\n',
    );
  });

  test('G10: a call that the policy leaves to the client is not approved here; it can be rejected', async () => {
    using state = new State();
    const { db } = state;
    const id = state.ask(state.session(), 'read_page', '{}', 'look at it', { channels: ['client'] });
    const io = new FakeTerminal(['y']);
    await expect(approve(id, { db, yes: true }, io)).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('in the client alone'),
      hint: expect.stringContaining('reject it here'),
    });
    expect(io.questions).toEqual([]);
    expect(stateOf(state, id)).toBe('pending');
    await approvals({ db }, io);
    expect(io.out.text).toContain('where');
    expect(await reject(id, { db }, new FakeTerminal())).toBe(0);
    expect(stateOf(state, id)).toBe('rejected');
  });

  test('G10: a severe tool takes the typed value; --yes and no terminal do not do', async () => {
    using state = new State();
    const id = state.ask(state.session(), 'create_payment', PAYMENT);
    const db = state.db;
    await expect(approve(id, { db, yes: true }, new FakeTerminal())).rejects.toMatchObject({
      code: 'REFUSED',
    });
    for (const typed of ['y', 'yes', '', '9007199254740992.25', '9007199254740993']) {
      expect(await approve(id, { db, yes: true }, new FakeTerminal([typed]))).toBe(1);
    }
    expect(stateOf(state, id)).toBe('pending');
    const io = new FakeTerminal(['9007199254740993.25']);
    expect(await approve(id, { db }, io)).toBe(0);
    expect(io.questions).toEqual(['To approve it, type the value of amount_total: ']);
    expect(io.out.text).toMatch(
      /^Approved: create_payment passes once with exactly these arguments, until .*\(10 min\)\. Have the call made again\.\n$/,
    );
    expect(stateOf(state, id)).toBe('approved');
  });

  test.each([
    'CLAUDE_CODE_CHILD_SESSION',
    'GEMINI_CLI',
    'CURSOR_AGENT',
    'CODEX_THREAD_ID',
    'GOOSE_TERMINAL',
    'OPENCODE',
    'OPENCODE_PID',
    'AGENT',
    'COPILOT_CLI',
    'COPILOT_AGENT_SESSION_ID',
    'QWEN_CODE',
  ])('and what else loosens is refused where %s says that an agent runs it', async (variable) => {
    using state = new State();
    const { db } = state;
    const id = state.ask(state.session(), 'read_page', '{}');
    const io = new FakeTerminal(['y']);
    io.env = { CLAUDECODE: '1', [variable]: '1' };
    for (const run of [
      () => approve(id, { db }, io),
      () => approve(id, { db, yes: true }, io),
      () => approvals({ db, watch: true }, io),
      () => resume({ db }, io),
      () => trust('mcp-afip', undefined, { db, yes: true }, io),
      () => reset('calls', { db, yes: true }, io),
    ])
      await expect(run()).rejects.toMatchObject({
        code: 'REFUSED',
        message: expect.stringContaining(variable),
      });
    expect(stateOf(state, id)).toBe('pending');
    // What only looks or stops is for anybody; CLAUDECODE alone says nothing.
    expect(await trust('mcp-afip', undefined, { db, dryRun: true }, io)).toBe(0);
    expect(await approvals({ db }, io)).toBe(0);
    io.env = { CLAUDECODE: '1', [variable]: '0' };
    expect(await approve(id, { db }, io)).toBe(0);
  });

  test('G10: --yes leaves the question out, and not the terminal', async () => {
    using state = new State();
    const { db } = state;
    const id = state.ask(state.session(), 'read_page', '{}');
    const nobody = new FakeTerminal();
    for (const run of [
      () => approve(id, { db, yes: true }, nobody),
      () => approvals({ db, watch: true }, nobody),
      () => resume({ db }, nobody),
      () => trust('mcp-afip', undefined, { db, yes: true }, nobody),
      () => reset('calls', { db, yes: true }, nobody),
    ])
      await expect(run()).rejects.toMatchObject({
        code: 'REFUSED',
        message: expect.stringContaining('no terminal'),
      });
    expect(stateOf(state, id)).toBe('pending');
    const person = new FakeTerminal([]);
    expect(await approve(id, { db, yes: true }, person)).toBe(0);
    expect(person.questions).toEqual([]);
  });

  test('G10: what the schema does not name takes the place of no amount that it names', async () => {
    using state = new State();
    const inputSchema = { type: 'object', properties: { amount_total: { type: 'number' } } };
    const definition = JSON.stringify({ inputSchema, name: 'create_payment' });
    state.store.seeTools('mcp-afip', [{ name: 'create_payment', definition }]);
    const id = state.ask(state.session(), 'create_payment', '{"a_total":900,"amount_total":150}');
    const io = new FakeTerminal(['150']);
    expect(await approve(id, { db: state.db }, io)).toBe(0);
    expect(io.questions).toEqual(['To approve it, type the value of amount_total: ']);
  });

  test('G10: the value that the policy looks at, as the person writes numbers; what is wrong is told in shape', async () => {
    using state = new State();
    const lookedAt = { amounts: [['net', 'ars']], conditions: [] };
    const id = state.ask(state.session(), 'create_payment', '{"net":{"ars":1234.5},"total":99}', 'why', {
      lookedAt,
    });
    const typing = (typed: string) => {
      const io = new FakeTerminal([typed]);
      io.env = { LANG: 'es_AR.UTF-8' };
      return io;
    };
    for (const [typed, told] of [
      [
        '1234,6',
        'Expected the value of net.ars: a number of 4 digits, with 1 decimal. Nothing was approved.\n',
      ],
      ['99', 'Expected the value of net.ars: a number of 4 digits'],
      ['1.234', '1.234 can be read as 1,234 or 1234: type it without signs between thousands'],
    ] as const) {
      const io = typing(typed);
      expect(await approve(id, { db: state.db }, io)).toBe(1);
      expect(io.err.text).toContain(told);
    }
    const watching = typing('1234,6');
    await approvals({ db: state.db, watch: true }, watching);
    expect(watching.err.text).toContain('Expected the value of net.ars: a number of 4 digits');
    expect(stateOf(state, id)).toBe('pending');
    const io = typing('1.234,50');
    expect(await approve(id, { db: state.db }, io)).toBe(0);
    expect(io.questions).toEqual(['To approve it, type the value of net.ars: ']);
  });

  test('is refused for what waits no longer, also when that happens while the person reads', async () => {
    using state = new State();
    const session = state.session();
    const db = state.db;
    const yes = { db, yes: true };
    await expect(approve('bcdfgh', yes, new FakeTerminal([]))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const id = state.ask(session, 'read_page', '{}');
    const io = new FakeTerminal(['y']);
    const ask = io.ask.bind(io);
    io.ask = (question) => {
      state.store.decideApproval(id, 'rejected', 'client');
      return ask(question);
    };
    await expect(approve(id, { db }, io)).rejects.toThrow(/rejected by client/);
    const late = state.ask(session, 'read_page', '{"n":1}');
    const after = new FakeTerminal([]);
    after.at += 600_000;
    await expect(approve(late, yes, after)).rejects.toThrow(/expired/);
    expect(stateOf(state, late)).toBe('pending');
  });

  test('--also grants further calls, bound by the amount, and says so', async () => {
    using state = new State();
    const id = state.ask(state.session(), 'create_payment', '{"amount_total":5,"n":1}');
    const io = new FakeTerminal(['5']);
    const options = { db: state.db, also: 'next 10', for: '2h', maxAmount: '200000.50' };
    expect(await approve(id, options, io)).toBe(0);
    const said =
      'the next 10 calls of create_payment for 2 h, with args.amount_total and every other amount from 0 to 200000.5';
    expect(io.err.text).toContain(said);
    const [budget] = state.store.budgets();
    expect(io.out.text).toContain(`Revoke: policy-wrap reject ${budget?.id}`);
    expect(budget).toMatchObject({
      callsLeft: 10,
      bound: { path: 'args.amount_total', max: '200000.5' },
      madeBy: 'cli',
    });
  });
});

describe('reject', () => {
  test('says what of that server, grant and tool goes on all the same, and of no other', async () => {
    using state = new State();
    const { db, store } = state;
    const ask = (server: string, grant: string, tool: string, args: string) =>
      state.ask(state.session({ server, grant }), tool, args);
    const waiting = ask('afip', 'default', 'pay', '{"a":2}');
    for (const [server, grant, tool] of [
      ['afip', 'default', 'pay'],
      ['other', 'default', 'pay'],
      ['afip', 'second', 'pay'],
      ['afip', 'default', 'send'],
    ] as const)
      store.decideApproval(ask(server, grant, tool, '{"a":1}'), 'approved', 'cli', {
        budget: { calls: 3, forMs: 60_000 },
      });
    const mine = store
      .budgets()
      .find((one) => one.server === 'afip' && one.grant === 'default' && one.tool === 'pay');
    const io = new FakeTerminal();
    expect(await reject(waiting, { db }, io)).toBe(0);
    expect(io.err.text).toBe(
      `Still approved in advance: the next 3 of pay. Take it back: policy-wrap reject ${mine?.id}\n`,
    );
  });

  test('refuses with a reason, revokes a budget, and says what it cannot', async () => {
    using state = new State();
    const session = state.session();
    const { db } = state;
    const id = state.ask(session, 'pay', '{}');
    expect(await reject(` ${id} `, { db, reason: 'no' }, new FakeTerminal())).toBe(0);
    expect(state.store.approval(id)).toMatchObject({ state: 'rejected', note: 'no', decidedBy: 'cli' });
    await expect(reject(id, { db }, new FakeTerminal())).rejects.toMatchObject({ code: 'REFUSED' });
    const granted = state.ask(session, 'pay', '{"n":1}');
    state.store.decideApproval(granted, 'approved', 'cli', { budget: { calls: 1, forMs: 60_000 } });
    const budget = state.store.budgets()[0]?.id ?? '';
    expect(await reject(budget.toUpperCase(), { db }, new FakeTerminal())).toBe(0);
    expect(state.store.budgets()).toEqual([]);
    await expect(reject(budget, { db }, new FakeTerminal())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('approvals', () => {
  test('lists what waits with the arguments whole, with --all also what does not', async () => {
    using state = new State();
    const session = state.session();
    const id = state.ask(session, 'create_payment', PAYMENT, 'why\u001b[2J');
    const done = state.ask(session, 'read_page', '{}');
    state.store.decideApproval(done, 'rejected', 'cli', { note: 'no' });
    const io = new FakeTerminal();
    expect(await approvals({ db: state.db }, io)).toBe(0);
    expect(io.out.text).toContain(`policy-wrap approve ${id}`);
    expect(io.out.text).toContain('why\\u{1b}[2J');
    expect(io.out.text).toContain('"cuit": "20-12345678-9"');
    expect(io.out.text).not.toContain(done);
    const all = new FakeTerminal();
    await approvals({ db: state.db, all: true }, all);
    expect(all.out.text).toMatch(new RegExp(`Approval ${done}[\\s\\S]*rejected on the command line .*: no`));
    const json = new FakeTerminal();
    await approvals({ db: state.db, json: true }, json);
    expect(json.out.text).toContain(`"arguments":${PAYMENT}`);
    expect(JSON.parse(json.out.text)).toMatchObject({
      version: 1,
      approvals: [{ id, severe: true, state: 'pending' }],
    });
  });

  test('--watch asks one by one, goes on with new ones, and ends at Ctrl-C', async () => {
    using state = new State();
    const session = state.session();
    const severe = state.ask(session, 'create_payment', '{"amount":5}');
    state.at += 1;
    const plain = state.ask(session, 'read_page', '{}');
    state.at += 1;
    const skipped = state.ask(session, 'read_page', '{"n":1}');
    let later = '';
    const io = new FakeTerminal(['a', '4', '5', 'what', 'r', 's', 'A']);
    io.pauses = [
      () => {
        later = state.ask(session, 'read_page', '{"n":2}');
      },
    ];
    expect(await approvals({ db: state.db, watch: true }, io)).toBe(0);
    expect([severe, plain, skipped, later].map((id) => stateOf(state, id))).toEqual([
      'approved',
      'rejected',
      'pending',
      'approved',
    ]);
    expect(io.questions[0]).toBe('type the value of amount to approve, [r]eject, [s]kip: ');
    const left = new FakeTerminal([]);
    expect(await approvals({ db: state.db, watch: true }, left)).toBe(0);
    expect(stateOf(state, skipped)).toBe('pending');
  });

  test('of what was decided only the names of the arguments may be left, and that is said', async () => {
    using state = new State();
    const id = state.ask(state.session(), 'read_page', '["a","b\u202e"]');
    const io = new FakeTerminal();
    await approvals({ db: state.db }, io);
    expect(io.out.text).toContain('arguments (their values are no longer kept): a, b\\u{202e}\n');
    const json = new FakeTerminal();
    await approvals({ db: state.db, json: true }, json);
    expect(JSON.parse(json.out.text).approvals).toMatchObject([
      { id, arguments: null, argumentNames: ['a', 'b\u202e'] },
    ]);
  });

  test('--watch needs a terminal, and does not go with --json', async () => {
    using state = new State();
    const { db } = state;
    await expect(approvals({ db, watch: true }, new FakeTerminal())).rejects.toMatchObject({
      code: 'REFUSED',
    });
    await expect(approvals({ db, watch: true, json: true }, new FakeTerminal([]))).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('reject', () => {
  test('G10: takes back an approval that was not used yet, and says what goes on', async () => {
    using state = new State();
    const db = state.db;
    const session = state.session();
    const id = state.ask(session, 'read_page', '{}');
    await approve(id, { db, also: 'next 3' }, new FakeTerminal(['y']));
    const io = new FakeTerminal();
    expect(await reject(id, { db, reason: 'wrong page' }, io)).toBe(0);
    expect(io.out.text).toContain('Taken back: the approval was not used');
    expect(io.err.text).toMatch(
      /Still approved in advance: the next 3 of read_page\. .* policy-wrap reject \w+/,
    );
    expect(state.store.approval(id)).toMatchObject({
      state: 'rejected',
      decidedBy: 'cli',
      note: 'wrong page',
    });
  });

  test('G10: what was used cannot be taken back, and says so', async () => {
    using state = new State();
    const session = state.session();
    const id = state.ask(session, 'read_page', '{}');
    await approve(id, { db: state.db, yes: true }, new FakeTerminal([]));
    expect(state.repeat(session, 'read_page', '{}').kind).toBe('allowed');
    await expect(reject(id, { db: state.db }, new FakeTerminal())).rejects.toThrow('was used already');
    expect(stateOf(state, id)).toBe('consumed');
  });
});
