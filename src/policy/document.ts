import {
  anything,
  boolean,
  byName,
  either,
  exactly,
  fields,
  type KindOf,
  list,
  number,
  optional,
  text,
  words,
} from './grammar.js';

export const OPERATORS = [
  'eq',
  'neq',
  'lt',
  'lte',
  'gt',
  'gte',
  'in',
  'not_in',
  'exists',
  'regex',
  'contains',
] as const;

const PATH_TEXT =
  'a path: args.field, args.nested.field, args["a.b"], args.items[*].price (every element under `require`, any under the others; an empty list is as good as a missing one), env.NAME (the environment of the server), tool.name';

const condition = fields(
  {
    path: text(`What is looked at, ${PATH_TEXT}.`),
    op: words(
      OPERATORS,
      'How it is compared with `value`. eq, neq: any JSON value, exactly and without turning text into numbers. lt, lte, gt, gte: numbers. in, not_in: `value` is a list. exists: `value` is true (default) or false. regex: RE2 syntax, unanchored, text only. contains: part of a text, or element of a list.',
    ),
    value: optional(anything('What it is compared with; may be left out for `exists` alone.')),
  },
  {
    id: 'condition',
    description:
      'Holds, does not hold, or cannot be told. A missing path does not hold, `exists: false` aside; a value that the operator cannot compare, or a name that is there in another case, cannot be told.',
  },
);

const predicate = fields(
  {
    conditions: list(condition, 'All of them together; an empty list always holds.'),
    on_deny: optional(text('What the agent is told when this refuses the call or asks a person.')),
  },
  { id: 'predicate', description: 'Conditions that are taken together.' },
);

const window = either([text(), number()], {
  id: 'window',
  description:
    'second, minute, hour, day, week, month (31 days, unless aligned to the calendar), a number of seconds, or text such as "15m", "24h", "7d"; at most 400 days.',
  examples: ['minute', 'hour', 'day', '15m', 60],
});

const amount = either(
  [
    number(),
    text(),
    fields({
      sum: text('Path with [*] whose values are added up: args.invoices[*].total.'),
    }),
    fields({
      count: text('Path of a list whose elements are counted: args.invoices.'),
    }),
  ],
  'What one call charges: a number (default 1), a path whose value is added ("args.amount_total"), {"sum": path} or {"count": path}. A call without it, or with a value that is negative or no number, is refused.',
);

const limit = fields(
  {
    counter: text(
      'Name of the count. The same name in several entries is one shared count; window, align, scope and per must then agree.',
    ),
    window,
    max: number('The most that the window may hold; a number of at least 0.'),
    scope: optional(
      words(
        ['grant', 'session', 'machine'],
        'grant (default): one count for a server and grant, across sessions and restarts. session: this wrapper process. machine: over all servers and grants.',
      ),
    ),
    amount: optional(amount),
    per: optional(
      either(
        [text(), list(text())],
        'Path or paths whose values split the count: "args.point_of_sale"; "args" for all arguments; "env.AFIP_CUIT" for one count per taxpayer. A value that is missing, null or empty counts as one of its own; spellings that a server may take for the same ("3" and 3, "A" and "a") are one.',
      ),
    ),
    except: optional(
      list(
        text(),
        'Arguments that `per` leaves out: ["args.idempotency_key"], so that a retry with a fresh key is the same call.',
      ),
    ),
    align: optional(
      words(
        ['sliding', 'calendar'],
        'sliding (default): any interval as long as the window. calendar: starts anew with each minute, hour, day, week (Monday) or month in `timezone`; only for a window given as a word.',
      ),
    ),
    refund: optional(
      words(
        ['never', 'on_error', 'on_success'],
        'never (default): an attempt counts. on_error: the charge is taken back when the server answers with an error. on_success: it is taken back when it does not, so that the limit counts failures.',
      ),
    ),
    on_exceed: optional(
      words(['deny', 'approve'], 'deny (default) refuses the call that does not fit; approve asks a person.'),
    ),
    on_deny: optional(text('What the agent is told when the call does not fit.')),
  },
  {
    id: 'limit',
    description: 'At most `max` in any `window`. All limits of a call are taken together, or none.',
  },
);

const rateLimit = either(
  [fields({ max: number('The most calls that the window may hold.'), window }), text()],
  'Shorthand for one limit whose counter is the name of the entry followed by _rate: {"max": 10, "window": "minute"}, {"max": 10, "window": 60} or "10/minute".',
);

const checks = {
  require: optional(list(predicate, 'Each of these must hold, or the call is refused.')),
  deny_if: optional(list(predicate, 'The call is refused unless each of these is known not to hold.')),
  approve_if: optional(list(predicate, 'A person is asked unless each of these is known not to hold.')),
  limits: optional(list(limit, 'Rate and spending limits.')),
};

const allTools = fields(
  checks,
  'Checks for every call that is not hidden or refused by default, before those of the tool.',
);

/** One entry under `tools`. */
export const toolKind = fields(
  {
    ...checks,
    action: optional(
      words(
        ['allow', 'deny', 'approve', 'hide'],
        'Shorthand. allow: listed, nothing more. deny: every call is refused. approve: a person is asked for every call. hide: the tool is absent for the client.',
      ),
    ),
    reason: optional(text('What the agent is told by every rule of this entry without an `on_deny`.')),
    rate_limit: optional(rateLimit),
  },
  {
    id: 'tool',
    description:
      'What holds for one tool; {} lists it without checks. A name with * is a pattern: an exact name wins over patterns, of patterns the one with more literal characters; entries are never merged.',
  },
);

/** The file as a whole, but for the entries of `tools`, which are checked one by one (see shape.ts). */
export const policyKind = fields(
  {
    $schema: optional(text('For completion in editors; ignored.')),
    description: optional(text('For people; ignored.')),
    version: exactly('1', 'Version of this format.'),
    default: words(['allow', 'deny'], 'What happens to tools that match no entry under `tools`.'),
    extends: optional(text('Path of a policy that this one narrows, relative to this file.')),
    hide: optional(
      list(
        text(),
        'Names or patterns of tools that are absent for the client: not listed, and unknown when called. "*" hides all.',
      ),
    ),
    all_tools: optional(allTools),
    tools: optional(byName(toolKind, 'What holds for each tool, by name or pattern.')),
    timezone: optional(
      text('IANA time zone of calendar windows, such as America/Argentina/Buenos_Aires; default UTC.'),
    ),
    list: optional(
      words(
        ['all', 'callable'],
        'callable also leaves out of the list of tools what could never be called; default all.',
      ),
    ),
    pin: optional(
      words(
        ['off', 'warn', 'deny'],
        'What happens to a tool whose definition has changed since it was first seen; default warn.',
      ),
    ),
    annotate: optional(
      boolean(
        'true adds readOnlyHint and destructiveHint to listed tools that have no annotations; default false.',
      ),
    ),
    audit: optional(
      fields(
        {
          arguments: optional(
            words(
              ['keys', 'full'],
              'What the decision log keeps of the arguments; default keys, their names alone.',
            ),
          ),
        },
        'The decision log.',
      ),
    ),
    approvals: optional(
      fields(
        {
          wait: optional(
            either(
              [text(), number()],
              'How long a call waits for an answer before it is refused; default "45s", at most 1 hour.',
            ),
          ),
          expires: optional(
            either([text(), number()], 'How long a request or a given approval is good for; default "10m".'),
          ),
          except: optional(
            list(
              text(),
              'Arguments that a retry may change and still be the call that was approved: ["args.idempotency_key"]. They are shown all the same.',
            ),
          ),
          channels: optional(
            list(
              words(['client', 'queue']),
              'Where a person is asked: by the client itself, or with `policy-wrap approve`; default both.',
            ),
          ),
        },
        'How people are asked.',
      ),
    ),
  },
  'Policy of policy-wrap: which tools of an MCP server may be called, how, and how often.',
);

export type PolicyDocument = KindOf<typeof policyKind>;
export type ToolDocument = KindOf<typeof toolKind>;
export type ChecksDocument = KindOf<typeof allTools>;
export type PredicateDocument = KindOf<typeof predicate>;
export type ConditionDocument = KindOf<typeof condition>;
export type LimitDocument = KindOf<typeof limit>;
