import { CREATE_PAYMENT, DELETE_VOLUME } from './examples.js';
import { sampleArguments } from './sample.js';
import { atlas } from './sources.js';
import type { Threat } from './threat.js';
import { entry, isOf, perTool, when } from './tools-of.js';

export const WRONG_ENVIRONMENT: Threat = {
  id: 'wrong-environment',
  title: 'Wrong environment',
  how: 'The server was started with the credentials of production where a test was meant: a variable left over, a token found in another file. Every call is right, and everything that it does is real.',
  sources: [
    atlas('AML.T0101', 'Data Destruction via AI Agent Tool Invocation'),
    {
      name: 'PocketOS, production database and backups, April 2026',
      url: 'https://www.sofx.com/ai-coding-agent-wipes-startups-entire-database-in-nine-seconds/',
    },
  ],
  opens: 'a tool that destroys or spends',
  sight: 'calls',
  rule: 'What destroys or spends requires the variable that says where the server works.',
  leaves:
    "Credentials of production under the name of a test. The name of the variable is the server's: put yours for APP_ENV.",
  example: [{ server: 'cloud', tools: [DELETE_VOLUME, CREATE_PAYMENT] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      if (!isOf(at, 'Destructive', 'Financial')) return undefined;
      const call = { ...at, args: sampleArguments(at.tool.inputSchema) };
      return {
        why: 'it does the same with the credentials of production',
        attacks: [[{ ...call, env: { APP_ENV: 'production' } }]],
        fix: entry(at, {
          require: [when('env.APP_ENV', 'in', ['test', 'development'], 'Only in a test environment.')],
        }),
      };
    }),
};
