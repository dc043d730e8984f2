import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uriPattern } from '../../src/policy/evaluate/uri-pattern.js';
import { RESOURCE } from '../../src/policy/sections.js';
import { readUri } from '../../src/policy/uri.js';

const spelling = (text: string): unknown => {
  const read = readUri(text);
  return 'fault' in read ? undefined : read.uri;
};

describe('a URI in its one spelling', () => {
  test.each([
    ['file:///work/a.txt', 'file:///work/a.txt'],
    ['FILE:///work/a.txt', 'file:///work/a.txt'],
    ['file:/work/a.txt', 'file:///work/a.txt'],
    ['file://LocalHost/work/a.txt', 'file:///work/a.txt'],
    ['file:///work/../etc/passwd', 'file:///etc/passwd'],
    ['file:///work/%2e%2E/etc/passwd', 'file:///etc/passwd'],
    ['file:///work/./x//y', 'file:///work/x/y'],
    ['file:///work/%61.txt', 'file:///work/a.txt'],
    ['file:///work/a%281%29.txt', 'file:///work/a(1).txt'],
    ['file:///work/ñ.txt', 'file:///work/%C3%B1.txt'],
    ['file:///work/%c3%b1.txt', 'file:///work/%C3%B1.txt'],
    ['file:///work/my notes.txt', 'file:///work/my%20notes.txt'],
    ['file:///c%3A/Users/x', 'file:///c:/Users/x'],
    ['file:///C:/Users/x', 'file:///c:/Users/x'],
    ['file:///C|/Users/x', 'file:///c:/Users/x'],
    ['HTTPS://Example.COM:443/a', 'https://example.com/a'],
    ['https://example.com', 'https://example.com/'],
    ['https://example.com./a', 'https://example.com/a'],
    ['http://0x7f.1/', 'http://127.0.0.1/'],
    ['https://münchen.de/', 'https://xn--mnchen-3ya.de/'],
    ['https://example.com:8443/a?q=1&r=%7e', 'https://example.com:8443/a?q=1&r=~'],
    ['memo://Insights/A', 'memo://Insights/A'],
    ['postgres://reader@db:5432/shop/orders/schema', 'postgres://reader@db:5432/shop/orders/schema'],
    ['urn:isbn:0451450523', 'urn:isbn:0451450523'],
    ['note:a', 'note:a'],
    ['note:', 'note:'],
    ['memo:/a', 'memo:/a'],
    ['memo://h', 'memo://h'],
    ['memo://h/a/', 'memo://h/a/'],
    ['memo://h/a/.', 'memo://h/a/'],
    ['memo://h/a/..', 'memo://h/'],
    ['memo://h/a/b/..', 'memo://h/a/'],
    ['urn:a/..', 'urn:'],
    ['https://example.com?q', 'https://example.com/?q'],
    ['file:///a%7Eb/%2Bc', 'file:///a~b/+c'],
    ['wss://Example.com', 'wss://example.com/'],
    [`note:${'a'.repeat(4091)}`, `note:${'a'.repeat(4091)}`],
  ])('%s is %s', (text, uri) => {
    expect(spelling(text)).toBe(uri);
  });

  test.each([
    ['', 'has no scheme'],
    ['notes.txt', 'has no scheme'],
    ['../a', 'has no scheme'],
    ['file:a.txt', 'names a file without its place'],
    ['file:///work/a%2F..%2Fb', 'encodes a slash'],
    ['file:///work/..%5Cb', 'encodes a slash, a backslash'],
    ['file:///work/%252e%252e/b', 'encodes a slash, a backslash, a percent sign'],
    ['file:///work/a%00.txt', 'or a control character'],
    ['file:///work\\..\\b', 'has a backslash'],
    ['file:///work/a#b', 'has a fragment'],
    ['file:///work/a?b', 'has a query, which no file has'],
    ['file:///work/%', 'percent sign that encodes nothing'],
    ['file:///work/%g0', 'percent sign that encodes nothing'],
    ['file:///work/%ff', 'no UTF-8'],
    ['file:///work/n\u0303', 'written in two ways'],
    ['file:///work/n%CC%83', 'written in two ways'],
    ['file:///work/\ud800', 'half a character'],
    ['file:///work/a\tb', 'control character'],
    [' file:///work/a', 'begins or ends with a blank'],
    ['file:///../a', 'leads out of its root'],
    ['urn:.', 'leads out of its root'],
    ['urn:..', 'leads out of its root'],
    [`note:${'a'.repeat(4092)}`, 'longer than 4096'],
    ['memo://x/a?b=..', 'dots in its query'],
    ['note:a\u007f', 'control character'],
    ['file:///work//../a', 'programs resolve differently'],
    ['file:///work/../../a', 'leads out of its root'],
    ['file://server/share/a', 'another machine'],
    ['file://127.0.0.1/a', 'another machine'],
    ['http:/example.com/a', 'names no host'],
    ['http:///example.com/a', 'names no host'],
    ['https://me@example.com/a', 'names a user'],
    ['https://exa%6Dple.com:x/a', 'names a host that is none'],
    ['memo://x/a?/../b', 'dots in its query'],
    ['memo://x/a?%2e%2e', 'dots in its query'],
    [`file:///${'a'.repeat(5000)}`, 'longer than 4096'],
  ])('%j cannot be told: %s', (text, why) => {
    expect(readUri(text)).toMatchObject({ fault: expect.stringContaining(why) });
  });

  test('a program that resolves nothing, or decodes nothing, reads another one', () => {
    expect(readUri('file:///work/%61/../b')).toEqual({
      uri: 'file:///work/b',
      others: ['file:///work/a/../b', 'file:///work/%61/../b'],
    });
    expect(readUri('file:///work/b')).toEqual({ uri: 'file:///work/b', others: [] });
  });

  test('whatever is read is in its one spelling then', () => {
    const part = fc.constantFrom(
      ...[
        'a',
        'B',
        '/',
        '//',
        '.',
        '..',
        '%2e',
        '%41',
        '%7E',
        'ñ',
        ' ',
        '?',
        '=',
        ':',
        '@',
        '(',
        '%28',
        '*',
        '{',
      ],
    );
    const start = fc.constantFrom('file:///', 'FILE:/', 'memo://H/', 'HTTPS://Ex.com/', 'urn:', 'x:/');
    fc.assert(
      fc.property(start, fc.array(part, { maxLength: 12 }), (scheme, parts) => {
        const read = readUri(scheme + parts.join(''));
        if ('fault' in read) return;
        expect(readUri(read.uri)).toEqual({ uri: read.uri, others: [] });
      }),
      { numRuns: 3000 },
    );
  });

  test('no spelling of a file reaches past a folder that the URL standard reads in another', () => {
    const part = fc.constantFrom('a', 'secret', '/', '.', '..', '%2e', '%2E%2e', '//', '%73', 'S');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = `file:///work/${parts.join('')}`;
        const read = readUri(text);
        if ('fault' in read) return;
        // Node 20 leaves dots at the end where they are.
        const path = posix.normalize(decodeURIComponent(new URL(text).pathname));
        const shown = decodeURIComponent(read.uri.slice('file://'.length));
        // A file has its slash at the end or not.
        expect(shown.replace(/\/$/, '')).toBe(path.replace(/\/$/, ''));
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a pattern of URIs', () => {
  const matches = (pattern: string, uri: string): boolean => {
    const made = uriPattern(pattern);
    if ('fault' in made) throw new Error(made.fault);
    return made.matches(RESOURCE + uri);
  };

  test.each([
    ['file:///work/**', 'file:///work/a', true],
    ['file:///work/**', 'file:///work/a/b', true],
    ['file:///work/**', 'file:///work', false],
    ['file:///work/**', 'file:///workshop/a', false],
    ['FILE:///work/**', 'file:///work/a', true],
    ['file:///work/*', 'file:///work/a', true],
    ['file:///work/*', 'file:///work/a/b', false],
    ['file:///work/*.txt', 'file:///work/a.txt', true],
    ['file:///work/*.txt', 'file:///work/a.md', false],
    ['file:///**/*.env', 'file:///a/b/.env', true],
    ['file:///w*k/*a', 'file:///wxk/aaa', true],
    ['memo://x/*', 'memo://x/a?b', false],
    ['memo://x/*?b', 'memo://x/a?b', true],
    ['https://*.example.com/**', 'https://a.example.com/x?y', true],
    ['https://*.example.com/**', 'https://evil.com/.example.com/x', false],
    ['*', 'memo://x/a?b', true],
    ['**', 'file:///a/b', true],
    ['file:///work/ñ*', 'file:///work/%C3%B1a', true],
  ])('%s, %s: %s', (pattern, uri, expected) => {
    expect(matches(pattern, uri)).toBe(expected);
  });

  test.each([
    ['work/**', 'has no scheme'],
    ['*://x', 'has no scheme'],
    ['file:///work/../*', 'is matched as file:///*'],
    ['file:///work/%61', 'is matched as file:///work/a'],
    ['file:///work/%2A', 'is matched as'],
    [`file:///${'a'.repeat(993)}`, 'longer than 1000'],
  ])('%j is none: it %s', (pattern, why) => {
    expect(uriPattern(pattern)).toMatchObject({ fault: expect.stringContaining(why) });
  });

  test('what it is, besides what it matches', () => {
    const made = (text: string) => uriPattern(text);
    expect(made('*')).toMatchObject({ text: 'resource:**', plain: false, literals: 0 });
    expect(made('memo:a')).toMatchObject({ text: 'resource:memo:a', plain: true, literals: 6 });
    expect(made('memo:a/*/b**')).toMatchObject({ plain: false, literals: 9 });
    expect(made(`file:///${'a'.repeat(992)}`)).toMatchObject({ plain: true });
    const all = made('*');
    if ('fault' in all) throw new Error(all.fault);
    for (const name of ['memo:a', 'prompt:a', 'resource'])
      expect([all.matches(name), all.matchesLookalike(name)]).toEqual([false, false]);
  });

  test('lookalikes are told by how they look, encoded or not', () => {
    const made = uriPattern('file:///Work/ñ*');
    if ('fault' in made) throw new Error(made.fault);
    expect(made.matchesLookalike(`${RESOURCE}file:///work/%C3%91a`)).toBe(true);
    expect(made.matches(`${RESOURCE}file:///work/%C3%91a`)).toBe(false);
    expect(made.matchesLookalike(`${RESOURCE}file:///work/na`)).toBe(false);
  });

  test('a star matches as a slow matcher says', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 8 });
    fc.assert(
      fc.property(text, fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 }), (pattern, uri) => {
        const slow = new RegExp(
          `^${pattern.replace(/\*+/g, (stars) => (stars.length > 1 ? '.*' : '[^/?]*'))}$`,
          's',
        );
        const read = uriPattern(`x:${pattern}`);
        if ('fault' in read) return;
        expect(read.matches(`${RESOURCE}x:${uri}`)).toBe(slow.test(uri));
      }),
      { numRuns: 2000 },
    );
  });

  test('bounded: a long pattern of stars and a long URI take no time', () => {
    const made = uriPattern(`x:${'*a'.repeat(490)}b`);
    if ('fault' in made) throw new Error(made.fault);
    expect(made.matches(`${RESOURCE}x:${'a'.repeat(4000)}`)).toBe(false);
  });
});
