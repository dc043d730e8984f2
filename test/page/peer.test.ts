import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { peerCheck } from '../../src/page/peer.js';
import { ask, signIn } from './support/http.js';
import { PageRig } from './support/page-rig.js';

/** An account that is not the page's: to become another one takes root. */
const OTHER = 65534;
const canBeOther = process.platform === 'linux' && process.getuid?.() === 0;

/** Runs a script of the other account's. @returns what it printed */
function asOther(script: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ['-e', script, ...args], {
    ...{ uid: OTHER, gid: OTHER, cwd: '/', env: {} },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  return new Promise((done) => child.once('close', () => done(out)));
}

/** Asks from one address of this machine after the other, always from the same port. */
const FROM_EVERYWHERE = `
const net = require('node:net');
const [port, from] = process.argv.slice(1).map(Number);
(async () => {
  let answered = 0, tried = 0;
  for (let last = 2; last < 120; last += 1)
    await new Promise((done) => {
      const socket = net.connect({ host: '127.0.0.1', port, localAddress: '127.0.0.' + last, localPort: from });
      socket.on('connect', () => {
        tried += 1;
        socket.write('GET / HTTP/1.1\\r\\nHost: 127.0.0.1:' + port + '\\r\\nConnection: close\\r\\n\\r\\n');
      });
      socket.on('data', () => { answered += 1; socket.destroy(); });
      socket.on('error', () => {});
      socket.on('close', done);
    });
  console.log(JSON.stringify({ answered, tried }));
})();`;

test.runIf(canBeOther)(
  'another account gets nothing from the port number of a connection of ours, on another address',
  async () => {
    await using rig = await PageRig.start();
    const { port } = new URL(await rig.origin());
    const ours = await opened(Number(port));
    try {
      const { localPort } = ours;
      const found = JSON.parse(await asOther(FROM_EVERYWHERE, port, String(localPort)));
      expect(found).toEqual({ answered: 0, tried: 118 });
    } finally {
      ours.destroy();
    }
  },
);

/** Sends a request and is gone before anybody looks. */
const AND_AWAY = `
const net = require('node:net');
const [port, token] = process.argv.slice(1);
const body = JSON.stringify({ token });
const socket = net.connect(Number(port), '127.0.0.1', () => {
  socket.write('POST /api/sign-in HTTP/1.1\\r\\nHost: 127.0.0.1:' + port + '\\r\\nOrigin: http://127.0.0.1:' + port +
    '\\r\\nContent-Type: application/json\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n' + body, () => socket.destroy());
});
socket.on('close', () => console.log('gone'));`;

test.runIf(canBeOther)(
  'another account that hung up before it was looked at uses no token up: the system calls such a connection nobody’s',
  async () => {
    await using rig = await PageRig.start();
    const [origin, token] = [await rig.origin(), await rig.token()];
    const { pid } = JSON.parse(readFileSync(join(rig.folder, 'data', 'policy-wrap', 'page.json'), 'utf8'));
    process.kill(pid, 'SIGSTOP');
    try {
      expect(await asOther(AND_AWAY, new URL(origin).port, token)).toBe('gone\n');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    // Connections are taken in their order.
    expect((await ask(origin, '/')).status).toBe(200);
    expect((await signIn(origin, token)).answer.status).toBe(200);
  },
);

/** Listens on the same port of another address, and says when. */
const LISTENS = `
const server = require('node:net').createServer();
server.listen(Number(process.argv[1]), '127.0.0.2', () => console.log('listens'));`;

test.runIf(canBeOther)(
  'another account that listens on the same port of another address does not end the check',
  async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const other = spawn(process.execPath, ['-e', LISTENS, String(port)], {
      ...{ uid: OTHER, gid: OTHER, cwd: '/', env: {} },
    });
    try {
      await new Promise((done) => other.stdout.once('data', done));
      const socket = await opened(port);
      const check = peerCheck(port);
      expect(check?.(socket.localAddress, socket.localPort)).toBe(true);
      expect(check?.('127.0.0.2', socket.localPort)).toBe(false);
      socket.destroy();
    } finally {
      other.kill();
      server.close();
    }
  },
);

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}
