import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, test } from 'vitest';
import { ALLOW_ALL, PASTED } from '../support/policies.js';
import { alive, BIN, type Message, RECORDER, Rig, refusalCode, type Wrapper } from '../support/rig.js';

const decision = (answer: Message) => answer.result._meta['policy-wrap/decision'];

async function calls(wrapper: Wrapper, count: number, tool = 'track_logout'): Promise<Message[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => wrapper.call(tool, { n: i })));
}

describe('the pasted policy', () => {
  test('G1 G4 G5: of 35 calls 30 pass and 5 are refused with all that a client needs to know', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: PASTED });
    await wrapper.initialize();
    const before = Date.now();
    const answers = await calls(wrapper, 35);
    const after = Date.now();
    expect(answers.map(refusalCode)).toEqual([...Array(30).fill(undefined), ...Array(5).fill('LIMIT')]);

    const refused = answers.at(-1);
    expect(decision(refused)).toMatchObject({
      version: 1,
      decision: 'deny',
      code: 'LIMIT',
      rule: '/tools/track_logout/limits/track_logout_rate',
      counter: 'track_logout_rate',
      max: 30,
      used: 30,
      windowMs: 60_000,
      auditId: expect.any(String),
    });
    const retryAt = Date.parse(decision(refused).retryAt);
    expect(retryAt).toBeGreaterThanOrEqual(before + 60_000);
    expect(retryAt).toBeLessThanOrEqual(after + 60_000);
    expect(decision(refused).retryAfterMs).toBeGreaterThan(55_000);
    expect(refused.result.isError).toBe(true);
    expect(refused.result.structuredContent).toBeUndefined();
    expect(refused.result.content[0].text).toMatch(
      /^\[POLICY DENIED\] track_logout: 30 of 30 calls per minute used\. Next call possible in \d+ s \(\d{4}-.*Z\)/,
    );

    expect(refusalCode(await wrapper.call('track_login'))).toBe('NOT_LISTED');
    expect(rig.receivedCalls()).toEqual(Array(30).fill('track_logout'));
    expect(await wrapper.end()).toBe(0);
  });

  test('G4: kill -9 and a restart give no fresh 30; another grant has its own', async () => {
    await using rig = new Rig();
    const first = rig.wrap({ policy: PASTED });
    await first.initialize();
    expect((await calls(first, 31)).map(refusalCode).filter(Boolean)).toEqual(['LIMIT']);
    first.child.kill('SIGKILL');
    await first.exit;

    const second = rig.wrap({ policy: PASTED });
    expect(refusalCode(await second.call('track_logout'))).toBe('LIMIT');
    const other = rig.wrap({ policy: PASTED, args: ['--grant', 'other'] });
    expect((await calls(other, 31)).map(refusalCode).filter(Boolean)).toEqual(['LIMIT']);
    expect(rig.receivedCalls()).toHaveLength(60);
  });

  test('G4: eight wrappers started at once on a new file let exactly 30 pass, and nothing else goes wrong', async () => {
    await using rig = new Rig();
    const wrappers = Array.from({ length: 8 }, () => rig.wrap({ policy: PASTED }));
    const answers = (await Promise.all(wrappers.map((wrapper) => calls(wrapper, 20)))).flat();
    const codes = answers.map(refusalCode);
    expect(codes.filter((code) => code === undefined)).toHaveLength(30);
    expect(codes.filter((code) => code === 'LIMIT')).toHaveLength(130);
    expect(rig.receivedCalls()).toHaveLength(30);
    await Promise.all(wrappers.map((wrapper) => wrapper.end()));
  });

  test('works as the command of a client entry, driven by the SDK', async () => {
    await using rig = new Rig();
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [BIN, '--policy', rig.file('p.json', PASTED), '--db', rig.db, '--', process.execPath, RECORDER],
      env: rig.env() as Record<string, string>,
      stderr: 'pipe',
    });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport);
    expect((await client.listTools()).tools.map((tool) => tool.name)).toContain('track_logout');
    expect((await client.callTool({ name: 'track_logout' })).isError).toBeUndefined();
    const refused = await client.callTool({ name: 'track_login' });
    expect(refused).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('track_login') }],
    });
    await client.close();
  });
});

describe('finding things', () => {
  test('without a policy every call is refused, and the file in which one can be written is named', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({});
    await wrapper.initialize();
    const refused = await wrapper.call('echo');
    expect(decision(refused)).toMatchObject({ code: 'NO_POLICY', rule: '(no policy)' });
    expect(refused.result.content[0].text).toMatch(/The user can write one, in \S+recorder\.json\./);
    expect(refused.result.content[0].text).not.toContain('policy-wrap init');
    expect(rig.receivedCalls()).toEqual([]);
  });

  test('G8: a misspelt key exits 3 with file, line, column and the likely word, and nothing on stdout', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: '{\n  "version": "1",\n  "defualt": "deny"\n}' });
    expect(await wrapper.exit).toBe(3);
    expect(wrapper.stdout).toBe('');
    expect(wrapper.stderr).toMatch(/policy-0\.json:3:3/);
    expect(wrapper.stderr).toMatch(/did you mean "?default"?/i);
    expect(existsSync(rig.journal)).toBe(false);
  });

  test.each([
    ['POLICY_WRAP_POLICY', (rig: Rig) => ({ env: { POLICY_WRAP_POLICY: rig.file('env.json', ALLOW_ALL) } })],
  ])('the policy by %s', async (_, options) => {
    await using rig = new Rig();
    const wrapper = rig.wrap(options(rig));
    expect(refusalCode(await wrapper.call('echo'))).toBeUndefined();
  });

  test('the server gets our environment without POLICY_WRAP_*', async () => {
    await using rig = new Rig();
    const print =
      'process.stdout.write(JSON.stringify({jsonrpc:"2.0",method:"env",params:process.env})+"\\n")';
    const wrapper = rig.wrap({
      policy: ALLOW_ALL,
      argv: [process.execPath, '-e', print],
      env: { POLICY_WRAP_DB: rig.db, AFIP_ENV: 'homologation' },
    });
    const { params } = await wrapper.next((message) => message.method === 'env');
    expect(params.AFIP_ENV).toBe('homologation');
    expect(Object.keys(params).filter((name) => name.startsWith('POLICY_WRAP'))).toEqual([]);
  });

  test('an unknown command is exit 127 with the name, the PATH searched and a hint', async () => {
    await using rig = new Rig();
    const wrapper = rig.spawn(['--', 'no-such-server-here'], { env: { PATH: '/nowhere/bin' } });
    expect(await wrapper.exit).toBe(127);
    expect(wrapper.stderr).toContain('no-such-server-here');
    expect(wrapper.stderr).toContain('/nowhere/bin');
    expect(wrapper.stderr).toContain('absolute path');
    expect(wrapper.stdout).toBe('');
  });

  test('a known server that is not there is started through npm by scoped name and pinned version, and says so', async () => {
    await using rig = new Rig();
    const npx = rig.file('npx', `#!/bin/sh\necho "$@" >> '${rig.folder}/npx-args'\n`);
    expect(npx).toBe(join(rig.folder, 'npx'));
    // Node finds the npx beside itself first; a copy of node in a folder of its own has ours there.
    const wrapper = rig.spawn(['--no-install', '--', 'mcp-afip'], { env: { PATH: rig.folder } });
    expect(await wrapper.exit).toBe(127);
    expect(wrapper.stderr).toContain('@codespar/mcp-afip@0.2.0-alpha.2');
    expect(wrapper.stderr).toContain('--no-install');
  });

  test('the database is made with mode 0600 in a folder of mode 0700', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: PASTED });
    await wrapper.call('track_logout');
    expect(statSync(rig.db).mode & 0o777).toBe(0o600);
    expect(statSync(join(rig.db, '..')).mode & 0o777).toBe(0o700);
    for (const file of [`${rig.db}-wal`, `${rig.db}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('lifecycle', () => {
  test("G9: the server's exit code is ours, and a pending call is answered first", async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, recorder: { exitOn: { tool: 'crash', code: 7 } } });
    await wrapper.initialize();
    const answer = await wrapper.call('crash');
    expect(answer.error).toMatchObject({ code: -32603, message: expect.stringContaining('exit code 7') });
    expect(await wrapper.exit).toBe(7);
  });

  test('G9: a server ended by a signal is 128 plus its number', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL, argv: ['/bin/sh', '-c', 'kill -TERM $$'] });
    expect(await wrapper.exit).toBe(128 + 15);
  });

  test('G9: the end of input ends both', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL });
    await wrapper.initialize();
    expect(await wrapper.end()).toBe(0);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('G9: %s ends both, also behind sh', async (signal) => {
    await using rig = new Rig();
    const pid = join(rig.folder, 'pid');
    const script = `'${process.execPath}' '${RECORDER}' '{"ignoreEof":true}' & echo $! > '${pid}'; wait`;
    const wrapper = rig.wrap({ policy: ALLOW_ALL, argv: ['/bin/sh', '-c', script] });
    await expect.poll(() => existsSync(pid) && readFileSync(pid, 'utf8').trim() !== '').toBe(true);
    wrapper.child.kill(signal);
    await wrapper.exit;
    await expect.poll(() => alive(Number(readFileSync(pid, 'utf8'))), { timeout: 10_000 }).toBe(false);
  });

  test('a 10 MB argument and a 20 MB result pass; text cut inside a character arrives whole', async () => {
    await using rig = new Rig();
    const wrapper = rig.wrap({ policy: ALLOW_ALL });
    const big = await wrapper.call('echo', { text: 'ñ'.repeat(5_000_000), resultBytes: 20_000_000 });
    expect(big.result.content[0].text).toHaveLength(20_000_000);
    expect(rig.received()[0].params.arguments.text).toBe('ñ'.repeat(5_000_000));

    const line = Buffer.from(
      `${JSON.stringify({ jsonrpc: '2.0', id: 'cut', method: 'x', params: { text: 'señor 🧾' } })}\n`,
    );
    const middle = line.indexOf(Buffer.from('🧾')) + 2;
    wrapper.write(line.subarray(0, middle));
    await new Promise((resolve) => setTimeout(resolve, 50));
    wrapper.write(line.subarray(middle));
    await wrapper.next((message) => message.id === 'cut');
    expect(rig.received().at(-1).params.text).toBe('señor 🧾');
  });
});
