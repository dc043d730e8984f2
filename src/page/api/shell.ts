import * as z from 'zod/mini';
import packageJson from '../../../package.json' with { type: 'json' };
import { isForQueue } from '../../cli/approval-view.js';
import { lift, stop } from '../../cli/commands/pause.js';
import { stateFile } from '../../config/policy-files.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { type Address, type Overview, PauseBody, ResumeBody } from '../api-types/shell.js';
import type { Collected, Page } from '../page.js';
import { get, post, type Route } from '../route.js';

/** What the frame around every screen needs. */
export const SHELL: readonly Route[] = [
  get('/api/overview', (_asked, page) => overview(page)),
  post('/api/pause', PauseBody, async ({ body: { server, note } }, page) => {
    const io = page.collect();
    return braked(await stop({ ...page.options, server, reason: note }, io, 'page'), io, page);
  }),
  post('/api/resume', ResumeBody, async ({ body: { server } }, page) => {
    const io = page.collect();
    return braked(await lift({ ...page.options, server }, io, 'page'), io, page);
  }),
  post('/api/address', z.strictObject({}), (_asked, page): Address => ({ address: page.address() })),
];

function overview(page: Page): Overview {
  const states = page.stores();
  return {
    version: packageJson.version,
    now: page.now(),
    waiting: states.flatMap(({ store }) => store.approvals().filter(isForQueue)).length,
    pauses: states.flatMap(({ store }) => store.pauses()),
    databases: states.length === 0 ? [stateFile(page.options.db)] : states.map(({ path }) => path),
    leftAlone: page.leftAlone,
  };
}

/** @throws PolicyWrapError STATE_UNAVAILABLE when it holds in some databases only */
function braked(code: number, io: Collected, page: Page): Overview {
  page.changed('state');
  if (code !== EXIT.done) throw new PolicyWrapError('STATE_UNAVAILABLE', io.notes.trim());
  return overview(page);
}
