import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { open } from '../../store/support-shapes.js';
import { cli } from '../../support/cli.js';
import { RECORDER } from '../../support/rig.js';
import { charge, denied, State } from './support.js';

/** A name as a client, a server or a file may have it: it steers a terminal, turns the reading order, or is not seen. */
const EVIL =
  'x\u009b2J\u202e\u2066\u200b\u200d\u00ad\ufe0f\u{e0100}\u034f\u180b\u115f\u3164\uffa0\u17b4\u2800\u{e0041}y\u0301\u0301\u0301\u0301\u0301';
const UNSEEN = new RegExp(
  String.raw`(?!\n|\r\n)(?:[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164]|` +
    String.raw`[\ufe00-\ufe0f\uffa0\u{e0100}-\u{e01ef}]|\p{M}{4})`,
  'u',
);

const TOOL = `pay_${EVIL}`;
const POLICY = {
  version: '1',
  default: 'deny',
  approvals: { channels: ['queue'] },
  tools: {
    [TOOL]: {
      require: [{ conditions: [{ path: `args["${EVIL}"]`, op: 'eq', value: EVIL }], on_deny: EVIL }],
      limits: [{ counter: EVIL, window: 'minute', max: 1, on_deny: EVIL }],
      deny_if: [{ conditions: [{ path: 'args.bad', op: 'eq', value: EVIL }], on_deny: EVIL }],
    },
  },
};

let folder: string;
let state: State;
let db: string;
const file = (name: string, content: string | object): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-wrap-escaping-'));
  state = new State();
  db = state.db;
  // The commands look at the clock of this machine.
  state.at = Date.now();
  const session = state.session({ server: EVIL, policySource: EVIL });
  state.store.describeClient(session, EVIL, EVIL);
  const whole = JSON.stringify({ [EVIL]: EVIL, amount: 5 });
  state.admit(session, denied(), { tool: TOOL, argumentsText: whole });
  state.admit(session, open(charge(EVIL, 3)), { tool: TOOL, argumentsText: whole });
  state.ask(session, TOOL, whole, EVIL);
  const decided = state.ask(session, TOOL, '{}', EVIL);
  state.store.decideApproval(decided, 'rejected', 'cli', { note: EVIL });
  state.store.pause(EVIL, EVIL, 'cli');
  const definition = (text: string) => JSON.stringify({ description: text, name: TOOL });
  state.store.seeTools(EVIL, [{ name: TOOL, definition: definition('a') }]);
  state.store.seeTools(EVIL, [{ name: TOOL, definition: definition(`a ${EVIL}`) }]);
  file('policy.json', POLICY);
  file('bad.json', { ...POLICY, [EVIL]: 1, tools: { [TOOL]: { [EVIL]: EVIL, limits: [{ [EVIL]: 1 }] } } });
  file('cases.json', {
    policy: 'policy.json',
    cases: [{ name: EVIL, call: { tool: TOOL, args: { [EVIL]: EVIL } }, expect: { decision: 'deny' } }],
  });
  file('.mcp.json', {
    mcpServers: { [EVIL]: { command: `s${EVIL}`, args: [EVIL] }, [`u${EVIL}`]: { url: EVIL, command: 5 } },
  });
});
afterAll(() => {
  state[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const server = () => [
  '--',
  process.execPath,
  RECORDER,
  JSON.stringify({
    tools: [
      {
        name: TOOL,
        description: EVIL,
        inputSchema: { type: 'object', properties: { [EVIL]: { type: 'number', description: EVIL } } },
      },
    ],
  }),
];
const run = (args: string[]) =>
  cli(args, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), NO_COLOR: '1' },
  });

/** Every command that shows something from outside, with what it must say of it. */
const COMMANDS: readonly (readonly [name: string, args: () => string[]])[] = [
  ['status', () => ['status', '--db', db]],
  ['log', () => ['log', '--arguments', '--db', db]],
  ['approvals', () => ['approvals', '--all', '--db', db]],
  ['trust', () => ['trust', EVIL, '--dry-run', '--db', db]],
  ['recommend', () => ['recommend', '--server', EVIL, '--db', db]],
  ['replay', () => ['replay', 'policy.json', '--server', EVIL, '--db', db]],
  ['explain', () => ['explain', TOOL, '--args', JSON.stringify({ [EVIL]: 'z' }), '--policy', 'policy.json']],
  [
    'explain, allowed',
    () => ['explain', TOOL, '--args', JSON.stringify({ [EVIL]: EVIL }), '--policy', 'policy.json'],
  ],
  ['check', () => ['check', 'bad.json']],
  ['check with a server', () => ['check', 'policy.json', ...server()]],
  ['test', () => ['test', 'cases.json']],
  ['clients', () => ['clients']],
  ['tools', () => ['tools', '--policy', 'policy.json', ...server()]],
  ['doctor', () => ['doctor', '--policy', 'bad.json', '--db', db]],
];

/** With `--json` in front of the server. */
function asJson(args: string[]): string[] {
  const end = args.indexOf('--');
  return end === -1 ? [...args, '--json'] : [...args.slice(0, end), '--json', ...args.slice(end)];
}

const parsedLines = (text: string): unknown[] => {
  try {
    return [JSON.parse(text)];
  } catch {
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  }
};

describe('nothing that a person cannot see leaves a command', () => {
  test.each(COMMANDS)('%s', (_, args) => {
    const { stdout, stderr } = run(args());
    expect(stdout.length).toBeGreaterThan(0);
    expect(UNSEEN.exec(stdout + stderr)?.[0]).toBeUndefined();
    expect(stdout + stderr).toContain('x\\u{9b}2J\\u{202e}');
  });

  test.each(COMMANDS)('%s --json, which is JSON all the same', (_, args) => {
    const { stdout, stderr } = run(asJson(args()));
    expect(UNSEEN.exec(stdout + stderr)?.[0]).toBeUndefined();
    expect(JSON.stringify(parsedLines(stdout))).toContain(JSON.stringify(EVIL).slice(1, -1));
  });

  test.each([
    ['schema', () => ['schema', ...server()]],
    ['export', () => ['export', '--db', db]],
    ['export as CSV', () => ['export', '--format', 'csv', '--db', db]],
    ['install --print', () => ['install', '--print', '--config', '.mcp.json', EVIL]],
    ['an error', () => ['explain', TOOL, '--policy', `none${EVIL}`]],
    ['an unknown option', () => ['explain', `--${EVIL}`]],
    ['an unknown command', () => [EVIL]],
    ['an unknown preset', () => ['presets', EVIL]],
  ])('%s', (_, args) => {
    const { stdout, stderr } = run(args());
    expect(UNSEEN.exec(stdout + stderr)?.[0]).toBeUndefined();
    expect((stdout + stderr).toLowerCase()).toMatch(/x\\u(?:009b|\{9b\})2j/);
  });

  test('a policy that init proposes', () => {
    const written = join(folder, 'proposed.json');
    const { stdout, stderr } = run(['init', '--yes', '-o', written, ...server()]);
    expect(UNSEEN.exec(stdout + stderr)?.[0]).toBeUndefined();
    const text = readFileSync(written, 'utf8');
    expect(UNSEEN.exec(text)?.[0]).toBeUndefined();
    expect(text).toContain('x\\u009b2J\\u202e');
  });
});
