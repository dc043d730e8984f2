import { describe, expect, test } from 'vitest';
import { matchSample } from '../../src/cli/threats/match-sample.js';
import { coverage, held, NUMBER, passing, pasted, TEXT, TEXTS, tool } from '../support/threat-rig.js';

const when = (path: string, op: string, value: unknown) => ({ conditions: [{ path, op, value }] });
const entry = (name: string, members: object, more: object = {}) => ({ tools: { [name]: members, ...more } });

const SHELL = tool('run_command', 'Runs a command in a shell.', { 'command!': TEXT, level: NUMBER });
const PAY = tool('pay', 'Pays.', { 'amount!': NUMBER, 'payee!': TEXT });
const DELETE = tool('delete_volume', 'Deletes a volume.', { 'volume!': TEXT });
const LOOK = tool('list_volumes', 'Lists volumes.');
const LIST = tool('list_customers', 'Lists customers.', { 'limit!': NUMBER, page: NUMBER });
const READ = tool('read_file', 'Reads a file.', { 'path!': TEXT });

describe('no countermeasure: what holds for a moment, for one sample, or until the attacker has done something else', () => {
  const on = (tools: readonly ReturnType<typeof tool>[], policy: object, id: string) =>
    coverage([held({ server: 'one', tools }, policy)], id);

  test.each<[string, string, readonly ReturnType<typeof tool>[], object, string]>([
    [
      'hours that are closed a minute a day',
      'destructive-guess',
      [DELETE],
      entry('delete_volume', { hours: { from: '12:01', to: '12:00' } }),
      'open',
    ],
    [
      'hours that are open a minute a day',
      'destructive-guess',
      [DELETE],
      entry('delete_volume', { hours: { from: '03:00', to: '03:01' } }),
      'open',
    ],
    [
      'hours outside of which a person is asked',
      'destructive-guess',
      [DELETE],
      entry('delete_volume', { hours: { days: 'mon', outside: 'approve' } }),
      'open',
    ],
    [
      'a tool that must be called first, and can be',
      'destructive-guess',
      [DELETE, LOOK],
      entry('delete_volume', { before: [{ tools: ['list_volumes'] }] }),
      'open',
    ],
    [
      'one that must be called first, and asks',
      'destructive-guess',
      [DELETE, LOOK],
      entry(
        'delete_volume',
        { before: [{ tools: ['list_volumes'] }] },
        { list_volumes: { action: 'approve' } },
      ),
      'countered',
    ],
    [
      'one that must be called first, and that the server does not have',
      'destructive-guess',
      [DELETE],
      entry('delete_volume', { before: [{ tools: ['list_volumes'] }] }),
      'countered',
    ],
    [
      'one that must be called first, on a server that nobody looks at here',
      'destructive-guess',
      [DELETE],
      entry('delete_volume', { before: [{ tools: ['other/look'], scope: 'machine' }] }),
      'open',
    ],
    [
      'a first success that asks where it is missing',
      'destructive-guess',
      [DELETE, LOOK],
      // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
      entry('delete_volume', { before: [{ tools: ['list_volumes'], then: 'approve' }] }),
      'open',
    ],
    [
      'a refusal of the value that a sample happens to have',
      'destructive-guess',
      [DELETE],
      entry('delete_volume', { deny_if: [when('args.volume', 'eq', 'x')] }),
      'open',
    ],
    [
      'a question about a value that need not be there',
      'command-injection',
      [SHELL],
      entry('run_command', { approve_if: [when('args.level', 'lt', 5)] }),
      'open',
    ],
    [
      'a variable that nobody must set',
      'destructive-guess',
      [DELETE],
      entry('delete_volume', { deny_if: [when('env.SAFE', 'exists', false)] }),
      'open',
    ],
    [
      'a bound that slices stay below',
      'fraud-in-slices',
      [PAY],
      entry('pay', { approve_if: [when('args.amount', 'gt', 50)] }),
      'open',
    ],
    [
      'a sum for each payee',
      'fraud-in-slices',
      [PAY],
      entry('pay', {
        limits: [{ counter: 'c', window: 'day', max: 500, amount: 'args.amount', per: 'args.payee' }],
      }),
      'partly',
    ],
    [
      'a sum that begins anew with each conversation',
      'fraud-in-slices',
      [PAY],
      entry('pay', {
        limits: [{ counter: 'c', window: 'day', max: 500, amount: 'args.amount', scope: 'session' }],
      }),
      'open',
    ],
    ['a pace', 'bulk-harvesting', [LIST], entry('list_customers', { rate_limit: '10/minute' }), 'open'],
    [
      'a number of rows that a page of 0 does not count',
      'bulk-harvesting',
      [LIST],
      entry('list_customers', {
        limits: [{ counter: 'c', window: 'day', max: 2000, amount: 'args.limit' }],
      }),
      'partly',
    ],
    [
      'one call at a time',
      'double-effect',
      [PAY],
      entry('pay', { limits: [{ counter: 'c', window: '10m', max: 1, per: 'args' }] }),
      'partly',
    ],
    [
      'a list of commands that is anchored at neither end',
      'command-injection',
      [SHELL],
      entry('run_command', { require: [when('args.command', 'regex', 'npm (test|run [a-z]+)')] }),
      'open',
    ],
    [
      'one that is anchored at its beginning',
      'command-injection',
      [SHELL],
      entry('run_command', { require: [when('args.command', 'regex', '^npm test')] }),
      'open',
    ],
    [
      'one that is anchored at both',
      'command-injection',
      [SHELL],
      entry('run_command', { require: [when('args.command', 'regex', '^npm test$')] }),
      'countered',
    ],
    [
      'a refusal of one spelling',
      'command-injection',
      [SHELL],
      entry('run_command', { deny_if: [when('args.command', 'contains', 'rm -rf')] }),
      'partly',
    ],
    [
      'a folder that a path can be led out of',
      'path-traversal',
      [READ],
      entry('read_file', { require: [when('args.path', 'starts_with', '/srv/data/')] }),
      'partly',
    ],
    [
      'a refusal of ".." alone',
      'path-traversal',
      [READ],
      entry('read_file', { deny_if: [when('args.path', 'contains', '..')] }),
      'partly',
    ],
    [
      'a key that is refused by its name',
      'spare-argument',
      [READ],
      { all_tools: { deny_if: [when('args.conversation_notes', 'exists', true)] } },
      'partly',
    ],
    ['tools that come later are shown', 'tool-poisoning', [READ], { pin: 'deny' }, 'partly'],
    ['a changed tool is told', 'rug-pull', [READ], { pin: 'warn' }, 'open'],
    [
      'a form is looked at where it says "password"',
      'server-requests',
      [READ],
      {
        server_requests: {
          sampling: { action: 'hide' },
          elicitation: { deny_if: [when('args.message', 'regex', '(?i)password')] },
        },
      },
      'partly',
    ],
    [
      'a variable of one value',
      'wrong-environment',
      [DELETE],
      { all_tools: { deny_if: [when('env.STAGE', 'eq', 'production')] } },
      'partly',
    ],
    [
      'a variable of a list of values',
      'wrong-environment',
      [DELETE],
      { all_tools: { require: [when('env.STAGE', 'in', ['test'])] } },
      'countered',
    ],
  ])('%s, against %s', (_, id, tools, policy, state) => {
    const found = on(tools, policy, id);
    expect([found.state, passing(found)]).toEqual([state, expect.anything()]);
    if (state === 'countered') expect(passing(found)).toEqual([]);
    else expect(passing(found)).not.toEqual([]);
  });

  test('what still passes is named', () => {
    const found = on(
      [READ],
      entry('read_file', { deny_if: [when('args.path', 'contains', '..')] }),
      'path-traversal',
    );
    expect(passing(found)).toEqual([
      'straight to credentials',
      'to secrets in the folder',
      'to secrets, in capitals',
    ]);
  });
});

describe('every place of an argument', () => {
  const MAIL = tool('send_email', 'Sends an email.', { 'to!': TEXT, cc: TEXT, bcc: TEXT, 'body!': TEXT });
  const onlyOwn = when('args.to', 'regex', '^[a-z]+@acme[.]com$');

  test('a copy that nobody sees stays open where only the seen one is refused', () => {
    const policy = entry('send_email', { require: [onlyOwn], deny_if: [when('args.cc', 'exists', true)] });
    const found = coverage([held({ server: 'mail', tools: [MAIL] }, policy)], 'tool-to-tool-exfiltration');
    expect(found.state).toBe('partly');
    expect(passing(found)).toEqual(['"bcc" is a stranger', '"bcc" has a stranger beside one of ours']);
  });

  test('a domain that is not anchored lets a stranger through beside it', () => {
    const policy = entry('send_email', {
      require: [when('args.to', 'regex', '@acme[.]com')],
      deny_if: [when('args.cc', 'exists', true), when('args.bcc', 'exists', true)],
    });
    const found = coverage([held({ server: 'mail', tools: [MAIL] }, policy)], 'tool-to-tool-exfiltration');
    expect(passing(found)).toEqual(['"to" is a stranger', '"to" has a stranger beside one of ours']);
  });

  const FILE = { type: 'object', properties: { path: TEXT, content: TEXT }, required: ['path', 'content'] };
  test.each([
    ['a list of paths', tool('read_multiple_files', 'Reads files.', { 'paths!': TEXTS }), 'paths[*]'],
    [
      'paths in a list of objects',
      tool('push_files', 'Pushes files.', { 'files!': { type: 'array', items: FILE } }),
      'files[*].path',
    ],
    [
      'two ends',
      tool('move_file', 'Moves a file.', { 'source!': TEXT, 'destination!': TEXT }),
      'source", "destination',
    ],
  ])('%s is open to path traversal, and closed by the fragment', (_, of, path) => {
    const servers = [held({ server: 'files', tools: [of] }, {})];
    const found = coverage(servers, 'path-traversal');
    expect([found.state, found.openings[0]?.opening.why]).toEqual([
      'open',
      expect.stringContaining(`"${path}"`),
    ]);
    expect(coverage(pasted(servers, found), 'path-traversal').state).toBe('countered');
  });

  test('the second of two ends, where the first is held', () => {
    const move = tool('move_file', 'Moves a file.', { 'source!': TEXT, 'destination!': TEXT });
    const half = { require: [when('args.source', 'regex', '^/work/[a-z]+$')] };
    const at = (members: object) =>
      coverage([held({ server: 'f', tools: [move] }, entry('move_file', members))], 'path-traversal');
    expect(at(half).state).toBe('partly');
    expect(passing(at(half)).every((name) => name.startsWith('destination: '))).toBe(true);
  });

  test.each([
    [
      'gzip-file-as-resource',
      'Compresses a file.',
      { 'data!': { type: 'string', format: 'uri' } },
      'outbound-fetch',
    ],
    ['docker_run', 'Runs a container.', { 'image!': TEXT, 'args!': TEXTS }, 'command-injection'],
    ['kubectl', '', { 'args!': TEXTS }, 'command-injection'],
    [
      'slack_post_message',
      'Posts to a channel.',
      { 'channel_id!': TEXT, 'text!': TEXT },
      'tool-to-tool-exfiltration',
    ],
    ['send_sms', 'Sends a text message.', { 'phone!': TEXT, 'body!': TEXT }, 'tool-to-tool-exfiltration'],
  ])('%s opens what it is', (name, description, args, id) => {
    const servers = [held({ server: 'one', tools: [tool(name, description, args)] }, {})];
    const found = coverage(servers, id);
    expect(found.state).toBe('open');
    expect(coverage(pasted(servers, found), id).state).toBe('countered');
  });
});

describe('consent fatigue is about questions', () => {
  const at = (members: object) =>
    coverage([held({ server: 'bank', tools: [PAY] }, entry('pay', members))], 'consent-fatigue');
  test('open where small amounts ask, countered by the rule that asks about large ones, not opened where nobody is asked', () => {
    expect(at({ action: 'approve' }).state).toBe('open');
    expect(at({}).state).toBe('not opened');
    expect(at({ rate_limit: '1/hour' }).state).toBe('not opened');
    const bound = at({
      approve_if: [when('args.amount', 'gt', 20_000)],
      require: [when('args.amount', 'lte', 60_000_000)],
    });
    expect([bound.state, bound.openings[0]?.tried[0]?.stop?.rule]).toEqual([
      'countered',
      '/tools/pay/approve_if/0',
    ]);
  });

  test('its fragment asks no longer about small ones, and keeps what else the entry says', () => {
    const members = {
      action: 'approve',
      reason: 'r',
      require: [when('args.payee', 'eq', 'Ana')],
      limits: [{ counter: 'c', window: 'day', max: 5 }],
    };
    const servers = [held({ server: 'bank', tools: [PAY] }, entry('pay', members))];
    const after = pasted(servers, coverage(servers, 'consent-fatigue'));
    expect(coverage(after, 'consent-fatigue').state).toBe('countered');
    expect(after[0]?.document?.tools).toMatchObject({
      pay: { require: members.require, limits: [members.limits[0], { max: 1000 }], approve_if: [{}] },
    });
  });
});

test('the variable of a known server, and that of an entry, is the one in the fragment', () => {
  const of = (environment: object) => ({ server: 'one', tools: [DELETE], environment: environment as never });
  const afip = { variable: 'AFIP_ENV', real: 'production', test: ['homologation'], unset: 'test' };
  const servers = [held(of(afip), {})];
  const found = coverage(servers, 'wrong-environment');
  expect(passing(found)).toEqual(['the environment is "production"']);
  const after = pasted(servers, found);
  expect(coverage(after, 'wrong-environment').state).toBe('countered');
  expect(JSON.stringify(after[0]?.document)).toContain('env.AFIP_ENV');
});

test.each([
  '^[A-Za-z0-9._+-]+@acme[.]com$',
  '^(git (status|diff)|npm test)$',
  'https?://([a-z0-9-]+[.])*docs[.]example[.]com(/|$)',
  '(?i)^SELECT [^;]+ FROM \\w{3,9}$',
  '^\\d{4}-\\d{2}$',
  '^[^/]+[.]txt$',
])('a text that %s matches', (pattern) => {
  const flags = pattern.startsWith('(?i)') ? 'i' : '';
  expect(matchSample(pattern)).toMatch(new RegExp(pattern.replace('(?i)', ''), flags));
});
