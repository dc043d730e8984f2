/**
 * The pages of docs/threats/ and the case files of the patterns, from the table in src/catalog/threats/.
 * `npm run docs:threats` writes them; a test tells when they are out of step.
 */
import type { Attack, Fix, Opening, PolicyPart, Step, Threat } from '../../src/catalog/threats/threat.js';
import { closes, THREATS } from '../../src/catalog/threats/threats.js';
import { complied } from '../../src/cli/threats/comply.js';
import { coverageOf, stepsOf } from '../../src/cli/threats/coverage.js';
import type { Held } from '../../src/cli/threats/held.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../src/policy/read/load.js';

/** A policy that allows everything, and what a fix adds to it. */
export const policyWith = (part: PolicyPart | undefined): object => ({
  version: '1',
  default: 'allow',
  ...part,
});

/** What a pattern about questions begins with: a tool that always asks. */
export const asksAlways = ({ example }: Threat): PolicyPart => ({
  tools: Object.fromEntries(
    example.flatMap(({ tools }) => tools.map(({ name }) => [name, { action: 'approve' }])),
  ),
});

export function heldBy(threat: Threat, fix: Fix | 'nothing'): Held[] {
  return threat.example.map(({ server, tools }) => {
    const part = fix === 'nothing' ? (threat.sight === 'asks' ? asksAlways(threat) : undefined) : fix[server];
    const { policy, problems } = loadPolicy(JSON.stringify(policyWith(part)), `${server}.json`);
    if (policy === undefined) throw new Error(JSON.stringify(problems));
    return { server, tools, policy: stack(policy), document: policyWith(part) as Held['document'] };
  });
}

export const fixOf = (threat: Threat): Fix => closes(threat.openings(threat.example));

export const hasCases = ({ sight }: Threat): boolean => sight === 'calls' || sight === 'asks';

/** The opening whose sender only sends, where there is one: one that is all of them by itself shows less. */
const plainest = (threat: Threat, servers: Threat['example']): Opening | undefined => {
  const openings = threat.openings(servers);
  const others = openings.filter(({ places = [] }) => {
    const [sender] = places.at(-1)?.tools ?? [];
    return !places.slice(0, -1).some(({ tools }) => tools.some(({ tool }) => tool === sender?.tool));
  });
  return others[0] ?? openings[0];
};

/** The case file of a pattern: each attack of one opening, ended by the rule. */
function casesOf(threat: Threat): object | undefined {
  if (!hasCases(threat)) return undefined;
  const fix = fixOf(threat);
  const opening = plainest(threat, threat.example);
  const sender = opening?.tools.at(-1)?.server ?? '';
  const tools = threat.example.flatMap((each) => each.tools);
  return {
    description: `${threat.title}: ${threat.rule}`,
    policy: policyWith(fix[sender]),
    ...(threat.id === 'spare-argument' && {
      tools: Object.fromEntries(tools.map(({ name, inputSchema }) => [name, inputSchema])),
    }),
    cases: (opening?.attacks ?? []).flatMap((attack) => caseOf(threat, attack, fix, sender) ?? []),
  };
}

function caseOf(threat: Threat, attack: Attack, fix: Fix, sender: string): object | undefined {
  // The opening with this attack alone, so that the stop is this attack's.
  const alone: Threat = {
    ...threat,
    openings: (servers) => [
      {
        ...(plainest(threat, servers) as Opening),
        attacks: threat.sight === 'asks' ? (plainest(threat, servers) as Opening).attacks : [attack],
      },
    ],
  };
  const [tried] = coverageOf(heldBy(threat, fix), [alone])[0]?.openings[0]?.tried ?? [];
  const stop = tried?.stop;
  const calls = stepsOf(attack, []);
  const held = heldBy(threat, fix);
  /** As the attacker sends it who knows this policy. */
  const sent = (step: Step | undefined, n: number) => {
    const policy = held.find(({ server }) => server === step?.server)?.policy;
    return step && typeof policy === 'object' ? complied(policy, step, n) : { args: {}, env: {} };
  };
  if (threat.sight === 'asks') {
    const [call] = calls;
    const isLarge = attack.name === tried?.attack.name;
    if (!isLarge && attack.name !== plainest(threat, threat.example)?.attacks[0]?.name) return undefined;
    return {
      name: attack.name,
      call: { tool: call?.tool.name, args: call?.args },
      expect: isLarge ? { decision: 'ask', code: stop?.code, rule: stop?.rule } : { decision: 'allow' },
    };
  }
  if (stop === undefined) throw new Error(`${threat.id}: the rule does not stop "${attack.name}"`);
  const earlier: object[] = [];
  let before = stop.call - 1;
  for (const step of calls) {
    const times = Math.min(before, step.times ?? 1);
    before -= times;
    if (times === 0) break;
    const one = (n: number, again: number) => ({
      ...(step.server !== sender && { server: step.server }),
      tool: step.tool.name,
      args: sent(step, n).args,
      at: step.every === undefined ? '-1s' : `-${step.every}s`,
      ...(again > 1 && { times: again }),
      ...(step.fails && { outcome: 'error' }),
    });
    if (step.vary === undefined && step.others === undefined) earlier.push(one(0, times));
    else for (let n = 0; n < times; n += 1) earlier.push(one(n, 1));
    if (times < (step.times ?? 1)) break;
  }
  let at = stop.call - 1;
  const ends = calls.find((step) => {
    const isIt = at < (step.times ?? 1);
    if (!isIt) at -= step.times ?? 1;
    return isIt;
  });
  const call = ends ?? calls.at(-1);
  const last = sent(call, at);
  return {
    name: attack.name,
    ...(Object.keys(last.env).length > 0 && { env: last.env }),
    ...(earlier.length > 0 && { earlier }),
    call: { tool: call?.tool.name, args: last.args },
    expect: {
      decision: stop.decision,
      ...(stop.code !== undefined && { code: stop.code }),
      ...(stop.rule !== undefined && { rule: stop.rule }),
    },
  };
}

const json = (value: object): string => `\`\`\`json\n${JSON.stringify(value, undefined, 2)}\n\`\`\`\n`;

/** A page, as Markdown. */
function pageOf(threat: Threat): string {
  const { title, how, opens, rule, leaves, sources, sight } = threat;
  const fix = fixOf(threat);
  const parts = Object.entries(fix).filter(([, part]) => Object.keys(part).length > 0);
  const example = threat.example.map(
    ({ server, tools }) => `${tools.map(({ name }) => `\`${name}\``).join(', ')} of \`${server}\``,
  );
  const fragments = parts.map(
    ([server, part]) =>
      `${parts.length > 1 || threat.example.length > 1 ? `In the policy of \`${server}\`:\n\n` : ''}${json(part)}`,
  );
  const file = `${threat.id}.json`;
  const cases = casesOf(threat);
  return [
    `# ${title}\n`,
    `${how}\n`,
    `- **Opened by** ${opens}.`,
    `- **Not countered:** ${leaves}\n`,
    '## The rule\n',
    `${rule}\n`,
    ...(parts.length === 0
      ? []
      : [`For ${example.join(' and ')}, members of the policy:\n`, fragments.join('\n')]),
    ...(cases === undefined
      ? [
          sight === 'pin'
            ? 'No call shows this pattern, so it has no case file: it goes by what the policy does with a changed definition.\n'
            : 'Nothing that passes through the wrapper shows this pattern, so it has no case file.\n',
        ]
      : [
          '## The attack\n',
          `With the rule it ends as [test/cases/threats/${file}](../../test/cases/threats/${file}) says; without it every call passes${sight === 'asks' ? ' after a question' : ''}. The first case:\n`,
          json(firstCase(cases)),
        ]),
    '## Sources\n',
    ...sources.map(({ name, url }) => `- [${name}](${url})`),
    '\n---\n',
    '[All patterns](README.md). This page is made from `src/catalog/threats/` by `npm run docs:threats`.\n',
  ].join('\n');
}

const firstCase = (cases: object): object => (cases as { cases: object[] }).cases[0] ?? {};

function indexPage(): string {
  const rows = THREATS.map(({ id, title, opens, rule, sight }) => {
    const seen = { calls: 'calls', asks: 'calls', pin: 'definitions', none: 'not seen' }[sight];
    return `| [${title}](${id}.md) | ${opens} | ${rule.replace(/\.$/, '')} | ${seen} |`;
  });
  return `# Attack patterns

Why a tool needs a policy: ${THREATS.length} patterns by which agents and their tools do harm, what opens each, and the rule that counters it. \`policy-wrap threats -- <server>\` says which of them a server's tools open, and which the policy in force counters. The last column says what a wrapper goes by: the calls, which are made against the policy in memory; the definitions that a server lists; or nothing, because what happens passes no wrapper.

| pattern | opened by | rule | seen in |
| --- | --- | --- | --- |
${rows.join('\n')}

## What "countered" means

Each pattern has several ways to do it, and the calls of each are made. Whoever attacks has time and knows the policy: they

- come when the hours of the policy are open, in the next conversation, half an hour later, or the same day where a limit on a pace holds them up;
- call first what \`before\` wants to be called, where that passes itself;
- choose every argument that the attack does not depend on so that the policy has nothing against it, keep amounts below a bound, and put what the policy looks for beside what they want: \`npm test; rm -rf /\`, \`/work/../..\`;
- take any tool that reads and any that sends, on any server, where the attack is over several.

**countered**: every way is refused, hidden, or asked about, which leaves it to a person. **partly**: some come through, and they are named. **open**: all do. **not opened**: these tools do not have what it takes, or, for consent fatigue, nobody is asked.

It is no proof. Other ways than those of the case file are not tried, a person may say yes, and what a server does with a call that passes is its own. The fragments that \`threats\` prints stand for what the policy has under the same names and carry it along, so that what was refused stays refused; the one against consent fatigue is there to ask less, and says so.

These pages are made from \`src/catalog/threats/\` by \`npm run docs:threats\`. Frames that they cite: [OWASP MCP Top 10](https://owasp.org/www-project-mcp-top-10/), [SAFE-MCP](https://github.com/safe-agentic-framework/safe-mcp), [MITRE ATLAS](https://atlas.mitre.org/).
`;
}

/** Every file, by its path from the root. */
export function threatFiles(): ReadonlyMap<string, string> {
  const files = new Map([['docs/threats/README.md', indexPage()]]);
  for (const threat of THREATS) {
    files.set(`docs/threats/${threat.id}.md`, pageOf(threat));
    const cases = casesOf(threat);
    if (cases !== undefined)
      files.set(`test/cases/threats/${threat.id}.json`, `${JSON.stringify(cases, undefined, 2)}\n`);
  }
  return files;
}
