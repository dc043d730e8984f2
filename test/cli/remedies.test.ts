import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { allow } from '../../src/cli/commands/edit-policy.js';
import { rollback } from '../../src/cli/commands/history.js';
import { log } from '../../src/cli/commands/log.js';
import { status } from '../../src/cli/commands/status.js';
import type { Evaluation } from '../../src/policy/call.js';
import type { RefusalCode } from '../../src/policy/codes.js';
import { Rig } from '../support/rig.js';
import { charge, FakeTerminal, State } from './commands/support.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
  for (const [name, value] of Object.entries(rig.env())) vi.stubEnv(name, value);
  vi.stubEnv('POLICY_WRAP_POLICY', undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rig[Symbol.asyncDispose]();
});

function policy(value: object): void {
  const folder = join(rig.folder, 'config', 'policy-wrap');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'shop.json'), JSON.stringify({ version: '1', default: 'deny', ...value }));
}

const refused = (code: RefusalCode, rule = `/tools/${code}`): Evaluation => ({
  kind: 'refused',
  refusal: { code, rule, authorText: undefined, explanation: 'no' },
});

/** The commands that `log --denied` and `status` name. */
async function named(state: State): Promise<string[]> {
  const [shown, seen] = [new FakeTerminal(), new FakeTerminal()];
  for (const io of [shown, seen]) io.at = state.at;
  await log({ db: state.db, denied: true, limit: 100 }, shown);
  await status({ db: state.db }, seen);
  const commandsIn = (text: string) => [...text.matchAll(/policy-wrap .*?(?= {2}|$)/gm)].map(([all]) => all);
  const said = commandsIn(shown.out.text);
  expect(commandsIn(seen.out.text)).toEqual(said);
  return said;
}

test('what is refused is named with the command that helps under the policy that holds now', async () => {
  using state = new State();
  const session = state.session({ server: 'shop' });
  const call = (tool: string, evaluation: Evaluation) => state.admit(session, evaluation, { tool });
  call('off', refused('DENY_IF'));
  call('some', refused('DENY_IF'));
  call('other', refused('NOT_LISTED'));
  call('get_x', { kind: 'hidden' });
  policy({
    hide: ['get_*'],
    tools: {
      off: { rate_limit: '5/minute', deny_if: [{ conditions: [] }] },
      some: { deny_if: [{ conditions: [{ path: 'args.n', op: 'eq', value: 1 }] }] },
    },
  });
  expect(await named(state)).toEqual([
    "policy-wrap allow shop 'get_*'",
    'policy-wrap allow shop other',
    'policy-wrap allow shop off',
  ]);
  policy({ tools: { off: {}, some: {}, other: {}, get_x: {} } });
  expect(await named(state)).toEqual([]);
});

test('a limit that was emptied since is named no more', async () => {
  using state = new State();
  const session = state.session({ server: 'shop' });
  const use = () => {
    state.at += 1;
    const limit = charge('pay_rate', 1, { pointer: '/tools/pay/rate_limit' });
    return state.admit(session, { kind: 'open', charges: [limit], ask: undefined });
  };
  use();
  expect(use().kind).toBe('exceeded');
  expect(await named(state)).toEqual(['policy-wrap reset pay_rate --server shop']);
  state.at += 1;
  state.store.resetCounter('pay_rate', { server: 'shop' }, 'cli');
  expect(await named(state)).toEqual([]);
  use();
  use();
  expect(await named(state)).toEqual(['policy-wrap reset pay_rate --server shop']);
});

/** The lines of `log --denied` and of `status` about what no command lets through, each as one line. */
async function advised(state: State): Promise<string[]> {
  const [shown, seen] = [new FakeTerminal(), new FakeTerminal()];
  for (const io of [shown, seen]) io.at = state.at;
  await log({ db: state.db, denied: true, limit: 100 }, shown);
  await status({ db: state.db }, seen);
  const [, told = ''] = shown.out.text.split('What no command lets through:\n');
  const lines = told.split('\n').flatMap((line) => (line === '' ? [] : [line.trim().split(/ {2,}/)]));
  for (const [, , , , advice = ''] of lines) expect(seen.out.text).toContain(advice);
  return lines.map((cells) => cells.join('  '));
}

test('what no command lets through is named with what a person can do, until it passes', async () => {
  using state = new State();
  const session = state.session({ server: 'shop' });
  const call = (tool: string, evaluation: Evaluation) => state.admit(session, evaluation, { tool });
  policy({ tools: { pay: { require: [{ conditions: [] }] }, buy: {} } });
  const file = join(rig.folder, 'config', 'policy-wrap', 'shop.json');
  call('buy', refused('NOT_LISTED'));
  call('pay', refused('BEFORE'));
  call('pay', refused('INTERNAL', '(internal)'));
  for (const n of [1, 2]) {
    state.at += n;
    call('pay', refused('REQUIRE'));
  }
  expect(await advised(state)).toEqual([
    `shop  pay  REQUIRE  2 calls  correct the call, or edit /tools/REQUIRE in ${file}`,
    'shop  pay  INTERNAL  1 call  policy-wrap doctor says what is wrong',
    `shop  pay  BEFORE  1 call  have that tool called first, or edit /tools/BEFORE in ${file}`,
  ]);
});

test('a policy that came in a bundle is changed by no command, and none is named', async () => {
  using state = new State();
  const root = join(rig.folder, 'installed');
  for (const name of ['manifest.json', 'policy-wrap/bin/policy-wrap.js', 'policy/policy.json']) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), '{ "version": "1", "default": "deny", "tools": {} }');
  }
  const policySource = join(root, 'policy/policy.json');
  const session = state.session({ server: 'packed', policySource });
  state.admit(session, refused('NOT_LISTED'), { tool: 'pay' });
  const again =
    'pack the bundle anew with another policy (policy-wrap pack), and install it in the place of this one';
  const isTold = async () => {
    expect(await advised(state)).toEqual([`packed  pay  NOT_LISTED  1 call  ${again}`]);
    for (const edit of [
      allow('packed', 'pay', { db: state.db }, new FakeTerminal([])),
      rollback('packed', '1', { db: state.db, yes: true }, new FakeTerminal([])),
    ])
      await expect(edit).rejects.toMatchObject({
        code: 'REFUSED',
        message: `${policySource} came in a bundle, and no command changes it there`,
        hint: `P${again.slice(1)}.`,
      });
  };
  await isTold();
  // Nor once it no longer runs: no other policy is made, which nothing would read.
  state.store.endSession(session);
  await isTold();
  rmSync(join(root, 'manifest.json'));
  expect(await named(state)).toEqual(['policy-wrap allow packed pay']);
});
