import { PolicyWrapError } from '../errors.js';
import { nameHint } from '../text/suggest.js';
import type { LogEntry } from './decision-log.js';
import type { StoreReader } from './reader.js';

/** Rows read at once. */
const PAGE = 1000;

/**
 * Every row of the decision log that passes the filter, oldest first. Read in pages, each on its own snapshot, so a long
 * log holds up no wrapper; rows that are written meanwhile are included.
 *
 * @param since UTC milliseconds, inclusive
 */
export function* history(
  store: StoreReader,
  { server, since }: { readonly server?: string | undefined; readonly since?: number | undefined } = {},
): Generator<LogEntry> {
  for (let afterId = '0'; ; ) {
    const page = store.log({ server, since, afterId, limit: PAGE });
    yield* page;
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
export function loggedServer(store: StoreReader, named: string | undefined): string {
  const known = [...new Set(store.sessions().map(({ server }) => server))];
  const has = (server: string) => store.log({ server, limit: 1 }).length > 0;
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
