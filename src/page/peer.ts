import { readFileSync } from 'node:fs';

/** `sl local_address rem_address st tx:rx tr:tm retrnsmt uid` (proc_net_tcp in the kernel's documentation). */
const ROW = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]{2} \S+ \S+ \S+\s+(\d+)/gm;
const LISTENING = 0;

/** @returns the account whose socket has these two ports; undefined where none is found, or the system does not say */
function ownerOf(localPort: number, remotePort: number, read: (file: string) => string): number | undefined {
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6'])
    for (const [, , local, , remote, uid] of contentOf(file, read).matchAll(ROW))
      if (hex(local) === localPort && hex(remote) === remotePort) return Number(uid);
  return undefined;
}

const hex = (digits: string | undefined): number => Number.parseInt(digits ?? '', 16);

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
 * @param port ours
 * @returns undefined where the system does not tell; else whether the account behind a peer's port is ours, or root
 */
export function peerCheck(
  port: number,
  uid: number | undefined = process.getuid?.(),
  read: (file: string) => string = (file) => readFileSync(file, 'latin1'),
): ((peerPort: number) => boolean) | undefined {
  if (uid === undefined || ownerOf(port, LISTENING, read) !== uid) return undefined;
  return (peerPort) => {
    const owner = ownerOf(peerPort, port, read);
    return owner === uid || owner === 0;
  };
}
