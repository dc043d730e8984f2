/**
 * The store that a team shares, on PostgreSQL: its schema, the one function that decides, and our side of it.
 * Imports the rest of store/, policy, json, text and errors; `connection.ts` alone knows the driver.
 * Never here: what a call needs (policy/), and any quota in the place of the team's when it cannot be reached.
 */
import { isIP } from 'node:net';
import { PolicyWrapError } from '../../errors.js';
import type { StoreAddress } from '../shared-store.js';

const DEFAULT_PORT = 5432;
/** A name that can stand in a key, a command and a sentence. */
const TEAM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const OPTIONS = ['team', 'ca'];

/**
 * Reads `postgres://alice@db.example/app?team=billing`.
 *
 * @throws PolicyWrapError USAGE when it is no such address, or has a password: arguments are visible to others
 */
export function parseStoreAddress(text: string): StoreAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw usage(`${JSON.stringify(withoutPassword(text))} is no address of a store`);
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')
    throw usage(`a store begins with postgres://, not with ${url.protocol}//`);
  if (url.password !== '') {
    throw new PolicyWrapError(
      'USAGE',
      'the address of the store has a password, which others can read there',
      {
        hint: 'Put it into POLICY_WRAP_STORE_PASSWORD, or into a file named by POLICY_WRAP_STORE_PASSWORD_FILE.',
      },
    );
  }
  const wrong = [...url.searchParams.keys()].find((name) => !OPTIONS.includes(name));
  if (wrong !== undefined) throw usage(`the address of the store has ?${wrong}=`);
  const user = decodeURIComponent(url.username);
  const database = decodeURIComponent(url.pathname.slice(1));
  const team = url.searchParams.get('team') ?? '';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (host === '') throw usage('the address of the store names no host');
  if (user === '') throw usage('the address of the store names no login');
  if (database === '') throw usage('the address of the store names no database');
  if (!TEAM.test(team))
    throw usage(`the address of the store names no team${team && `: ${JSON.stringify(team)}`}`);
  const ca = url.searchParams.get('ca') ?? undefined;
  const tls = isThisMachine(host) && ca === undefined ? 'off' : 'verify-full';
  return { host, port: url.port === '' ? DEFAULT_PORT : Number(url.port), user, database, team, tls, ca };
}

/** The address for people. */
export function shownAddress({ host, port, user, database, team, ca }: StoreAddress): string {
  const at = isIP(host) === 6 ? `[${host}]` : host;
  const where = port === DEFAULT_PORT ? at : `${at}:${port}`;
  return `postgres://${encodeURIComponent(user)}@${where}/${encodeURIComponent(database)}?team=${team}${ca === undefined ? '' : `&ca=${encodeURIComponent(ca).replaceAll('%2F', '/')}`}`;
}

/** What is said to these stays on this machine. */
function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^/@]*?):[^/]*@/, '$1@');
}

function usage(what: string): PolicyWrapError {
  return new PolicyWrapError('USAGE', what, {
    hint: 'Write it as "postgres://alice@db.example/app?team=billing".',
  });
}
