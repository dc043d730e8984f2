import type { StoreAddress } from '../shared-store.js';
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
  if (named !== undefined && roles !== undefined)
    return {
      message: `${user} has no role ${roles.join(' or ')} in team ${team}`,
      hint: `An owner gives it: policy-wrap store grant ${user} ${roles[0]}`,
    };
  // The schema's own words: the right is there, and not in this team.
  const [, role] = /^login .* has no role (\w+)/.exec(message) ?? [];
  if (role !== undefined)
    return {
      message,
      hint: `An owner gives it: policy-wrap store grant ${user} ${role}. Or the address names another team.`,
    };
  return { message, hint: hintFor(state, user, database) };
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
