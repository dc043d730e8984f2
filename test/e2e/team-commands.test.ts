import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { READING_MS } from '../../src/approval/prompt-form.js';
import { IS_MISSING, newTeam, sharedCluster } from '../store/postgres/support.js';
import { atTerminal, PYTHON } from '../support/asking.js';
import { command } from '../support/command.js';
import { Laptop } from '../support/laptop.js';
import { misfits } from '../support/output-schema.js';
import { type Message, RECORDER, refusalCode, type Wrapper } from '../support/rig.js';

const ASKING = {
  version: '1',
  default: 'allow',
  tools: {
    tag: { action: 'approve' },
    issue: { limits: [{ counter: 'issued', window: 'day', max: 2, scope: 'team' }] },
  },
};

const at = sharedCluster();
beforeAll(async () => {
  if (!IS_MISSING) await at.cluster.sql('CREATE ROLE erin LOGIN');
});

const textOf = (answer: Message): string => answer.result.content[0].text;
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
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    await using approver = new Laptop(at.cluster, 'carol', team.name);
    const wrapper = one.wrap(ASKING);
    await wrapper.initialize();
    const id = approvalOf(await wrapper.call('tag', { a: 1 }));
    const denied = await one.type(['approve', id, '--yes']);
    expect(denied.code).not.toBe(0);
    // Told before anything is asked.
    expect(denied.stdout + denied.stderr).toContain('alice has no role approver');
    expect(denied.stdout + denied.stderr).not.toContain('Approve this call?');
    // Neither is it offered what it may not do.
    for (const words of [['approvals'], ['status']])
      expect((await one.run(...words)).stdout).not.toContain('policy-wrap approve');
    expect(wrapper.stderr).toContain('tag waits for somebody with the role approver');
    expect(wrapper.stderr).not.toContain('policy-wrap approve');
    expect(refusalCode(await wrapper.call('tag', { a: 1 }))).toBe('APPROVAL_REQUIRED');
    // The approver sees whose call it is.
    expect((await approver.run('approvals')).stdout).toContain('alice on ');
    expect((await approver.run('approvals')).stdout).toContain(
      `policy-wrap approve ${id}    policy-wrap reject`,
    );
    // Where the environment does not name the store, what is to be typed does.
    const named = await command(approver.rig, ['approvals', '--store', approver.store]);
    expect(named.stdout).toContain(`policy-wrap approve ${id} --store '${approver.store}'`);
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
    await using team = await newTeam(at.cluster);
    await at.cluster.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'bob', 'approver')`);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    await using two = new Laptop(at.cluster, 'bob', team.name);
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
        // Whoever may no longer approve is no longer shown forms, in the same wrapper.
        await at.cluster.sql(`SELECT policy_wrap.revoke_v1('${team.name}', 'bob', 'approver')`);
        const again = await wrapper.call('tag', { again: true });
        expect(refusalCode(again)).toBe('APPROVAL_REQUIRED');
        expect(textOf(again)).not.toContain('nobody answered');
        expect(wrapper.messages.filter(({ method }) => method === 'elicitation/create')).toHaveLength(1);
      }
      await wrapper.end();
    }
  });

  test('G10: what an approver answers in the form lets exactly that call through', async () => {
    await using team = await newTeam(at.cluster);
    await at.cluster.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'alice', 'approver')`);
    await using one = new Laptop(at.cluster, 'alice', team.name);
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
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    await using two = new Laptop(at.cluster, 'bob', team.name);
    await using approver = new Laptop(at.cluster, 'carol', team.name);
    const [first, second] = [one.wrap(ASKING), two.wrap(ASKING)];
    await Promise.all([first.initialize(), second.initialize()]);
    expect((await one.run('pause', '--reason', 'odd invoices')).stdout).toContain(
      `paused in the team ${team.name}`,
    );
    const told = await second.call('look');
    expect(refusalCode(told)).toBe('PAUSED');
    expect(textOf(told)).toContain('alice has stopped every call in the team ("odd invoices")');
    expect(refusalCode(await first.call('look'))).toBe('PAUSED');
    expect((await two.run('status')).stdout).toContain('by alice, odd invoices');
    expect((await two.type(['resume'])).code).not.toBe(0);
    expect(refusalCode(await second.call('look'))).toBe('PAUSED');
    expect((await approver.type(['resume'])).stdout).toContain('resumed');
    expect(refusalCode(await second.call('look'))).toBeUndefined();
    expect((await one.run('pause', '--here', '--reason', 'my own')).code).toBe(0);
    const here = await first.call('look');
    expect(refusalCode(here)).toBe('PAUSED');
    expect(textOf(here)).toContain('a person has stopped every call ("my own")');
    expect(refusalCode(await second.call('look'))).toBeUndefined();
    expect((await one.run('status')).stdout).toContain('PAUSED on this machine');
    // What lifts the one does not lift the other, and says so.
    expect(first.stderr).toContain('to let it through: policy-wrap resume --here');
    expect((await two.run('pause')).code).toBe(0);
    expect((await approver.type(['resume'])).stdout).toContain('resumed');
    expect(refusalCode(await first.call('look'))).toBe('PAUSED');
    await at.cluster.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'alice', 'approver')`);
    const still = await one.type(['resume']);
    expect(still.stdout + still.stderr).toContain('policy-wrap resume --here');
    expect((await one.type(['resume', '--here'])).code).toBe(0);
    expect(refusalCode(await first.call('look'))).toBeUndefined();
    await Promise.all([first.end(), second.end()]);
  });

  test('status, log and export show the team, with who and where, and with --mine one’s own', async () => {
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    await using two = new Laptop(at.cluster, 'bob', team.name);
    await using auditor = new Laptop(at.cluster, 'dave', team.name);
    const [first, second] = [one.wrap(ASKING), two.wrap(ASKING)];
    await Promise.all([first.initialize(), second.initialize()]);
    await first.call('issue');
    await second.call('issue');
    await second.call('tag');
    const seen = JSON.parse((await auditor.run('status', '--json')).stdout);
    expect(await misfits('status', seen)).toEqual([]);
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
    // Also where none runs any more it says whose they were.
    expect((await auditor.run('status')).stdout).toMatch(
      /recorder +not running +last seen .* (?:alice|bob) on /,
    );
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

  test('without the variable, commands say which store entries of clients name, and the option to type', async () => {
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    const policy = one.rig.file('policy.json', { ...ASKING, store: team.name });
    const server = [process.execPath, RECORDER, JSON.stringify({ journal: one.rig.journal })];
    const entry = (store: readonly string[], env?: object) => ({
      command: 'policy-wrap',
      args: ['--policy', policy, ...store, '--', ...server],
      ...(env && { env }),
    });
    mkdirSync(join(one.rig.folder, '.cursor'));
    one.rig.file(
      '.cursor/mcp.json',
      JSON.stringify({
        mcpServers: {
          afip: entry(['--store', one.store]),
          mail: entry([], { POLICY_WRAP_STORE: one.store }),
          legiti: entry(['--store', one.store]),
        },
      }),
    );
    const line = `the store of the team ${team.name} (afip in Cursor and 2 others): name it with --store '${one.store}'`;
    for (const words of [['status'], ['approvals'], ['log'], ['pause']]) {
      const { stdout, stderr } = await command(one.rig, words);
      expect(stdout + stderr, words.join(' ')).toContain(line);
    }
    // It has paused this machine, and said so; typed as it is told, the team.
    const resumed = await atTerminal(['resume'], [], one.rig.env());
    expect(resumed.stdout).toContain('resumed');
    expect(resumed.stdout + resumed.stderr).toContain(line);
    expect((await command(one.rig, ['pause', '--store', one.store])).stdout).toContain(
      `says policy-wrap resume --store '${one.store}'`,
    );
    const here = await command(one.rig, ['pause', '--here']);
    expect(here.stdout + here.stderr).not.toContain('--store');
    expect((await one.run('status')).stdout).not.toContain('Left alone');
  });

  test('recommend and replay read the log of the team; what counts on one machine counts apart there', async () => {
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    await using two = new Laptop(at.cluster, 'bob', team.name);
    await using auditor = new Laptop(at.cluster, 'dave', team.name);
    for (const [laptop, calls] of [
      [one, 2],
      [two, 3],
    ] as const) {
      const wrapper = laptop.wrap({ version: '1', default: 'allow' }, ['--server', 'afip']);
      await wrapper.initialize();
      for (let i = 0; i < calls; i++) expect(refusalCode(await wrapper.call('look'))).toBeUndefined();
      await wrapper.end();
    }
    // Both laptops of this test run on one host, which is all that the log says of a machine.
    await at.cluster.sql(
      `UPDATE policy_wrap.sessions SET host = who || '-laptop' WHERE team = '${team.name}'`,
    );
    const recommended = JSON.parse((await auditor.run('recommend', '--json')).stdout);
    expect(recommended).toMatchObject({ server: 'afip', calls: 5, passed: 5 });
    // Who only wraps sees its own.
    expect(JSON.parse((await one.run('recommend', '--json')).stdout)).toMatchObject({ calls: 2 });
    expect(JSON.parse((await two.run('recommend', '--json', '--mine')).stdout)).toMatchObject({ calls: 3 });
    const refusedBy = async (scope: string) => {
      const limits = [{ counter: 'looked', window: 'day', max: 2, scope }];
      const draft = auditor.rig.file('draft.json', {
        ...{ version: '1', default: 'allow', store: team.name },
        tools: { look: { limits } },
      });
      const { calls, changes } = JSON.parse((await auditor.run('replay', draft, '--json')).stdout);
      expect(calls).toBe(5);
      return changes.map((change: Message) => change.calls);
    };
    expect(await refusedBy('team')).toEqual([3]);
    expect(await refusedBy('machine')).toEqual([1]);
  });

  test('a counter is emptied by the owner alone', async () => {
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    await using owner = new Laptop(at.cluster, 'admin', team.name);
    const wrapper = one.wrap(ASKING);
    await wrapper.initialize();
    for (let i = 0; i < 2; i++) await wrapper.call('issue');
    const reset = await one.type(['reset', 'issued']);
    expect(reset.code).not.toBe(0);
    expect(reset.stdout + reset.stderr).toContain('alice has no role owner');
    expect(reset.stdout + reset.stderr).not.toContain('Empty it?');
    const taken = await one.type(['store', 'import']);
    expect(taken.stdout + taken.stderr).toContain('alice has no role owner');
    expect(refusalCode(await wrapper.call('issue'))).toBe('LIMIT');
    // Whose login may not is not told to; the owner's wrapper says it with the store.
    expect(wrapper.stderr).not.toContain('policy-wrap reset');
    await at.cluster.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'admin', 'wrapper')`);
    const owners = owner.wrap(ASKING);
    await owners.initialize();
    expect(refusalCode(await owners.call('issue'))).toBe('LIMIT');
    expect(owners.stderr).toContain(`policy-wrap reset issued --server recorder --store '${owner.store}'`);
    await owners.end();
    expect(await owner.type(['reset', 'issued', '--server', 'recorder', '--yes'])).toMatchObject({ code: 0 });
    expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    await wrapper.end();
  });

  test('store: sets up, gives roles and takes them, and looks at the engine', async () => {
    await using owner = new Laptop(at.cluster, 'admin', 'fresh');
    await using one = new Laptop(at.cluster, 'erin', 'fresh');
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
    expect(await misfits('store', JSON.parse(checked.stdout))).toEqual([]);
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
    expect(
      await misfits('store', JSON.parse((await owner.run('store', 'members', '--json')).stdout)),
    ).toEqual([]);
    expect((await owner.run('store', 'revoke', 'erin', 'wrapper')).code).toBe(0);
    await expect.poll(async () => refusalCode(await wrapper.call('look')), { timeout: 20_000 }).toBe('STORE');
    await wrapper.end();
  });

  test('G4: store import takes along what this machine has counted, with its times, and once', async () => {
    await using team = await newTeam(at.cluster);
    await using owner = new Laptop(at.cluster, 'admin', team.name);
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
    await using one = new Laptop(at.cluster, 'alice', team.name);
    const wrapper = one.wrap(ASKING);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    expect(refusalCode(await wrapper.call('issue'))).toBe('LIMIT');
    await wrapper.end();
  });
});
