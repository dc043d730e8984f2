import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { csvRow, exportLog } from '../../../src/cli/commands/export.js';
import { type LogOptions, log } from '../../../src/cli/commands/log.js';
import { localDay } from '../../../src/cli/time.js';
import { open, settlement } from '../../store/support-shapes.js';
import { charge, denied, FakeTerminal, NOW, State } from './support.js';

const HOUR = 3_600_000;

async function logged(
  state: State,
  options: Partial<LogOptions> = {},
  io = new FakeTerminal(),
): Promise<string[]> {
  expect(await log({ db: state.db, limit: 100, ...options }, io)).toBe(0);
  return io.out.text.split('\n').slice(0, -1);
}

/** Three decisions an hour apart, of two servers, and what happened to an approval. */
function some(): State {
  const state = new State();
  const session = state.session();
  state.store.describeClient(session, 'claude-ai', '0.1');
  const passed = state.admit(session, open(charge('calls', 3)), { argumentsText: '["amount","cuit"]' });
  state.store.settle([settlement(passed.row, 'tool_error', 12)]);
  state.at += HOUR;
  state.admit(state.session({ server: 'legiti', observe: true }), denied(), {
    tool: 'read\u202e',
    argumentsText: '{"secret":"s3cret","n":9007199254740993}',
  });
  state.at += HOUR;
  state.store.decideApproval(state.ask(session, 'refund', '{"amount":1}'), 'rejected', 'cli', { note: 'no' });
  state.at = NOW;
  return state;
}

describe('log', () => {
  test('a line for each decision and event, the newest last, arguments masked', async () => {
    using state = some();
    const lines = await logged(state);
    expect(lines[0]).toBe(localDay(NOW));
    expect(lines[1]).toMatch(
      /^\d\d:\d\d:\d\d +allow +mcp-afip +pay +tool_error 12 ms +claude-ai 0\.1 +arguments: amount, cuit$/,
    );
    const decisions = lines.filter((line) => !/^2026-11-2\d$/.test(line));
    expect(decisions[1]).toMatch(
      /would deny +legiti +read\\u\{202e\} +NOT_LISTED +\(default deny\) +arguments: secret, n$/,
    );
    expect(decisions[2]).toMatch(
      /ask +mcp-afip +refund +APPROVAL_REQUIRED .* approval [a-z0-9]{6}; arguments: amount$/,
    );
    expect(decisions[3]).toMatch(/approval\.asked +mcp-afip +refund +by wrapper/);
    expect(decisions[4]).toMatch(/approval\.rejected +refund +by cli .*note no$/);
    expect(decisions).toHaveLength(5);
    expect(lines.join('')).not.toContain('s3cret');
    expect((await logged(state, { arguments: true }))[2]).toContain(
      '{"secret":"s3cret","n":9007199254740993}',
    );
  });

  test.each<[option: string, options: Partial<LogOptions>, says: RegExp]>([
    [
      '--tool',
      { tool: 'refnud' },
      /^No line of the log matches\.\npolicy-wrap: no tool called refnud was seen here\n/,
    ],
    [
      '--server',
      { server: 'mcp-afpi' },
      /no server called mcp-afpi was seen here\n {2}Did you mean "mcp-afip"\?\n$/,
    ],
  ])('a misspelt %s is told from a log without such calls', async (_, options, says) => {
    using state = some();
    const io = new FakeTerminal();
    await log({ db: state.db, limit: 10, ...options }, io);
    expect(io.out.text).toBe('');
    expect(io.err.text).toMatch(says);
  });

  test.each<[string, Partial<LogOptions>, string[]]>([
    ['--denied', { denied: true }, ['read\u202e', 'refund']],
    ['--tool', { tool: 'refund' }, ['refund', 'approval.asked', 'approval.rejected']],
    ['--server', { server: 'legiti' }, ['read\u202e']],
    [
      '--since with a length',
      { since: '2h' },
      ['read\u202e', 'refund', 'approval.asked', 'approval.rejected'],
    ],
    [
      '--since with a time',
      { since: '2026-11-22T12:30:00Z' },
      ['refund', 'approval.asked', 'approval.rejected'],
    ],
    ['--limit', { limit: 1 }, ['approval.rejected']],
    ['--limit 0', { limit: 0 }, []],
  ])('%s', async (_, options, expected) => {
    using state = some();
    const io = new FakeTerminal();
    io.at = NOW + 2.5 * HOUR;
    const lines = await logged(state, { ...options, json: true }, io);
    expect(lines.map((line) => JSON.parse(line)).map(({ tool, kind }) => kind ?? tool)).toEqual(expected);
  });

  test('JSON lines have a version, exact numbers and nothing that a terminal would obey', async () => {
    using state = some();
    const text = (await logged(state, { json: true, arguments: true })).join('\n');
    expect(text).toContain('"tool":"read\\u202e"');
    expect(text).toContain('"arguments":{"secret":"s3cret","n":9007199254740993}');
    const [first] = text.split('\n').map((line) => JSON.parse(line));
    expect(first).toMatchObject({
      version: 1,
      type: 'decision',
      at: '2026-11-22T11:00:00.000Z',
      decision: 'allow',
      outcome: 'tool_error',
      latencyMs: 12,
      client: { name: 'claude-ai', version: '0.1' },
      argumentNames: ['amount', 'cuit'],
    });
    expect((await logged(state, { json: true })).join('')).not.toContain('s3cret');
  });

  test('--follow shows what comes, once, until nobody reads or Ctrl-C', async () => {
    using state = some();
    const session = state.session();
    const io = new FakeTerminal();
    const deny = (tool: string) => () => {
      state.at += 10 * HOUR;
      state.admit(session, denied(), { tool });
    };
    io.pauses = [deny('one'), () => {}, deny('two'), () => state.ask(session, 'three', '{}')];
    const lines = await logged(state, { follow: true, json: true, limit: 1 }, io);
    const seen = lines.map((line) => JSON.parse(line)).map(({ tool, kind }) => kind ?? tool);
    expect(seen).toEqual(['approval.rejected', 'one', 'two', 'three', 'approval.asked']);
    const gone = new FakeTerminal();
    gone.out.patience = 1;
    gone.pauses = Array.from({ length: 9 }, () => () => {});
    await logged(state, { follow: true }, gone);
    expect(gone.pauses).toHaveLength(9);
  });

  test('without a database says so; a time that is none is wrong usage', async () => {
    using state = new State();
    const io = new FakeTerminal();
    expect(await log({ db: join(state.folder, 'none.db'), limit: 9 }, io)).toBe(0);
    expect(io.err.text).toContain('no state database');
    await expect(log({ db: state.db, limit: 9, since: 'tomorrow' }, io)).rejects.toMatchObject({
      code: 'USAGE',
    });
    await expect(log({ db: state.db, limit: 9, since: '2026-13-45' }, io)).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});

describe('export', () => {
  test('everything, whatever its number, decisions and events in the order of their times', async () => {
    using state = some();
    const session = state.session();
    state.at = NOW + 1;
    const evaluation = denied();
    const admission = {
      tool: 'many',
      requestId: '1',
      argumentsText: '[]',
      policyHash: undefined,
      evaluation,
    };
    state.admitAll(
      session,
      Array.from({ length: 2500 }, () => admission),
    );
    const io = new FakeTerminal();
    expect(await exportLog({ db: state.db, format: 'jsonl' }, io)).toBe(0);
    const rows = io.out.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(2505);
    const ids = rows.filter(({ type }) => type === 'decision').map(({ id }) => id);
    expect(new Set(ids).size).toBe(2503);
    expect(rows.at(-1)).toMatchObject({ type: 'event', kind: 'approval.rejected' });
    expect(rows[1].arguments).toEqual({ secret: 's3cret', n: 9007199254740992 });
    const since = new FakeTerminal();
    await exportLog({ db: state.db, format: 'jsonl', since: '2026-11-22T12:00:00Z' }, since);
    expect(since.out.text.trim().split('\n')).toHaveLength(4);
  });

  test('stops when nobody reads any more', async () => {
    using state = some();
    const session = state.session();
    const admission = {
      tool: 'many',
      requestId: '1',
      argumentsText: '[]',
      policyHash: undefined,
      evaluation: denied(),
    };
    state.admitAll(
      session,
      Array.from({ length: 2500 }, () => admission),
    );
    const io = new FakeTerminal();
    io.out.patience = 1;
    expect(await exportLog({ db: state.db, format: 'jsonl' }, io)).toBe(0);
    expect(io.out.text.trim().split('\n')).toHaveLength(1000);
  });

  test('CSV goes to a file that only its owner reads, one record a line', async () => {
    using state = some();
    const output = join(mkdtempSync(join(state.folder, 'out-')), 'log.csv');
    const io = new FakeTerminal();
    expect(await exportLog({ db: state.db, format: 'csv', output }, io)).toBe(0);
    expect(statSync(output).mode & 0o777).toBe(0o600);
    const lines = readFileSync(output, 'utf8').split('\r\n');
    expect(lines[0]).toMatch(/^type,id,at,server,grant,tool,decision,code,rule,/);
    expect(lines).toHaveLength(7);
    const columns = lines[0]?.split(',').length;
    expect(lines[1]?.replace(/"[^"]*(""[^"]*)*"/g, 'x').split(',')).toHaveLength(columns ?? 0);
    const nowhere = join(state.folder, 'no', 'such', 'folder');
    await expect(exportLog({ db: state.db, format: 'csv', output: nowhere }, io)).rejects.toMatchObject({
      code: 'REFUSED',
    });
  });

  test.each([
    ['plain', 'plain'],
    ['', ''],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['=HYPERLINK("http://x")', '"\'=HYPERLINK(""http://x"")"'],
    ['+1', '"\'+1"'],
    ['-1', '"\'-1"'],
    ['@SUM(A1)', '"\'@SUM(A1)"'],
    ['\t=1', '\\u{9}=1'],
    ['two\r\nlines', 'two\\u{d}\\u{a}lines'],
    ['\u001b[2J', '\\u{1b}[2J'],
  ])('a CSV cell of %j is %j', (cell, written) => {
    expect(csvRow([cell, 'x'])).toBe(`${written},x\r\n`);
  });
});
