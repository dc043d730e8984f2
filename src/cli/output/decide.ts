import * as z from 'zod';
import { grant, members, origin, result, rule, server, text, time, tool } from './parts.js';

const APPROVAL = z.object({
  id: z.string(),
  server,
  grant,
  tool,
  rule,
  reason: text('why a person is asked'),
  state: z.enum(['pending', 'approved', 'rejected', 'consumed', 'expired']),
  policy: text('hash of the policy that asks'),
  severe: z.boolean().describe('it costs money or destroys: a value of it has to be typed'),
  channels: z.array(z.string()).describe('where it may be answered'),
  askedAt: time('asked'),
  expiresAt: time('expires'),
  decidedAt: time('decided').nullable(),
  decidedBy: z.string().nullable(),
  note: z.string().nullable(),
  ...origin,
  argumentNames: z.array(z.string()).optional().describe('where the values are no longer kept'),
  arguments: members.nullable().describe('with every digit'),
});

export const APPROVALS = result({ approvals: z.array(APPROVAL) });

export const TRUST = result({
  server,
  trusted: z.boolean().describe('false with --dry-run'),
  tools: z.array(
    z.object({
      server,
      kind: z.enum(['tool', 'prompt', 'resource', 'template', 'instructions']),
      tool,
      definition: text('JSON of what was trusted'),
      seenAt: time('first seen'),
      late: z.boolean().describe('it came when the server was known already'),
      changed: z
        .object({
          definition: text('JSON of what it is now'),
          hash: z.string(),
          at: time('changed'),
          unpinnable: z.boolean().describe('it cannot be trusted'),
        })
        .optional(),
    }),
  ),
});

export const NOTIFY = result({
  file: text('the settings'),
  channels: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['desktop', 'ntfy', 'webhook', 'slack', 'teams']),
      to: text('where to, without what makes the address a secret'),
      events: z.array(z.string()),
      arguments: z.boolean().describe('the values of a call that waits are sent too'),
    }),
  ),
  quiet: z
    .object({
      from: z.string(),
      to: z.string(),
      days: z.array(z.string()).optional(),
      timezone: z.string().optional(),
      except: z.array(z.string()).optional(),
    })
    .optional(),
  per_hour: z.number().int().optional().describe('most messages in an hour'),
  telemetry: text('the collector').optional(),
});

export const STORE = z.union([
  result({
    store: text('its address'),
    findings: z.array(
      z.object({
        about: z.string(),
        level: z.enum(['ok', 'warning', 'error']),
        text: z.string(),
        hint: text('what to do').optional(),
      }),
    ),
  }),
  result({
    team: z.string(),
    members: z.array(
      z.object({ login: z.string(), roles: z.array(z.enum(['wrapper', 'approver', 'auditor', 'owner'])) }),
    ),
  }),
]);

export const CLIENTS = result({
  places: z.array(
    z.object({
      client: text('its id, as install takes it'),
      scope: text('which of its files'),
      path: z.string(),
      variant: z.string().optional(),
      problem: text('why the file cannot be read').optional(),
      entries: z.array(
        z.object({
          name: z.string(),
          project: z.string().optional(),
          kind: z.enum(['stdio', 'remote', 'unusable']),
          status: z.enum(['wrapped', 'drifted', 'not-wrapped', 'broken', 'remote', 'unusable']),
          url: text("the server's address, with secrets masked").optional(),
          command: z
            .array(z.string())
            .optional()
            .describe('what starts the server itself, with secrets masked'),
          env: z.array(z.string()).describe('names of its variables'),
          disabled: z.boolean(),
          wrapper: z
            .object({
              how: z.string(),
              options: z.array(z.string()),
              drift: z.array(z.string()).describe('in which ways it no longer starts this copy'),
            })
            .optional(),
          problem: text('why it cannot be wrapped').optional(),
          wrappedElsewhere: z
            .array(z.object({ client: z.string(), path: z.string(), name: z.string() }))
            .describe('the same server under a wrapper: a way around the policy'),
        }),
      ),
    }),
  ),
});
