import { PolicyWrapError } from '../errors.js';
import { type Change, changeOf } from './changes.js';
import { wrapEntries } from './edit.js';
import type { StdioEntry } from './entries.js';
import type { Started } from './first-start.js';
import type { ClientsIo } from './io.js';
import { visible } from './masking.js';
import type { Choice, OpenPlace } from './target.js';
import { newPrefix, renewedPrefix } from './wrapping.js';

/** What an install would do. */
export interface Plan {
  readonly changes: Change[];
  readonly started: { readonly entry: Started; readonly place: OpenPlace }[];
  /** Why entries stay as they are. */
  readonly notes: string[];
}

/**
 * Decides what becomes of each chosen entry: wrapped, brought up to date, or left as it is with the reason.
 *
 * @param policy absolute path, or undefined to leave it to the wrapper
 * @param named every name must come to something; otherwise what cannot be wrapped is passed over
 * @throws PolicyWrapError CONFIG_INVALID when a named entry, or none of all, can be wrapped; CONFIG_CONFLICT
 */
export function planInstall(
  choices: readonly Choice[],
  policy: string | undefined,
  named: readonly string[],
  io: Pick<ClientsIo, 'wrapper' | 'serverName'>,
): Plan {
  const result: Plan = { changes: [], started: [], notes: [] };
  const usable = choices.filter(({ entry }) => {
    const reason = reasonAgainst(entry);
    if (reason !== undefined) result.notes.push(`${visible(entry.name)}: ${reason}`);
    return reason === undefined;
  });
  const lost = named.find((name) => !usable.some(({ entry }) => entry.name === name));
  if (usable.length === 0 || lost !== undefined)
    throw new PolicyWrapError('CONFIG_INVALID', result.notes.join('\n'), { hint: 'Nothing was written.' });
  const documents = new Set(usable.map(({ at }) => at.file.document));
  for (const document of documents) {
    const here = usable.filter(({ at }) => at.file.document === document);
    const wraps = here.flatMap(({ at, entry }) => {
      if (entry.kind !== 'stdio') return [];
      const prefix = prefixFor(entry, policy, io);
      const words = [...prefix, ...original(entry)];
      if (words.join('\0') === entry.words.join('\0')) {
        result.notes.push(`${visible(entry.name)}: wrapped already`);
        return [];
      }
      const { name, env, cwd, moreEnv } = entry;
      result.started.push({ entry: { name, words, env, cwd, moreEnv }, place: at });
      return [{ entry, prefix }];
    });
    const [first] = here;
    if (first === undefined || wraps.length === 0) continue;
    const { file, shape, place } = first.at;
    result.changes.push(changeOf(place.path, file.snapshot, wrapEntries(document, shape, wraps)));
  }
  return result;
}

function reasonAgainst(entry: Choice['entry']): string | undefined {
  switch (entry.kind) {
    case 'remote':
      return 'a remote server; only servers that the client starts itself can be wrapped';
    case 'unusable':
      return `cannot be wrapped: ${visible(entry.reason)}`;
    case 'stdio':
      return entry.state.kind === 'broken' ? `cannot be wrapped: it ${entry.state.reason}` : undefined;
  }
}

function prefixFor(
  entry: StdioEntry,
  policy: string | undefined,
  io: Pick<ClientsIo, 'wrapper' | 'serverName'>,
): string[] {
  if (entry.state.kind === 'wrapped') return renewedPrefix(entry.state.wrapping, io.wrapper, { policy });
  const server = io.serverName(entry.words, entry.name) ?? entry.name;
  const listed = entry.nodes.args !== undefined || entry.nodes.list !== undefined;
  return newPrefix(io.wrapper, { policy, server }, listed);
}

function original(entry: StdioEntry): readonly string[] {
  return entry.state.kind === 'wrapped' ? entry.state.wrapping.original : entry.words;
}
