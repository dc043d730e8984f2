import { lookup as lookUp } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { PolicyWrapError } from '../../errors.js';

/** Addresses that lead to this machine. */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Addresses that no name of the public internet has an honest reason to lead to: this machine, the local network, and
 * where clouds keep their metadata and credentials (RFC 6890, RFC 4193, RFC 6598).
 */
const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(net, prefix, 'ipv4');
for (const [net, prefix] of [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(net, prefix, 'ipv6');

/** IPv6 forms that carry an IPv4 address in their last or first bits: it decides. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Whether an IP address, in text, is this machine's own. */
export function isLoopback(address: string): boolean {
  const [plain, family] = familyOf(address);
  return family !== undefined && LOOPBACK.check(plain, family);
}

/** Whether an IP address, in text, is one that only this machine or its network can reach. No address is private. */
export function isPrivate(address: string): boolean {
  const [plain, family] = familyOf(address);
  return family === undefined || PRIVATE.check(plain, family) || (family === 'ipv6' && carriesPrivate(plain));
}

/** 6to4, NAT64 and IPv4-compatible addresses lead to the IPv4 address inside them (RFC 3056, RFC 6052). */
function carriesPrivate(address: string): boolean {
  const words = wordsOf(address);
  const [first = 0, second = 0, third = 0] = words;
  if (first === 0x2002) return PRIVATE.check(ipv4Of(second, third), 'ipv4');
  const isNat64 = first === 0x64 && second === 0xff9b && words.slice(2, 6).every((word) => word === 0);
  const isEmbedded = words.slice(0, 5).every((word) => word === 0) && (words[5] === 0 || words[5] === 0xffff);
  if (isNat64 || isEmbedded) return PRIVATE.check(ipv4Of(words[6] ?? 0, words[7] ?? 0), 'ipv4');
  return false;
}

function ipv4Of(high: number, low: number): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The eight words of an IPv6 address; the URL parser writes every form of one in the same way. */
function wordsOf(address: string): number[] {
  const text = new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const numbers = (part: string) =>
    part
      .split(':')
      .filter(Boolean)
      .map((word) => Number.parseInt(word, 16));
  if (tail === undefined) return numbers(head);
  const before = numbers(head);
  const after = numbers(tail);
  return [...before, ...Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after];
}

function familyOf(address: string): [string, 'ipv4' | 'ipv6' | undefined] {
  const plain = MAPPED.exec(address)?.[1] ?? address.replace(/%.*$/, '');
  const family = isIP(plain);
  return [plain, family === 4 ? 'ipv4' : family === 6 ? 'ipv6' : undefined];
}

/** The host of an address as people and tables of IP addresses write it: IPv6 without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** Whether an address names this machine by itself, whatever a name server says. */
export function namesLoopback(url: URL): boolean {
  const host = hostOf(url);
  return host === 'localhost' || host.endsWith('.localhost') || isLoopback(host);
}

/**
 * Reads the address of a remote server.
 *
 * @throws PolicyWrapError USAGE for what is no address, carries a password, or would be sent in the clear
 */
export function remoteAddress(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new PolicyWrapError('USAGE', `${JSON.stringify(text)} is no address`, {
      hint: 'It looks like https://mcp.example.com/mcp.',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new PolicyWrapError('USAGE', 'the address carries a user name or password', {
      hint: 'Other users of this machine can read command lines; --header takes it from a variable or a file.',
    });
  }
  url.hash = '';
  checkScheme(url);
  return url;
}

/** @throws PolicyWrapError USAGE for anything but https; on this machine itself http will do */
export function checkScheme(url: URL): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && namesLoopback(url))) return;
  throw new PolicyWrapError('USAGE', `${url.protocol}//${url.host} is not encrypted`, {
    hint: 'Only https is used, but for addresses on this machine (localhost, 127.0.0.1).',
  });
}

/**
 * Resolves names for connections, and refuses one that leads into the private network: whoever controls a public name
 * could make it lead to a router, or to a cloud's metadata (DNS rebinding). An address that a person typed as numbers,
 * or a name of this machine, is meant as it is.
 */
export function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      const isOwn = hostname === 'localhost' || hostname.endsWith('.localhost');
      const bad = addresses.find(({ address }) => (isOwn ? !isLoopback(address) : isPrivate(address)));
      // What is meant for this machine may be in the clear: nothing lets that lead elsewhere.
      if (bad && (isOwn || !allowPrivate)) {
        const where = isOwn
          ? 'which is not this machine'
          : 'an address of a private network (--allow-private lets it)';
        const refused = new Error(`${hostname} leads to ${bad.address}, ${where}`);
        return callback(Object.assign(refused, { code: 'EPRIVATE' }), '');
      }
      const [first] = addresses;
      if (options.all) return callback(null, addresses);
      return callback(null, first?.address ?? '', first?.family);
    });
  };
}
