import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test as plainTest } from 'vitest';
import { PolicyWrapError } from '../../../src/errors.js';
import { initStore } from '../../../src/store/postgres/init.js';
import { openSharedStore } from '../../../src/store/postgres/open.js';
import { Cluster } from '../../support/postgres.js';
import { test } from './support.js';

const PASSWORD = 'correct horse';

/** A message of the server's side of the protocol. */
function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function authentication(code: number, more: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.alloc(4);
  body.writeInt32BE(code);
  return message('R', Buffer.concat([body, more]));
}

const READY = message('Z', Buffer.from('I'));

/** Answers every question: a row with one column of JSON, for each statement that gives one. */
function answers(text: string, answer: object): Buffer {
  const value = Buffer.from(JSON.stringify(answer));
  const column = Buffer.concat([Buffer.from('answer\0'), Buffer.alloc(6), Buffer.alloc(12)]);
  column.writeInt32BE(114, 13);
  const length = Buffer.alloc(4);
  length.writeInt32BE(value.length);
  const row = [
    message('T', Buffer.concat([Buffer.from([0, 1]), column])),
    message('D', Buffer.concat([Buffer.from([0, 1]), length, value])),
    message('C', Buffer.from('SELECT 1\0')),
  ];
  const parts = text
    .split(';')
    .map((one) => (/SELECT/.test(one) ? row : [message('C', Buffer.from('BEGIN\0'))]));
  return Buffer.concat([...parts.flat(), READY]);
}

/** A program at the port of the store that is no store. @param welcome what it says to whoever comes */
async function impostor(welcome: readonly Buffer[]) {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let step = 0;
    socket.on('data', (bytes) => {
      heard.push(bytes.toString('latin1'));
      const next = welcome[step];
      step += 1;
      socket.write(
        next ??
          answers(bytes.toString(), {
            status: 'ok',
            now: Date.now(),
            epoch: 'e',
            roles: ['wrapper'],
            calls: [],
          }),
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  return {
    heard,
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

async function asked(port: number, password: string | undefined): Promise<string> {
  const address = {
    host: '127.0.0.1',
    port,
    user: 'alice',
    database: 'app',
    team: 'billing',
    tls: 'off' as const,
  };
  const store = openSharedStore({
    address,
    password: async () => password,
    machine: 'm',
    host: 'h',
    timeoutMs: 5000,
  });
  try {
    return JSON.stringify(await store.counterNames(1));
  } catch (error) {
    if (!PolicyWrapError.is(error)) throw error;
    return error.message;
  } finally {
    await store.close();
  }
}

const SALT = Buffer.from('salt');
const FINAL = Buffer.from(`v=${Buffer.alloc(32).toString('base64')}`);
const SCRAM = Buffer.from('SCRAM-SHA-256\0\0');

plainTest(
  'G3: a password goes to nobody who asks for it where nothing is encrypted, and who does not know it decides nothing',
  async () => {
    for (const [what, welcome, says] of [
      ['as it is', [authentication(3)], /asks for the password as it is/],
      ['by MD5', [authentication(5, SALT)], /asks for the password as it is, or by MD5/],
      ['not at all', [Buffer.concat([authentication(0), READY])], /did not show that it knows the password/],
      [
        'by SCRAM, and goes on without its proof',
        [authentication(10, SCRAM), Buffer.concat([authentication(0), READY])],
        /did not show/,
      ],
      [
        'by SCRAM, with a proof of nothing',
        [authentication(10, SCRAM), Buffer.concat([authentication(12, FINAL), authentication(0), READY])],
        /SASL|SCRAM/,
      ],
      [
        'with a proof of nothing alone',
        [Buffer.concat([authentication(12, FINAL), authentication(0), READY])],
        /cannot be used/,
      ],
    ] as const) {
      await using server = await impostor(welcome);
      expect(await asked(server.port, PASSWORD), what).toMatch(says);
      expect(server.heard.join(''), what).not.toMatch(/correct horse|md5|SELECT/);
    }
    // Without a password nobody is asked to know it.
    await using server = await impostor([Buffer.concat([authentication(0), READY])]);
    expect(await asked(server.port, undefined)).toContain('"ok"');
  },
);

test('a store on this machine that asks by SCRAM is used, and one that only asks by MD5 says what to do', async () => {
  await using cluster = await Cluster.start();
  await cluster.prepare('alice');
  await initStore({ address: cluster.address('billing', 'admin'), password: async () => undefined });
  await cluster.sql(`SELECT policy_wrap.grant_v1('billing', 'alice', 'wrapper')`);
  const hba = join(cluster.folder, 'data', 'pg_hba.conf');
  const ask = async (method: string, encryption: string) => {
    writeFileSync(hba, `host all admin 127.0.0.1/32 trust\nhost all alice 127.0.0.1/32 ${method}\n`);
    await cluster.sql(
      `SELECT pg_reload_conf(); SET password_encryption = '${encryption}'; ALTER ROLE alice PASSWORD '${PASSWORD}'`,
    );
    return asked(cluster.port, PASSWORD);
  };
  await expect.poll(() => ask('scram-sha-256', 'scram-sha-256')).toBe('[]');
  await expect.poll(() => ask('md5', 'scram-sha-256')).toBe('[]');
  for (const method of ['md5', 'password'])
    await expect.poll(() => ask(method, 'md5')).toMatch(/as it is, or by MD5/);
});
