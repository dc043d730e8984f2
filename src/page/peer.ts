import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/** `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode` (proc_net_tcp in the kernel's documentation). */
const ROW = /^\s*\d+: (\S+) (\S+) ([0-9A-F]{2}) \S+ \S+ \S+\s+(\d+)\s+\d+ (\d+)/gm;
const [ESTABLISHED, LISTENING] = ['01', '0A'];
const NOWHERE = '00000000:0000';

const IS_LITTLE = endianness() === 'LE';
/** An IPv4 address in the table of IPv6 sockets. */
const MAPPED = IS_LITTLE ? '0000000000000000FFFF0000' : '00000000000000000000FFFF';

/**
 * As the kernel writes an end of a connection.
 *
 * @param address IPv4; undefined for any other
 */
function endOf(address: string, port: number): string | undefined {
  const bytes = address.split('.').map(Number);
  if (bytes.length !== 4 || !bytes.every((byte) => byte >= 0 && byte <= 255)) return undefined;
  return `${(IS_LITTLE ? bytes.reverse() : bytes).map((byte) => hex(byte, 2)).join('')}:${hex(port, 4)}`;
}

const hex = (number: number, digits: number): string =>
  number.toString(16).toUpperCase().padStart(digits, '0');

/**
 * Both ends count whole, addresses too: with the port of one of our connections another account can connect from, or
 * listen at, another address of this machine. What no process holds (inode 0) is nobody's: older kernels write root
 * there, and every kernel does for connections that are over.
 *
 * @returns the account whose socket it is; undefined where none is found, or the system does not say
 */
function ownerOf(
  local: string | undefined,
  remote: string,
  state: string,
  read: (file: string) => string,
): number | undefined {
  if (local === undefined) return undefined;
  for (const [file, prefix] of [
    ['/proc/net/tcp', ''],
    ['/proc/net/tcp6', MAPPED],
  ] as const)
    for (const [, from, to, is, uid, inode] of contentOf(file, read).matchAll(ROW))
      if (from === prefix + local && to === prefix + remote && is === state && inode !== '0')
        return Number(uid);
  return undefined;
}

function contentOf(file: string, read: (file: string) => string): string {
  try {
    return read(file);
  } catch {
    return '';
  }
}

/**
 * Judges who is at the other end of a connection on this machine, where the system tells (Linux): another account gets
 * nothing, even one that has read the address off a list of processes.
 *
 * @param port ours, at 127.0.0.1
 * @returns undefined where the system does not tell; else whether the account behind a peer's end is ours, or root
 */
export function peerCheck(
  port: number,
  uid: number | undefined = process.getuid?.(),
  read: (file: string) => string = (file) => readFileSync(file, 'latin1'),
): ((peerAddress: string | undefined, peerPort: number | undefined) => boolean) | undefined {
  const ours = endOf('127.0.0.1', port) ?? '';
  if (uid === undefined || ownerOf(ours, NOWHERE, LISTENING, read) !== uid) return undefined;
  return (peerAddress = '', peerPort = 0) => {
    const owner = ownerOf(endOf(peerAddress, peerPort), ours, ESTABLISHED, read);
    return owner === uid || owner === 0;
  };
}
