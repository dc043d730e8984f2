import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.js';
import { command } from '../support/command.js';
import { misfits } from '../support/output-schema.js';
import { BIN, RECORDER, Rig } from '../support/rig.js';

const POLICY = {
  version: '1',
  default: 'deny',
  pin: 'warn',
  audit: { arguments: 'full' },
  approvals: { wait: '0s', expires: '1h' },
  tools: {
    echo: { limits: [{ counter: 'echoes', window: 'day', max: 2, per: ['args.of'] }] },
    track_login: { action: 'approve', reason: 'look at it' },
    track_logout: { rate_limit: '10/hour' },
  },
};

/** A home with a wrapper that has run, and one that runs. */
class Laptop {
  readonly rig = new Rig();

  put(name: string, content: string | object): string {
    const path = join(this.rig.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    // The settings of notifications are read from a file that nobody else can read.
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
    return path;
  }

  async fill(): Promise<void> {
    const { rig } = this;
    this.put('config/policy-wrap/recorder.json', POLICY);
    this.put('config/policy-wrap/notify.json', {
      version: '1',
      channels: { desktop: { type: 'desktop', events: ['approval'] } },
      quiet: { from: '22:00', to: '07:00' },
    });
    this.put('.cursor/mcp.json', {
      mcpServers: { plain: { command: 'mcp-plain', args: [] }, far: { url: 'https://mcp.example.com/mcp' } },
    });
    this.put('draft.json', { version: '1', default: 'deny', tools: { track_logout: {} } });
    this.put('wrong.json', { version: '1', defualt: 'deny' });
    this.put('cases.json', {
      policy: POLICY,
      cases: [
        { name: 'passes', call: { tool: 'echo' }, expect: { decision: 'allow' } },
        { name: 'does not', call: { tool: 'rm' }, expect: { decision: 'allow' } },
      ],
    });
    const calls = ['echo', 'echo', 'echo', 'track_login', 'track_logout', 'rm'];
    const args = ['--server', 'recorder'];
    const first = rig.spawn([...args, '--', process.execPath, RECORDER, '{}']);
    await first.initialize();
    await first.request('tools/list');
    for (const name of calls) await first.call(name, { of: 'x', amount: 12.5 });
    await first.end();
    const changed = JSON.stringify({
      tools: ['track_logout', { name: 'echo', description: 'now it is another' }],
    });
    const second = rig.spawn([...args, '--', process.execPath, RECORDER, changed]);
    await second.initialize();
    await second.request('tools/list');
    await second.call('track_logout');
    // A person pauses, and a change of the policy is kept.
    await command(rig, ['pause', '--reason', 'lunch']);
    await command(rig, ['deny', 'recorder', 'echo']);
  }
}

const laptop = new Laptop();
beforeAll(() => laptop.fill());
afterAll(() => laptop.rig[Symbol.asyncDispose]());

const STAND_IN = [process.execPath, BIN, 'stand-in', 'afip'];
/** Every shape of every command; what has to be in it, so that nothing empty is held for right. */
const LINES: readonly [args: string[], filled: RegExp][] = [
  [['presets'], /"title"/],
  [['presets', 'afip'], /"text"/],
  [['tools', '--preset', 'afip', '--', ...STAND_IN], /"class": "Financial"/],
  [['tools', '--cost', '--preset', 'afip', '--', ...STAND_IN], /"visible"/],
  [['tools', 'create_invoice', '--preset', 'afip', '--', ...STAND_IN], /"questions"/],
  [['threats', '--preset', 'watch', '--', ...STAND_IN], /"attacks"/],
  [['doctor'], /"fix"/],
  [['demo'], /"seen"/],
  [['check', 'wrong.json'], /"likely"/],
  [['check', 'draft.json', '--', process.execPath, RECORDER], /"tools": 4/],
  [['explain', 'echo', '--server', 'recorder', '--args', '{"of":"x"}'], /"trace"/],
  [['explain', 'track_logout', '--policy', 'draft.json'], /"decision"/],
  [['test', 'cases.json'], /"failed": 1/],
  [['status'], /"changedTools": \[\s*\{/],
  [['log'], /"type":"event"/],
  [['log', '--arguments'], /"arguments":\{/],
  [['export'], /"code":"LIMIT"/],
  [['recommend', '--server', 'recorder'], /"limits"/],
  [['replay', 'draft.json', '--server', 'recorder'], /"newly refused"/],
  [['approvals'], /"reason": ?"look at it"/],
  [['notify'], /"quiet"/],
  [['trust', 'recorder', '--dry-run'], /"changed"/],
  [['history'], /"changedAt"/],
  [['history', 'recorder'], /"replacedAt"/],
  [['clients'], /"not-wrapped"/],
];

/** Commands whose row says what they print for programs. */
const PRINTING = COMMANDS.flatMap(({ name, output }) => (output ? [name] : []));

describe('what commands print fits their schema, and has nothing else in it', () => {
  test.concurrent.each(LINES)('policy-wrap %j', async (args, filled) => {
    const [name = ''] = args;
    const at = args.indexOf('--');
    const json = name === 'export' ? [] : ['--json'];
    const own = at === -1 ? [...args, ...json] : [...args.slice(0, at), ...json, ...args.slice(at)];
    const { stdout, stderr } = await command(laptop.rig, own);
    expect(stdout, stderr).toMatch(filled);
    const isLines = name === 'log' || name === 'export';
    const printed = isLines ? stdout.trim().split('\n') : [stdout];
    for (const text of printed) expect(await misfits(name, JSON.parse(text)), text).toEqual([]);
  });

  test('every command with --json is among them; test/e2e/team-commands.test.ts has `store`', () => {
    const names = COMMANDS.filter(({ options = [] }) => options.some(({ long }) => long === '--json')).map(
      ({ name }) => name,
    );
    expect([...PRINTING].sort()).toEqual([...names, 'export'].sort());
    const tried = new Set(LINES.map(([[name]]) => name));
    expect(PRINTING.filter((name) => !tried.has(name))).toEqual(['store']);
  });
});

test('a field that is missing, and one that no schema names, are found', async () => {
  const printed = { version: 1, presets: [{ name: 'a', title: 'b' }] };
  expect(await misfits('presets', printed)).toEqual([]);
  expect(await misfits('presets', { ...printed, version: 2 })).not.toEqual([]);
  expect(await misfits('presets', { ...printed, more: 1 })).not.toEqual([]);
  expect(await misfits('presets', { version: 1, presets: [{ name: 'a' }] })).not.toEqual([]);
});

// Programs are written against these: a change of one is a change for them. `-u` writes them anew.
test.each(PRINTING)('docs/schemas/%s.schema.json is in step', async (name) => {
  const { stdout } = await command(laptop.rig, ['schema', '--of', name]);
  await expect(stdout).toMatchFileSnapshot(`../../docs/schemas/${name}.schema.json`);
});
