import { describe } from 'vitest';
import { approvalsContract } from '../contract/approvals.js';
import { breakersContract } from '../contract/breakers.js';
import { demandsContract } from '../contract/demands.js';
import { limitsContract } from '../contract/limits.js';
import { engineGround } from './ground.js';
import { IS_MISSING, sharedCluster } from './support.js';

const at = sharedCluster({ settings: { synchronous_commit: 'off' } });

/** The store of a team, held to what the suites hold this machine's to. */
describe.skipIf(IS_MISSING)('in a team', () => {
  const ground = engineGround(at);
  describe('approvals', () => approvalsContract(ground));
  describe('what depends on the moment', () => demandsContract(ground));
  describe('calls in flight, and a person’s brake', () => breakersContract(ground));
  describe('limits', () => limitsContract(ground));
});
