import type { Argument, Option } from 'commander';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.js';
import { complete } from '../../src/cli/completion/candidates.js';
import { type NameSources, namedSource } from '../../src/cli/completion/name-sources.js';
import { SHELLS } from '../../src/cli/completion/shells.js';
import { wrapProgram } from '../../src/cli/options.js';
import { addCommands } from '../../src/cli/program.js';
import { ABOVE } from '../support/above.js';

function program() {
  const policyWrap = wrapProgram(async () => {});
  addCommands(policyWrap, [], () => {}, ABOVE);
  return policyWrap;
}

const SOURCES: NameSources = {
  known: (db) => ({
    servers: ['afip', 'two words', '--yes', 'line\nfeed', ...(db === undefined ? [] : [db])],
    grants: ['default', 'billing'],
    tools: [
      { server: 'afip', tool: 'create_invoice' },
      { server: 'other', tool: 'other_tool' },
    ],
    counters: ['invoices'],
    approvals: [{ id: 'ab12', server: 'afip\u202e', tool: 'create_invoice' }],
  }),
  entries: (client) => [`of ${client}`],
};
const SERVERS = ['check', 'run', 'tools'];

/** What is offered behind these words; `files` and `commands` where the shell has to look. */
function offered(...words: string[]): string[] | string {
  const completion = complete(program(), words, SOURCES, (name) => SERVERS.includes(name));
  return completion.kind === 'words' ? completion.candidates.map(({ text }) => text) : completion.kind;
}

describe('what is offered', () => {
  test('commands that are listed, and only those', () => {
    const visible = COMMANDS.filter(({ summary }) => summary !== undefined).map(({ name }) => name);
    expect(new Set(offered(''))).toEqual(new Set([...visible, 'run', 'help']));
  });

  test.each<[words: string[], expected: string[] | string]>([
    [['reset', ''], ['invoices']],
    [['approve', ''], ['ab12']],
    [
      ['trust', ''],
      ['afip', 'two words'],
    ],
    [['trust', 'afip', ''], ['create_invoice']],
    [['explain', '--server', 'other', ''], ['other_tool']],
    [['explain', '--server=other', ''], ['other_tool']],
    [
      ['status', '--db', '/tmp/x.db', '--server', ''],
      ['afip', 'two words', '/tmp/x.db'],
    ],
    [
      ['status', '--server=t'],
      ['--server=afip', '--server=two words'],
    ],
    [
      ['--grant', ''],
      ['default', 'billing'],
    ],
    [
      ['run', '--synchronous', ''],
      ['normal', 'full'],
    ],
    [
      ['--store-offline', ''],
      ['refuse', 'uncounted'],
    ],
    [
      ['store', 'grant', 'alice', ''],
      ['wrapper', 'approver', 'auditor', 'owner'],
    ],
    [
      ['notify', ''],
      ['list', 'add', 'test', 'remove', 'quiet', 'telemetry'],
    ],
    [
      ['completions', ''],
      ['bash', 'zsh', 'fish', 'powershell'],
    ],
    [['install', 'cursor', ''], ['of cursor']],
    [['check', ''], 'files'],
    [['replay', ''], 'files'],
    [['test', 'a.json', ''], 'files'],
    [['export', '-o', ''], 'files'],
    [['--policy=x'], 'files'],
    [['check', '--', ''], 'commands'],
    [['check', '--', 'mcp', '--server', ''], 'files'],
    [['login', ''], []],
    [['nothing', ''], []],
    [['log', '--limit', ''], []],
  ])('behind %j: %j', (words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });

  test('options, without flags that stand there; "--" where a server may follow', () => {
    const words = offered('check', '--strict', '-');
    expect(words).toContain('--json');
    expect(words).toContain('--');
    expect(words).not.toContain('--strict');
    expect(offered('status', '-')).not.toContain('--');
    expect(offered('-')).toContain('--policy');
  });

  test('of a list, what is not in it yet', () => {
    const words = offered('notify', 'add', 'desktop', '--events', 'approval,lim');
    expect(words).toContain('approval,limit');
    expect(words).not.toContain('approval,approval');
  });

  test('an option that takes several values goes on taking them', () => {
    expect(offered('setup', '--client', 'cursor', '')).toContain('codex');
    expect(offered('setup', '--client', 'cursor', '-')).toContain('--all');
  });

  test('what is said of a name is escaped too', () => {
    const completion = complete(program(), ['approve', ''], SOURCES, () => false);
    expect(completion).toMatchObject({ candidates: [{ about: 'create_invoice of afip\\u{202e}' }] });
  });
});

/** What takes free text: a new name has to be given a source, or a place here. */
const FREE = [
  ...['url', 'header', 'headerEnv', 'entry', 'maxClientLine', 'maxServerLine', 'store', 'args', 'limit'],
  ...['since', 'port', 'idle', 'reason', 'also', 'for', 'maxAmount', 'amount', 'name', 'add', 'env', 'split'],
  ...[
    'clientId',
    'clientSecretEnv',
    'oauthScope',
    'address',
    'login',
    'words',
    'rate',
    'kind',
    'show',
    'version',
    'bundleVersion',
    'author',
  ],
];

test('each value of the table of commands has a source, choices, or is known to be free', () => {
  const nameOf = (of: Option | Argument) => ('attributeName' in of ? of.attributeName() : of.name());
  const unknown = program()
    .commands.filter((command) => !command.name().startsWith('__'))
    .flatMap((command) => [...command.registeredArguments, ...command.options.filter((o) => o.required)])
    .filter((of) => !of.argChoices && namedSource(of) === undefined)
    .map(nameOf)
    .filter((name) => !FREE.includes(name));
  expect([...new Set(unknown)]).toEqual([]);
});

describe('how a shell is answered', () => {
  const words = (...texts: string[]) =>
    ({ kind: 'words', candidates: texts.map((text) => ({ text, about: 'x' })) }) as const;
  const bash = (line: string, ...texts: string[]) =>
    SHELLS.bash
      .read([line, ' \t\n"\'@><=;|&(:'])
      .answer(words(...texts))
      .split('\n')
      .slice(1, -1);

  test.each<[line: string, typed: string[]]>([
    ['policy-wrap a b ', ['a', 'b', '']],
    ["policy-wrap 'a b' c", ['a b', 'c']],
    ['policy-wrap "a\\"b\\c" d', ['a"b\\c', 'd']],
    ['policy-wrap a\\ b', ['a b']],
    ["X=1 Y='a b' policy-wrap a", ['a']],
    ["policy-wrap 'a b", ['a b']],
    ['policy-wrap a"b c"d', ['ab cd']],
    ['policy-wrap $(touch x) `y`', ['$(touch', 'x)', '`y`']],
  ])('bash: %s', (line, typed) => {
    expect(SHELLS.bash.read([line, '=:']).words).toEqual(typed);
  });

  test.each<[line: string, text: string, inserted: string[]]>([
    ['policy-wrap --server=a', '--server=a b', ['a\\ b']],
    ['policy-wrap --server=', '--server=a:b', ['a:b']],
    ['policy-wrap a:b', 'a:b c', ['b\\ c']],
    ['policy-wrap a\\:b', 'a:b c', ['a:b\\ c']],
    ['policy-wrap "a', 'a!b', []],
    ["policy-wrap 'a", "a!b'c", ["a!b'\\''c"]],
    ['policy-wrap b', 'a', []],
  ])('bash: behind %s, %s is inserted as %j', (line, text, inserted) => {
    expect(bash(line, text)).toEqual(inserted);
  });

  test('PowerShell: typographic quotes are quotes; all of the answer is ASCII', () => {
    const typed = Buffer.from(JSON.stringify(['status', '--server', 'A'])).toString('base64');
    const { words: read, answer } = SHELLS.powershell.read([typed]);
    expect(read).toEqual(['status', '--server', 'A']);
    const text = answer(words("a'b\u2019; x", 'a$(y)', 'a-1', 'b'));
    expect(text).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(text).candidates.map((one: { inserted: string }) => one.inserted)).toEqual([
      "'a''b\u2019\u2019; x'",
      "'a$(y)'",
      'a-1',
    ]);
  });
});
