import { object } from '../tool-definition.js';
import { sampleArguments } from './sample.js';
import { owasp, safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { attack, has, perTool } from './tools-of.js';

export const SECRETS_DUMP: Threat = {
  id: 'secrets-dump',
  title: 'Secrets in the open',
  how: "A tool that only reads gives out what opens other doors: variables of the environment, keys, cookies. From then on they stand in the conversation, in the provider's log and in every later call.",
  sources: [owasp('MCP01'), safeMcp('SAFE-T1503', 'Env-Var Scraping')],
  opens: 'a tool that reads secrets',
  sight: 'calls',
  rule: 'The tool is hidden; where it is needed, a person decides on each call.',
  leaves: 'Secrets in what other tools read: files, pages, logs.',
  example: [
    {
      server: 'debug',
      tools: [
        { name: 'print_env', description: 'Prints the environment variables.', inputSchema: object({}) },
      ],
    },
  ],
  openings: (servers) =>
    perTool(servers, (at) =>
      has(at, 'secrets')
        ? {
            why: 'it gives out secrets',
            attacks: [attack('one call', { ...at, args: sampleArguments(at.tool.inputSchema) })],
            fix: { [at.server]: { hide: [at.tool.name] } },
          }
        : undefined,
    ),
};
