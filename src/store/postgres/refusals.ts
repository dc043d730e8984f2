import type { Role, StoreAddress } from '../shared-store.js';
import type { Failure } from './connection.js';
import { RIGHTS } from './schema/members.js';

/** Functions, the schema, or the right to execute them are not there. */
const DENIED = new Set(['42501', '42883', '3F000', '28000', '28P01', '3D000', 'PW403', 'PW404', 'PW409']);
/** What the library says where the engine asks for a password and there is none. */
const NO_PASSWORD = /client password must be a (?:non-empty )?string/;

/**
 * What it means that the engine refuses, and what to do.
 *
 * @returns undefined for what is no refusal: the engine failed, or was not reached
 */
export function refusalOf(
  { message, state }: Pick<Failure, 'message' | 'state'>,
  { user, team, database }: Pick<StoreAddress, 'user' | 'team' | 'database'>,
): { readonly message: string; readonly hint: string } | undefined {
  if (NO_PASSWORD.test(message))
    return { message: `it wants a password of ${user}, and none was found`, hint: PASSWORDS };
  if (state === undefined || !DENIED.has(state)) return undefined;
  const [, named] = /^permission denied for function (\w+)$/.exec(message) ?? [];
  const roles = Object.entries(RIGHTS).find(([signature]) => signature.startsWith(`${named}(`))?.[1];
  if (named !== undefined && roles !== undefined) return missingRole(roles, { user, team });
  // The schema's own words: the right is there, and not in this team.
  const [, role] = /^login .* has no role (\w+)/.exec(message) ?? [];
  if (role !== undefined)
    return {
      message,
      hint: `An owner gives it: policy-wrap store grant ${user} ${role}. Or the address names another team.`,
    };
  return { message, hint: hintFor(state, user, database) };
}

/** That a login has none of some roles, and who gives them. */
export function missingRole(
  roles: readonly Role[],
  { user, team }: Pick<StoreAddress, 'user' | 'team'>,
): { readonly message: string; readonly hint: string } {
  return {
    message: `${user} has no role ${roles.join(' or ')} in team ${team}`,
    hint: `An owner gives it: policy-wrap store grant ${user} ${roles[0]}`,
  };
}

/** What may be wrong where the engine was not reached, or cannot go on; by what the driver, the system and the engine say. */
const CAUSES: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'Nothing listens there: is PostgreSQL running, or the tunnel (ssh -L) closed?'],
  [/ENOTFOUND|EAI_AGAIN/, 'The name of its host is not known here: look at the address, and at the network.'],
  [
    /did not answer within|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    'Does the network lead there: VPN, firewall, tunnel?',
  ],
  [/does not support SSL/, 'Turn on ssl there, or go through a tunnel (ssh -L) to localhost.'],
  [/altnames/, 'Name the host in the address as its certificate does.'],
  [/certificate|self.signed/i, 'Name its authority in the address: &ca=/path/to/ca.pem'],
  [/^53300$/, 'Every wrapper holds one connection: raise max_connections there.'],
  [/^53100$/, 'Make room on its disk.'],
];

/** @param state five characters of the engine's, where it is the engine that says so */
export function reachHint(message: string, state: string | undefined): string {
  const cause = CAUSES.find(
    ([pattern]) => pattern.test(message) || (state !== undefined && pattern.test(state)),
  );
  return `${cause ? `${cause[1]} ` : ''}Calls pass again as soon as it answers.`;
}

const PASSWORDS = 'Look at POLICY_WRAP_STORE_PASSWORD, or at the file store-password in the config folder.';

function hintFor(state: string, user: string, database: string): string {
  switch (state) {
    case '28000':
    case '28P01':
      return PASSWORDS;
    case '3D000':
      return `Look at the address: its path names the database, ${database}.`;
    case 'PW404':
      return 'Make it first, in the database: CREATE ROLE <login> LOGIN.';
    case 'PW403':
    case 'PW409':
      return 'policy-wrap store members shows who may do what.';
    default:
      return `Ask its owner: policy-wrap store init makes the tables, policy-wrap store grant ${user} wrapper gives the right.`;
  }
}
