import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { allow, ask, deny, hide, limit } from '../../../src/cli/commands/edit-policy.js';
import { policyVersions, versionText } from '../../../src/config/policy-history.js';
import { Store } from '../../../src/store/store.js';
import { INFO } from '../../store/support-shapes.js';
import { inTerminal, PYTHON } from '../../support/asking.js';
import { Rig, refusalCode } from '../../support/rig.js';
import { FakeTerminal } from './support.js';

let rig: Rig;
let folder: string;
beforeEach(() => {
  rig = new Rig();
  for (const [name, value] of Object.entries(rig.env())) vi.stubEnv(name, value);
  vi.stubEnv('POLICY_WRAP_POLICY', undefined);
  folder = join(rig.folder, 'config', 'policy-wrap');
  mkdirSync(folder, { recursive: true });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rig[Symbol.asyncDispose]();
});

const person = () => new FakeTerminal([]);
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

/** A policy in the config folder. */
function policy(name: string, value: object | string): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value, null, 2));
  return file;
}

const DENY = { version: '1', default: 'deny', tools: { get_x: {} } };

describe('the file', () => {
  test('is edited in place, shown, and kept as it was beside it', async () => {
    const before =
      '{\n  // ours\n  "version": "1", "default": "deny",\n  "tools": {\n    "a": {} // first\n  }\n}\n';
    const file = policy('shop', before);
    const io = person();
    expect(await allow('shop', 'b', { db: rig.db }, io)).toBe(0);
    expect(read('shop.json')).toBe(before.replace('"a": {} // first\n', '"a": {}, // first\n    "b": {}\n'));
    expect(io.out.text).toContain('-    "a": {} // first\n+    "a": {}, // first\n+    "b": {}\n');
    expect(io.out.text).toContain(`Written: ${file}\n`);
    const [version, ...others] = policyVersions(file);
    expect(others).toEqual([]);
    expect(versionText(file, version?.path ?? '')).toBe(before);
    expect(version?.replacedAt).toBe(io.at);
    expect(await allow('shop', 'b', { db: rig.db }, io)).toBe(0);
    expect(io.out.text).toContain('Nothing to change');
    expect(policyVersions(file)).toHaveLength(1);
  });

  test('--dry-run shows and writes nothing', async () => {
    policy('shop', DENY);
    const before = read('shop.json');
    const io = new FakeTerminal();
    expect(await deny('shop', 'get_x', { db: rig.db, dryRun: true }, io)).toBe(0);
    expect(io.out.text).toContain('+');
    expect(read('shop.json')).toBe(before);
  });

  test('what would be no policy is not written, and what was typed is named', async () => {
    policy('shop', DENY);
    const before = read('shop.json');
    await expect(limit('shop', 'get_x', 'ten an hour', { db: rig.db }, person())).rejects.toMatchObject({
      code: 'USAGE',
    });
    expect(read('shop.json')).toBe(before);
    expect(await limit('shop', 'get_x', '10/hour', { db: rig.db }, person())).toBe(0);
    expect(read('shop.json')).toContain('"get_x": { "rate_limit": "10/hour" }');
  });

  test('a broken one is told, and left alone', async () => {
    policy('shop', '{ "version": "1", "defualt": "deny" }');
    await expect(allow('shop', 'x', { db: rig.db }, person())).rejects.toMatchObject({
      code: 'POLICY_INVALID',
    });
  });
});

describe('which policy it is', () => {
  test('that of a running wrapper, and two of them are a question', async () => {
    const first = rig.file('first.json', DENY);
    const store = Store.open(rig.db);
    store.startSession({ ...INFO, server: 'shop', policySource: first });
    await hide('shop', 'get_x', { db: rig.db }, person());
    expect(readFileSync(first, 'utf8')).toContain('"hide": ["get_x"]');
    store.startSession({ ...INFO, server: 'shop', policySource: rig.file('second.json', DENY) });
    await expect(hide('shop', 'get_y', { db: rig.db }, person())).rejects.toThrow('under several policies');
    expect(await hide('shop', 'get_y', { db: rig.db, policy: first }, person())).toBe(0);
    store.close();
  });

  test('a known server without one gets its own from the preset, and hears of it', async () => {
    const io = person();
    expect(await ask('mcp-afip', 'create_invoice', { db: rig.db }, io)).toBe(0);
    expect(io.err.text).toContain('is made from the preset afip');
    expect(read('mcp-afip.json')).toContain('"approve"');
    expect(await hide('mcp-afip', 'delete_*', { db: rig.db }, person())).toBe(0);
  });

  test('a server that nothing knows is no server; a near name is offered', async () => {
    Store.open(rig.db).close();
    const store = Store.open(rig.db);
    store.startSession({ ...INFO, server: 'shop' });
    store.close();
    await expect(allow('shpo', 'x', { db: rig.db }, person())).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: 'Did you mean shop?',
    });
  });
});

describe('who', () => {
  test.each(['allow', 'ask', 'deny', 'hide'] as const)(
    '%s refuses in the shell of an agent',
    async (name) => {
      policy('shop', DENY);
      const io = person();
      io.env = { AGENT: '1' };
      const run = { allow, ask, deny, hide }[name];
      await expect(run('shop', 'get_x', { db: rig.db }, io)).rejects.toMatchObject({ code: 'REFUSED' });
    },
  );

  test('what lets something through needs a terminal, what stops something does not', async () => {
    policy('shop', DENY);
    const nobody = new FakeTerminal();
    await expect(allow('shop', 'x', { db: rig.db }, nobody)).rejects.toThrow('no terminal');
    expect(await deny('shop', 'get_x', { db: rig.db }, nobody)).toBe(0);
  });
});

describe('what is said beside the change', () => {
  test('allow of what is allowed says that a rule over all tools still asks', async () => {
    const asks = { conditions: [{ path: 'tool.name', op: 'regex', value: 'delete' }] };
    policy('shop', { version: '1', default: 'allow', all_tools: { approve_if: [asks] } });
    const io = person();
    expect(await allow('shop', 'delete_x', { db: rig.db }, io)).toBe(0);
    expect(io.out.text).toContain('Nothing to change');
    expect(io.out.text).toContain('Rules under approve_if still ask a person about some calls.');
  });

  test('allow of what is allowed names what empties its limits', async () => {
    policy('shop', {
      version: '1',
      default: 'allow',
      tools: { get_x: { rate_limit: '2/hour' } },
    });
    const io = person();
    expect(await allow('shop', 'get_x', { db: rig.db }, io)).toBe(0);
    expect(io.out.text).toContain('it keeps its other rules: limits.\nIts limits stay.');
    expect(io.out.text).toContain('  policy-wrap reset get_x_rate --server shop\n');
  });

  test('limit of what is hidden says that it stays so; hide of a pattern names what it takes', async () => {
    policy('mcp-afip', { version: '1', default: 'allow' });
    const io = person();
    expect(await hide('mcp-afip', 'create_*', { db: rig.db }, io)).toBe(0);
    expect(io.out.text).toMatch(/^It takes: .*\bcreate_invoice\b/m);
    expect(io.out.text).toContain('mcp-afip is not running: it holds from the next start on.');
    expect(await hide('mcp-afip', 'get_x', { db: rig.db }, person()).catch(() => 'unknown')).toBe('unknown');
    expect(await limit('mcp-afip', 'create_invoice', '2/hour', { db: rig.db }, io)).toBe(0);
    expect(io.out.text).toContain('It stays hidden; to show it: policy-wrap allow mcp-afip create_invoice\n');
  });
});

test('allow writes nothing where a call would stay refused all the same, and says why', async () => {
  policy('org', { version: '1', default: 'allow', tools: { x: { action: 'deny' } } });
  policy('shop', { ...DENY, hide: ['y_*'], extends: './org.json' });
  const before = read('shop.json');
  await expect(allow('shop', 'y_1', { db: rig.db }, person())).rejects.toThrow(
    /hides it by "y_\*" in "hide"/,
  );
  await expect(allow('shop', 'x', { db: rig.db }, person())).rejects.toThrow(
    /org\.json refuses every call of it/,
  );
  expect(read('shop.json')).toBe(before);
});

test.skipIf(!PYTHON)('a refused call, its command from standard error, and the call passes', async () => {
  policy('recorder', DENY);
  const wrapper = rig.wrap({ args: ['--server', 'recorder'] });
  await wrapper.initialize();
  await wrapper.request('tools/list');
  const refused = await wrapper.call('track_login');
  expect(refusalCode(refused)).toBe('NOT_LISTED');
  expect(refused.result.content[0].text).toContain(`in ${join(folder, 'recorder.json')}.`);
  expect(refused.result.content[0].text).not.toMatch(/policy-wrap (?:allow|approve|init)/);
  await expect
    .poll(() => wrapper.stderr, { timeout: 10_000 })
    .toContain(
      'track_login was refused (NOT_LISTED); to let it through: policy-wrap allow recorder track_login',
    );
  const done = await inTerminal(rig, ['allow', 'recorder', 'track_login'], []);
  expect(done.code, done.stdout).toBe(0);
  expect(done.stdout).toContain('It holds within a second: running wrappers read it');
  await expect.poll(() => wrapper.stderr, { timeout: 10_000 }).toContain('the policy was reloaded');
  expect(refusalCode(await wrapper.call('track_login'))).toBeUndefined();
});
