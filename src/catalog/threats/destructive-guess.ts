import { DELETE_VOLUME } from './examples.js';
import { sampleArguments } from './sample.js';
import { atlas, safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { attack, entry, isOf, perTool } from './tools-of.js';

export const DESTRUCTIVE_GUESS: Threat = {
  id: 'destructive-guess',
  title: 'Destructive guess',
  how: 'An agent meets an error and repairs it by a guess: it drops what is in the way, empties what does not fit, deletes what it takes for a test. Nobody attacked, and what was there is gone.',
  sources: [
    atlas('AML.T0101', 'Data Destruction via AI Agent Tool Invocation'),
    safeMcp('SAFE-T2101', 'Data Destruction'),
    { name: 'Replit agent, production database, July 2025', url: 'https://incidentdatabase.ai/cite/1152/' },
    {
      name: 'PocketOS, production database and backups, April 2026',
      url: 'https://www.sofx.com/ai-coding-agent-wipes-startups-entire-database-in-nine-seconds/',
    },
  ],
  opens: 'a tool that destroys',
  sight: 'calls',
  rule: 'A person decides on each call, and on three a day at most. Or hide the tool.',
  leaves:
    'What a person approves, and tools that destroy without their name, description or arguments saying so.',
  example: [{ server: 'cloud', tools: [DELETE_VOLUME] }],
  openings: (servers) =>
    perTool(servers, (at) =>
      isOf(at, 'Destructive')
        ? {
            why: 'it destroys',
            attacks: [attack('one call', { ...at, args: sampleArguments(at.tool.inputSchema) })],
            fix: entry(at, {
              action: 'approve',
              reason: 'This may destroy something, so a person decides.',
              limits: [{ counter: `${at.tool.name} calls`, window: 'day', max: 3 }],
            }),
          }
        : undefined,
    ),
};
