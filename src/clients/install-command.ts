import { maskWords } from '../text/masking.js';
import { typed } from './change/masking.js';
import type { Scope } from './places.js';

/** The command that wraps an entry, or brings it up to date, as a person types it. */
export function installCommand(client: string, entry: string, scope: Scope): string {
  return `policy-wrap install ${client} ${typed(entry)}${scope === 'user' ? '' : ` --scope ${scope}`}`;
}

/** The command that prints the entry with which a remote server is wrapped, as a person types it; no secret in it. */
export function remoteCommand(url: string): string {
  const [shown] = maskWords([url]);
  return `policy-wrap init --url ${shown === url ? typed(url) : "'<its address>'"}`;
}
