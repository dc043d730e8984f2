import { CREATE_PAYMENT, DELETE_VOLUME } from './examples.js';
import { sampleArguments } from './sample.js';
import { atlas } from './sources.js';
import type { ServerEnvironment, Threat } from './threat.js';
import { attack, entry, isOf, perTool, when } from './tools-of.js';

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
    "Credentials of production under the name of a test. The variable is the server's own: where it is not known here, put its name for APP_ENV.",
  example: [{ server: 'cloud', tools: [DELETE_VOLUME, CREATE_PAYMENT] }],
  openings: (servers) =>
    perTool(servers, (at) => {
      if (!isOf(at, 'Destructive', 'Financial')) return undefined;
      const known = servers.find(({ server }) => server === at.server)?.environment;
      const { variable, test, real, unset } = known ?? GUESSED;
      const call = { ...at, args: sampleArguments(at.tool.inputSchema) };
      const values = known === undefined ? [real, 'live'] : [real];
      return {
        why: 'it does the same with the credentials of production',
        attacks: [
          ...values.map((value) =>
            attack(`the environment is "${value}"`, {
              ...call,
              environment: value,
              env: { [variable]: value },
            }),
          ),
          ...(unset === 'real' ? [attack('no variable says where', { ...call, environment: null })] : []),
        ],
        fix: entry(
          at,
          unset === 'real'
            ? { require: [when(`env.${variable}`, 'in', test, 'Only in a test environment.')] }
            : { deny_if: [when(`env.${variable}`, 'not_in', [...test, ''], 'Only in a test environment.')] },
        ),
      };
    }),
};

/** Most servers have such a variable, if any, under a name of their own. */
const GUESSED: ServerEnvironment = {
  variable: 'APP_ENV',
  test: ['test', 'development'],
  real: 'production',
  unset: 'real',
};
