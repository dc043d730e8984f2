import { PolicyWrapError } from '../errors.js';
import { nameHint } from '../text/suggest.js';
import type { LogEntry } from './decision-log.js';
import type { LogFilter } from './decision-log-query.js';
import type { SessionEntry } from './sessions.js';
import type { Mine, Origin } from './shared-store.js';

/** Rows read at once. */
const PAGE = 1000;

/** A log that can be read: that of this machine, or of a team. */
export interface ReadableLog {
  log(filter?: LogFilter & Mine): readonly LoggedRow[] | Promise<readonly LoggedRow[]>;
  sessions(): readonly SessionEntry[] | Promise<readonly SessionEntry[]>;
}

/** In a team's log with who made the call, and where. */
export type LoggedRow = LogEntry & Partial<Origin>;

/**
 * Every row of the decision log that passes the filter, oldest first, in pages. Each is read by itself, so a long log
 * holds up no wrapper; rows that are written meanwhile are included.
 *
 * @param filter `since`: UTC milliseconds, inclusive
 */
export async function* history(
  store: ReadableLog,
  { server, since, mine }: Pick<LogFilter & Mine, 'server' | 'since' | 'mine'> = {},
): AsyncGenerator<readonly LoggedRow[]> {
  for (let afterId = '0'; ; ) {
    const page = await store.log({ server, since, mine, afterId, limit: PAGE });
    yield page;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    afterId = last.auditId;
  }
}

/**
 * The server whose calls to look at: the one that was named, or the only one in the log.
 *
 * @throws PolicyWrapError NOT_FOUND when there is none, USAGE when there are several
 */
export async function loggedServer(
  store: ReadableLog,
  named: string | undefined,
  { mine }: Mine = {},
): Promise<string> {
  const known = [...new Set((await store.sessions()).map(({ server }) => server))];
  const logged: string[] = [];
  for (const server of new Set([...known, ...(named === undefined ? [] : [named])]))
    if ((await store.log({ server, mine, limit: 1 })).length > 0) logged.push(server);
  const has = (server: string) => logged.includes(server);
  const found = (named === undefined ? known : [named]).filter(has).sort();
  const [only] = found;
  if (only === undefined) {
    throw new PolicyWrapError(
      'NOT_FOUND',
      `the log has no calls${named === undefined ? '' : ` of ${named}`}`,
      {
        hint:
          (named === undefined ? undefined : nameHint(named, known.filter(has))) ??
          'Work for a while through: policy-wrap --observe -- <server>',
      },
    );
  }
  if (found.length > 1) {
    throw new PolicyWrapError('USAGE', 'the log has calls of several servers', {
      hint: `Name one: ${found.map((name) => `--server ${name}`).join(', ')}`,
    });
  }
  return only;
}
