import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { IS_MISSING, newTeam, sharedCluster } from '../store/postgres/support.js';
import { command } from '../support/command.js';
import { Laptop } from '../support/laptop.js';
import { Cluster, runProgram } from '../support/postgres.js';
import { type Message, refusalCode } from '../support/rig.js';

/** Five calls a day for the whole team, whoever makes them. */
const QUOTA = {
  version: '1',
  default: 'allow',
  hide: ['secret'],
  tools: {
    issue: { limits: [{ counter: 'issued', window: 'day', max: 5, scope: 'team' }] },
    pay: { action: 'approve' },
    drop: { action: 'deny', reason: 'Never.' },
  },
};

const at = sharedCluster();

const decisionOf = (answer: Message) => answer.result._meta['policy-wrap/decision'];
const textOf = (answer: Message): string => answer.result.content[0].text;

describe.skipIf(IS_MISSING)('two laptops and one quota', () => {
  test('G4, G5: the second is refused exactly when the first has used it up, also after both were killed', async () => {
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    await using two = new Laptop(at.cluster, 'bob', team.name);
    const [first, second] = [one.wrap(QUOTA), two.wrap(QUOTA)];
    await Promise.all([first.initialize(), second.initialize()]);
    for (const wrapper of [first, second, first, second, first])
      expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    for (const wrapper of [second, first])
      expect(decisionOf(await wrapper.call('issue'))).toMatchObject({ code: 'LIMIT', used: 5, max: 5 });
    for (const wrapper of [first, second]) {
      wrapper.child.kill('SIGKILL');
      await wrapper.exit;
    }
    const again = two.wrap(QUOTA);
    await again.initialize();
    expect(refusalCode(await again.call('issue'))).toBe('LIMIT');
    expect(refusalCode(await again.call('look'))).toBeUndefined();
    const sent = [...one.rig.receivedCalls(), ...two.rig.receivedCalls()];
    expect(sent.filter((name) => name === 'issue')).toHaveLength(5);
    await again.end();
  });

  test('G1, G7: calls that come together leave in their order, and each is in the log with who made it', async () => {
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    await using auditor = new Laptop(at.cluster, 'dave', team.name);
    const wrapper = one.wrap(QUOTA);
    await wrapper.initialize();
    const ids = Array.from({ length: 30 }, (_, i) => 100 + i);
    const line = (id: number) =>
      JSON.stringify({
        ...{ jsonrpc: '2.0', id, method: 'tools/call' },
        params: { name: id % 3 === 0 ? 'issue' : 'look', arguments: { id } },
      });
    wrapper.write(`${ids.map(line).join('\n')}\n`);
    await Promise.all(ids.map((id) => wrapper.next((message) => message.id === id)));
    const issues = ids.filter((id) => id % 3 === 0);
    const passed = ids.filter((id) => id % 3 !== 0 || issues.indexOf(id) < 5);
    const sent = one.rig.received().filter(({ method }) => method === 'tools/call');
    expect(sent.map(({ params }) => params.arguments.id)).toEqual(passed);
    await wrapper.end();
    const rows = (await auditor.log()).filter(({ type }) => type === 'decision');
    expect(rows.map(({ requestId }) => Number(requestId))).toEqual(ids);
    const allowed = rows.filter(({ decision }) => decision === 'allow');
    expect(allowed.map(({ outcome }) => outcome)).toEqual(passed.map(() => 'ok'));
    expect(new Set(rows.map(({ who }) => who))).toEqual(new Set(['alice']));
  });

  test('G4: without the option, or with a password in it, nothing passes', async () => {
    await using team = await newTeam(at.cluster);
    await using one = new Laptop(at.cluster, 'alice', team.name);
    const without = one.rig.wrap({ policy: { ...QUOTA, store: team.name } });
    await without.initialize();
    const refused = await without.call('issue');
    expect(decisionOf(refused)).toMatchObject({ code: 'STORE', rule: '/store' });
    await without.end();
    expect(one.rig.receivedCalls()).toEqual([]);
    const told = one.rig.wrap({ policy: QUOTA, args: ['--store', one.store.replace('@', ':hunter2@')] });
    expect(await told.exit).toBe(2);
    expect(told.stderr).toContain('POLICY_WRAP_STORE_PASSWORD');
    expect(told.stderr).not.toContain('hunter2');
  });
});

/** A server of a test's own, to be stopped and killed. */
async function prepared(): Promise<Cluster> {
  const own = await Cluster.start();
  await own.prepare('alice', 'bob', 'carol', 'dave');
  return own;
}

describe.skipIf(IS_MISSING)('a store that cannot be reached', () => {
  test('G3: refuses with the reason and since when, hides what is hidden, and passes again when it is back', async () => {
    await using own = await prepared();
    await using team = await newTeam(own);
    await using one = new Laptop(own, 'alice', team.name);
    const wrapper = one.wrap(QUOTA);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    await own.kill();
    for (const name of ['issue', 'look', 'pay']) {
      const refused = await wrapper.call(name);
      expect(decisionOf(refused)).toMatchObject({
        ...{ code: 'STORE', rule: '(store)', auditId: expect.stringMatching(/^local-/) },
      });
      expect(textOf(refused)).toMatch(/cannot be used: .+ \(since \d{4}-\d\d-\d\dT/);
    }
    // What is refused anyway says why.
    expect(textOf(await wrapper.call('drop'))).toContain('Never.');
    expect((await wrapper.call('secret')).error.message).toBe('Unknown tool: secret');
    expect(one.rig.receivedCalls()).toEqual(['issue']);
    await own.run();
    await expect
      .poll(async () => refusalCode(await wrapper.call('look')), { timeout: 20_000 })
      .toBeUndefined();
    for (let i = 0; i < 4; i++) expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    expect(refusalCode(await wrapper.call('issue'))).toBe('LIMIT');
    await wrapper.end();
    expect(wrapper.stderr.match(/calls are refused/g)).toHaveLength(1);
    expect(wrapper.stderr).toContain('answers again');
    // What was refused meanwhile is in the log of this machine.
    const here = await command(one.rig, ['log', '--json', '--denied', '--db', one.rig.db]);
    const codes = here.stdout
      .trim()
      .split('\n')
      .map((row) => JSON.parse(row).code);
    expect(codes.slice(0, 5)).toEqual(['STORE', 'STORE', 'STORE', 'ACTION_DENY', null]);
    // And what came before it was seen that the store is back.
    expect(new Set(codes.slice(5))).toEqual(new Set(codes.length > 5 ? ['STORE'] : []));
  });

  test('G4: a database that was restored from a back-up is noticed, and refuses until its owner accepts it', async () => {
    await using own = await prepared();
    await using team = await newTeam(own);
    await using one = new Laptop(own, 'alice', team.name);
    await using owner = new Laptop(own, 'admin', team.name);
    const asAdmin = ['-h', '127.0.0.1', '-p', String(own.port), '-U', 'admin', '-d', 'app'];
    const copy = join(own.folder, 'copy.sql');
    const historyOf = async (laptop: Laptop) =>
      JSON.parse((await laptop.run('store', 'check', '--json')).stdout).findings.find(
        ({ about }: Message) => about === 'history',
      );
    const wrapper = one.wrap(QUOTA, ['--store-offline', 'uncounted']);
    await wrapper.initialize();
    await wrapper.call('issue');
    const epoch = async () =>
      (await own.sql(`SELECT epoch FROM policy_wrap.teams WHERE team = '${team.name}'`))[0];
    const before = await epoch();
    // Nothing is lost: nobody is frightened, and nothing is changed.
    expect(await historyOf(one)).toMatchObject({ level: 'ok' });
    expect(await owner.run('store', 'accept')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing is to be accepted'),
    });
    expect((await one.run('store', 'accept')).stderr).toContain('alice has no role owner');
    expect(await epoch()).toEqual(before);
    runProgram('pg_dump', [...asAdmin, '-n', 'policy_wrap', '-f', copy], own.folder);
    for (let i = 0; i < 2; i++) expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    await wrapper.end();
    await own.sql('DROP SCHEMA policy_wrap CASCADE');
    runProgram(
      'psql',
      [...asAdmin, '-q', '-v', 'ON_ERROR_STOP=1', '-o', copy.replace('sql', 'out'), '-f', copy],
      own.folder,
    );
    // Neither is that an outage, in which what counts nothing would pass.
    const again = one.wrap(QUOTA, ['--store-offline', 'uncounted']);
    await again.initialize();
    for (const name of ['issue', 'look']) expect(refusalCode(await again.call(name))).toBe('STORE');
    expect(textOf(await again.call('issue'))).toContain('has lost calls that this machine was told of');
    // The machine that misses something says so, and so does that of the owner, which misses nothing itself.
    for (const [laptop, whose] of [
      [one, 'this machine was told of one at'],
      [owner, 'alice on '],
    ] as const) {
      expect(await historyOf(laptop)).toMatchObject({
        level: 'error',
        text: expect.stringMatching(new RegExp(`its newest call is of \\d{4}-.*${whose}`)),
        hint: expect.stringContaining('policy-wrap store accept'),
      });
      expect((await laptop.run('status')).stdout).toMatch(/HISTORY LOST[\s\S]*store accept/);
    }
    const doctor = JSON.parse((await one.run('doctor', '--json')).stdout);
    const found = doctor.checks.find(({ id }: Message) => id === 'store');
    expect(JSON.stringify(found)).toContain('it is an older copy');
    expect((await owner.run('store', 'accept')).code).toBe(1);
    const accepted = await owner.type(['store', 'accept', '--yes']);
    expect(accepted.stdout).toContain('Accepted');
    expect(accepted.stdout + accepted.stderr).toContain('alice on ');
    expect(await historyOf(one)).toMatchObject({ level: 'ok' });
    expect((await one.run('status')).stdout).not.toContain('HISTORY LOST');
    expect((await owner.run('store', 'accept')).stdout).toContain('Nothing is to be accepted');
    await expect.poll(async () => refusalCode(await again.call('look')), { timeout: 20_000 }).toBeUndefined();
    await again.end();
  });

  test('G3: who only observes passes calls on without it, and their outcomes stay on this machine', async () => {
    await using own = await prepared();
    await using team = await newTeam(own);
    await using one = new Laptop(own, 'alice', team.name);
    await using auditor = new Laptop(own, 'dave', team.name);
    const wrapper = one.wrap(QUOTA, ['--observe']);
    await wrapper.initialize();
    await wrapper.call('look');
    await own.kill();
    for (const name of ['issue', 'pay']) expect(refusalCode(await wrapper.call(name))).toBeUndefined();
    await own.run();
    await expect
      .poll(async () => (await wrapper.call('look')) && wrapper.stderr, { timeout: 20_000 })
      .toContain('answers again');
    await wrapper.end();
    const here = await command(one.rig, ['log', '--json', '--db', one.rig.db]);
    const rows = here.stdout
      .trim()
      .split('\n')
      .map((row) => JSON.parse(row));
    expect(rows.filter(({ tool }) => tool !== 'look').map(({ code, outcome }) => [code, outcome])).toEqual([
      ['STORE', 'ok'],
      ['STORE', 'ok'],
    ]);
    const there = (await auditor.log()).filter(({ type }) => type === 'decision');
    expect(new Set(there.map(({ tool }) => tool))).toEqual(new Set(['look']));
  });

  test('G9: a wrapper ends soon after its client also while the store hangs', async () => {
    await using own = await prepared();
    await using team = await newTeam(own);
    await using one = new Laptop(own, 'alice', team.name);
    const wrapper = one.wrap(QUOTA);
    await wrapper.initialize();
    await wrapper.call('look');
    own.signal('SIGSTOP');
    const code = await Promise.race([wrapper.end(), sleep(15_000, 'still there', { ref: false })]);
    own.signal('SIGCONT');
    expect(code).toBe(0);
  });

  test('G5: a call that was given up while it hung costs nothing, however late the store wakes up', async () => {
    await using own = await prepared();
    await using team = await newTeam(own);
    await using one = new Laptop(own, 'alice', team.name);
    const wrapper = one.wrap(QUOTA);
    await wrapper.initialize();
    expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    own.signal('SIGSTOP');
    expect(refusalCode(await wrapper.call('issue'))).toBe('STORE');
    own.signal('SIGCONT');
    await expect
      .poll(async () => refusalCode(await wrapper.call('look')), { timeout: 20_000 })
      .toBeUndefined();
    for (let i = 0; i < 4; i++) expect(refusalCode(await wrapper.call('issue'))).toBeUndefined();
    expect(refusalCode(await wrapper.call('issue'))).toBe('LIMIT');
    expect(one.rig.receivedCalls().filter((name) => name === 'issue')).toHaveLength(5);
    await wrapper.end();
  });

  test('G4: with --store-offline uncounted only what counts nothing and asks nobody passes, and is told of later', async () => {
    await using own = await prepared();
    await using team = await newTeam(own);
    await using one = new Laptop(own, 'alice', team.name);
    await using auditor = new Laptop(own, 'dave', team.name);
    const wrapper = one.wrap(QUOTA, ['--store-offline', 'uncounted']);
    await wrapper.initialize();
    await own.kill();
    expect(refusalCode(await wrapper.call('look', { at: 1 }))).toBeUndefined();
    for (const name of ['issue', 'pay']) expect(refusalCode(await wrapper.call(name))).toBe('STORE');
    expect((await one.run('pause', '--here')).code).toBe(0);
    expect(refusalCode(await wrapper.call('look', { at: 2 }))).toBe('PAUSED');
    expect((await one.type(['resume', '--here'])).code).toBe(0);
    expect(one.rig.receivedCalls()).toEqual(['look']);
    await own.run();
    const offline = async () =>
      (await auditor.log())
        .filter(({ code, tool }) => code === 'UNCOUNTED' && tool === 'look')
        .map(({ tool, outcome, who }) => [tool, outcome, who]);
    // What passes until it was seen that it is back counts nothing either.
    await expect
      .poll(async () => (await wrapper.call('back')) && wrapper.stderr, { timeout: 20_000 })
      .toContain('answers again');
    await expect.poll(offline, { timeout: 20_000 }).toEqual([['look', 'ok', 'alice']]);
    await wrapper.end();
    // It answers, and refuses: that is no outage.
    await own.sql(`SELECT policy_wrap.revoke_v1('${team.name}', 'alice', 'wrapper')`);
    const without = one.wrap(QUOTA, ['--store-offline', 'uncounted']);
    await without.initialize();
    expect(refusalCode(await without.call('look'))).toBe('STORE');
    await without.end();
    await own.sql(`SELECT policy_wrap.grant_v1('${team.name}', 'alice', 'wrapper')`);
    // A second wrapper tells nothing twice.
    const again = one.wrap(QUOTA, ['--store-offline', 'uncounted']);
    await again.initialize();
    await again.call('look');
    await again.end();
    expect(await offline()).toHaveLength(1);
  });
});
