import { spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { PolicyWrapError } from '../../../src/errors.js';
import { initStore } from '../../../src/store/postgres/init.js';
import { openSharedStore } from '../../../src/store/postgres/open.js';
import { Cluster, PROGRAMS } from '../../support/postgres.js';
import { test } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function openssl(...args: string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/** An authority, and a certificate of it for one address. */
function certify(name: string, address: string): void {
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.ca.key`,
    '-out',
    `${name}.ca`,
  );
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    `/CN=${address}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.csr`,
  );
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=IP:${address}\n`);
  openssl(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    '-CA',
    `${name}.ca`,
    '-CAkey',
    `${name}.ca.key`,
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    `${name}.ext`,
    '-out',
    `${name}.crt`,
  );
}

const hasOpenssl = PROGRAMS !== undefined && spawnSync('openssl', ['version']).status === 0;

test('a store elsewhere must show a certificate for its name, by an authority that is trusted, and a password goes to nobody else', async ({
  skip,
}) => {
  if (!hasOpenssl) skip('openssl is not installed');
  certify('right', '127.0.0.1');
  certify('elsewhere', '127.0.0.2');
  await using cluster = await Cluster.start({ settings: { password_encryption: 'scram-sha-256' } });
  await cluster.prepare('alice');
  await initStore({ address: cluster.address('billing', 'admin'), password: async () => undefined });
  await cluster.sql(
    `SELECT policy_wrap.grant_v1('billing', 'alice', 'wrapper'); ALTER ROLE alice PASSWORD 'it''s secret'`,
  );
  const hba = join(cluster.folder, 'data', 'pg_hba.conf');
  writeFileSync(
    hba,
    'local all admin trust\nhost all admin 127.0.0.1/32 trust\nhostssl all alice 127.0.0.1/32 scram-sha-256\n',
  );
  const serve = async (name: string) => {
    for (const ending of ['key', 'crt']) {
      const file = join(cluster.folder, 'data', `server.${ending}`);
      spawnSync('cp', [join(folder, `${name}.${ending}`), file]);
      spawnSync('chmod', ['600', file]);
      if (process.getuid?.() === 0) chownSync(file, 65_534, 65_534);
    }
    await cluster.stop();
    await cluster.run();
  };
  appendFileSync(join(cluster.folder, 'data', 'postgresql.conf'), 'ssl = on\n');
  const attempt = async (ca: string, password = "it's secret") => {
    const address = {
      ...cluster.address('billing', 'alice'),
      tls: 'verify-full' as const,
      ca: join(folder, `${ca}.ca`),
    };
    const store = openSharedStore({
      address,
      password: async () => password,
      machine: 'm',
      host: 'h',
    });
    try {
      await store.counterNames(1);
      return store.check();
    } catch (error) {
      if (!PolicyWrapError.is(error)) throw error;
      return error.message;
    } finally {
      await store.close();
    }
  };
  await serve('right');
  expect(await attempt('right')).toContainEqual(expect.objectContaining({ about: 'tls', level: 'ok' }));
  expect(await attempt('right', 'wrong')).toMatch(/password authentication failed/);
  expect(await attempt('right', '')).toMatch(/it wants a password of alice, and none was found/);
  expect(await attempt('elsewhere')).toMatch(/certificate/);
  await serve('elsewhere');
  expect(await attempt('elsewhere')).toMatch(/IP: 127\.0\.0\.1 is not in the cert's list|altnames/);
  appendFileSync(join(cluster.folder, 'data', 'postgresql.conf'), 'ssl = off\n');
  writeFileSync(hba, 'host all all 127.0.0.1/32 trust\n');
  await cluster.stop();
  await cluster.run();
  expect(await attempt('right')).toMatch(/does not support SSL/);
});
