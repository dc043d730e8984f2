import type { Check } from './check.js';
import { MACHINE_CHECKS } from './machine.js';
import { POLICY_CHECKS } from './policy.js';
import { SERVER_CHECKS } from './server.js';

/** Everything that `doctor` looks at, in the order in which it is told. A further room adds its table here. */
export const CHECKS: readonly Check[] = [...MACHINE_CHECKS, ...POLICY_CHECKS, ...SERVER_CHECKS];
