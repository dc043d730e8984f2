import { afterAll, describe, expect, test } from 'vitest';
import { lintPolicy } from '../../src/advice/lint.js';
import { preset } from '../../src/catalog/servers.js';
import { evaluate } from '../../src/policy/evaluate/evaluate.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { Store } from '../../src/store/store.js';
import { done, tempDir } from '../store/support.js';
import { admission, INFO } from '../store/support-shapes.js';

const temp = tempDir();
afterAll(temp.remove);

const loaded = loadPolicy(preset('trifecta')?.text ?? '', 'trifecta');
const { policy } = loaded;
if (!policy) throw new Error(JSON.stringify(loaded.problems));

/** What becomes of the last call, after the others on another server. */
function fate(reads: readonly string[], last: string): string {
  const path = temp.path();
  const [web, mail] = [Store.open(path), Store.open(path)];
  const open = { kind: 'open', charges: [], ask: undefined } as const;
  const reader = web.startSession({ ...INFO, server: 'web' });
  done(
    web.admit(
      reader,
      reads.map((tool) => admission(open, { tool })),
    ),
  );
  const sender = mail.startSession({ ...INFO, server: 'mail' });
  const approval = { argumentsHash: 'x', argumentsText: '{}', expiresMs: 60_000 };
  const evaluation = evaluate(policy as NonNullable<typeof policy>, { tool: last, args: {}, env: {} });
  const [admitted] = done(mail.admit(sender, [admission(evaluation, { tool: last, approval })]));
  for (const store of [web, mail]) store.close();
  return admitted?.kind ?? 'nothing';
}

describe('the preset trifecta', () => {
  test('loads, and has no rule that could never do anything', () => {
    expect(loaded.problems).toEqual([]);
    expect(lintPolicy(loaded as Parameters<typeof lintPolicy>[0])).toEqual([]);
  });

  test.each([
    ['fetch_page', 'send_email'],
    ['get_issue', 'create_pull_request'],
    ['brave_web_search', 'slack_post_reply'],
    ['read_inbox', 'sendMessage'],
    ['list_issue_comments', 'add_issue_comment'],
  ])('%s of one server, then %s of another: a person is asked', (read, send) => {
    expect(fate([read], send)).toBe('asked');
    expect(fate([], send)).toBe('allowed');
  });

  test.each([
    ['read_file', 'send_email'],
    ['fetch_page', 'read_file'],
    ['send_email', 'send_email'],
    ['fetch_page', 'list_tables'],
  ])('%s, then %s: passes', (read, then) => {
    expect(fate([read], then)).toBe('allowed');
  });
});
