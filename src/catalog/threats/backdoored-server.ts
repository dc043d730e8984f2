import { SEND_EMAIL } from './examples.js';
import { owasp, safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { eachServer } from './tools-of.js';

export const BACKDOORED_SERVER: Threat = {
  id: 'backdoored-server',
  title: 'Backdoored server',
  how: 'The server itself does what nobody asked for: it was bought, taken over or made for it, and copies every mail that it sends to somebody else. Its tools, their definitions and the calls are as they always were.',
  sources: [
    owasp('MCP04'),
    safeMcp('SAFE-T1002', 'Supply Chain Compromise'),
    {
      name: 'Koi Security, postmark-mcp 1.0.16 copies every mail, September 2025',
      url: 'https://www.koi.ai/blog/postmark-mcp-npm-malicious-backdoor-email-theft',
    },
  ],
  opens: 'any server',
  sight: 'none',
  rule: 'None: what a server does by itself passes no wrapper. Pin versions in the entry (`npx -y name@1.2.3`), and give the server no more credentials than it needs.',
  leaves: 'All of it.',
  example: [{ server: 'mail', tools: [SEND_EMAIL] }],
  openings: (servers) =>
    eachServer(servers, () => ({
      why: 'it runs on this machine with the credentials that it was given',
      attacks: [],
      fix: {},
    })),
};
