import { READ_FILE } from './examples.js';
import { safeMcp } from './sources.js';
import type { Threat } from './threat.js';

export const SERVER_REQUESTS: Threat = {
  id: 'server-requests',
  title: 'Sampling and elicitation abuse',
  how: "The server asks, instead of being asked: it lets the client's model write for it at the person's cost (sampling), or shows the person a form that asks for a password (elicitation).",
  sources: [
    safeMcp('SAFE-T1112', 'Sampling Request Abuse'),
    {
      name: 'Unit 42, attack vectors through MCP sampling, December 2025',
      url: 'https://unit42.paloaltonetworks.com/model-context-protocol-attack-vectors/',
    },
  ],
  opens: 'any server, where the client offers sampling or elicitation',
  sight: 'none',
  rule: 'None yet: requests of the server pass as they are. Switch sampling and elicitation off in the client.',
  leaves: 'All of it.',
  example: [{ server: 'files', tools: [READ_FILE] }],
  openings: (servers) =>
    servers
      .filter(({ tools }) => tools.length > 0)
      .map(({ server, tools }) => ({
        tools: tools.map((tool) => ({ server, tool })),
        why: 'it may send requests of its own',
        attacks: [],
        fix: {},
      })),
};
