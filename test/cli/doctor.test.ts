import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AFIP_TOOLS } from '../../src/catalog/servers/afip/tools.js';
import { preset } from '../../src/catalog/servers.js';
import { CHECKS } from '../../src/cli/doctor/checks.js';
import { contextOf } from '../../src/cli/doctor/context.js';
import { type Context, examine, type Finding } from '../../src/cli/doctor/runner.js';
import { processTerminal } from '../../src/cli/terminal.js';
import { PolicyWrapError } from '../../src/errors.js';
import { connect } from '../../src/store/sqlite/driver.js';
import { Store } from '../../src/store/store.js';
import { INFO } from '../store/support-shapes.js';
import { command } from '../support/command.js';
import { ALLOW_ALL, PASTED } from '../support/policies.js';
import { RECORDER, Rig } from '../support/rig.js';

type Options = Parameters<typeof contextOf>[1];

const recorder = (tools: readonly unknown[] = ['get_user']) => [
  process.execPath,
  RECORDER,
  JSON.stringify({ tools }),
];
const afipTools = AFIP_TOOLS.map(({ name }) => name);

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
  for (const [name, value] of Object.entries(rig.env())) vi.stubEnv(name, value);
  for (const name of ['AFIP_ENV', 'AFIP_CUIT', 'AFIP_CERT_PATH', 'AFIP_KEY_PATH', 'POLICY_WRAP_POLICY'])
    vi.stubEnv(name, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rig[Symbol.asyncDispose]();
});

/** A server of one tool with a policy that fits, and a database that was used. */
function healthy(): { argv: string[]; options: Options } {
  const policy = rig.file('fits.json', { version: '1', default: 'deny', tools: { get_user: {} } });
  used(() => {});
  return { argv: recorder(), options: { policy, db: rig.db } };
}

/** Makes a database, leaves something in it, and closes it. */
function used(work: (store: Store) => void, now = Date.now): void {
  const store = Store.open(rig.db, { now });
  work(store);
  store.close();
}

/** The driver that this machine has is none of the planted faults. */
const DRIVER = { sqlite: () => 'better-sqlite3' as const };

async function look(argv: string[], options: Options, changes: Partial<Context> = {}) {
  const context = { ...contextOf(argv, options, processTerminal()), ...DRIVER, ...changes };
  const examined = await examine(context, CHECKS);
  return new Map(examined.map(({ id, findings }) => [id, findings]));
}

const bad = (findings: readonly Finding[] | undefined) =>
  (findings ?? []).filter(({ status }) => status === 'warn' || status === 'fail');

test("Node's own SQLite in the place of the addon is no fault", async () => {
  const found = await look([], {}, { sqlite: () => 'node' });
  expect(found.get('sqlite')).toEqual([
    { status: 'ok', message: expect.stringContaining("Node's own SQLite") },
  ]);
});

test('finds nothing wrong where nothing is', async () => {
  const { argv, options } = healthy();
  const found = await look(argv, options);
  expect([...found.values()].flatMap(bad)).toEqual([]);
  expect([...found.keys()]).toEqual([
    ...['node', 'sqlite', 'database', 'clock', 'policy', 'modes'],
    ...['environment-policy', 'server', 'tools', 'definitions'],
  ]);
});

/** Plants one fault. */
interface Fault {
  argv?: string[];
  options?: Options;
  changes?: Partial<Context>;
}

/** An entry of Cursor, wrapped with these options. */
function cursorEntry(options: string[]): void {
  mkdirSync(join(rig.folder, '.cursor'), { recursive: true });
  const { node, script } = contextOf([], {}, processTerminal()).wrapper;
  rig.file('.cursor/mcp.json', {
    mcpServers: { a: { command: node, args: [script, ...options, '--', 'mcp-a'] } },
  });
}

/** Entries of Cursor: the name under which the server is kept, then its command line. */
function cursorEntries(entries: Record<string, [server: string, ...original: string[]]>): void {
  mkdirSync(join(rig.folder, '.cursor'), { recursive: true });
  const { node, script } = contextOf([], {}, processTerminal()).wrapper;
  const wrapped = Object.entries(entries).map(([name, [server, ...original]]) => [
    name,
    { command: node, args: [script, '--server', server, '--db', rig.db, '--', ...original] },
  ]);
  rig.file('.cursor/mcp.json', { mcpServers: Object.fromEntries(wrapped) });
}

const DENY_ALL_BUT = (tools: object) => ({ version: '1', default: 'deny', tools });
const policyOf = (value: object | string) => ({ policy: rig.file('planted.json', value), db: rig.db });

const FAULTS: [title: string, id: string, 'warn' | 'fail', says: RegExp, fix: RegExp, plant: () => Fault][] =
  [
    [
      'a Node that is too old',
      'node',
      'fail',
      /v20\.18\.3 at \/old\/node is older than 20\.19/,
      /install Node/,
      () => ({ changes: { node: { version: 'v20.18.3', path: '/old/node' } } }),
    ],
    [
      'a Node that will be gone',
      'node',
      'warn',
      /may disappear/,
      /full path/,
      () => ({ changes: { node: { version: 'v22.1.0', path: '/run/user/1/fnm_multishells/1_2/bin/node' } } }),
    ],
    [
      'no SQLite at all',
      'sqlite',
      'fail',
      /no SQLite/,
      /rebuild/,
      () => ({
        changes: {
          sqlite: () => {
            throw new PolicyWrapError('STATE_UNAVAILABLE', 'no SQLite could be loaded', { hint: 'rebuild' });
          },
        },
      }),
    ],
    [
      'the database of another program',
      'database',
      'fail',
      /of another program/,
      /--db/,
      () => {
        const db = join(rig.folder, 'other.db');
        writeFileSync(db, '');
        const other = connect(db, 0);
        other.exec('CREATE TABLE t (x)');
        other.close();
        return { options: { db } };
      },
    ],
    [
      'a file that is no database',
      'database',
      'fail',
      /is not a state database/,
      /reset --database/,
      () => ({
        options: { db: rig.file('text.db', 'no database at all, but long enough to be one. '.repeat(9)) },
      }),
    ],
    [
      'a database of a newer policy-wrap',
      'database',
      'fail',
      /newer policy-wrap.*at version 99/,
      /update/,
      () => {
        alter('PRAGMA user_version = 99');
        return {};
      },
    ],
    [
      'a counter that does not add up',
      'database',
      'fail',
      /damaged: counter c .* add up to 0/,
      /reset --database/,
      () => {
        alter(`INSERT INTO counters (key, name, scope, split, window_ms, observe, max, clock, used)
        VALUES ('k', 'c', 'grant', '', 60000, 0, '5', 0, 3)`);
        return {};
      },
    ],
    [
      'a damaged page',
      'database',
      'fail',
      /damaged|malformed/,
      /reset --database/,
      () => {
        const bytes = readFileSync(rig.db);
        // The first pages hold the schema; without them it would not be a database at all.
        bytes.fill(0x5a, 2 * 4096, 6 * 4096);
        writeFileSync(rig.db, bytes);
        return {};
      },
    ],
    [
      'a database without its write-ahead log',
      'database',
      'warn',
      /no write-ahead log \(delete\)/,
      /local disk/,
      () => {
        alter('PRAGMA journal_mode = DELETE');
        return {};
      },
    ],
    [
      'G4: a second database that an entry names',
      'databases',
      'warn',
      /a second database, .*own\.db \(a in Cursor\), is used as well as .*policy-wrap\.db.*does not apply in the other/,
      /policy-wrap install <client> <entry> --db/,
      () => {
        const own = join(rig.folder, 'own.db');
        Store.open(own).close();
        cursorEntry(['--db', own]);
        return {};
      },
    ],
    [
      'G4: a second database that a wrapper runs with',
      'databases',
      'warn',
      /a second database, .*snap.code.7.* \(a usual place\), is used as well as .*\(now: mcp-afip, process \d+\)/,
      /policy-wrap install/,
      () => {
        const store = Store.open(join(rig.folder, 'snap/code/7/.local/share/policy-wrap/policy-wrap.db'));
        store.startSession(INFO);
        store.close();
        return {};
      },
    ],
    [
      'a second database that cannot be used',
      'databases',
      'fail',
      /a second database, .*text\.db \(a in Cursor\), cannot be used/,
      /another file/,
      () => {
        cursorEntry([
          '--db',
          rig.file('text.db', 'no database at all, but long enough to be one. '.repeat(9)),
        ]);
        return {};
      },
    ],
    [
      'G4: a database where only one packaged app finds it',
      'databases',
      'warn',
      /lies where packaged apps have folders of their own/,
      /move the file.*install again/,
      () => ({ options: { db: join(rig.folder, 'snap/code/7/x.db') } }),
    ],
    [
      'G4: a database of Windows in WSL',
      'databases',
      'fail',
      /between Windows and WSL/,
      /move the file/,
      () => ({
        changes: { database: '/mnt/c/Users/ana/x.db', env: { ...process.env, WSL_DISTRO_NAME: 'Debian' } },
      }),
    ],
    [
      'G4: an entry that names no database',
      'clients',
      'warn',
      /a names no database/,
      /policy-wrap install cursor a/,
      () => {
        cursorEntry([]);
        return {};
      },
    ],
    [
      'G4: an entry whose database is another in each folder',
      'clients',
      'fail',
      /a: --db x\.db: a relative path\. The wrapper refuses to start/,
      /policy-wrap install cursor a/,
      () => {
        cursorEntry(['--db', 'x.db']);
        return {};
      },
    ],
    [
      "a byte order mark in a client's file",
      'clients',
      'warn',
      /claude\.json.*begins with a byte order mark/,
      /without a byte order mark/,
      () => {
        rig.file('.claude.json', '\uFEFF{}');
        return {};
      },
    ],
    [
      'a clock behind the log',
      'clock',
      'fail',
      /clock is 3600 s behind/,
      /set the clock/,
      () => {
        const at = Date.now();
        decided(() => at);
        return { changes: { now: () => at - 3_600_000 } };
      },
    ],
    [
      'counters that were charged in the far future',
      'clock',
      'fail',
      /has said 2099-01-01T00:00:00.000Z before: it was set back, and 1 counter/,
      /policy-wrap reset --clock/,
      () => {
        decided(Date.now);
        const ahead = Date.UTC(2099, 0, 1);
        alter(`INSERT INTO counters (key, name, scope, split, window_ms, observe, max, clock, used)
          VALUES ('k', 'calls', 'machine', '', 60000, 0, '3', ${ahead}, 1);
          INSERT INTO charges SELECT id, clock, 0, 0, 1 FROM counters`);
        return {};
      },
    ],
    [
      'a clock that was never set',
      'clock',
      'fail',
      /the clock says 1970/,
      /set the clock/,
      () => ({ changes: { now: () => 0 } }),
    ],
    [
      'a wrapper that only observes',
      'running',
      'warn',
      /refuses nothing/,
      /--observe/,
      () => {
        used((store) => store.startSession({ ...INFO, observe: true }));
        return {};
      },
    ],
    [
      'a policy that is not there',
      'policy',
      'fail',
      /no such policy file/,
      /policy-wrap init/,
      () => ({ options: { policy: join(rig.folder, 'nowhere.json') } }),
    ],
    [
      'no policy for the server',
      'policy',
      'fail',
      /no policy for recorder/,
      /policy-wrap init/,
      () => ({ options: { db: rig.db } }),
    ],
    [
      'no policy at all',
      'policy',
      'warn',
      /no policy in .*policy-wrap/,
      /policy-wrap init/,
      () => ({ argv: [], options: { db: rig.db } }),
    ],
    [
      'a misspelt policy',
      'policy',
      'fail',
      /planted\.json:1:19 error UNKNOWN_KEY.*Did you mean "default"/,
      /correct/,
      () => ({ options: policyOf('{ "version": "1", "defualt": "deny" }') }),
    ],
    [
      'a misspelt policy among those in the config folder',
      'policy',
      'fail',
      /broken\.json:1:1 error SYNTAX/,
      /correct/,
      () => {
        const folder = join(rig.folder, 'config', 'policy-wrap');
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        writeFileSync(join(folder, 'broken.json'), 'x');
        writeFileSync(join(folder, 'fine.json'), JSON.stringify(PASTED));
        writeFileSync(join(folder, 'policy.schema.json'), '{}');
        return { argv: [], options: { db: rig.db } };
      },
    ],
    [
      'a policy file that belongs to no server',
      'policy-names',
      'warn',
      /serch\.json belongs to no server: nothing is called serch/,
      /rename it to search\.json/,
      () => {
        const folder = join(rig.folder, 'config', 'policy-wrap');
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        // By an entry's name, by a program, in the database, named by an entry, and extended: these belong.
        used((store) => store.startSession({ ...INFO, server: 'logged' }));
        cursorEntry(['--server', 'search', '--db', rig.db, '--policy', join(folder, 'other.json')]);
        for (const name of ['serch', 'search', 'mcp-a', 'a', 'logged', 'mcp-afip', 'other', 'org'])
          writeFileSync(join(folder, `${name}.json`), JSON.stringify({ ...PASTED, extends: 'org.json' }));
        writeFileSync(join(folder, 'org.json'), JSON.stringify(PASTED));
        return { argv: [], options: { db: rig.db } };
      },
    ],
    [
      'one name for two servers',
      'clients',
      'warn',
      /b in Cursor and a in Cursor start different servers under one name, shop: they share one policy/,
      /policy-wrap install cursor b --server <other name>/,
      () => {
        cursorEntries({
          a: ['shop', 'mcp-a'],
          b: ['shop', 'npx', '-y', 'mcp-b'],
          c: ['shop', 'mcp-a', '-v'],
        });
        return {};
      },
    ],
    [
      'G4: one server under two names',
      'clients',
      'warn',
      /b in Cursor and a in Cursor start one server under two names, two and one: each has counters/,
      /policy-wrap install cursor b --server one/,
      () => {
        cursorEntries({
          a: ['one', 'mcp-a', '-v'],
          b: ['two', 'npx', '-y', 'mcp-a', '-v'],
          c: ['three', 'mcp-a'],
        });
        return {};
      },
    ],
    [
      'a policy with a warning',
      'policy',
      'warn',
      /planted\.json:1:\d+ warning UNUSED/,
      /correct/,
      () => ({ options: policyOf(DENY_ALL_BUT({ get_user: { reason: 'no rule says this' } })) }),
    ],
    [
      'a policy that others can change',
      'modes',
      'fail',
      /other accounts can change .*planted\.json/,
      /chmod go-w .*planted\.json/,
      () => {
        const options = policyOf(DENY_ALL_BUT({ get_user: {} }));
        chmodSync(options.policy, 0o666);
        return { options };
      },
    ],
    [
      'a policy in a folder that others can change',
      'modes',
      'fail',
      /other accounts can change .*shared$/,
      /chmod go-w/,
      () => {
        const folder = join(rig.folder, 'shared');
        mkdirSync(folder);
        chmodSync(folder, 0o777);
        const policy = join(folder, 'p.json');
        writeFileSync(policy, JSON.stringify(DENY_ALL_BUT({ get_user: {} })));
        return { options: { policy, db: rig.db } };
      },
    ],
    [
      'a database that others can read',
      'modes',
      'warn',
      /other accounts can read .*policy-wrap\.db/,
      /chmod 600/,
      () => {
        chmodSync(rig.db, 0o644);
        return {};
      },
    ],
    [
      'a database that others can change',
      'modes',
      'fail',
      /other accounts can change .*policy-wrap\.db/,
      /chmod 600/,
      () => {
        chmodSync(rig.db, 0o666);
        return {};
      },
    ],
    [
      'a database in an open folder',
      'modes',
      'warn',
      /other accounts can read .*state$/,
      /chmod 700/,
      () => {
        chmodSync(dirname(rig.db), 0o755);
        return {};
      },
    ],
    [
      'a variable that the known server needs',
      'environment',
      'warn',
      /AFIP_CUIT is not set/,
      /"env" of the client entry: CUIT/,
      () => ({ options: { ...policyOf(DENY_ALL_BUT({ get_user: {} })), server: 'mcp-afip' } }),
    ],
    [
      'a certificate that is not there',
      'environment',
      'fail',
      /AFIP_CERT_PATH names a file that does not exist/,
      /certificate/,
      () => {
        vi.stubEnv('AFIP_CERT_PATH', '/secret/place.crt');
        return { options: { ...policyOf(DENY_ALL_BUT({ get_user: {} })), server: 'mcp-afip' } };
      },
    ],
    [
      'an environment that the policy refuses',
      'environment-policy',
      'fail',
      /preset afip refuses every call because of env\.AFIP_ENV/,
      /policy-wrap presets afip > my\.json/,
      () => {
        vi.stubEnv('AFIP_ENV', 'production');
        return { argv: recorder(afipTools), options: { preset: 'afip', server: 'mcp-afip', db: rig.db } };
      },
    ],
    [
      'an environment that the policy requires and that is not so',
      'environment-policy',
      'fail',
      /refuses every call because of env\.TIER, by \/all_tools\/require\/0/,
      /set the variable/,
      () => ({
        options: policyOf({
          ...ALLOW_ALL,
          all_tools: { require: [{ conditions: [{ path: 'env.TIER', op: 'eq', value: 'test' }] }] },
        }),
      }),
    ],
    [
      'production under a policy that does not look at it',
      'environment-policy',
      'warn',
      /AFIP_ENV is production.*never looks at it/,
      /"env\.AFIP_ENV"/,
      () => {
        vi.stubEnv('AFIP_ENV', 'production');
        return { options: { ...policyOf(DENY_ALL_BUT({ get_user: {} })), server: 'mcp-afip' } };
      },
    ],
    [
      'a server that is not there',
      'server',
      'fail',
      /no-such-server was not found/,
      /absolute path/,
      () => ({ argv: ['no-such-server'] }),
    ],
    [
      'a server that lists nothing',
      'server',
      'fail',
      /did not list its tools/,
      /by hand/,
      () => ({ argv: [process.execPath, '-e', ''] }),
    ],
    [
      'a known server that would have to be fetched',
      'server',
      'fail',
      /mcp-legiti was not found, and --no-install/,
      /npm install -g @codespar\/mcp-legiti/,
      () => ({ argv: ['mcp-legiti'] }),
    ],
    [
      'a name in the policy that the server lacks',
      'tools',
      'warn',
      /TOOL_ABSENT: .*no tool called "get_usr".* Did you mean "get_user"/,
      /Correct the name/,
      () => ({ options: policyOf(DENY_ALL_BUT({ get_usr: {}, get_user: {} })) }),
    ],
    [
      'a pattern that no tool has',
      'tools',
      'warn',
      /no tool like "delete_\*"/,
      /Correct the name/,
      () => ({ options: policyOf({ ...DENY_ALL_BUT({ get_user: {} }), hide: ['delete_*'] }) }),
    ],
    [
      'a tool that the policy does not list',
      'tools',
      'warn',
      /refused by default: new\u202e/,
      /an entry under "tools"/,
      () => ({ argv: recorder(['get_user', 'new\u202e']) }),
    ],
    [
      'the policy of another server',
      'tools',
      'fail',
      /None of the 1 tool of the server could ever be called/,
      /The server has: get_user/,
      () => ({ options: policyOf(PASTED) }),
    ],
    [
      'a preset that does not know a new tool',
      'preset',
      'warn',
      /preset afip does not fit .*refused by default: create_receipt\.$/,
      /update policy-wrap/,
      () => ({
        argv: recorder([...afipTools, 'create_receipt']),
        options: { server: 'mcp-afip', db: rig.db },
      }),
    ],
    [
      'a preset with a tool that is gone',
      'preset',
      'warn',
      /preset afip does not fit .*no tool called "create_invoice"/,
      /update policy-wrap/,
      () => ({
        argv: recorder(afipTools.filter((name) => name !== 'create_invoice')),
        options: { server: 'mcp-afip', db: rig.db },
      }),
    ],
  ];

/** Something was decided, so that there is a row in the log. */
function decided(now: () => number): void {
  used((store) => {
    const evaluation = { kind: 'open', charges: [], ask: undefined } as const;
    const session = store.startSession(INFO);
    store.admit(session, [
      { tool: 't', requestId: '1', argumentsText: '[]', policyHash: undefined, evaluation },
    ]);
    store.endSession(session);
  }, now);
}

/** Changes the database behind the store's back. */
function alter(sql: string): void {
  const db = connect(rig.db, 0);
  db.exec(sql);
  db.close();
}

describe('finds', () => {
  test.each(FAULTS)('%s', async (_, id, status, says, fix, plant) => {
    const base = healthy();
    const { argv = base.argv, options = base.options, changes } = plant();
    const found = await look(argv, options, changes);
    const planted = bad(found.get(id)).filter(({ message }) => says.test(message));
    expect(planted, JSON.stringify([...found])).toHaveLength(1);
    expect(planted[0]).toMatchObject({ status, fix: expect.stringMatching(fix) });
  });

  test('each of them in one check, and leaves the others alone', async () => {
    const { argv } = healthy();
    const found = await look(argv, policyOf(DENY_ALL_BUT({ get_usr: {}, get_user: {} })));
    expect([...found].filter(([, findings]) => bad(findings).length > 0).map(([id]) => id)).toEqual([
      'tools',
    ]);
  });

  test('a database that another process holds', async () => {
    const { argv, options } = healthy();
    const holder = connect(rig.db, 0);
    holder.exec('BEGIN IMMEDIATE');
    const found = await look(argv, options);
    holder.close();
    expect(found.get('database')).toMatchObject([
      { status: 'fail', message: expect.stringContaining('locked'), fix: expect.any(String) },
    ]);
  });

  test.skipIf(process.platform === 'win32')('a database that may not be written', async () => {
    const { options } = healthy();
    chmodSync(rig.folder, 0o755);
    chmodSync(dirname(rig.db), 0o777);
    chmodSync(rig.db, 0o444);
    // Permissions do not bind root, so root runs this as another user.
    const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
    const args = ['doctor', '--json', '--db', rig.db, '--policy', String(options.policy)];
    const { code, stdout } = await command(rig, args, {}, user);
    const { checks } = JSON.parse(stdout);
    expect(checks.find(({ id }: { id: string }) => id === 'database')).toMatchObject({
      status: 'fail',
      findings: [
        { message: expect.stringContaining('cannot be written'), fix: expect.stringContaining('writable') },
      ],
    });
    expect(code).toBe(1);
  });

  test('who else is wrapping, for information', async () => {
    const { argv, options } = healthy();
    used((store) => store.describeClient(store.startSession(INFO), 'claude-ai', '1'));
    expect((await look(argv, options)).get('running')).toEqual([
      {
        status: 'info',
        message: expect.stringMatching(/mcp-afip is wrapped for claude-ai \(process \d+, policy \/home/),
      },
    ]);
  });
});

describe('changes nothing', () => {
  /** Compiled code, which newer Node versions keep, is none of doctor's doing: no folder can be made there. */
  const UNCACHED = { XDG_CACHE_HOME: process.execPath };
  const snapshot = (folder: string): object[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .sort()
      .map((name) => {
        const { mode, size, mtimeMs } = statSync(join(folder, name));
        return { name, mode, ...(statSync(join(folder, name)).isFile() && { size, mtimeMs }) };
      });

  test('where there is nothing yet', async () => {
    const { code, stdout } = await command(rig, ['doctor'], UNCACHED);
    expect(code).toBe(0);
    expect(stdout).toContain('does not exist yet');
    expect(readdirSync(rig.folder)).toEqual([]);
  });

  test('where there is all of it, modes that it finds fault with included', async () => {
    const { argv, options } = healthy();
    decided(Date.now);
    chmodSync(rig.db, 0o644);
    const before = snapshot(rig.folder);
    const args = ['doctor', '--db', rig.db, '--policy', String(options.policy), '--', ...argv];
    expect((await command(rig, args, UNCACHED)).code).toBe(0);
    expect(snapshot(rig.folder)).toEqual(before);
  });

  test('an older database stays at its version', async () => {
    const db = join(rig.folder, 'empty.db');
    writeFileSync(db, '');
    const found = await look([], { db });
    expect(found.get('database')).toMatchObject([
      { status: 'info', message: expect.stringContaining('version 0') },
    ]);
    expect(readFileSync(db)).toHaveLength(0);
  });
});

describe('policy-wrap doctor', () => {
  test('numbers its checks, gives a fix with every fault, and exits 1 when something fails', async () => {
    const { argv } = healthy();
    const args = ['doctor', '--db', rig.db, '--policy', rig.file('p.json', PASTED), '--', ...argv];
    const { code, stdout } = await command(rig, args);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ 1 {2}ok {4}node +v\d+/m);
    expect(stdout).toMatch(/^ 9 {2}fail {2}tools +.*None of the 1 tool.*\n +fix: The server has/m);
    expect(stdout).not.toContain('\u001b');
    const json = JSON.parse((await command(rig, ['doctor', '--json', ...args.slice(1)])).stdout);
    expect(json).toMatchObject({ version: 1, healthy: false });
    expect(json.checks.map(({ number }: { number: number }) => number)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    for (const { status, fix } of json.checks.flatMap(({ findings }: { findings: Finding[] }) => findings))
      expect(fix !== undefined).toBe(status === 'warn' || status === 'fail');
  });

  test('never shows the value of a variable', async () => {
    const secrets = { AFIP_CUIT: '20123456789', AFIP_KEY_PATH: '/secret/place.key', AFIP_ENV: 'elsewhere' };
    const { stdout } = await command(rig, ['doctor', '--server', 'mcp-afip', '--preset', 'afip'], secrets);
    expect(stdout).toContain('AFIP_KEY_PATH');
    expect(stdout).toContain('env.AFIP_ENV');
    for (const value of Object.values(secrets)) expect(stdout).not.toContain(value);
  });

  test('goes through with what init wrote', async () => {
    const server = ['--server', 'mcp-afip', '--', ...recorder(afipTools)];
    expect((await command(rig, ['init', ...server])).code).toBe(0);
    const { code, stdout } = await command(rig, ['doctor', ...server]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ok +tools +policy and server name the same tools and arguments/);
    expect(existsSync(rig.db)).toBe(false);
    expect(preset('afip')).toBeDefined();
  });
});
