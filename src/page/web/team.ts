import type { Place, TeamRole } from '../api-types/shell.js';
import { overview } from './state.js';

/** Whether this login may do what needs one of these roles in the team; on this machine nobody needs any. */
export function mayIn(place: Place, ...roles: readonly TeamRole[]): boolean {
  if (place === 'here') return true;
  return overview.value?.team?.roles.some((role) => roles.includes(role)) ?? false;
}
