import * as z from 'zod/mini';
import packageJson from '../../../package.json' with { type: 'json' };
import { isForQueue } from '../../cli/approval-view.js';
import { lift, liftTeam, stop, stopTeam } from '../../cli/commands/pause.js';
import { stateFile } from '../../config/policy-files.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import type { PauseEntry } from '../../store/store.js';
import {
  type Address,
  type Overview,
  type Pause,
  PauseBody,
  type Place,
  ResumeBody,
} from '../api-types/shell.js';
import type { Collected, Page } from '../page.js';
import { get, post, type Route } from '../route.js';

/** What the frame around every screen needs. */
export const SHELL: readonly Route[] = [
  get('/api/overview', (_asked, page) => overview(page)),
  post('/api/pause', PauseBody, async ({ body: { server, note: reason, place } }, page) => {
    const io = page.collect();
    const code =
      place === 'team'
        ? await stopTeam(page.teamStore(), { server, reason }, io, 'page')
        : await stop({ ...page.options, server, reason, here: true }, io, 'page');
    return braked(code, io, page);
  }),
  post('/api/resume', ResumeBody, async ({ body: { server, place } }, page) => {
    const io = page.collect();
    const code =
      place === 'team'
        ? await liftTeam(page.teamStore(), { server }, io, 'page')
        : await lift({ ...page.options, server, here: true }, io, 'page');
    return braked(code, io, page);
  }),
  post('/api/address', z.strictObject({}), (_asked, page): Address => ({ address: page.address() })),
];

async function overview(page: Page): Promise<Overview> {
  const states = page.stores();
  const waiting = await page.ofAll(async (store) => (await store.approvals()).filter(isForQueue));
  const pauses = await page.ofAll(async (store, shift): Promise<Pause[]> => {
    const place: Place = 'shown' in store ? 'team' : 'here';
    const all: readonly (PauseEntry & { readonly who?: string })[] = await store.pauses();
    return all.map(({ server, since, note, who }) => ({ place, who, server, note, since: since + shift }));
  });
  return {
    version: packageJson.version,
    now: page.now(),
    waiting: waiting.length,
    pauses,
    databases: states.length === 0 ? [stateFile(page.options.db)] : states.map(({ path }) => path),
    leftAlone: page.leftAlone,
    team: page.team?.here(),
  };
}

/** @throws PolicyWrapError STATE_UNAVAILABLE when it holds in some databases only */
function braked(code: number, io: Collected, page: Page): Promise<Overview> {
  page.changed('state');
  if (code !== EXIT.done) throw new PolicyWrapError('STATE_UNAVAILABLE', io.notes.trim());
  return overview(page);
}
