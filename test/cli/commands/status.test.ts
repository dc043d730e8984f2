import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { status } from '../../../src/cli/commands/status.js';
import { connect } from '../../../src/store/sqlite/driver.js';
import { damage } from '../../store/support.js';
import { open } from '../../store/support-shapes.js';
import { charge, FakeTerminal, NOW, State } from './support.js';

const MINUTE = 60_000;

describe('status', () => {
  test('without a database says so and ends well', async () => {
    using state = new State();
    const db = join(state.folder, 'none.db');
    const io = new FakeTerminal();
    expect(await status({ db }, io)).toBe(0);
    expect(io.out.text).toContain(`no state database at ${db} yet`);
    const json = new FakeTerminal();
    expect(await status({ db, json: true }, json)).toBe(0);
    expect(JSON.parse(json.out.text)).toMatchObject({
      version: 1,
      database: { exists: false },
      counters: [],
    });
  });

  test('shows wrappers, counters with the time they are free, what waits and what was granted', async () => {
    using state = new State();
    const session = state.session();
    state.store.describeClient(session, 'claude-ai\u001b[2J', '0.1');
    for (let i = 0; i < 3; i++)
      state.admit(session, open(charge('calls', 3), charge('month', 10, { windowMs: 31 * 86_400_000 })));
    state.admit(session, open(charge('calls', 3, { per: [] }, 1, '["3"]')));
    const observing = state.session({ server: 'legiti', observe: true });
    state.admit(observing, open(charge('seen', 5)));
    const id = state.ask(session, 'create_invoice', '{"amount":1}');
    const granted = state.ask(session, 'create_invoice', '{"amount":2}');
    const bound = { path: 'args.amount', max: '200' };
    state.store.decideApproval(granted, 'approved', 'cli', {
      budget: { calls: 10, forMs: 30 * MINUTE, bound },
    });

    const io = new FakeTerminal();
    io.at += 15_000;
    expect(await status({ db: state.db }, io)).toBe(0);
    const text = io.out.text;
    expect(text).toMatch(
      /mcp-afip {2,}running {2,}since \d\d:00:00 {2,}claude-ai\\u\{1b\}\[2J 0\.1 +pid \d+/,
    );
    expect(text).toMatch(/legiti +observes, refuses nothing +since .* +no client yet/);
    expect(text).toMatch(/mcp-afip +calls +█{20} +3 \/ 3 +per minute +full until \d\d:\d\d:00 \(45 s\)/);
    expect(text).toMatch(/mcp-afip +calls +█{7}░{13} +1 \/ 3 +per minute +for \["3"\]\n/);
    expect(text).toMatch(
      /mcp-afip +month +█{8}░{12} +4 \/ 10 +per 31 days|mcp-afip +month +█{6}░{14} +3 \/ 10 +per 31 days/,
    );
    expect(text).toMatch(/legiti +seen +.* 1 \/ 5 +per minute +observed only/);
    expect(text).toMatch(
      new RegExp(`policy-wrap approve ${id} +mcp-afip +create_invoice +expires in 10 min +look at it`),
    );
    expect(text).toMatch(
      /create_invoice +10 more calls +args\.amount at most 200 +until .*\(30 min\) +revoke: policy-wrap reject /,
    );
  });

  test('--server keeps to one server, and to what all servers share', async () => {
    using state = new State();
    state.admit(state.session(), open(charge('calls', 3)));
    state.admit(
      state.session({ server: 'legiti' }),
      open(charge('own', 3), charge('all', 9, { scope: 'machine' })),
    );
    const io = new FakeTerminal();
    await status({ db: state.db, server: 'mcp-afip', json: true }, io);
    const { wrappers, counters } = JSON.parse(io.out.text);
    expect(wrappers.map(({ server }: { server: string }) => server)).toEqual(['mcp-afip']);
    expect(counters.map(({ name }: { name: string }) => name)).toEqual(['all', 'calls']);
  });

  test('a name that nothing here has is told, with the one that was probably meant', async () => {
    using state = new State();
    state.admit(state.session(), open(charge('calls', 3)));
    const io = new FakeTerminal();
    await status({ db: state.db, server: 'mcp-afpi', counter: 'cals' }, io);
    expect(io.err.text).toBe(
      'policy-wrap: no server called mcp-afpi was seen here\n  Did you mean "mcp-afip"?\n' +
        'policy-wrap: no counter called cals was seen here\n  Did you mean "calls"?\n',
    );
    const right = new FakeTerminal();
    await status({ db: state.db, server: 'mcp-afip', counter: 'calls' }, right);
    expect(right.err.text).toBe('');
  });

  test('a count that is told apart by a hash says what that is', async () => {
    using state = new State();
    const session = state.session();
    const shown = async () => {
      const io = new FakeTerminal();
      await status({ db: state.db }, io);
      return io.out.text;
    };
    state.admit(session, open(charge('calls', 3, {}, 1, '["short"]')));
    expect(await shown()).not.toContain('#');
    state.admit(session, open(charge('calls', 3, {}, 1, `["${'x'.repeat(200)}"]`)));
    expect(await shown()).toMatch(
      /for #[\w-]{10}\n(?:[\s\S]*\n)? {2}#\.\.\. stands for values that are kept as their hash alone\n/,
    );
  });

  test('a wrapper that has ended is named for a week, one that died counts as ended', async () => {
    using state = new State();
    state.store.endSession(state.session());
    state.session({ server: 'died', pid: 2 ** 30 });
    const io = new FakeTerminal();
    await status({ db: state.db }, io);
    expect(io.out.text).toMatch(/mcp-afip +not running +last seen \d\d:00:00/);
    expect(io.out.text).toMatch(/died +not running/);
    io.out.text = '';
    io.at += 8 * 86_400_000;
    await status({ db: state.db }, io);
    expect(io.out.text).toContain('No wrapper is running');
  });

  test('of thousands of counters the fullest are shown, and JSON has all', async () => {
    using state = new State();
    const session = state.session();
    for (let i = 0; i < 60; i++) state.admit(session, open(charge('per_cuit', 100, {}, i, `["${i}"]`)));
    const io = new FakeTerminal();
    await status({ db: state.db }, io);
    expect(io.out.text.match(/per_cuit/g)).toHaveLength(40);
    expect(io.out.text).toContain('for ["59"]');
    expect(io.out.text).not.toContain('for ["19"]');
    expect(io.out.text).toContain('20 more are in --json');
    const json = new FakeTerminal();
    await status({ db: state.db, json: true }, json);
    expect(JSON.parse(json.out.text).counters).toHaveLength(60);
  });

  test('--watch draws anew until Ctrl-C, and takes up a database that is made meanwhile', async () => {
    using state = new State();
    const db = join(state.folder, 'later.db');
    const io = new FakeTerminal();
    io.out.isTerminal = true;
    io.pauses = [() => {}, () => {}];
    expect(await status({ db, watch: true }, io)).toBe(0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own language
    expect(io.out.text.match(/\u001b\[H/g)).toHaveLength(3);
    const lines = new FakeTerminal();
    lines.pauses = [() => state.admit(state.session(), open(charge('calls', 3)))];
    expect(await status({ db: state.db, watch: true, json: true }, lines)).toBe(0);
    const seen = lines.out.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).counters.length);
    expect(seen).toEqual([0, 1]);
  });

  test('calendar counters name their zone and reset; JSON times are UTC', async () => {
    using state = new State();
    const timezone = 'America/Argentina/Buenos_Aires';
    const align = { kind: 'calendar', unit: 'day', timezone } as const;
    state.admit(state.session(), open(charge('invoices', 1, { align, windowMs: 86_400_000 })));
    const io = new FakeTerminal();
    await status({ db: state.db }, io);
    expect(io.out.text).toMatch(
      /1 \/ 1 +per calendar day, America\/Argentina\/Buenos_Aires +full until .* \(16 h\)/,
    );
    const json = new FakeTerminal();
    await status({ db: state.db, json: true }, json);
    expect(JSON.parse(json.out.text).counters[0]).toMatchObject({
      used: '1',
      max: '1',
      calendar: { unit: 'day', timezone },
      freesAt: new Date(NOW + 16 * 60 * MINUTE).toISOString(),
    });
  });

  test('JSON holds a bounded number of counters, the fullest first, with how many more there are, and is quick', async () => {
    using state = new State();
    const session = state.session();
    state.admit(session, open(charge('other', 3)));
    const db = connect(state.db, 1000);
    const columns = 'key, name, scope, server, grant_name, split, window_ms, observe, max, clock, used';
    const counter = db.prepare(
      `INSERT INTO counters (${columns}) VALUES (?, 'per_cuit', 'grant', 'mcp-afip', 'default', ?, 60000, 0, '100000', ?, ?)`,
    );
    const charged = db.prepare('INSERT INTO charges VALUES (?, ?, ?, ?, ?)');
    db.exec('BEGIN');
    const count = 20_000;
    for (let i = 1; i <= count; i += 1) {
      const { lastInsertRowid } = counter.run(`key ${i}`, `["${i}"]`, NOW, i + 7);
      // The first charge has expired.
      charged.run(Number(lastInsertRowid), NOW - 70_000, 0, 0, 7);
      charged.run(Number(lastInsertRowid), NOW, 0, 1, i);
    }
    db.exec('COMMIT');
    db.close();
    expect(damage(state.store)).toEqual([]);

    const io = new FakeTerminal();
    let started = performance.now();
    await status({ db: state.db, json: true }, io);
    const took = performance.now() - started;
    const { counters, countersTotal, moreCounters } = JSON.parse(io.out.text);
    expect(counters).toHaveLength(200);
    expect({ countersTotal, moreCounters }).toEqual({ countersTotal: count + 1, moreCounters: count - 199 });
    // One of three is the fullest of all.
    expect(counters.slice(0, 3).map((one: { used: string }) => one.used)).toEqual(['1', '20000', '19999']);
    started = performance.now();
    expect(state.store.counters()).toHaveLength(count + 1);
    expect(took).toBeLessThan((performance.now() - started) * 2);

    const filtered = new FakeTerminal();
    await status({ db: state.db, json: true, counter: 'other' }, filtered);
    expect(JSON.parse(filtered.out.text)).toMatchObject({
      counters: [{ name: 'other' }],
      countersTotal: 1,
      moreCounters: 0,
    });
    const text = new FakeTerminal();
    await status({ db: state.db }, text);
    expect(text.out.text).toContain(`These are the fullest; ${count - 39} more are there (--counter <name>`);
  });

  test('names a clock that has jumped and what mends it', async () => {
    using state = new State();
    const session = state.session();
    state.at = Date.UTC(2099, 0, 1);
    state.admit(session, open(charge('calls', 3)));
    state.at = NOW;
    const io = new FakeTerminal();
    await status({ db: state.db }, io);
    expect(io.out.text).toMatch(
      /charged when the clock said (2099-01-01|2098-12-31).*policy-wrap reset --clock/,
    );
    const json = new FakeTerminal();
    await status({ db: state.db, json: true }, json);
    expect(JSON.parse(json.out.text)).toMatchObject({
      clockWas: '2099-01-01T00:00:00.000Z',
      counters: [{ name: 'calls', aheadMs: Date.UTC(2099, 0, 1) - NOW }],
    });
  });
});
