/**
 * page/: one local page in the browser, of everything that the commands show and do; `web/` is what the browser runs.
 * It may import every other room; `main` alone imports it, and gives it to the row of `ui`.
 * Never enters: a way to do what no command can do, and anything on the way of a call.
 */
import { fileURLToPath } from 'node:url';
import { openBrowser } from '../cli/open-browser.js';
import type { StateOptions } from '../cli/open-state.js';
import { assertPerson } from '../cli/person.js';
import type { StoreOptions } from '../cli/team-store.js';
import type { Terminal } from '../cli/terminal.js';
import { announcePage } from '../config/page-address.js';
import { EXIT, PolicyWrapError } from '../errors.js';
import { parseDuration, span } from '../text/duration.js';
import { printableLines } from '../text/escape.js';
import { Access } from './access.js';
import { Page } from './page.js';
import { ROUTES } from './routes.js';
import { serve } from './server.js';
import { States } from './states.js';
import { openTeamHere } from './team.js';
import { Watch } from './watch.js';

export interface UiOptions extends StateOptions, StoreOptions {
  readonly port?: number | undefined;
  readonly open: boolean;
  /** A duration: `1h`. */
  readonly idle: string;
}

/** How often it is looked whether the page is still in use, in milliseconds. */
const LOOK_MS = 500;

/**
 * Serves the page until Ctrl-C, or until nobody has had it open for a while.
 *
 * @throws PolicyWrapError REFUSED where no person sits, USAGE, and what opening the state throws
 */
export async function ui(options: UiOptions, io: Terminal): Promise<number> {
  assertPerson('ui', io);
  const idleMs = parseDuration(options.idle);
  if (idleMs === undefined || idleMs < 1000)
    throw new PolicyWrapError('USAGE', `--idle ${options.idle}: write 90s, 30m or 2h`);
  const { db } = options;
  const shared = await openTeamHere(options, io);
  const states = new States({ db }, io);
  const watch = new Watch(states, shared.team);
  const access = new Access();
  let usedAt = performance.now();
  const page = new Page({ db }, io, states, (what) => watch.tell(what), shared);
  const server = await serve({
    port: options.port ?? 0,
    // From dist/parts/, where the bundles lie.
    assets: fileURLToPath(new URL('../page/web/', import.meta.url)),
    ...{ access, page, watch, routes: ROUTES },
    used: () => {
      usedAt = performance.now();
    },
    report: (error) =>
      void io.err.write(`policy-wrap: this is a bug, please report it\n${printableLines(stackOf(error))}\n`),
  });
  page.address = () => `http://127.0.0.1:${server.port}/#token=${access.newToken()}`;
  const conceal = announcePage(server.port);
  let removePage: (() => void) | undefined;
  try {
    const address = page.address();
    await io.out.write(`${address}\n`);
    removePage = options.open ? openBrowser(address, server.isOpenToAccounts, io) : undefined;
    const next = removePage ? 'Opened in your browser' : 'Open this address in your browser';
    await io.err.write(`${next}; it signs in once. End with Ctrl-C.\n`);
    while (await io.pause(LOOK_MS)) {
      if (watch.size > 0) usedAt = performance.now();
      if (performance.now() - usedAt < idleMs) continue;
      await io.err.write(`Ended: nobody had the page open for ${span(idleMs)}.\n`);
      break;
    }
    return EXIT.done;
  } finally {
    conceal();
    removePage?.();
    watch.close();
    await server.close();
    states.close();
    await shared.team?.close();
  }
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
