import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { IS_MISSING, newTeam, sharedCluster } from '../../store/postgres/support.js';
import { Laptop } from '../../support/laptop.js';
import { BIN, refusalCode } from '../../support/rig.js';
import { clientEntries, standIn } from '../support/entries.js';
import { accessible, fitsWidth, PageRig } from '../support/page-rig.js';
import { press } from '../support/press.js';

const POLICY = {
  version: '1',
  default: 'allow',
  audit: { arguments: 'full' },
  tools: {
    tag: { action: 'approve', reason: 'Tags are for people.' },
    issue: { limits: [{ counter: 'issued', window: 'day', max: 2, scope: 'team' }] },
  },
};

const at = sharedCluster();

const HOST = hostname();
const storeOf = (login: string, team: string): string =>
  `postgres://${login}@127.0.0.1:${at.cluster.port}/app?team=${team}`;

/** The page of one login; its machine has no database of its own. */
const pageOf = (login: string, team: string): Promise<PageRig> =>
  PageRig.start('--store', storeOf(login, team));

describe.skipIf(IS_MISSING)('the store of a team on the page', () => {
  test('G10: an approver sees whose call it is, and their yes lets exactly one through; decisions, limits and the brake are the team’s', async () => {
    await using team = await newTeam(at.cluster);
    await using laptop = new Laptop(at.cluster, 'alice', team.name);
    await using rig = await pageOf('carol', team.name);
    const wrapper = laptop.wrap(POLICY);
    await wrapper.initialize();
    const page = await rig.open('/waiting');
    await page.getByText('Nothing waits for you').waitFor();
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBe('APPROVAL_REQUIRED');
    const card = page.getByRole('article', { name: 'tag' });
    await card.getByText(`alice on ${HOST}`).waitFor();
    await card.getByText('"a": 1').waitFor();
    await accessible(page);
    await press(card.getByRole('button', { name: 'Approve once' }), card, 'detached');
    expect(refusalCode(await wrapper.call('tag', { a: 2 }))).toBe('APPROVAL_REQUIRED');
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBeUndefined();
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBe('APPROVAL_REQUIRED');
    await page.getByRole('cell', { name: 'approved and used on this page by carol' }).waitFor();

    for (let calls = 0; calls < 2; calls += 1)
      expect(refusalCode(await wrapper.call('issue', {}))).toBeUndefined();
    expect(refusalCode(await wrapper.call('issue', {}))).toBe('LIMIT');
    await page.getByRole('link', { name: 'Live' }).click();
    const row = page.getByRole('row', { name: /issue.*LIMIT/ });
    await row.getByText(`alice on ${HOST}`).waitFor();
    await page.getByText(`Team ${team.name}`).first().waitFor();
    const meter = page.getByRole('meter', { name: 'issued' });
    await expect.poll(() => meter.getAttribute('aria-valuetext')).toBe('2 of 2');
    await page.getByText('In the last 24 hours: 3 passed, 3 asked a person, 1 refused.').waitFor();
    await accessible(page);

    await page.getByRole('button', { name: 'Pause the team' }).click();
    await page.getByText('Paused on every machine of the team: every call of every server').waitFor();
    await page.getByText('by carol').first().waitFor();
    expect(refusalCode(await wrapper.call('look', {}))).toBe('PAUSED');
    const paused = page.getByText('Paused on every machine');
    await press(page.getByRole('button', { name: 'Resume the team' }), paused, 'detached');
    expect(refusalCode(await wrapper.call('look', {}))).toBeUndefined();
    expect(rig.problems).toEqual([]);
  });

  test('G10: without the approver’s role nothing can be approved, the page says what is missing, and sees when it is given', async () => {
    await using team = await newTeam(at.cluster);
    await using laptop = new Laptop(at.cluster, 'alice', team.name);
    await using rig = await pageOf('alice', team.name);
    const wrapper = laptop.wrap(POLICY);
    await wrapper.initialize();
    await wrapper.call('tag', { a: 1 });
    const page = await rig.open('/waiting', { width: 360, language: 'es', dark: true });
    const card = page.getByRole('article', { name: 'tag' });
    await card.getByText('necesitas el rol approver').waitFor();
    await card.getByText('policy-wrap store grant alice approver').waitFor();
    expect(await card.getByRole('button', { name: 'Aprobar una vez' }).count()).toBe(0);
    await fitsWidth(page);
    await accessible(page);
    // Past the buttons: the database itself refuses.
    const answer = await page.evaluate(`fetch('/api/waiting', {
      headers: { 'x-policy-wrap-key': localStorage.getItem('policy-wrap-key') },
    }).then((response) => response.json()).then(({ waiting: [{ id, shown }] }) => fetch('/api/waiting/approve', {
      method: 'POST', body: JSON.stringify({ id, shown }),
      headers: { 'content-type': 'application/json', 'x-policy-wrap-key': localStorage.getItem('policy-wrap-key') },
    })).then(async (response) => [response.status, (await response.json()).error?.message])`);
    expect(answer).toEqual([409, expect.stringContaining('has no role approver')]);
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBe('APPROVAL_REQUIRED');

    // Whoever wraps may stop the team, and not let it go on.
    await page.getByRole('button', { name: 'Pausar el equipo' }).click();
    await page.getByText('Solo un approver o un owner del equipo').first().waitFor();
    expect(await page.getByRole('button', { name: 'Reanudar el equipo' }).count()).toBe(0);
    await at.cluster.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'alice', 'approver')`);
    const resume = page.getByRole('button', { name: 'Reanudar el equipo' });
    await press(resume, resume, 'detached');
    await press(card.getByRole('button', { name: 'Aprobar una vez' }), card, 'detached');
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBeUndefined();
  });

  test('a draft is tried on the team’s calls', async () => {
    await using team = await newTeam(at.cluster);
    await using laptop = new Laptop(at.cluster, 'alice', team.name);
    const wrapper = laptop.wrap(POLICY);
    await wrapper.initialize();
    for (let calls = 0; calls < 2; calls += 1) await wrapper.call('issue', { n: calls });
    await using rig = await PageRig.startIn(
      (home) => {
        home.policy('recorder', { ...POLICY, tools: { issue: { rate_limit: '1/day' } } });
        clientEntries(home, { recorder: standIn('afip') });
      },
      ...['--store', storeOf('carol', team.name)],
    );
    const policy = encodeURIComponent(rig.policyFile('recorder'));
    const page = await rig.open(`/impact?policy=${policy}`);
    await page.getByText('Of 2 calls: 1 pass, 1 refused, 0 asked about').waitFor();
    await accessible(page);
    expect(rig.problems).toEqual([]);
  });

  test('an auditor sees all, and changes nothing', async () => {
    await using team = await newTeam(at.cluster);
    await using laptop = new Laptop(at.cluster, 'bob', team.name);
    await using rig = await pageOf('dave', team.name);
    const wrapper = laptop.wrap(POLICY);
    await wrapper.initialize();
    await wrapper.call('tag', { a: 1 });
    const page = await rig.open('/waiting');
    const card = page.getByRole('article', { name: 'tag' });
    await card.getByText(`bob on ${HOST}`).waitFor();
    await card.getByText(`To reject it you need the role approver in team ${team.name}.`).waitFor();
    expect(await card.getByRole('button').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Pause the team' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByText('You are dave. Roles: auditor').waitFor();
  });

  test('while the store is silent the page says so on every screen, and this machine can be paused; then it goes on', async () => {
    await using team = await newTeam(at.cluster);
    await using laptop = new Laptop(at.cluster, 'alice', team.name);
    await using rig = await pageOf('carol', team.name);
    const wrapper = laptop.wrap(POLICY);
    await wrapper.initialize();
    await wrapper.call('tag', { a: 1 });
    const page = await rig.open('/waiting');
    await page.getByRole('article', { name: 'tag' }).waitFor();
    at.cluster.signal('SIGSTOP');
    try {
      await page.getByText("Nothing of the team's store is shown").waitFor();
      await page.getByText('did not answer within 2 s').waitFor();
      await page.getByRole('button', { name: 'Pause this machine' }).click();
      await page.getByText('Paused: every call of every server is refused').waitFor();
    } finally {
      at.cluster.signal('SIGCONT');
    }
    await page.getByText("Nothing of the team's store").waitFor({ state: 'detached' });
    await page.getByRole('article', { name: 'tag' }).waitFor();
    const resume = page.getByRole('button', { name: 'Resume this machine' });
    await press(resume, page.getByText('Paused: every call'), 'detached');
  });

  test('the store that the entries of clients name is the one that is shown; of several none is, and that is said', async () => {
    await using team = await newTeam(at.cluster);
    await using laptop = new Laptop(at.cluster, 'alice', team.name);
    const wrapper = laptop.wrap(POLICY);
    await wrapper.initialize();
    await wrapper.call('tag', { a: 1 });
    const open = async (logins: Readonly<Record<string, string>>): Promise<PageRig> =>
      PageRig.startIn(({ folder, db }) => {
        const entries = Object.entries(logins).map(([name, login]) => {
          const args = [BIN, '--db', db, '--store', storeOf(login, team.name), '--', 'mcp-afip'];
          return [name, { command: process.execPath, args }];
        });
        mkdirSync(join(folder, '.cursor'), { recursive: true });
        const file = join(folder, '.cursor', 'mcp.json');
        writeFileSync(file, JSON.stringify({ mcpServers: Object.fromEntries(entries) }));
      });
    await using rig = await open({ afip: 'carol', again: 'carol' });
    const page = await rig.open('/waiting');
    await page.getByRole('article', { name: 'tag' }).getByText(`alice on ${HOST}`).waitFor();

    await using several = await open({ afip: 'carol', other: 'alice' });
    const other = await several.open('/waiting');
    await other.getByText('several stores, name one with --store').waitFor();
    await other.getByText('Nothing waits for you').waitFor();
  });
});
