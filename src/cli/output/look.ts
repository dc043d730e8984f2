import * as z from 'zod';
import {
  code,
  count,
  decimal,
  decision,
  members,
  policy,
  result,
  rule,
  server,
  text,
  time,
  tool,
} from './parts.js';

const toolClass = z.enum(['Other', 'Read', 'Write', 'Execute', 'Destructive', 'Financial']);
const risk = z.enum(['low', 'medium', 'high', 'critical']);

export const PRESETS = z.union([
  result({ presets: z.array(z.object({ name: z.string(), title: text('what it is for') })) }),
  result({
    name: z.string(),
    title: text('what it is for'),
    text: text('the policy, as a file of your own'),
  }),
]);

export const TOOLS = z.union([
  result({
    server,
    tools: z.array(
      z.object({
        name: tool,
        class: toolClass,
        risk,
        reason: text('the evidence for the class'),
        policy: text('what the policy does with it, in words'),
        findings: z
          .array(
            z.object({
              kind: z.enum(['hidden', 'bidi', 'instruction', 'other_tool', 'secret', 'encoded', 'length']),
              where: text('where in the definition it stands'),
              excerpt: text('the text around it'),
            }),
          )
          .describe('what its definition says to a model'),
      }),
    ),
  }),
  result({
    server,
    tokens: z.object({ visible: count('what the client sees'), hidden: count('what it does not') }),
    tools: z
      .array(z.object({ name: tool, tokens: count('about, of its definition'), visible: z.boolean() }))
      .describe('with --cost: the largest first'),
  }),
  result({
    server,
    name: tool,
    description: text("the beginning of the tool's own"),
    class: toolClass,
    risk,
    evidence: text('for the class'),
    flows: z.record(z.string(), z.string()).describe('what passes through it, each with the reason'),
    policy: text('what the policy does with it, in words'),
    tokens: count('about, of its definition'),
    patterns: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        why: text('what of this tool opens it'),
        how: text('how it works'),
        rule: text('what counters it'),
        leaves: text('what that leaves'),
      }),
    ),
    rule: members.describe('an entry of a policy under "tools"'),
    related: z.array(tool),
    questions: z.array(z.object({ question: z.string(), answer: z.string() })),
  }),
]);

const toolAt = z.object({ server, tool });
const stop = z.object({
  server,
  tool,
  rule: rule.optional(),
  code: code.optional(),
  decision,
  call: count('of the attack, from 1'),
});
const closes = z
  .record(
    z.string(),
    z.object({
      pin: z.enum(['hold', 'deny']).optional(),
      new_tools: z.literal('hide').optional(),
      hide: z.array(z.string()).optional(),
      server_requests: members.optional(),
      all_tools: members.optional(),
      tools: z.record(z.string(), members).optional(),
    }),
  )
  .describe('by server, the part of a policy that closes it');
const state = z.enum(['countered', 'partly', 'open', 'not opened', 'not seen']);

export const THREATS = result({
  servers: z.array(z.object({ server, tools: count('how many'), policy: text('its source') })),
  closes,
  patterns: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      state,
      accepted: z.boolean().describe('named by --accept'),
      openings: z.array(
        z.object({
          tools: z.array(toolAt).describe('that it takes, together'),
          why: z.string(),
          state,
          countered: z.boolean(),
          by: stop.optional().describe('what stops it'),
          places: z.array(z.object({ does: z.string(), tools: z.array(toolAt) })).optional(),
          attacks: z.array(
            z.object({
              name: z.string(),
              route: z.array(z.array(toolAt)).optional(),
              passes: z.boolean(),
              by: stop.optional(),
            }),
          ),
          closes: closes.optional(),
        }),
      ),
      closes: closes.optional(),
    }),
  ),
});

export const DOCTOR = result({
  healthy: z.boolean().describe('nothing fails'),
  checks: z.array(
    z.object({
      number: z.number().int(),
      id: z.string(),
      status: z.enum(['ok', 'info', 'warn', 'fail']).describe('the worst of the findings'),
      findings: z.array(
        z.object({
          status: z.enum(['ok', 'info', 'warn', 'fail']),
          message: z.string(),
          fix: text('what to do').optional(),
        }),
      ),
    }),
  ),
});

export const DEMO = result({
  held: z.boolean().describe('all of it'),
  checks: z.array(z.object({ name: z.string(), held: z.boolean(), seen: z.string() })),
});

export const CHECK = result({
  source: text('the policy'),
  tools: count("of the server's, where one was started").optional(),
  problems: z.array(
    z.object({
      code: z.string(),
      severity: z.enum(['error', 'warning']),
      pointer: text('JSON pointer of the place'),
      line: z.number().int().describe('from 1'),
      column: z.number().int().describe('from 1, in UTF-16 units'),
      message: text('what is wrong, and why'),
      hint: text('how to mend it'),
      likely: text('the word that was probably meant').optional(),
    }),
  ),
  passes: z
    .array(z.string())
    .describe('keys of what passes without a look, since the policy does not have them'),
});

export const EXPLAIN = result({
  tool,
  server,
  policy,
  decision,
  code: code.optional(),
  rule: rule.optional(),
  why: z.string(),
  hint: text('what is worth knowing besides').optional(),
  counter: text('the limit that refuses or asks').optional(),
  max: decimal('what it allows').optional(),
  used: decimal('what is used').optional(),
  retryAt: time('from when on the call would pass').optional(),
  trace: z
    .array(
      z.object({
        look: text('what was looked at: hide, entry, require, limit, ...'),
        rule,
        result: z.enum(['passes', 'stops', 'asks']),
        answer: z.enum(['holds', 'fails', 'unknown']).optional(),
        text: z.string(),
      }),
    )
    .describe('in the order of the decision'),
});

const expected = z.object({
  decision,
  code: code.optional(),
  rule: rule.optional(),
  retryAt: z.string().nullable().optional().describe('null: never'),
});

export const HISTORY = z.union([
  result({
    policies: z.array(
      z.object({
        file: z.string(),
        versions: count('that are kept'),
        changedAt: time('last changed').nullable(),
      }),
    ),
  }),
  result({
    file: z.string(),
    versions: z
      .array(
        z.object({
          version: z.number().int().describe('as rollback takes it: 1 is the one before'),
          name: text('of the file that keeps it'),
          replacedAt: time('replaced'),
          lines: count('of the text'),
        }),
      )
      .describe('the newest first'),
  }),
]);

export const TEST = result({
  failed: count('cases'),
  cases: z.array(
    z.object({ file: z.string(), name: z.string(), passed: z.boolean(), expected, actual: expected }),
  ),
});
