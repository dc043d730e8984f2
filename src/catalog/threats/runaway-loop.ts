import { LIST_CUSTOMERS } from './examples.js';
import { sampleArguments, variedArguments } from './sample.js';
import { safeMcp } from './sources.js';
import type { Threat } from './threat.js';
import { attack, everyTool } from './tools-of.js';

const REPEATED = { counter: 'same_call', window: '10m', max: 30, per: ['tool.name', 'args'] };
const ALL = { counter: 'calls', window: 'minute', max: 60 };
const FAILED = { counter: 'failures', window: '10m', max: 10, refund: 'on_success' };

export const RUNAWAY_LOOP: Threat = {
  id: 'runaway-loop',
  title: 'Runaway loop',
  how: 'An answer that the model does not understand, an error that it tries to mend, or a goal that is never met makes it call the same tool again and again, faster than anybody looks. It costs quota and money, floods what the tool writes to, and hides what else happens.',
  sources: [safeMcp('SAFE-T1106', 'Autonomous Loop Exploit')],
  opens: 'any tool',
  sight: 'calls',
  rule: 'At most 60 calls a minute over all tools, 30 times the same call in ten minutes, and an end after 10 failures.',
  leaves:
    'A slow loop that says something else each time stays below the limits; what it costs in all needs a limit a day.',
  example: [{ server: 'crm', tools: [LIST_CUSTOMERS] }],
  openings: (servers) =>
    everyTool(servers).map((at) => {
      const call = { ...at, args: sampleArguments(at.tool.inputSchema) };
      const others = variedArguments(at.tool.inputSchema);
      return {
        tools: [at],
        why: 'it can be called',
        attacks: [
          attack('the same call, ten times a second', { ...call, times: 150, every: 0.1 }),
          ...(others === undefined
            ? []
            : [
                attack('something else each time, ten times a second', {
                  ...call,
                  times: 150,
                  every: 0.1,
                  others,
                }),
                attack('something else every five seconds, and it fails each time', {
                  ...call,
                  times: 60,
                  every: 5,
                  fails: true,
                  others,
                }),
              ]),
        ],
        fix: { [at.server]: { all_tools: { limits: [ALL, REPEATED, FAILED] } } },
      };
    }),
};
