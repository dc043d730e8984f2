import * as z from 'zod';
import {
  code,
  count,
  decimal,
  decision,
  grant,
  members,
  origin,
  policy,
  result,
  rule,
  server,
  text,
  time,
  tool,
} from './parts.js';

const client = z.object({ name: z.string(), version: z.string().nullable() });

const state = z.object({
  now: time('of this look'),
  database: z.object({ path: text("the file, or the address of a team's store"), exists: z.boolean() }),
  pauses: z.array(
    z.object({
      server: server.nullable().describe('null: all of them'),
      since: time('begun'),
      note: z.string().nullable(),
      who: origin.who,
      here: z.literal(true).optional().describe('of this machine alone'),
    }),
  ),
  changedTools: z
    .array(z.object({ server, kind: z.string(), tool }))
    .describe('that are not what was trusted'),
  wrappers: z
    .array(
      z.object({
        session: z.string(),
        server,
        grant,
        pid: z.number().int(),
        observe: z.boolean().describe('refuses nothing'),
        client: client.nullable(),
        startedAt: time('started'),
        seenAt: time('last seen'),
        policy: z.object({ hash: z.string(), source: z.string().nullable() }).nullable(),
        policyProblem: z.string().nullable().describe('why the policy on the disk is not the one that holds'),
        ...origin,
      }),
    )
    .describe('that run now'),
  servers: z.array(z.object({ server, running: count('wrappers'), lastSnapshotAt: time('last seen') })),
  counters: z
    .array(
      z.object({
        name: z.string(),
        scope: z.string(),
        server: server.nullable(),
        grant: grant.nullable(),
        session: z.string().nullable(),
        split: z.string().nullable().describe('the values of "per"'),
        windowMs: count('length of the window in milliseconds'),
        calendar: z.object({ unit: z.string(), timezone: z.string() }).nullable(),
        observe: z.boolean(),
        used: decimal('what is used'),
        max: decimal('what is allowed'),
        freesAt: time('when something of it is free again').nullable(),
        aheadMs: z.number().describe("how far its clock is ahead of this machine's"),
      }),
    )
    .describe('the fullest, at most 200'),
  approvals: z
    .array(
      z.object({
        id: z.string(),
        server,
        grant,
        tool,
        rule,
        reason: text('why a person is asked'),
        askedAt: time('asked'),
        expiresAt: time('expires').nullable(),
        approve: z.string().nullable().describe('the command; null where the client alone can answer'),
        ...origin,
      }),
    )
    .describe('that wait'),
  countersTotal: count('of all counters'),
  moreCounters: count('of those that are not listed'),
  clockWas: time('to which the clock had been set ahead').nullable(),
  budgets: z.array(
    z.object({
      id: z.string(),
      server,
      grant,
      tool,
      callsLeft: count('calls that still pass'),
      bound: z.unknown().describe('how large each amount may be; null: any'),
      madeBy: z.string(),
      madeAt: time('made'),
      expiresAt: time('expires').nullable(),
    }),
  ),
});

export const STATUS = result({
  ...state.shape,
  otherDatabases: z.array(result(state.shape)).describe('that entries of clients or usual places name'),
  leftAlone: z.array(z.string()).describe('databases that were not opened, and why'),
});

const DECISION = result({
  type: z.literal('decision'),
  id: text("of the row, as in a refusal's auditId"),
  at: time('decided'),
  server,
  grant,
  tool,
  decision,
  code: code.nullable(),
  rule: rule.nullable(),
  observe: z.boolean().describe('nothing was refused'),
  outcome: z
    .enum(['ok', 'tool_error', 'error', 'unanswered', 'cancelled', 'not_sent'])
    .nullable()
    .describe('what came of a call that passed'),
  latencyMs: z.number().nullable(),
  client: client.nullable(),
  session: z.string(),
  pid: z.number().int(),
  policy: z.string().nullable().describe('its hash'),
  requestId: z.string().nullable(),
  approval: z.string().nullable(),
  argumentNames: z.array(z.string()).describe('at the top of the arguments'),
  arguments: members.optional().describe('whole, where the policy records them: log --arguments, export'),
  ...origin,
});

const EVENT = result({
  type: z.literal('event'),
  id: z.string(),
  at: time('happened'),
  who: text('cli, client, wrapper, or a login'),
  host: origin.host,
  kind: text('approval.asked, counter.reset, pin.changed, ...'),
  detail: members,
});

/** A line of `log --json` and of `export`. */
export const LOG_LINE = z.union([DECISION, EVENT]);

const proposed = z.object({ rule: members, evidence: z.string() });

export const RECOMMEND = result({
  server,
  calls: count('in the log'),
  passed: count('of them'),
  from: time('the first'),
  to: time('the last'),
  notes: z.array(z.string()),
  tools: z.array(
    z.object({
      tool,
      class: z.string(),
      calls: count('that passed'),
      asks: z.boolean().describe('a person allowed each, and is asked again'),
      evidence: z.array(z.string()),
      largest: z.array(proposed),
      limits: z.array(proposed),
    }),
  ),
  unlisted: z.array(z.object({ tool, why: z.string() })).describe('refused by not being listed'),
  text: text('the policy'),
});

export const REPLAY = result({
  policy,
  server,
  from: time('the first call').optional(),
  to: time('the last').optional(),
  calls: count('that were replayed'),
  unchanged: count('of them'),
  changes: z.array(
    z.object({
      change: z.enum(['newly refused', 'newly allowed', 'newly asked']),
      tool,
      rule,
      code,
      calls: count('of this change'),
      examples: z.array(
        z.object({
          auditId: z.string(),
          at: time('decided'),
          logged: z.object({ fate: z.string(), code: code.optional(), rule: rule.optional() }),
          arguments: members.optional(),
        }),
      ),
    }),
  ),
  notJudged: z.array(z.object({ why: z.string(), calls: count('for this reason') })),
});
