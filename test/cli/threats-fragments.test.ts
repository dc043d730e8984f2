import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { preset } from '../../src/catalog/servers.js';
import { sampleArguments } from '../../src/catalog/threats/sample.js';
import type { ServerTools } from '../../src/catalog/threats/threat.js';
import { THREATS } from '../../src/catalog/threats/threats.js';
import { fragmentsFor } from '../../src/cli/threats/fragment.js';
import { fragmentText } from '../../src/cli/threats/fragment-text.js';
import type { Held } from '../../src/cli/threats/held.js';
import { routesIn } from '../../src/cli/threats/text.js';
import type { Layers } from '../../src/policy/evaluate/layers.js';
import { evaluateNamed } from '../../src/policy/evaluate/sections.js';
import { loadPolicy } from '../../src/policy/read/load.js';
import { coverage, held, NUMBER, passing, pasted, TEXT, tool } from '../support/threat-rig.js';

const TEN = JSON.parse(readFileSync('test/fixtures/ten-servers.json', 'utf8')) as readonly ServerTools[];

const decisionOf = ({ policy }: Held, name: string, inputSchema: unknown): string => {
  const args = sampleArguments(inputSchema) as never;
  const found = evaluateNamed(policy as Layers, { tool: name, args, env: {}, undeclared: () => undefined });
  return found.kind === 'open' ? (found.ask ? 'ask' : 'allow') : found.kind;
};
const RANK = ['allow', 'ask', 'refused', 'hidden'];

describe('a person pastes the fragments of every pattern, one after the other', () => {
  test.each([
    ['watch', 'gcal'],
    ['brake', 'airtable'],
    ['careful', 'filesystem'],
    ['trifecta', 'filesystem'],
  ])(
    'over %s for %s: each closes its pattern, and nothing that was refused or asked about passes',
    (name, of) => {
      const server = TEN.find((each) => each.server === of)!;
      let servers = [held(server, preset(name)!.text)];
      for (const { id } of THREATS) {
        const before = coverage(servers, id);
        if (before.state !== 'open' && before.state !== 'partly') continue;
        const after = pasted(servers, before);
        expect([id, coverage(after, id).state, passing(coverage(after, id))]).toEqual([id, 'countered', []]);
        for (const { name: each, inputSchema } of server.tools) {
          const [was, is] = [servers[0]!, after[0]!].map((one) =>
            RANK.indexOf(decisionOf(one, each, inputSchema)),
          );
          expect([id, each, is! >= was!]).toEqual([id, each, true]);
        }
        servers = after;
      }
      // One fragment does not undo what another has closed.
      const quick = THREATS.filter(({ id }) => id !== 'runaway-loop' && id !== 'bulk-harvesting');
      expect(
        quick
          .map(({ id }) => [id, coverage(servers, id).state])
          .filter(([, state]) => state === 'open' || state === 'partly'),
      ).toEqual([]);
    },
  );
});

describe('what a fragment carries along', () => {
  const SEND = tool('send_email', 'Sends an email.', { 'to!': TEXT, bcc: TEXT, 'body!': TEXT });
  const SMS = tool('send_sms', 'Sends a text message.', { 'phone!': TEXT, 'body!': TEXT });

  test('the rules of the pattern that judged the tool, and its count as one with the other tools', () => {
    const rules = {
      'send_*': {
        rate_limit: '2/hour',
        deny_if: [{ conditions: [{ path: 'args.body', op: 'contains', value: 'secret' }] }],
        reason: 'No.',
      },
    };
    const servers = [held({ server: 'mail', tools: [SEND, SMS] }, { tools: rules })];
    const [after] = pasted(servers, coverage(servers, 'tool-to-tool-exfiltration'));
    const entries = after?.document?.tools as Record<string, { limits: object[]; deny_if: object[] }>;
    for (const name of ['send_email', 'send_sms']) {
      expect(entries[name]).toMatchObject({
        reason: 'No.',
        limits: [{ counter: 'send_*_rate', max: 2, window: 'hour' }],
      });
      expect(entries[name]?.deny_if[0]).toEqual(rules['send_*'].deny_if[0]);
    }
  });

  test('all that stands under all_tools, hide and server_requests', () => {
    const policy = {
      hide: ['old_*'],
      all_tools: { limits: [{ counter: 'calls', window: 'hour', max: 500 }], require: [] },
      server_requests: { roots: { action: 'hide' }, elicitation: { rate_limit: '1/hour' } },
    };
    const env = tool('print_env', 'Prints the environment variables.');
    let servers = [held({ server: 'mail', tools: [SEND, env] }, policy)];
    for (const id of ['runaway-loop', 'secrets-dump', 'server-requests', 'spare-argument'])
      servers = pasted(servers, coverage(servers, id));
    expect(servers[0]?.document).toMatchObject({
      hide: ['old_*', 'print_env'],
      all_tools: {
        arguments: 'declared',
        // Another window: another count, and so another name.
        limits: [policy.all_tools.limits[0], { counter: 'calls_2', window: 'minute' }, {}, {}],
      },
      server_requests: {
        roots: { action: 'hide' },
        elicitation: { action: 'approve', rate_limit: '1/hour' },
      },
    });
  });

  test('a limit that only asks does not stand for one that refuses, and one that is stricter does', () => {
    const asks = { counter: 'calls', window: 'minute', max: 50, on_exceed: 'approve' };
    const [opening] = coverage([held({ server: 'mail', tools: [SEND] }, {})], 'runaway-loop').openings;
    const limitsOf = (policy: object) => {
      const servers = [held({ server: 'mail', tools: [SEND] }, policy)];
      const part = fragmentsFor(servers, opening ? [opening.opening] : []).mail;
      return part?.all_tools?.limits;
    };
    expect(limitsOf({ all_tools: { limits: [asks] } })).toMatchObject([
      asks,
      { counter: 'calls_2', max: 60 },
      {},
      {},
    ]);
    const pause = { counter: 'failures', window: '10m', max: 5, refund: 'on_success' };
    expect(limitsOf({ all_tools: { limits: [pause] } })).toMatchObject([
      pause,
      { counter: 'calls' },
      { counter: 'same_call' },
    ]);
  });

  test('as text it is members that can stand anywhere in a file', () => {
    const part = {
      all_tools: { arguments: 'declared' },
      tools: {
        'a"\u202e': {
          after: [{ tools: Array.from({ length: 40 }, (_, n) => `web/read_${n}`), within: '1h' }],
        },
      },
    };
    const text = fragmentText(part);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    const { policy, problems } = loadPolicy(`{ "version": "1",\n${text}  "default": "deny" }`, 'p');
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect([...policy!.tools.keys()]).toEqual(['a"\u202e']);
    expect(text).not.toContain('\u202e');
  });
});

describe('the trifecta: every reader, every private part and every sender, over all servers', () => {
  const WEB = {
    server: 'web',
    tools: [
      tool('fetch_page', 'Gets a page.', { 'url!': TEXT }),
      tool('get_issue', 'Gets an issue.', { 'number!': NUMBER }),
    ],
  };
  const FILES = {
    server: 'files',
    tools: [
      tool('read_file', 'Reads a file.', { 'path!': TEXT }),
      tool('list_customers', 'Lists customers.'),
      tool('get_invoice', 'Gets an invoice.'),
    ],
  };
  const MAIL = {
    server: 'mail',
    tools: [
      tool('send_email', 'Sends an email.', { 'to!': TEXT, 'body!': TEXT }),
      tool('search_emails', 'Searches the mailbox.'),
    ],
  };
  const open = () => [held(WEB, {}), held(FILES, {}), held(MAIL, {})];

  test('all routes are there, by sender', () => {
    const found = coverage(open(), 'lethal-trifecta');
    expect(found.openings.map(({ opening }) => opening.tools.at(-1)?.tool.name)).toEqual([
      'fetch_page',
      'send_email',
    ]);
    for (const { opening, tried } of found.openings) {
      // fetch_page, get_issue, search_emails; read_file, list_customers, get_invoice, get_issue, search_emails.
      expect(opening.places?.map(({ tools }) => tools.length)).toEqual([3, 5, 1]);
      for (const attack of new Set(tried.map((each) => each.attack)))
        expect(
          routesIn(
            tried
              .filter((each) => each.attack === attack)
              .map(({ way }) => way.filter((group) => group.length > 0)),
          ),
        ).toBe(15);
    }
  });

  test('countered once all fragments are pasted, and not while one sender, one reader or one private part is left out', () => {
    const servers = open();
    const after = pasted(servers, coverage(servers, 'lethal-trifecta'));
    expect(coverage(after, 'lethal-trifecta').state).toBe('countered');
    expect(coverage([servers[0]!, ...after.slice(1)], 'lethal-trifecta').state).toBe('partly');
    for (const forgotten of ['web/fetch_page', 'web/get_issue', 'mail/search_emails']) {
      const document = JSON.parse(JSON.stringify(after[2]?.document));
      const [rule] = document.tools.send_email.after;
      rule.tools = rule.tools.filter((name: string) => name !== forgotten);
      const found = coverage([after[0]!, after[1]!, held(MAIL, document)], 'lethal-trifecta');
      expect(found.state).toBe('partly');
      const ways = found.openings.flatMap(({ tried }) =>
        tried.filter(({ stop }) => stop === undefined).map(({ way }) => way),
      );
      expect(ways.length).toBeGreaterThan(0);
      for (const way of ways)
        expect(way[0]?.map(({ server, tool: { name } }) => `${server}/${name}`)).toEqual([forgotten]);
    }
  });

  test('tools that only limits of their own tell apart are tried as one', () => {
    const ways = (policy: object) =>
      coverage([held(WEB, {}), held(FILES, policy), held(MAIL, {})], 'lethal-trifecta').openings.flatMap(
        ({ tried }) => tried,
      ).length;
    const own = Object.fromEntries(FILES.tools.map(({ name }) => [name, { rate_limit: '9/hour' }]));
    expect(ways({ tools: own })).toBe(ways({}));
    const together = { limits: [{ counter: 'shared', window: 'hour', max: 9 }] };
    const [first, second] = FILES.tools;
    const shared = { tools: { [first!.name]: together, [second!.name]: together } };
    expect(ways(shared)).toBeGreaterThan(ways({}));
  });

  test('a rule that names one private part leaves the routes over the others', () => {
    // biome-ignore lint/suspicious/noThenProperty: a field of the policy's
    const rule = { after: [{ tools: ['files/read_file'], within: '1h', then: 'approve' }] };
    const found = coverage(
      [held(WEB, { hide: ['fetch_page'] }), held(FILES, {}), held(MAIL, { tools: { send_email: rule } })],
      'lethal-trifecta',
    );
    expect(found.state).toBe('partly');
    const owners = found.openings
      .at(-1)
      ?.tried.filter(({ stop }) => stop === undefined)
      .flatMap(({ way }) => way[1] ?? []);
    expect(new Set(owners?.map(({ tool: { name } }) => name))).toEqual(
      new Set(['list_customers', 'get_invoice', 'get_issue', 'search_emails']),
    );
  });

  test('a rule that forgets after ten minutes, or with the next conversation, is passed half an hour later', () => {
    for (const rule of [{ within: '10m' }, { within: '1h', scope: 'session' }]) {
      const one = { server: 'all', tools: [...WEB.tools.slice(1), ...FILES.tools, ...MAIL.tools] };
      const found = coverage(
        [
          held(one, {
            tools: { send_email: { after: [{ tools: ['get_issue', 'search_emails'], ...rule }] } },
          }),
        ],
        'lethal-trifecta',
      );
      expect([found.state, new Set(passing(found))]).toEqual([
        'partly',
        new Set(['half an hour later, by wrappers that were started anew']),
      ]);
    }
  });

  test('mail to one domain alone is no way out', () => {
    const rule = {
      require: [{ conditions: [{ path: 'args.to', op: 'regex', value: '^[a-z]+@acme[.]com$' }] }],
    };
    const found = coverage(
      [held(WEB, { hide: ['fetch_page'] }), held(FILES, {}), held(MAIL, { tools: { send_email: rule } })],
      'lethal-trifecta',
    );
    expect(found.state).toBe('countered');
    expect(found.openings.at(-1)?.state).toBe('countered');
  });
});
