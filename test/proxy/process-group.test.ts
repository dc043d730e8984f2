import { type ChildProcessWithoutNullStreams, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitingLeader } from '../../src/proxy/process-group.js';
import { Upstream } from '../../src/proxy/upstream.js';

const BARE = { PATH: process.env.PATH };
/** Prints what it is, and ends with its input. */
const TELL = `
  const stat = require('fs').readFileSync('/proc/self/stat', 'latin1');
  const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  console.log(JSON.stringify({ pid: process.pid, group: +group, session: +session, env: process.env,
    argv: process.argv.slice(1) }));
  process.stdin.resume();
`;

async function told(
  env: NodeJS.ProcessEnv,
  ...args: string[]
): Promise<{ said: Record<string, unknown>; errors: string }> {
  const upstream = await Upstream.prepare(process.execPath, ['-e', TELL, '--', ...args], env).start();
  let out = '';
  let errors = '';
  upstream.stdout.on('data', (chunk) => (out += chunk));
  upstream.stderr.on('data', (chunk) => (errors += chunk));
  upstream.end();
  expect(await upstream.closed).toBe(0);
  return { said: JSON.parse(out), errors };
}

function sessionOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

const leader = waitingLeader('/bin/true', [], BARE);
leader?.stdin.destroy();
const byPerl = leader ? test : test.skip;

/** Runs a command in a terminal of its own (util-linux). */
const SCRIPT = ['/usr/bin/script'].find(existsSync);

describe.runIf(process.platform === 'linux')('the process group of the server', () => {
  test.each([
    ['as this machine has it', BARE],
    ['in a session of its own', { ...BARE, PERL_UNICODE: 'A' }],
  ])('G9: it leads a group under the pid that was started, %s', async (_, env) => {
    const { said, errors } = await told(env);
    expect(said.group).toBe(said.pid);
    expect(said.group).not.toBe(process.pid);
    expect(said.env).toEqual(env);
    expect(errors).toBe('');
  });

  byPerl('where Linux schedules by session it stays in ours', async () => {
    expect((await told(BARE)).said.session).toBe(sessionOf(process.pid));
  });

  test('a variable that means something to Perl keeps it out', async () => {
    const env = { ...BARE, PERL5OPT: '-Mno_such_module' };
    const { said } = await told(env);
    expect(said.session).toBe(said.pid);
    expect(said.env).toEqual(env);
  });

  test('arguments and variables arrive as they are, whatever is in them', async () => {
    const odd = ['', '-e', '--', 'a b', '$HOME', '%s', 'ñandú 税', '\n', '"\'\\'];
    const env = { ...BARE, LANG: 'yy_YY.UTF-8', LC_ALL: 'xx_XX.UTF-8', EMPTY: '', ODD: odd.join('') };
    const { said, errors } = await told(env, ...odd);
    expect(said.argv).toEqual(odd);
    expect(said.env).toEqual(env);
    expect(errors).toBe('');
  });

  test('G9: a signal in the first moment ends it', async () => {
    for (let i = 0; i < 5; i++) {
      const upstream = await Upstream.prepare(
        process.execPath,
        ['-e', 'setInterval(() => {}, 1000)'],
        BARE,
      ).start();
      upstream.terminate('SIGTERM');
      expect(await upstream.closed).toBe(143);
    }
  });

  test.runIf(SCRIPT)('in a terminal it has a session of its own, and so no terminal', () => {
    const folder = mkdtempSync(join(tmpdir(), 'policy-wrap-terminal-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const policy = join(folder, 'policy.json');
    const stat = join(folder, 'stat');
    writeFileSync(policy, '{"version":"1","default":"allow"}');
    const wrapper = `bin/policy-wrap.js --policy ${policy} --db ${join(folder, 'state.db')}`;
    const server = `/bin/sh -c "cat /proc/self/stat > ${stat}"`;
    const command = `${process.execPath} ${wrapper} -- ${server}`;
    spawnSync(SCRIPT as string, ['-qec', command, '/dev/null'], { input: '', env: BARE, timeout: 20_000 });
    const [, , group, session, terminal] = readFileSync(stat, 'latin1')
      .replace(/^.*\) /, '')
      .split(' ');
    expect(session).toBe(group);
    expect(terminal).toBe('0');
  });

  byPerl(
    'until it is told to start it is no more than ready, and it ends when it is not wanted',
    async () => {
      const file = join(tmpdir(), `policy-wrap-started-${process.pid}`);
      const touch = () => waitingLeader('/usr/bin/touch', [file], BARE) as ChildProcessWithoutNullStreams;
      const unwanted = touch();
      await new Promise((done) => setTimeout(done, 100));
      expect(unwanted.exitCode).toBe(null);
      unwanted.stdin.destroy();
      await once(unwanted, 'close');
      expect(existsSync(file)).toBe(false);
      onTestFinished(() => rmSync(file, { force: true }));
      const wanted = touch();
      wanted.stdin.end('.');
      await once(wanted, 'close');
      expect(existsSync(file)).toBe(true);
    },
  );

  byPerl('a program that cannot be run says why, and ends as a shell would have it', async () => {
    const file = join(tmpdir(), `policy-wrap-script-${process.pid}`);
    onTestFinished(() => rmSync(file, { force: true }));
    writeFileSync(file, '#!/no/such/interpreter\n', { mode: 0o700 });
    const upstream = await Upstream.prepare(file, [], BARE).start();
    let errors = '';
    upstream.stderr.on('data', (chunk) => (errors += chunk));
    expect(await upstream.closed).toBe(127);
    expect(errors).toBe(
      `policy-wrap: ${file} could not be started: No such file or directory (its first line names an interpreter that is not there)\n`,
    );
  });
});
