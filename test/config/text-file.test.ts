import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadWithLayers, readPolicy } from '../../src/config/policy-files.js';
import { findPolicy } from '../../src/config/shipped-policies.js';
import { decodeText, MAX_TEXT_FILE, readRegularFile, readTextFile } from '../../src/config/text-file.js';
import { cli } from '../support/cli.js';

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const POLICY = JSON.stringify({
  version: '1',
  default: 'allow',
  tools: { t: { deny_if: [{ conditions: [{ path: 'args.city', op: 'eq', value: 'Córdoba' }] }] } },
});

function file(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const UTF16 = Buffer.from(`\ufeff${POLICY}`, 'utf16le');
/** What is no UTF-8, and the words for it. */
const ENCODINGS: readonly [string, Buffer, RegExp][] = [
  ['latin1', Buffer.from(POLICY, 'latin1'), /is not UTF-8 \(line 1\): save it as UTF-8$/m],
  ['utf16le', UTF16, /is UTF-16, not UTF-8: save it as UTF-8$/m],
  ['utf16be', Buffer.from(UTF16).swap16(), /is UTF-16, not UTF-8: save it as UTF-8$/m],
  // No letter of it has a zero byte.
  [
    'utf16le-letters',
    Buffer.from('\ufeff\u0101\u0102', 'utf16le'),
    /is UTF-16, not UTF-8: save it as UTF-8$/m,
  ],
  [
    'utf16be-letters',
    Buffer.from('\ufeff\u0101\u0102', 'utf16le').swap16(),
    /is UTF-16, not UTF-8: save it as UTF-8$/m,
  ],
  ['half-a-mark', Buffer.from([0xff, 0x41]), /is not UTF-8 \(line 1\): save it as UTF-8$/m],
  ['the-other-half', Buffer.from([0x41, 0xfe, 0x0a]), /is not UTF-8 \(line 1\): save it as UTF-8$/m],
  ['twice-the-same', Buffer.from([0xfe, 0xfe, 0xff, 0xff]), /is not UTF-8 \(line 1\): save it as UTF-8$/m],
  ['utf16-without-mark', Buffer.from(POLICY, 'utf16le'), /is UTF-16, not UTF-8: save it as UTF-8$/m],
  [
    'cut',
    Buffer.concat([Buffer.from('{}\n\ufffd\n'), Buffer.from([0xc3])]),
    /is not UTF-8 \(line 3\): save it as UTF-8$/m,
  ],
];

describe('a file that a person wrote', () => {
  test.each(ENCODINGS)('G3: %s is refused, and how to mend it said', (name, bytes, message) => {
    const path = file(`${name}.json`, bytes);
    const code = 'POLICY_INVALID';
    expect(() => readTextFile(path, 'the policy', code)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
    expect(() => readPolicy(path)).toThrow(message);
    expect(() => findPolicy({ policy: path }, ['x'], [])).toThrow(message);
    const above = JSON.stringify({ version: '1', default: 'allow', extends: `${name}.json` });
    expect(() => loadWithLayers(above, join(folder, 'above.json'))).toThrow(message);
  });

  test.each(ENCODINGS)('G3: no command takes %s', (name, bytes, message) => {
    const path = file(`${name}.json`, bytes);
    const env = { ...process.env, HOME: folder };
    const cases = file('cases.json', JSON.stringify({ policy: path, cases: [] }));
    for (const [args, exit] of [
      [['check', path], 3],
      [['explain', 't', '--policy', path], 3],
      [['import', path], 3],
      [['test', cases], 3],
      [['test', path], 2],
      [['--policy', path, '--', process.execPath], 3],
    ] as const) {
      const { code, stderr } = cli(args, { env });
      expect([args[0], code, stderr]).toEqual([args[0], exit, expect.stringMatching(message)]);
      expect(stderr.trim().split('\n').length).toBe(1);
    }
  });

  test('may have a byte order mark, any letters, and no bytes at all', () => {
    expect(readTextFile(file('mark.json', `\ufeff${POLICY}`), 'x', 'USAGE')).toBe(`\ufeff${POLICY}`);
    expect(readTextFile(file('empty.json', ''), 'x', 'USAGE')).toBe('');
    expect(readTextFile(join(folder, 'none.json'), 'x', 'USAGE')).toBeUndefined();
    expect(readPolicy(file('utf8.json', POLICY)).kind).toBe('policy');
  });

  test.each([
    ['the first', '', 1],
    ['the second, after letters of several bytes', 'ñ\u{1f600}\n', 2],
    ['the third, after a sign for what could not be read', '\ufffd\n\n\u{1f600}\ufffd', 3],
  ])('the line of the first byte that is not UTF-8 is said: %s', (_, before, line) => {
    const bytes = Buffer.concat([Buffer.from(before), Buffer.from([0xe9, 0x0a, 0xe9])]);
    expect(() => decodeText(bytes, 'a.json', 'the policy', 'USAGE')).toThrow(
      `a.json: the policy is not UTF-8 (line ${line}): save it as UTF-8`,
    );
  });

  test('G9: is read as far as is allowed, and its bytes as they are', () => {
    const path = file('four.bin', Buffer.from([0, 255, 1, 2]));
    expect(readRegularFile(path, 'x', 'USAGE', 4)).toMatchObject({ stats: { size: 4 } });
    expect(readRegularFile(path, 'x', 'USAGE', 4)?.bytes).toEqual(Buffer.from([0, 255, 1, 2]));
    expect(() => readRegularFile(path, 'x', 'USAGE', 3)).toThrow('is larger than');
    expect(() => readRegularFile(join(path, 'below'), 'x', 'USAGE', 4)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('could not be read') }),
    );
  });

  test.skipIf(process.platform !== 'linux')('G3: that is not as long as it says is refused', () => {
    expect(() => readTextFile('/proc/self/status', 'the policy', 'USAGE')).toThrow(
      'changed while it was read',
    );
  });

  test('G9: is read to 4 MiB and no further', () => {
    expect(readTextFile(file('most.json', ' '.repeat(MAX_TEXT_FILE)), 'x', 'USAGE')).toHaveLength(
      MAX_TEXT_FILE,
    );
    const path = file('more.json', ' '.repeat(MAX_TEXT_FILE + 1));
    expect(() => readTextFile(path, 'the policy', 'USAGE')).toThrow(/the policy is larger than 4 MiB/);
  });

  test.skipIf(process.platform === 'win32')('G9: is neither a device, a pipe nor a folder', () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of ['/dev/zero', join(folder, 'pipe'), folder]) {
      expect(() => readTextFile(path, 'the policy', 'USAGE')).toThrow(/is not a regular file/);
      const above = file('above.json', JSON.stringify({ version: '1', default: 'allow', extends: path }));
      const { code, stderr } = cli(['check', above], { env: process.env });
      expect([code, stderr]).toEqual([3, expect.stringContaining('is not a regular file')]);
    }
  });

  test.skipIf(process.platform === 'win32')('a circle is found through links too', () => {
    const path = file(
      'circle.json',
      JSON.stringify({ version: '1', default: 'allow', extends: 'link.json' }),
    );
    symlinkSync(path, join(folder, 'link.json'));
    expect(() => readPolicy(path)).toThrow(/leads in a circle/);
  });
});

describe('test', () => {
  test('G3: a case file is judged with what its policy extends, as every other command does', () => {
    file('base.json', JSON.stringify({ version: '1', default: 'allow', tools: { pay: { action: 'deny' } } }));
    const policy = { version: '1', default: 'allow', extends: 'base.json' };
    file('own.json', JSON.stringify(policy));
    const call = { tool: 'pay' };
    for (const each of [policy, 'own.json']) {
      const path = file(
        'cases.json',
        JSON.stringify({
          policy: each,
          cases: [{ name: 'x', call, expect: { decision: 'deny', code: 'ACTION_DENY' } }],
        }),
      );
      const { code, stdout } = cli(['test', path], { env: process.env });
      expect([code, stdout]).toEqual([0, expect.stringContaining('1 passed, 0 failed')]);
    }
    const broken = file(
      'cases.json',
      JSON.stringify({ policy: { ...policy, extends: 'none.json' }, cases: [] }),
    );
    expect(cli(['test', broken], { env: process.env }).code).toBe(3);
  });

  test('G2: a case has the digits that stand in its file', () => {
    const policy =
      '{"version":"1","default":"deny","tools":{"t":{"deny_if":[{"conditions":[{"path":"args.x","op":"eq","value":13}]}]}}}';
    const one = (x: string, expect: string) =>
      `{"name":"${x}","call":{"tool":"t","args":{"x":${x}}},"expect":${expect}}`;
    const path = file(
      'cases.json',
      `{"policy":${policy},"cases":[${one('13.00000000000000000001', '{"decision":"deny"}')},${one('13.5', '{"decision":"allow"}')}]}`,
    );
    expect(cli(['test', path], { env: process.env }).stdout).toContain('2 passed, 0 failed');
  });

  test('a fault in a case file has its line and column', () => {
    const path = file('cases.json', '{\n  "policy": {},\n  "cases": [ oops ]\n}');
    const { code, stderr } = cli(['test', path], { env: process.env });
    expect([code, stderr]).toEqual([2, expect.stringContaining('cases.json:3:')]);
  });
});
