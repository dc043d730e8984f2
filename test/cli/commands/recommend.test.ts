import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recommend } from '../../../src/cli/commands/recommend.js';
import { loadPolicy } from '../../../src/policy/read/load.js';
import { Played, type PlayedCall } from '../../support/played.js';
import { output } from './output.js';
import { FakeTerminal } from './support.js';

const FULL = { version: '1', default: 'allow', audit: { arguments: 'full' } };
const HOUR = 3_600_000;

/** Four days of invoices, one every half hour, and one day of looking things up. */
const WORK: PlayedCall[] = [
  ...Array.from({ length: 48 }, () => ({ tool: 'get_cae_status', after: HOUR / 2, args: { number: 1 } })),
  ...Array.from({ length: 192 }, (_, i) => ({
    tool: 'create_invoice',
    after: HOUR / 2,
    args: { amount_total: 500 + (i % 10) * 1000.5, point_of_sale: 1 },
  })),
];

test('the whole file, as a person reads it', async () => {
  using played = new Played();
  played.play(FULL, WORK);
  const { code, text } = await output((io) => recommend({ db: played.db }, io));
  expect(code).toBe(0);
  expect(loadPolicy(text, 'x').problems).toEqual([]);
  expect(
    text,
  ).toBe(`// A policy for demo, from 240 calls that passed of 240 in the decision log, 2026-11-18T09:30Z to 2026-11-23T09:00Z.
// Rates: half again what 99 of 100 calls saw, at least a tenth above the highest, rounded up.
// Amounts: a fifth above the largest, rounded up. Sums: those of any 24 hours.
// Where calls were refused or asked about: what passed and no more.
// Tools that were never used are not listed, and so refused.
{
  "version": "1",
  "default": "deny",
  "tools": {
    // Financial (name: "create" of "invoice")
    "create_invoice": {
      "require": [
        // at most 9504.5 in 192 calls
        { "conditions": [{ "path": "args.amount_total", "op": "lte", "value": 12000 }] }
      ],
      "limits": [
        // 192 calls in 4 days, at most 1 in any minute
        { "counter": "create_invoice_per_minute", "window": "minute", "max": 2, "scope": "grant" },
        // 192 calls in 4 days, at most 2 in any hour
        { "counter": "create_invoice_per_hour", "window": "hour", "max": 3, "scope": "grant" },
        // at most 248112 in any day, in 192 calls
        { "counter": "create_invoice_amount_total_per_day", "window": "day", "max": 300000, "scope": "grant", "amount": "args.amount_total" }
      ]
    },
    // Read (name: "get")
    "get_cae_status": {
      "limits": [
        // 48 calls in 24 hours, at most 1 in any minute
        { "counter": "get_cae_status_per_minute", "window": "minute", "max": 2, "scope": "grant" },
        // 48 calls in 24 hours, at most 2 in any hour
        { "counter": "get_cae_status_per_hour", "window": "hour", "max": 3, "scope": "grant" }
      ]
    }
  }
}
`);
});

test('since: only what was done lately', async () => {
  using played = new Played();
  played.play(FULL, WORK);
  const since = new Date(played.now - 24 * HOUR).toISOString();
  const { text } = await output((io) => recommend({ db: played.db, since, json: true }, io));
  const { tools, calls } = JSON.parse(text);
  expect(tools.map(({ tool }: { tool: string }) => tool)).toEqual(['create_invoice']);
  expect(calls).toBe(48);
});

test('a new file, and never over one that is there', async () => {
  using played = new Played();
  played.play(FULL, [{ tool: 'a' }]);
  const file = join(played.folder, 'draft.json');
  const { text } = await output((io) => recommend({ db: played.db, output: file }, io));
  expect(text).toContain(`Next: policy-wrap replay ${file} --server demo`);
  const written = readFileSync(file, 'utf8');
  expect(loadPolicy(written, file).policy?.tools.has('a')).toBe(true);
  await expect(recommend({ db: played.db, output: file }, new FakeTerminal())).rejects.toMatchObject({
    code: 'CONFIG_CONFLICT',
  });
  expect(readFileSync(file, 'utf8')).toBe(written);
});

test('--json has the evidence, and the file as text', async () => {
  using played = new Played();
  played.play(FULL, [{ tool: 'create_invoice', args: { amount: 5 } }]);
  played.play({ default: 'deny' }, [{ tool: 'b' }]);
  const { text } = await output((io) => recommend({ db: played.db, json: true }, io));
  const result = JSON.parse(text);
  expect(result).toMatchObject({
    version: 1,
    server: 'demo',
    calls: 2,
    passed: 1,
    tools: [{ tool: 'create_invoice', class: 'Financial', calls: 1, largest: [{ rule: { value: 6 } }] }],
    unlisted: [{ tool: 'b', why: '1 call refused by (default deny)' }],
  });
  expect(loadPolicy(result.text, 'x').problems).toEqual([]);
});

test('says what the log does not hold', async () => {
  using played = new Played();
  played.play({ default: 'allow' }, [{ args: { amount: 5 } }]);
  const { text } = await output((io) => recommend({ db: played.db }, io));
  expect(text).toContain('// Amounts are unknown: the log keeps them with "audit": { "arguments": "full" }');
});

test('a log that is not there is not made', async () => {
  using played = new Played();
  const db = join(played.folder, 'none.db');
  await expect(recommend({ db }, new FakeTerminal())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(existsSync(db)).toBe(false);
});
