import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explain } from '../../src/cli/commands/explain.js';
import { cli } from '../support/cli.js';
import { FakeTerminal, State } from './commands/support.js';

/** A home with policies of servers, and a database in which their tools were seen. */
function home(state: State, policies: readonly string[], tools: Readonly<Record<string, string[]>> = {}) {
  const folder = join(state.folder, '.config/policy-wrap');
  mkdirSync(folder, { recursive: true });
  for (const name of policies)
    writeFileSync(join(folder, `${name}.json`), '{ "version": "1", "default": "allow" }');
  for (const [server, names] of Object.entries(tools))
    state.store.seeTools(
      server,
      names.map((name) => ({ name, definition: '{}' })),
    );
  const env = { PATH: process.env.PATH, HOME: state.folder, POLICY_WRAP_DB: state.db };
  return (...args: string[]) => cli(['explain', ...args], { env });
}

test('the only server here is taken, and it is said', () => {
  using state = new State();
  const { code, stdout } = home(state, ['afip'])('get_invoice');
  expect(code).toBe(0);
  expect(stdout).toContain('\n  server afip, the only one here; --server names another\n');
});

test('of several the only one that has the tool', () => {
  using state = new State();
  const run = home(state, ['afip', 'legiti'], { afip: ['get_invoice'], legiti: ['score'] });
  expect(run('score').stdout).toContain('server legiti, the only one here that has this tool;');
  expect(run('score', '--server', 'afip').stdout).not.toContain('server legiti');
});

test('where it cannot be told, which there are', () => {
  using state = new State();
  const { code, stderr } = home(state, ['afip', 'legiti'])('get_invoice');
  expect(code).toBe(2);
  expect(stderr).toBe('policy-wrap: which server?\n  Name one: --server afip, --server legiti\n');
});

test('where there is none, how to go on; a policy that is named needs none', async () => {
  using state = new State();
  const { code, stderr } = home(state, [])('get_invoice');
  expect(code).toBe(3);
  expect(stderr).toContain('policy-wrap explain get_invoice --policy <file>\n');
  const io = new FakeTerminal();
  expect(await explain('get_server_status', [], { preset: 'afip', grant: 'default', db: state.db }, io)).toBe(
    0,
  );
  expect(io.out.text).toContain('no server was named, so that nothing counts as used');
});
