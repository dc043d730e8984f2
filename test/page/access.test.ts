import { describe, expect, test } from 'vitest';
import { Access } from '../../src/page/access.js';
import { cookieFor, HEADERS, isFromElsewhere, originsOf, strangeRequest } from '../../src/page/guard.js';
import { peerCheck } from '../../src/page/peer.js';

describe('who may use the page', () => {
  test('a token signs in once, and no other text does', () => {
    const access = new Access();
    const token = access.newToken();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(access.signIn(`${token}x`)).toBeUndefined();
    const { cookie = '', key = '' } = access.signIn(token) ?? {};
    expect(access.signIn(token)).toBeUndefined();
    expect(access.isSignedIn(cookie, key)).toBe(true);
  });

  test('a cookie and a key count only together, and only those of one sign-in', () => {
    const access = new Access();
    const one = access.signIn(access.newToken());
    const other = access.signIn(access.newToken());
    for (const [cookie, key] of [
      [undefined, undefined],
      [one?.cookie, undefined],
      [undefined, one?.key],
      [one?.cookie, other?.key],
      [one?.key, one?.cookie],
      ['', ''],
    ])
      expect(access.isSignedIn(cookie, key)).toBe(false);
    expect(access.isSignedIn(other?.cookie, other?.key)).toBe(true);
  });

  test('no more than twenty sign-ins and addresses are kept', () => {
    const access = new Access();
    const first = access.newToken();
    for (let n = 0; n < 20; n += 1) access.newToken();
    expect(access.signIn(first)).toBeUndefined();
    const oldest = access.signIn(access.newToken());
    for (let n = 0; n < 20; n += 1) access.signIn(access.newToken());
    expect(access.isSignedIn(oldest?.cookie, oldest?.key)).toBe(false);
  });
});

describe('which requests are answered', () => {
  const origins = originsOf(8765);
  const strange = (method: string, headers: Record<string, string>) =>
    strangeRequest(new Headers(headers), method, origins);

  test.each([
    ['127.0.0.1:8765', true],
    ['localhost:8765', true],
    ['127.0.0.1:8766', false],
    ['127.0.0.1', false],
    ['evil.test:8765', false],
    ['127.0.0.1.evil.test:8765', false],
    ['127.0.0.1:8765.evil.test', false],
    ['LOCALHOST:8765', false],
    ['', false],
  ])('Host %s: %s', (host, isAnswered) => {
    expect(strange('GET', { host }) === undefined).toBe(isAnswered);
  });

  test.each([
    ['http://127.0.0.1:8765', true],
    ['http://localhost:8765', false],
    ['http://127.0.0.1:8766', false],
    ['https://127.0.0.1:8765', false],
    ['https://evil.test', false],
    ['null', false],
    ['', false],
  ])('a POST from %s: %s', (origin, isAnswered) => {
    expect(strange('POST', { host: '127.0.0.1:8765', origin }) === undefined).toBe(isAnswered);
  });

  test('a POST that names no origin is not answered', () => {
    expect(strange('POST', { host: '127.0.0.1:8765' })).toBeDefined();
    expect(strange('GET', { host: '127.0.0.1:8765' })).toBeUndefined();
  });

  test.each(['cross-site', 'same-site', 'none'])('the API is not there for %s', (site) => {
    expect(isFromElsewhere(new Headers({ 'sec-fetch-site': site }))).toBe(true);
    expect(isFromElsewhere(new Headers({ 'sec-fetch-site': 'same-origin' }))).toBe(false);
  });

  test('no code that stands in the page runs, and nobody frames it', () => {
    const policy = HEADERS['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(cookieFor(1, 'x')).toMatch(/; HttpOnly; SameSite=Strict$/);
  });
});

describe('which account is at the other end', () => {
  // Port 8765 is 0x223D, 40000 is 0x9C40, 40001 is 0x9C41.
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:223D 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0',
    '   1: 0100007F:9C40 0100007F:223D 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1',
    '   2: 0100007F:9C41 0100007F:223D 01 00000000:00000000 00:00000000 00000000  1001        0 3 1 0 20 4 30 10 -1',
    '   3: 0100007F:9C42 0100007F:223D 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 20 4 30 10 -1',
  ].join('\n');
  const mapped =
    '   0: 0000000000000000FFFF00000100007F:9C43 0000000000000000FFFF00000100007F:223D 01 00000000:00000000 00:00000000 00000000  1001        0 5 1 0 20 4 30 10 -1';
  const read = (file: string) => (file.endsWith('6') ? mapped : table);

  test('ours and root pass, another account and one that is not found do not', () => {
    const check = peerCheck(8765, 1000, read);
    expect([40000, 40001, 40002, 40003, 40004].map((port) => check?.(port))).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  test('where the system does not tell even of our own socket, nothing is judged by it', () => {
    const nothing = () => {
      throw new Error('ENOENT');
    };
    expect(peerCheck(8765, 1000, nothing)).toBeUndefined();
    expect(peerCheck(8765, undefined, read)).toBeUndefined();
    expect(peerCheck(9999, 1000, read)).toBeUndefined();
  });
});
