import * as z from 'zod/mini';
import { aboutOperators, OPERATOR_NAMES } from '../operators.js';

/**
 * Says what a value is for: to people in the words of a problem, to editors in the JSON Schema. `z.describe` would copy
 * the schema for it, at every start.
 */
export function about<T extends z.ZodMiniType>(schema: T, words: string | z.core.GlobalMeta): T {
  z.globalRegistry.add(schema, typeof words === 'string' ? { description: words } : words);
  return schema;
}

/** A field that may be left out. */
export function optional<T extends z.ZodMiniType>(schema: T, words: string): z.ZodMiniOptional<T> {
  return z.optional(about(schema, words));
}

const PATH_TEXT =
  'a path: args.field, args.nested.field, args["a.b"], args.items[*].price (every element under `require`, any under the others; an empty list is as good as a missing one), env.NAME (the environment of the server), tool.name';

const condition = about(
  z.strictObject({
    path: about(z.string(), `What is looked at, ${PATH_TEXT}.`),
    op: about(z.enum(OPERATOR_NAMES), `How it is compared with \`value\`. ${aboutOperators()}`),
    value: optional(z.unknown(), 'What it is compared with; may be left out for `exists` alone.'),
  }),
  {
    id: 'condition',
    description:
      'Holds, does not hold, or cannot be determined. A missing path does not hold, `exists: false` aside; a value that the operator cannot compare, or a name that is there in another case, cannot be determined.',
  },
);

const predicate = about(
  z.strictObject({
    conditions: about(z.array(condition), 'All of them together; an empty list always holds.'),
    on_deny: optional(z.string(), 'What the agent is told when this refuses the call or asks a person.'),
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
    scope: optional(
      z.enum(['grant', 'session', 'machine', 'team']),
      'grant (default): one count for a server and grant, across sessions and restarts. session: this wrapper process. machine: over all servers and grants. team: that, over all machines of the `store`.',
    ),
    amount: z.optional(amount),
    per: optional(
      z.union([z.string(), z.array(z.string())]),
      'Path or paths whose values split the count: "args.point_of_sale"; "args" for all arguments; "env.AFIP_CUIT" for one count per taxpayer. A value that is missing, null or empty counts as one of its own; spellings that a server may take for the same ("3" and 3, "A" and "a") are one.',
    ),
    except: optional(
      z.array(z.string()),
      'Arguments that `per` leaves out: ["args.idempotency_key"], so that a retry with a fresh key is the same call.',
    ),
    align: optional(
      z.enum(['sliding', 'calendar']),
      'sliding (default): any interval as long as the window. calendar: starts anew with each minute, hour, day, week (Monday) or month in `timezone`; only for a window given as a word.',
    ),
    refund: optional(
      z.enum(['never', 'on_error', 'on_success']),
      'never (default): an attempt counts. on_error: the charge is taken back when the server answers with an error. on_success: it is taken back when it does not, so that the limit counts failures.',
    ),
    on_exceed: optional(
      z.enum(['deny', 'approve']),
      'deny (default) refuses the call that does not fit; approve asks a person.',
    ),
    warn_at: optional(
      z.number(),
      'Part of `max`, such as 0.8: the call that fills the count that far passes, and a person is told on stderr and in the events.',
    ),
    on_deny: optional(z.string(), 'What the agent is told when the call does not fit.'),
  }),
  {
    id: 'limit',
    description: 'At most `max` in any `window`. All limits of a call are taken together, or none.',
  },
);

export const rateLimit = about(
  z.union([
    z.strictObject({ max: about(z.number(), 'The most calls that the window may hold.'), window }),
    z.string(),
  ]),
  'Shorthand for one limit whose counter is the name of the entry followed by _rate: {"max": 10, "window": "minute"}, {"max": 10, "window": 60} or "10/minute".',
);

const otherwise = z.enum(['deny', 'approve']);

const hours = about(
  z.strictObject({
    days: optional(
      z.union([z.string(), z.array(z.string())]),
      'Days on which the time begins: "mon", "mon-fri", or a list of such; default all.',
    ),
    from: optional(z.string(), 'When it begins, by the clock in `timezone`: "09:00"; default "00:00".'),
    to: optional(
      z.string(),
      'When it ends: "18:00"; default "24:00". Not after `from`: on the next day, so that "22:00" to "06:00" is one night.',
    ),
    outside: optional(otherwise, 'deny (default) refuses calls at other times; approve asks a person.'),
    on_deny: optional(z.string(), 'What the agent is told at other times.'),
  }),
  'When calls may be made, by the clock in `timezone`.',
);

const called = {
  tools: about(
    z.array(z.string()),
    'Names or patterns of tools: "fetch_*" on every server in the scope, "web/fetch_*" on the server "web". Any one of them counts.',
  ),
  // biome-ignore lint/suspicious/noThenProperty: a field of the policy's, and nobody awaits a schema
  then: optional(otherwise, 'deny (default) refuses the call; approve asks a person.'),
  on_deny: optional(z.string(), 'What the agent is told.'),
};
const calledScope = z.enum(['grant', 'session', 'machine', 'team']);

const after = about(
  z.strictObject({
    ...called,
    within: about(
      z.union([z.string(), z.number()]),
      'How long a call of them is held against this one: "1h", "day"; at most 31 days.',
    ),
    scope: optional(
      calledScope,
      'Whose calls of them count. machine (default): those of every server and grant; grant: those of this server and grant; session: those of this wrapper process; team: those of every machine of the `store`.',
    ),
  }),
  { id: 'after', description: 'Refuses or asks once certain tools were called, whatever they answered.' },
);

const before = about(
  z.strictObject({
    ...called,
    within: optional(
      z.union([z.string(), z.number()]),
      'How long ago at most one of them must have succeeded; default, and at most, 31 days.',
    ),
    scope: optional(
      calledScope,
      'Whose calls of them count. grant (default): those of this server and grant; session: those of this wrapper process; machine: those of every server and grant; team: those of every machine of the `store`.',
    ),
  }),
  { id: 'before', description: 'Refuses or asks until one of certain tools was called and succeeded.' },
);

/** The fields that an entry and `all_tools` share. */
export const checks = {
  arguments: optional(
    z.enum(['declared']),
    "declared refuses what the tool's own input schema does not accept, and every key that it does not name, unless it states additionalProperties. A schema that cannot be used refuses every call.",
  ),
  require: optional(z.array(predicate), 'Each of these must hold, or the call is refused.'),
  deny_if: optional(z.array(predicate), 'The call is refused unless each of these is known not to hold.'),
  approve_if: optional(z.array(predicate), 'A person is asked unless each of these is known not to hold.'),
  limits: optional(z.array(limit), 'Rate and spending limits.'),
  hours: z.optional(hours),
  after: optional(z.array(after), 'What was called before must not be, such as a reader of untrusted text.'),
  before: optional(z.array(before), 'What must have been called before, such as a preview.'),
};

export type PredicateDocument = z.infer<typeof predicate>;
export type ConditionDocument = z.infer<typeof condition>;
export type LimitDocument = z.infer<typeof limit>;
export type HoursDocument = z.infer<typeof hours>;
export type CalledDocument = z.infer<typeof after> | z.infer<typeof before>;
