import * as z from 'zod/mini';
import { aboutOperators, OPERATOR_NAMES } from '../operators.js';

/** Says what a value is for: to people in the words of a problem, to editors in the JSON Schema. */
function about<T extends z.ZodMiniType>(schema: T, words: string | z.core.GlobalMeta): T {
  return schema.check(typeof words === 'string' ? z.describe(words) : z.meta(words));
}

const PATH_TEXT =
  'a path: args.field, args.nested.field, args["a.b"], args.items[*].price (every element under `require`, any under the others; an empty list is as good as a missing one), env.NAME (the environment of the server), tool.name';

const condition = about(
  z.strictObject({
    path: about(z.string(), `What is looked at, ${PATH_TEXT}.`),
    op: about(z.enum(OPERATOR_NAMES), `How it is compared with \`value\`. ${aboutOperators()}`),
    value: z.optional(about(z.unknown(), 'What it is compared with; may be left out for `exists` alone.')),
  }),
  {
    id: 'condition',
    description:
      'Holds, does not hold, or cannot be told. A missing path does not hold, `exists: false` aside; a value that the operator cannot compare, or a name that is there in another case, cannot be told.',
  },
);

const predicate = about(
  z.strictObject({
    conditions: about(z.array(condition), 'All of them together; an empty list always holds.'),
    on_deny: z.optional(
      about(z.string(), 'What the agent is told when this refuses the call or asks a person.'),
    ),
  }),
  { id: 'predicate', description: 'Conditions that are taken together.' },
);

const window = about(z.union([z.string(), z.number()]), {
  id: 'window',
  description:
    'second, minute, hour, day, week, month (31 days, unless aligned to the calendar), a number of seconds, or text such as "15m", "24h", "7d"; at most 400 days.',
  examples: ['minute', 'hour', 'day', '15m', 60],
});

const amount = about(
  z.union([
    z.number(),
    z.string(),
    z.strictObject({
      sum: about(z.string(), 'Path with [*] whose values are added up: args.invoices[*].total.'),
    }),
    z.strictObject({
      count: about(z.string(), 'Path of a list whose elements are counted: args.invoices.'),
    }),
  ]),
  'What one call charges: a number (default 1), a path whose value is added ("args.amount_total"), {"sum": path} or {"count": path}. A call without it, or with a value that is negative or no number, is refused.',
);

const limit = about(
  z.strictObject({
    counter: about(
      z.string(),
      'Name of the count. The same name in several entries is one shared count; window, align, scope and per must then agree.',
    ),
    window,
    max: about(z.number(), 'The most that the window may hold; a number of at least 0.'),
    scope: z.optional(
      about(
        z.enum(['grant', 'session', 'machine']),
        'grant (default): one count for a server and grant, across sessions and restarts. session: this wrapper process. machine: over all servers and grants.',
      ),
    ),
    amount: z.optional(amount),
    per: z.optional(
      about(
        z.union([z.string(), z.array(z.string())]),
        'Path or paths whose values split the count: "args.point_of_sale"; "args" for all arguments; "env.AFIP_CUIT" for one count per taxpayer. A value that is missing, null or empty counts as one of its own; spellings that a server may take for the same ("3" and 3, "A" and "a") are one.',
      ),
    ),
    except: z.optional(
      about(
        z.array(z.string()),
        'Arguments that `per` leaves out: ["args.idempotency_key"], so that a retry with a fresh key is the same call.',
      ),
    ),
    align: z.optional(
      about(
        z.enum(['sliding', 'calendar']),
        'sliding (default): any interval as long as the window. calendar: starts anew with each minute, hour, day, week (Monday) or month in `timezone`; only for a window given as a word.',
      ),
    ),
    refund: z.optional(
      about(
        z.enum(['never', 'on_error', 'on_success']),
        'never (default): an attempt counts. on_error: the charge is taken back when the server answers with an error. on_success: it is taken back when it does not, so that the limit counts failures.',
      ),
    ),
    on_exceed: z.optional(
      about(
        z.enum(['deny', 'approve']),
        'deny (default) refuses the call that does not fit; approve asks a person.',
      ),
    ),
    on_deny: z.optional(about(z.string(), 'What the agent is told when the call does not fit.')),
  }),
  {
    id: 'limit',
    description: 'At most `max` in any `window`. All limits of a call are taken together, or none.',
  },
);

const rateLimit = about(
  z.union([
    z.strictObject({ max: about(z.number(), 'The most calls that the window may hold.'), window }),
    z.string(),
  ]),
  'Shorthand for one limit whose counter is the name of the entry followed by _rate: {"max": 10, "window": "minute"}, {"max": 10, "window": 60} or "10/minute".',
);

const checks = {
  arguments: z.optional(
    about(
      z.enum(['declared']),
      "declared refuses what the tool's own input schema does not accept, and every key that it does not name, unless it states additionalProperties. A schema that cannot be used refuses every call.",
    ),
  ),
  require: z.optional(about(z.array(predicate), 'Each of these must hold, or the call is refused.')),
  deny_if: z.optional(
    about(z.array(predicate), 'The call is refused unless each of these is known not to hold.'),
  ),
  approve_if: z.optional(
    about(z.array(predicate), 'A person is asked unless each of these is known not to hold.'),
  ),
  limits: z.optional(about(z.array(limit), 'Rate and spending limits.')),
};

const allTools = about(
  z.strictObject(checks),
  'Checks for every call that is not hidden or refused by default, before those of the tool.',
);

/** One entry under `tools`. */
export const toolSchema = about(
  z.strictObject({
    ...checks,
    action: z.optional(
      about(
        z.enum(['allow', 'deny', 'approve', 'hide']),
        'Shorthand. allow: listed, nothing more. deny: every call is refused. approve: a person is asked for every call. hide: the tool is absent for the client.',
      ),
    ),
    reason: z.optional(
      about(z.string(), 'What the agent is told by every rule of this entry without an `on_deny`.'),
    ),
    rate_limit: z.optional(rateLimit),
  }),
  {
    id: 'tool',
    description:
      'What holds for one tool; {} lists it without checks. A name with * is a pattern: an exact name wins over patterns, of patterns the one with more literal characters; entries are never merged.',
  },
);

/** The file as a whole, but for the entries of `tools`, which are checked one by one (see validate.ts). */
export const policySchema = about(
  z.strictObject({
    $schema: z.optional(about(z.string(), 'For completion in editors; ignored.')),
    description: z.optional(about(z.string(), 'For people; ignored.')),
    version: about(z.literal('1'), 'Version of this format.'),
    default: about(z.enum(['allow', 'deny']), 'What happens to tools that match no entry under `tools`.'),
    extends: z.optional(about(z.string(), 'Path of a policy that this one narrows, relative to this file.')),
    hide: z.optional(
      about(
        z.array(z.string()),
        'Names or patterns of tools that are absent for the client: not listed, and unknown when called. "*" hides all.',
      ),
    ),
    all_tools: z.optional(allTools),
    tools: z.optional(
      about(z.record(z.string(), toolSchema), 'What holds for each tool, by name or pattern.'),
    ),
    timezone: z.optional(
      about(
        z.string(),
        'IANA time zone of calendar windows, such as America/Argentina/Buenos_Aires; default UTC.',
      ),
    ),
    list: z.optional(
      about(
        z.enum(['all', 'callable']),
        'callable also leaves out of the list of tools what could never be called; default all.',
      ),
    ),
    pin: z.optional(
      about(
        z.enum(['off', 'warn', 'deny']),
        'What happens to a tool whose definition has changed since it was first seen; default warn.',
      ),
    ),
    annotate: z.optional(
      about(
        z.boolean(),
        'true adds readOnlyHint and destructiveHint to listed tools that have no annotations; default false.',
      ),
    ),
    audit: z.optional(
      about(
        z.strictObject({
          arguments: z.optional(
            about(
              z.enum(['keys', 'full']),
              'What the decision log keeps of the arguments; default keys, their names alone.',
            ),
          ),
        }),
        'The decision log.',
      ),
    ),
    approvals: z.optional(
      about(
        z.strictObject({
          wait: z.optional(
            about(
              z.union([z.string(), z.number()]),
              'How long a call waits for an answer before it is refused; default "45s", at most 1 hour.',
            ),
          ),
          expires: z.optional(
            about(
              z.union([z.string(), z.number()]),
              'How long a request or a given approval is good for; default "10m".',
            ),
          ),
          except: z.optional(
            about(
              z.array(z.string()),
              'Arguments that a retry may change and still be the call that was approved: ["args.idempotency_key"]. They are shown all the same.',
            ),
          ),
          channels: z.optional(
            about(
              z.array(z.enum(['client', 'queue'])),
              'Where a person is asked: by the client itself, or with `policy-wrap approve`; default both.',
            ),
          ),
        }),
        'How people are asked.',
      ),
    ),
  }),
  'Policy of policy-wrap: which tools of an MCP server may be called, how, and how often.',
);

export type PolicyDocument = z.infer<typeof policySchema>;
export type ToolDocument = z.infer<typeof toolSchema>;
export type ChecksDocument = z.infer<typeof allTools>;
export type PredicateDocument = z.infer<typeof predicate>;
export type ConditionDocument = z.infer<typeof condition>;
export type LimitDocument = z.infer<typeof limit>;
