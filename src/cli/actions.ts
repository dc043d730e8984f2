import type { Role } from '../store/shared-store.js';

/** What `store` does. */
export const STORE_ACTIONS = ['init', 'check', 'members', 'grant', 'revoke', 'import', 'accept'] as const;

/** What a login may be in a team. */
export const ROLES = ['wrapper', 'approver', 'auditor', 'owner'] as const satisfies readonly Role[];

/** What `notify` does; the first where nothing is said. */
export const NOTIFY_ACTIONS = ['list', 'add', 'test', 'remove', 'quiet', 'telemetry'] as const;
