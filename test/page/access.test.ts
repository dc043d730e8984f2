import { endianness } from 'node:os';
import { describe, expect, test } from 'vitest';
import { Access } from '../../src/page/access.js';
import { KEY_HEADER } from '../../src/page/api-types/names.js';
import {
  cookieFor,
  HEADERS,
  isFromElsewhere,
  isSignedIn,
  originsOf,
  strangeRequest,
} from '../../src/page/guard.js';
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

  test('a token that nobody used signs in for a quarter of an hour', () => {
    let now = 0;
    const access = new Access(() => now);
    const [soon, late] = [access.newToken(), access.newToken()];
    now = 15 * 60_000;
    expect(access.signIn(soon)).toBeDefined();
    now += 1;
    expect(access.signIn(late)).toBeUndefined();
    now = 0;
    expect(access.signIn(late)).toBeUndefined();
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

  test('a cookie of our name that another port has set, before ours or behind it, takes nothing from who is signed in', () => {
    const access = new Access();
    const { cookie, key } = access.signIn(access.newToken()) ?? {};
    const isIn = (cookies: string) =>
      isSignedIn(new Headers({ cookie: cookies, [KEY_HEADER]: String(key) }), 8765, access);
    expect(isIn(`policy-wrap-8765=theirs; policy-wrap-8765=${cookie}`)).toBe(true);
    expect(isIn(`policy-wrap-8765=${cookie}; policy-wrap-8765=theirs`)).toBe(true);
    expect(isIn(`policy-wrap-8766=${cookie}`)).toBe(false);
  });

  test('no code that stands in the page runs, and nobody frames it', () => {
    const policy = HEADERS['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    for (const line of [
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
      "connect-src 'self'",
      "worker-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
    ])
      expect(policy.split('; ')).toContain(line);
    expect(HEADERS).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    });
    expect(cookieFor(8765, 'x')).toBe('policy-wrap-8765=x; Path=/; HttpOnly; SameSite=Strict');
  });
});

describe('which account is at the other end', () => {
  // Port 8765 is 0x223D, 40000 is 0x9C40, and so on. The kernel writes addresses in the order of the machine's bytes.
  const isLittle = endianness() === 'LE';
  const here = isLittle ? '0100007F' : '7F000001';
  const other = isLittle ? '0200007F' : '7F000002';
  const mapped = isLittle ? '0000000000000000FFFF0000' : '00000000000000000000FFFF';
  const row = (local: string, remote: string, state: string, uid: number, inode: number) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 0 20 4 30 10 -1`;
  const us = `${here}:223D`;
  const listening = row(us, '00000000:0000', '0A', 1000, 1);
  const checkOf = (rows: readonly string[], rows6: readonly string[] = []) =>
    peerCheck(8765, 1000, (file) =>
      ['  sl  local_address', ...(file.endsWith('6') ? rows6 : rows)].join('\n'),
    );

  test('ours and root pass, another account and one that is not found do not', () => {
    const check = checkOf(
      [
        listening,
        row(`${here}:9C40`, us, '01', 1000, 2),
        row(`${here}:9C41`, us, '01', 1001, 3),
        row(`${here}:9C42`, us, '01', 0, 4),
      ],
      [
        row(`${mapped}${here}:9C43`, `${mapped}${us}`, '01', 1001, 5),
        row(`${mapped}${here}:9C44`, `${mapped}${us}`, '01', 1000, 6),
      ],
    );
    const passed = [40000, 40001, 40002, 40003, 40004, 40005].map((port) => check?.('127.0.0.1', port));
    expect(passed).toEqual([true, false, true, false, true, false]);
    expect([check?.(undefined, 40000), check?.('127.0.0.1', undefined), check?.('::1', 40000)]).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('the same ports of other addresses say nothing of a connection', () => {
    const check = checkOf([
      row(`${other}:223D`, '00000000:0000', '0A', 1001, 1),
      listening,
      row(`${here}:9C40`, us, '01', 1000, 2),
      row(`${here}:9C40`, `${other}:223D`, '01', 1000, 3),
      row(`${other}:9C40`, us, '01', 1001, 4),
    ]);
    expect(check?.('127.0.0.1', 40000)).toBe(true);
    expect(check?.('127.0.0.2', 40000)).toBe(false);
    // A connection of ours to the same port of another address is not the one that another account has to us.
    const both = [
      row(`${here}:9C45`, `${other}:223D`, '01', 1000, 5),
      row(`${here}:9C45`, us, '01', 1001, 6),
    ];
    expect(checkOf([listening, ...both])?.('127.0.0.1', 40005)).toBe(false);
  });

  test('only a connection that is there tells whose it is', () => {
    for (const state of ['02', '04', '08'])
      expect(checkOf([listening, row(`${here}:9C40`, us, state, 1000, 2)])?.('127.0.0.1', 40000)).toBe(false);
    expect(checkOf([row(us, '00000000:0000', '07', 1000, 1)])).toBeUndefined();
  });

  test('what nobody holds any more is not root’s, though the system writes a zero there', () => {
    for (const [state, inode] of [
      ['06', 0],
      ['05', 0],
      ['04', 0],
      ['01', 0],
    ] as const)
      expect(checkOf([listening, row(`${here}:9C40`, us, state, 0, inode)])?.('127.0.0.1', 40000)).toBe(
        false,
      );
  });

  test('where the system does not tell even of our own socket, nothing is judged by it', () => {
    const nothing = () => {
      throw new Error('ENOENT');
    };
    expect(peerCheck(8765, 1000, nothing)).toBeUndefined();
    expect(peerCheck(8765, undefined, () => listening)).toBeUndefined();
    expect(peerCheck(9999, 1000, () => listening)).toBeUndefined();
    expect(checkOf([row(us, '00000000:0000', '0A', 1001, 1)])).toBeUndefined();
  });
});
