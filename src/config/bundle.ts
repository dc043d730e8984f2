import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PolicyWrapError } from '../errors.js';

/** Where things lie in a bundle for desktop clients. */
export const PLACES = { wrapper: 'policy-wrap', policy: 'policy/policy.json' } as const;

/** What a person can do about a policy that no command of ours changes: the bundle brings it, and brings it again. */
export const PACKED_HINT =
  'pack the bundle anew with another policy (policy-wrap pack), and install it in the place of this one';

/** Whether a policy file came in a bundle that `pack` made. @param policy an absolute path */
export function isPacked(policy: string): boolean {
  const root = dirname(dirname(policy));
  return (
    policy === join(root, PLACES.policy) &&
    ['manifest.json', join(PLACES.wrapper, 'bin', 'policy-wrap.js')].every((name) =>
      existsSync(join(root, name)),
    )
  );
}

/** @throws PolicyWrapError REFUSED for a policy that came in a bundle */
export function assertNotPacked(policy: string): void {
  if (isPacked(policy))
    throw new PolicyWrapError('REFUSED', `${policy} came in a bundle, and no command changes it there`, {
      hint: `${PACKED_HINT.slice(0, 1).toUpperCase()}${PACKED_HINT.slice(1)}.`,
    });
}
