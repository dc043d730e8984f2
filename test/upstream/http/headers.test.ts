import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { HeaderCredentials } from '../../../src/upstream/http/headers.js';

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-'));
afterAll(() => rmSync(folder, { recursive: true }));
const TOKEN = { TOKEN: 's3cret' };

test('variables and files are put in', async () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'from a file\n');
  const credentials = new HeaderCredentials(
    [`Authorization: Bearer $\{TOKEN}`, `X-Key: $\{file:${file}}`, 'X-Team:a'],
    TOKEN,
  );
  expect(await credentials.headers()).toEqual({
    authorization: 'Bearer s3cret',
    'x-key': 'from a file',
    'x-team': 'a',
  });
  expect(await credentials.renew()).toBe(false);
  writeFileSync(file, 'another');
  expect(await credentials.renew()).toBe(true);
  expect((await credentials.headers())['x-key']).toBe('another');
});

test.each([
  ['no header', 'is no header'],
  ['Bad Name: x', 'is no header'],
  [`Authorization: $\{MISSING}`, 'MISSING is not set'],
  [`Authorization: $\{file:/nowhere/at/all}`, 'ENOENT'],
  ['Host: evil', 'belongs to the protocol'],
  ['mcp-session-id: 1', 'belongs to the protocol'],
  [`X: $\{EVIL}`, 'no header can carry'],
])('%s is refused', (line, reason) => {
  expect(() => new HeaderCredentials([line], { ...TOKEN, EVIL: 'a\r\nx: y' })).toThrow(reason);
});

/** What is thrown, as people see it; nothing when nothing is. */
function messageOf(work: () => unknown): string {
  try {
    work();
    return '';
  } catch (error) {
    return String(error);
  }
}

test('a line that cannot be used is not repeated: it may hold a secret', () => {
  for (const line of ['s3cret-in-the-wrong-place', 'Host: s3cret', 'X: s3cret\n']) {
    const refusal = messageOf(() => new HeaderCredentials([line], {}));
    expect(refusal).toMatch(/is not a header|is no header|cannot be sent/);
    expect(refusal).not.toContain('s3cret');
  }
});
