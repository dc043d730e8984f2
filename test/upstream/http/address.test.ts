import { describe, expect, test } from 'vitest';
import { guardedLookup, isLoopback, isPrivate, remoteAddress } from '../../../src/upstream/http/address.js';

describe('addresses', () => {
  test.each([
    ['https://mcp.example.com/mcp', 'https://mcp.example.com/mcp'],
    ['https://mcp.example.com/mcp?team=1#part', 'https://mcp.example.com/mcp?team=1'],
    ['http://localhost:3000/mcp', 'http://localhost:3000/mcp'],
    ['http://127.0.0.1:3000/', 'http://127.0.0.1:3000/'],
    ['http://[::1]:3000/', 'http://[::1]:3000/'],
    // The URL parser reads every spelling of an IPv4 address.
    ['http://2130706433/', 'http://127.0.0.1/'],
  ])('%s is taken', (text, href) => {
    expect(remoteAddress(text).href).toBe(href);
  });

  test.each([
    ['mcp.example.com', 'is no address'],
    ['http://mcp.example.com/mcp', 'not encrypted'],
    ['http://192.168.1.5/mcp', 'not encrypted'],
    ['http://localhost.example.com/', 'not encrypted'],
    ['http://127.0.0.1.example.com/', 'not encrypted'],
    ['ftp://mcp.example.com/', 'not encrypted'],
    ['file:///etc/passwd', 'not encrypted'],
    ['https://me:secret@mcp.example.com/', 'user name or password'],
  ])('%s is refused', (text, reason) => {
    expect(() => remoteAddress(text)).toThrow(reason);
  });

  test('a password in an address is not repeated', () => {
    let message = '';
    try {
      remoteAddress('https://me:secret@mcp.example.com/');
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('user name or password');
    expect(message).not.toContain('secret');
  });

  test.each([
    ...[
      '127.0.0.1',
      '127.9.9.9',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
      '169.254.169.254',
    ],
    ...['100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '198.18.0.1'],
    ...['::1', '::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12::1', 'ff02::1'],
    ...[
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::127.0.0.1',
      '64:ff9b::a00:1',
      '2002:a00:1::',
      '2002:7f00:1::1',
    ],
    'no address',
  ])('%s is private', (address) => {
    expect(isPrivate(address)).toBe(true);
  });

  test.each([
    ...['1.1.1.1', '172.15.0.1', '172.32.0.1', '192.169.0.1', '100.128.0.1', '8.8.8.8'],
    ...['2606:4700::1111', '2001:db8::1', '::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1'],
  ])('%s is not', (address) => {
    expect(isPrivate(address)).toBe(false);
  });

  test('what is this machine', () => {
    expect(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'].filter(isLoopback)).toHaveLength(4);
    expect(['10.0.0.1', '::2', '128.0.0.1'].filter(isLoopback)).toEqual([]);
  });
});

describe('names that are looked up', () => {
  const resolved = (name: string, allowPrivate: boolean) =>
    new Promise<string>((resolve) =>
      guardedLookup(allowPrivate)(name, {}, (error, address) => resolve(error?.message ?? String(address))),
    );

  test('localhost leads to this machine, and may', async () => {
    expect(isLoopback(await resolved('localhost', false))).toBe(true);
  });

  test('another name that leads to this machine may not, unless it is said', async () => {
    // Every resolver reads this as an address, as it would one that a name server gave.
    expect(await resolved('127.0.0.1', false)).toContain('private network');
    expect(await resolved('127.0.0.1', true)).toBe('127.0.0.1');
  });
});
