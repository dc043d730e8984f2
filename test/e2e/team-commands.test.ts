import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { READING_MS } from '../../src/approval/prompt-form.js';
import { IS_MISSING, newTeam } from '../store/postgres/support.js';
import { PYTHON } from '../support/asking.js';
import { Laptop } from '../support/laptop.js';
import { Cluster } from '../support/postgres.js';
import { type Message, refusalCode, type Wrapper } from '../support/rig.js';

const ASKING = {
  version: '1',
  default: 'allow',
  tools: {
    tag: { action: 'approve' },
    issue: { limits: [{ counter: 'issued', window: 'day', max: 2, scope: 'team' }] },
  },
};

let cluster: Cluster;
beforeAll(async () => {
  if (IS_MISSING) return;
  cluster = await Cluster.start();
  await cluster.prepare('alice', 'bob', 'carol', 'dave', 'erin');
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

const approvalOf = (answer: Message): string => answer.result._meta['policy-wrap/decision'].approvalId;

/** A client that shows forms has made a call, with the id `asked`, that a person must approve. */
async function asking(laptop: Laptop): Promise<Wrapper> {
  const wrapper = laptop.wrap(ASKING);
  await wrapper.request('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'forms', version: '1' },
  });
  // The roles are known with the first answer.
  await wrapper.call('look');
  const params = { name: 'tag', arguments: {} };
  wrapper.send({ jsonrpc: '2.0', id: 'asked', method: 'tools/call', params });
  return wrapper;
}

describe.skipIf(IS_MISSING || PYTHON === undefined)('what people see and do in a team', () => {
  test('G10: who wraps cannot approve; who approves lets exactly one call through, and is written down', async () => {
    await using team = await newTeam(cluster);
    await using one = new Laptop(cluster, 'alice', team.name);
    await using approver = new Laptop(cluster, 'carol', team.name);
    const wrapper = one.wrap(ASKING);
    await wrapper.initialize();
    const id = approvalOf(await wrapper.call('tag', { a: 1 }));
    const denied = await one.type(['approve', id, '--yes']);
    expect(denied.code).not.toBe(0);
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBe('APPROVAL_REQUIRED');
    // The approver sees whose call it is.
    expect((await approver.run('approvals')).stdout).toContain('alice on ');
    const given = await approver.type(['approve', id, '--yes']);
    expect(given).toMatchObject({ code: 0, stdout: expect.stringContaining('Approved') });
    expect(refusalCode(await wrapper.call('tag', { a: 2 }))).toBe('APPROVAL_REQUIRED');
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBeUndefined();
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBe('APPROVAL_REQUIRED');
    expect((await approver.run('approvals', '--all')).stdout).toContain('consumed by carol');
    await wrapper.end();
    expect(one.rig.receivedCalls()).toEqual(['tag']);
  });

  test('G10: a form in the client is shown to whoever may approve, and to nobody else', async () => {
    await using team = await newTeam(cluster);
    await cluster.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'bob', 'approver')`);
    await using one = new Laptop(cluster, 'alice', team.name);
    await using two = new Laptop(cluster, 'bob', team.name);
    for (const laptop of [one, two]) {
      const wrapper = await asking(laptop);
      const first = await wrapper.next(({ id, method }) => id === 'asked' || method === 'elicitation/create');
      if (laptop === one) expect(refusalCode(first)).toBe('APPROVAL_REQUIRED');
      else {
        // Somebody else may answer meanwhile: the look at the store that is made while the call is held finds it.
        const { approvals } = JSON.parse((await two.run('approvals', '--json')).stdout);
        const waiting = approvals.find(({ who }: Message) => who === 'bob');
        await two.type(['approve', waiting.id, '--yes']);
        expect(refusalCode(await wrapper.next(({ id }) => id === 'asked'))).toBeUndefined();
        expect(laptop.rig.receivedCalls()).toEqual(['look', 'tag']);
      }
      await wrapper.end();
    }
  });

  test('G10: what an approver answers in the form lets exactly that call through', async () => {
    await using team = await newTeam(cluster);
    await cluster.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'alice', 'approver')`);
    await using one = new Laptop(cluster, 'alice', team.name);
    const wrapper = await asking(one);
    const form = await wrapper.next(({ method }) => method === 'elicitation/create');
    // An answer that comes sooner than a form can be read is none.
    await sleep(READING_MS + 100);
    wrapper.send({
      jsonrpc: '2.0',
      id: form.id,
      result: { action: 'accept', content: { decision: 'allow_once' } },
    });
    expect(refusalCode(await wrapper.next(({ id }) => id === 'asked'))).toBeUndefined();
    expect(one.rig.receivedCalls()).toEqual(['look', 'tag']);
    expect((await one.run('approvals', '--all')).stdout).toContain('consumed by alice');
    await wrapper.end();
  });

  test('a pause stops every machine; one of this machine alone stops no other; lifting needs the role', async () => {
    await using team = await newTeam(cluster);
    await using one = new Laptop(cluster, 'alice', team.name);
    await using two = new Laptop(cluster, 'bob', team.name);
    await using approver = new Laptop(cluster, 'carol', team.name);
    const [first, second] = [one.wrap(ASKING), two.wrap(ASKING)];
    await Promise.all([first.initialize(), second.initialize()]);
    expect((await one.run('pause', '--reason', 'odd invoices')).stdout).toContain(
      `paused in the team ${team.name}`,
    );
    expect(refusalCode(await second.call('look'))).toBe('PAUSED');
    expect(refusalCode(await first.call('look'))).toBe('PAUSED');
    expect((await two.run('status')).stdout).toContain('by alice, odd invoices');
    expect((await two.type(['resume'])).code).not.toBe(0);
    expect(refusalCode(await second.call('look'))).toBe('PAUSED');
    expect((await approver.type(['resume'])).stdout).toContain('resumed');
    expect(refusalCode(await second.call('look'))).toBeUndefined();
    expect((await one.run('pause', '--here')).code).toBe(0);
    expect(refusalCode(await first.call('look'))).toBe('PAUSED');
    expect(refusalCode(await second.call('look'))).toBeUndefined();
    expect((await one.run('status')).stdout).toContain('PAUSED on this machine');
    await Promise.all([first.end(), second.end()]);
  });

  test('status, log and export show the team, with who and where, and with --mine one’s own', async () => {
    await using team = await newTeam(cluster);
    await using one = new Laptop(cluster, 'alice', team.name);
    await using two = new Laptop(cluster, 'bob', team.name);
    await using auditor = new Laptop(cluster, 'dave', team.name);
    const [first, second] = [one.wrap(ASKING), two.wrap(ASKING)];
    await Promise.all([first.initialize(), second.initialize()]);
    await first.call('issue');
    await second.call('issue');
    await second.call('tag');
    const seen = JSON.parse((await auditor.run('status', '--json')).stdout);
    expect(seen.database).toEqual({ path: expect.stringContaining(`?team=${team.name}`), exists: true });
    expect(seen.wrappers.map(({ who }: Message) => who).sort()).toEqual(['alice', 'bob']);
    expect(seen.counters).toMatchObject([
      { name: 'issued', scope: 'team', used: '2', max: '2', server: null },
    ]);
    expect(seen.approvals).toMatchObject([{ tool: 'tag', who: 'bob' }]);
    const text = (await auditor.run('status')).stdout;
    expect(text).toMatch(/alice on .*\n/);
    expect(text).toContain('(team)');
    await Promise.all([first.end(), second.end()]);
    const whose = (rows: readonly Message[]) =>
      rows.filter(({ type }) => type === 'decision').map(({ who, tool }) => `${who} ${tool}`);
    expect(whose(await auditor.log())).toEqual(['alice issue', 'bob issue', 'bob tag']);
    expect(whose(await auditor.log('--mine'))).toEqual([]);
    expect(whose(await two.log('--mine'))).toEqual(['bob issue', 'bob tag']);
    // Who only wraps is shown no one else's calls.
    expect(whose(await one.log())).toEqual(['alice issue']);
    expect((await auditor.run('log')).stdout).toContain('bob on ');
    const csv = (await auditor.run('export', '--format', 'csv')).stdout.split('\r\n');
    expect(csv[0]).toMatch(/,who,detail,host$/);
    expect(csv.filter((line) => /^decision,.*,bob,/.test(line))).toHaveLength(2);
  });

  test('a counter is emptied by the owner alone', async () => {
    await using team = await newTeam(cluster);
    await using one = new Laptop(cluster, 'alice', team.name);
    await using owner = new Laptop(cluster, 'admin', team.name);
    const wrapper = one.wrap(ASKING);
    await wrapper.initialize();
    for (let i = 0; i < 2; i++) await wrapper.call('issue');
    expect((await one.type(['reset', 'issued', '--yes'])).code).not.toBe(0);
    expect(refusalCode(await wrapper.call('issue'))).toBe('LIMIT');
    // As the wrapper says on its stderr.
    expect(wrapper.stderr).toContain('policy-wrap reset issued --server recorder');
    expect(await owner.type(['reset', 'issued', '--server', 'recorder', '--yes'])).toMatchObject({ code: 0 });
    expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    await wrapper.end();
  });

  test('store: sets up, gives roles and takes them, and looks at the engine', async () => {
    await using owner = new Laptop(cluster, 'admin', 'fresh');
    await using one = new Laptop(cluster, 'erin', 'fresh');
    expect((await owner.run('store', 'init')).stdout).toContain('The store of the team fresh is');
    expect((await owner.run('store', 'init')).stdout).toContain('is up to date');
    const wrapper = one.wrap(ASKING);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('look'))).toBe('STORE');
    expect((await owner.run('store', 'grant', 'erin', 'king')).code).toBe(2);
    // A role is given by a person.
    expect((await owner.run('store', 'grant', 'erin', 'wrapper')).code).toBe(1);
    expect((await owner.type(['store', 'grant', 'erin', 'wrapper'])).stdout).toContain(
      'erin is wrapper in fresh',
    );
    await expect
      .poll(async () => refusalCode(await wrapper.call('look')), { timeout: 20_000 })
      .toBeUndefined();
    const checked = await one.run('store', 'check', '--json');
    const { version, findings } = JSON.parse(checked.stdout);
    expect(version).toBe(1);
    const about = findings.map((one: Message) => one.about);
    for (const what of [
      'reach',
      'version',
      'roles',
      'tls',
      'fsync',
      'commit',
      'standbys',
      'clock',
      'latency',
    ])
      expect(about).toContain(what);
    // This cluster has fsync off, which no store of a team may have.
    expect(findings.find((one: Message) => one.about === 'fsync').level).toBe('error');
    expect(checked.code).toBe(1);
    const doctor = JSON.parse((await one.run('doctor', '--json')).stdout);
    const store = doctor.checks.find(({ id }: Message) => id === 'store');
    expect(store).toMatchObject({ status: 'fail' });
    expect(store.findings.map(({ message }: Message) => message).join()).toContain('fsync');
    expect((await owner.run('store', 'members')).stdout).toMatch(/erin +wrapper/);
    expect((await owner.run('store', 'revoke', 'erin', 'wrapper')).code).toBe(0);
    await expect.poll(async () => refusalCode(await wrapper.call('look')), { timeout: 20_000 }).toBe('STORE');
    await wrapper.end();
  });

  test('G4: store import takes along what this machine has counted, with its times, and once', async () => {
    await using team = await newTeam(cluster);
    await using owner = new Laptop(cluster, 'admin', team.name);
    const machine = {
      ...ASKING,
      tools: { issue: { limits: [{ counter: 'issued', window: 'day', max: 2, scope: 'machine' }] } },
    };
    const alone = owner.rig.wrap({ policy: machine });
    await alone.initialize();
    await alone.call('issue');
    await alone.end();
    for (let i = 0; i < 2; i++) {
      const taken = await owner.type(['store', 'import', '--as-team', '--yes']);
      expect(taken).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(i === 0 ? 'Copied 1 charge.' : 'Copied no charges.'),
      });
    }
    await using one = new Laptop(cluster, 'alice', team.name);
    const wrapper = one.wrap(ASKING);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    expect(refusalCode(await wrapper.call('issue'))).toBe('LIMIT');
    await wrapper.end();
  });
});
