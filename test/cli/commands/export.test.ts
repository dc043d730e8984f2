import { describe, expect, test } from 'vitest';
import { exportLog } from '../../../src/cli/commands/export.js';
import { Played } from '../../support/played.js';
import { FakeTerminal } from './support.js';

const POLICY = {
  default: 'allow',
  tools: { tag: { limits: [{ max: 1, window: 'hour', counter: 'tags' }] }, pay: { action: 'approve' } },
};

function lines(io: FakeTerminal) {
  return io.out.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('export --format ocsf', () => {
  test('decisions are API activities with a disposition, events base events; what OCSF requires is there', async () => {
    using played = new Played();
    played.play(POLICY, [
      { tool: 'tag', args: { secret: 'value' }, outcome: 'ok', latencyMs: 12.4 },
      { tool: 'tag', after: 10 },
      { tool: 'pay', after: 10 },
    ]);
    const io = new FakeTerminal();
    expect(await exportLog({ db: played.db, format: 'ocsf' }, io)).toBe(0);
    const rows = lines(io);
    const calls = rows.filter(({ class_uid }) => class_uid === 6003);
    expect(calls.map((row) => [row.action, row.disposition_id, row.status_id, row.status_code])).toEqual([
      ['Allowed', 1, 1, undefined],
      ['Denied', 2, 2, 'LIMIT'],
      ['Denied', 28, 2, 'APPROVAL_REQUIRED'],
    ]);
    expect(calls[0]).toMatchObject({
      duration: 12,
      api: { operation: 'tools/call', request: { data: { tool: 'tag' } } },
    });
    expect(calls[1]).toMatchObject({ policy: { name: '/tools/tag/limits/tags' } });
    for (const row of rows) {
      expect(row.type_uid).toBe(row.class_uid * 100 + row.activity_id);
      expect(row).toMatchObject({
        category_uid: Math.floor(row.class_uid / 1000),
        time: expect.any(Number),
        severity_id: expect.any(Number),
        metadata: { version: '1.6.0', product: { name: 'policy-wrap' }, uid: expect.any(String) },
      });
    }
    for (const row of calls)
      expect(row).toMatchObject({ actor: expect.any(Object), src_endpoint: expect.any(Object) });
    expect(new Set(rows.map(({ metadata }) => metadata.uid)).size).toBe(rows.length);
    expect(rows.filter(({ class_uid }) => class_uid === 0).map(({ message }) => message)).toContain(
      'approval.asked',
    );
    expect(io.out.text).not.toContain('value');
  });
});

describe('export --follow', () => {
  test.each(['jsonl', 'ocsf', 'csv'] as const)(
    '%s goes on with what comes, each row once, until Ctrl-C',
    async (format) => {
      using played = new Played();
      played.play(POLICY, [{ tool: 'tag' }, { tool: 'pay' }]);
      const whole = async () => {
        const io = new FakeTerminal();
        await exportLog({ db: played.db, format }, io);
        return io.out.text;
      };
      const io = new FakeTerminal();
      const first = await whole();
      io.pauses = [
        () => expect(io.out.text).toBe(first),
        () => void played.play(POLICY, [{ tool: 'tag', after: 60_000 }]),
        () => {},
        () => void played.play(POLICY, [{ tool: 'pay', after: 60_000, args: { n: 2 } }]),
      ];
      expect(await exportLog({ db: played.db, format, follow: true }, io)).toBe(0);
      expect(io.out.text).toBe(await whole());
      expect(io.out.text.length).toBeGreaterThan(first.length);
    },
  );
});
