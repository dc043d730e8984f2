import type { SharedStore } from '../shared-store.js';
import type { PostgresOptions } from './postgres-store.js';
import { TeamStore } from './team-store.js';

/** A team's store: connects with the first request. Loaded only where there is one. */
export function openSharedStore(options: PostgresOptions): SharedStore {
  return new TeamStore(options);
}
