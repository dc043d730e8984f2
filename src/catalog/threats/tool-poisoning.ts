import { READ_FILE } from './examples.js';
import { owasp, safeMcp } from './sources.js';
import type { Attack, Threat } from './threat.js';
import { eachServer } from './tools-of.js';

/** No call shows these: they go by what a policy does with what is listed. */
export const CHANGED: Attack = { name: 'a definition that changes', steps: [], lists: 'changed' };
const NEW: Attack = { name: 'a tool that comes later', steps: [], lists: 'new' };

export const TOOL_POISONING: Threat = {
  id: 'tool-poisoning',
  title: 'Tool poisoning',
  how: 'The definition of a tool gives the model orders that a person never reads: read this file first, put it in that argument, say nothing of it. The tool need not even be called.',
  sources: [
    owasp('MCP03'),
    safeMcp('SAFE-T1001', 'Tool Poisoning Attack (TPA)'),
    {
      name: 'Invariant Labs, Tool Poisoning Attacks, April 2025',
      url: 'https://invariantlabs.ai/blog/mcp-security-notification-tool-poisoning-attacks',
    },
  ],
  opens: 'any server',
  sight: 'pin',
  rule: 'What was looked at once stays as it was: a definition that changes, or a tool that comes later, waits for a person.',
  leaves:
    'Orders that stood there when the server was seen first. Read what a server says of its tools before you trust it.',
  example: [{ server: 'files', tools: [READ_FILE] }],
  openings: (servers) =>
    eachServer(servers, (server) => ({
      why: 'the model reads what the server says of its tools',
      attacks: [CHANGED, NEW],
      fix: { [server]: { pin: 'hold', new_tools: 'hide' } },
    })),
};
