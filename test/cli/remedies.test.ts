import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
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

const refused = (code: RefusalCode): Evaluation => ({
  kind: 'refused',
  refusal: { code, rule: `/tools/${code}`, authorText: undefined, explanation: 'no' },
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
