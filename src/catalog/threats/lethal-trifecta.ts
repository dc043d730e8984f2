import { setOf } from '../words.js';
import { READ_FILE, READ_PAGE, SEND_EMAIL } from './examples.js';
import { addressPlaces, asOneOfOurs, TO_STRANGER } from './outbound-fetch.js';
import { argumentsWith } from './places.js';
import { recipientPlaces, toStrangers } from './recipients.js';
import { sampleArguments } from './sample.js';
import { atlas, owasp } from './sources.js';
import type { Fix, Opening, Step, Threat, ToolAt } from './threat.js';
import { argumentOf, attack, canStand, entry, everyTool, has, isOf } from './tools-of.js';

const TEXTS = setOf('body text message content data comment description title subject');

/** A rule names no more readers of a server than this one by one. */
const MAX_READERS = 60;

export const LETHAL_TRIFECTA: Threat = {
  id: 'lethal-trifecta',
  title: 'Lethal trifecta',
  how: "One session reads text that strangers wrote (a page, a mail, an issue), can read what is private, and can send something out. Orders in the strangers' text make the model fetch the private part and send it to them. No tool does anything that it is not made for; they may belong to three servers.",
  sources: [
    {
      name: 'Simon Willison, The lethal trifecta for AI agents, June 2025',
      url: 'https://simonwillison.net/2025/Jun/16/the-lethal-trifecta/',
    },
    atlas('AML.T0086', 'Exfiltration via AI Agent Tool Invocation'),
    owasp('MCP06'),
    {
      name: 'General Analysis, Supabase MCP can leak your entire SQL database, July 2025',
      url: 'https://www.generalanalysis.com/blog/supabase-mcp-blog',
    },
    {
      name: 'Invariant Labs, GitHub MCP exploited, May 2025',
      url: 'https://invariantlabs.ai/blog/mcp-github-vulnerability',
    },
  ],
  opens:
    "a tool that reads strangers' text, one that reads what is private and one that sends, on one machine",
  sight: 'calls',
  rule: "For an hour after strangers' text was read by any wrapped server of the machine, what sends asks a person, and so does what both reads and sends. For what goes to addresses, a list of hosts (outbound-fetch) closes it without questions.",
  leaves:
    'A person who says yes to what they have not read; what an agent does by other means than wrapped tools; text that was read before the hour.',
  example: [
    { server: 'web', tools: [READ_PAGE] },
    { server: 'files', tools: [READ_FILE] },
    { server: 'mail', tools: [SEND_EMAIL] },
  ],
  openings(servers) {
    const tools = everyTool(servers).filter((at) => !isOf(at, 'Destructive'));
    const readers = tools.filter((at) => has(at, 'untrusted'));
    const owners = tools.filter((at) => has(at, 'private'));
    if (readers.length === 0 || owners.length === 0) return [];
    return tools
      .filter((at) => has(at, 'sends'))
      .map((sender): Opening => {
        const sends = sendings(sender);
        return {
          tools: [...readers, ...owners, sender],
          places: [
            { does: "reads strangers' text", tools: readers },
            { does: 'reads what is private', tools: owners },
            { does: 'sends', tools: [sender] },
          ],
          why: "strangers' text comes in by the first, the second reads what is private, the last sends",
          attacks: sends.flatMap(([name, step]) => [
            attack(`${name}at once`, readers.map(plain), owners.map(plain), step),
            attack(
              `${name}half an hour later, by wrappers that were started anew`,
              readers.map((at) => ({ ...plain(at), every: 1800 })),
              owners.map((at) => ({ ...plain(at), anew: true as const })),
              { ...step, anew: true },
            ),
          ]),
          fix: canStand(sender) ? fixFor(readers, sender) : {},
        };
      });
  },
};

const plain = (at: ToolAt): Step => ({ ...at, args: sampleArguments(at.tool.inputSchema) });

/** The ways in which a tool gives something to a stranger: for each place that says to whom, or where. */
function sendings(at: ToolAt): (readonly [name: string, step: Step])[] {
  const text = argumentOf(at.tool, TEXTS, 'string');
  const given = text === undefined ? {} : { [text]: 'the private part' };
  const to = recipientPlaces(at.tool).flatMap((place) => toStrangers(at, place, given).slice(0, 1));
  const addresses = addressPlaces(at.tool).map((place) =>
    attack(`to the address in "${place.path.slice('args.'.length)}"`, {
      ...at,
      args: argumentsWith(at.tool.inputSchema, place, TO_STRANGER, given),
      disguises: { [place.key]: asOneOfOurs },
    }),
  );
  const ways = [...to, ...addresses].slice(0, MAX_WAYS);
  if (ways.length === 0) return [['', { ...at, args: sampleArguments(at.tool.inputSchema, given) }]];
  return ways.flatMap(({ name, steps }) => {
    const [step] = steps as readonly Step[];
    return step === undefined ? [] : [[ways.length > 1 ? `${name}, ` : '', step] as const];
  });
}

const MAX_WAYS = 6;

/** On the sender alone: what was called before is known of every wrapper on the machine. */
const fixFor = (readers: readonly ToolAt[], sender: ToolAt): Fix =>
  entry(sender, {
    after: [
      {
        tools: namesOf(readers),
        within: '1h',
        // biome-ignore lint/suspicious/noThenProperty: a field of the policy's, and nobody awaits it
        then: 'approve',
        on_deny: 'Text of strangers was read within the hour.',
      },
    ],
  });

/** Each by its name; of a server with too many of them, or with a name that would be a pattern, every tool. */
function namesOf(readers: readonly ToolAt[]): string[] {
  const servers = [...new Set(readers.map(({ server }) => server))];
  return servers.flatMap((server) => {
    const mine = readers.filter((at) => at.server === server);
    if (mine.length > MAX_READERS || !mine.every(canStand)) return [`${server}/*`];
    return mine.map(({ tool }) => `${server}/${tool.name}`);
  });
}
