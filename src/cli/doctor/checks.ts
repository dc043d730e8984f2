import { CLIENT_CHECKS } from './clients.js';
import { DATABASE_CHECKS } from './databases.js';
import { MACHINE_CHECKS } from './machine.js';
import { POLICY_CHECKS } from './policy.js';
import { POLICY_NAME_CHECKS } from './policy-names.js';
import { REMOTE_CHECKS } from './remote.js';
import type { Check } from './runner.js';
import { SERVER_CHECKS } from './server.js';
import { STORE_CHECKS } from './store.js';

/** Everything that `doctor` looks at, in the order in which it is told. */
export const CHECKS: readonly Check[] = [
  ...MACHINE_CHECKS,
  ...DATABASE_CHECKS,
  ...STORE_CHECKS,
  ...POLICY_CHECKS,
  ...POLICY_NAME_CHECKS,
  ...SERVER_CHECKS,
  ...REMOTE_CHECKS,
  ...CLIENT_CHECKS,
];
