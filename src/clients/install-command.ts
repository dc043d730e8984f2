import { typed } from './change/masking.js';
import type { Scope } from './places.js';

/** The command that wraps an entry, or brings it up to date, as a person types it. */
export function installCommand(client: string, entry: string, scope: Scope): string {
  return `policy-wrap install ${client} ${typed(entry)}${scope === 'user' ? '' : ` --scope ${scope}`}`;
}
