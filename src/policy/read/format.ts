import * as z from 'zod/mini';
import { about, checks, optional, rateLimit } from './format-checks.js';

const allTools = about(
  z.strictObject(checks),
  'Checks for every call that is not hidden or refused by default, before those of the tool.',
);

/**
 * What an entry has besides its checks.
 *
 * @param actions what each of them does
 * @param reason who is told it, by which rules
 */
const shorthands = (actions: string, reason: string) => ({
  action: optional(z.enum(['allow', 'deny', 'approve', 'hide']), `Shorthand. ${actions}`),
  reason: optional(z.string(), reason),
  rate_limit: z.optional(rateLimit),
});

/** One entry under `tools`. */
export const toolSchema = about(
  z.strictObject({
    ...checks,
    ...shorthands(
      'allow: listed, nothing more. deny: every call is refused. approve: a person is asked for every call. hide: the tool is absent for the client.',
      'What the agent is told by every rule of this entry without an `on_deny`.',
    ),
  }),
  {
    id: 'tool',
    description:
      'What holds for one tool; {} lists it without checks. A name with * is a pattern: an exact name wins over patterns, of patterns the one with more literal characters; entries are never merged.',
  },
);

const { arguments: _, ...requestChecks } = checks;

/** One entry under `resources`. */
export const resourceSchema = about(
  z.strictObject({
    ...requestChecks,
    ...shorthands(
      'allow: nothing more. deny: it cannot be read. approve: a person is asked for every reading. hide: it is in no list, and unknown when read.',
      'What the client is told by every rule without an `on_deny`.',
    ),
  }),
  {
    id: 'resource',
    description:
      'What holds for the resources with this URI; in it, * stands for any characters but / and ?, and ** for all. Parameters are `args`: args.uri.',
  },
);

/** One entry under `prompts`. */
export const promptSchema = about(
  z.strictObject({
    ...requestChecks,
    ...shorthands(
      'allow: nothing more. deny: the server is not asked for it. approve: a person is asked each time. hide: it is in no list, and unknown when asked for.',
      'What the client is told by every rule without an `on_deny`.',
    ),
  }),
  {
    id: 'prompt',
    description: 'What holds for the prompt with this name or pattern; its arguments are `args`.',
  },
);

/** What holds for one kind of request; its parameters are `args`. What is said of a schema is said of that object alone. */
const serverRequest = () =>
  z.strictObject({
    ...requestChecks,
    ...shorthands(
      'allow: nothing more. deny: every request is refused. approve: a person is asked for each. hide: the server is told that the client has no such method.',
      'What the server is told by every rule without an `on_deny`.',
    ),
  });

const serverRequests = z.strictObject({
  sampling: optional(
    serverRequest(),
    'The server has the model write something: sampling/createMessage. Its parameters are `args`: args.maxTokens.',
  ),
  elicitation: optional(serverRequest(), 'The server asks the person something: elicitation/create.'),
  roots: optional(serverRequest(), 'The server asks which folders the client works in: roots/list.'),
});

/** The file as a whole, but for the entries of `tools`, which are checked one by one (see validate.ts). */
export const policySchema = about(
  z.strictObject({
    $schema: optional(z.string(), 'For completion in editors; ignored.'),
    description: optional(z.string(), 'For people; ignored.'),
    version: about(z.literal('1'), 'Version of this format.'),
    default: about(z.enum(['allow', 'deny']), 'What happens to tools that match no entry under `tools`.'),
    extends: optional(z.string(), 'Path of a policy that this one narrows, relative to this file.'),
    store: optional(
      z.string(),
      'Name of the team whose shared store counts (`?team=` of --store): a wrapper that was started without it refuses every call.',
    ),
    hide: optional(
      z.array(z.string()),
      'Names or patterns of tools that are absent for the client: not listed, and unknown when called. "*" hides all.',
    ),
    all_tools: z.optional(allTools),
    tools: optional(z.record(z.string(), toolSchema), 'What holds for each tool, by name or pattern.'),
    server_requests: optional(
      serverRequests,
      'What the server may ask of the client; a kind that is not named follows `default`. Without this all of it passes.',
    ),
    resources: optional(
      z.record(z.string(), resourceSchema),
      'What the client may read, by URI or pattern; what matches no entry follows `default`. Without this all of it passes.',
    ),
    prompts: optional(
      z.record(z.string(), promptSchema),
      'Which prompts the client may get, by name or pattern; what matches no entry follows `default`. Without this all of them pass.',
    ),
    timezone: optional(
      z.string(),
      'IANA time zone of calendar windows and of `hours`, such as America/Argentina/Buenos_Aires; default UTC.',
    ),
    list: optional(
      z.enum(['all', 'callable']),
      'callable also leaves out of the list of tools what could never be called; default all.',
    ),
    pin: optional(
      z.enum(['off', 'warn', 'hold', 'deny']),
      'What happens to a tool whose definition has changed since it was first seen: warn (default) says so; hold shows the client the trusted one, and forwards calls that mean the same to both; deny leaves it out of the list and refuses it. hold and deny treat prompts, resources and the instructions of the server likewise.',
    ),
    new_tools: optional(
      z.enum(['show', 'hide']),
      'Under pin hold or deny: whether tools are shown that came when the server was known already, before anybody has trusted them; default hide under hold, show under deny.',
    ),
    on_suspicious: optional(
      z.enum(['warn', 'hide']),
      'What happens to a tool whose definition has hidden text, gives orders to the model, or names credentials: warn (default) says so on stderr and in the log; hide leaves it out of the list, and answers it like an unknown one.',
    ),
    annotate: optional(
      z.boolean(),
      'true adds readOnlyHint and destructiveHint to listed tools that have no annotations; default false.',
    ),
    audit: optional(
      z.strictObject({
        arguments: optional(
          z.enum(['keys', 'full']),
          'What the decision log keeps of the arguments; default keys, their names alone.',
        ),
      }),
      'The decision log.',
    ),
    approvals: optional(
      z.strictObject({
        wait: optional(
          z.union([z.string(), z.number()]),
          'How long a call waits for an answer before it is refused; default "45s", at most 1 hour.',
        ),
        expires: optional(
          z.union([z.string(), z.number()]),
          'How long a request or a given approval is good for; default "10m".',
        ),
        except: optional(
          z.array(z.string()),
          'Arguments that a retry may change and still be the call that was approved: ["args.idempotency_key"]. They are shown all the same.',
        ),
        channels: optional(
          z.array(z.enum(['client', 'queue'])),
          'Where a person is asked: by the client itself, or with `policy-wrap approve`; default both.',
        ),
      }),
      'How people are asked.',
    ),
  }),
  'Policy of policy-wrap: which tools of an MCP server may be called, how, and how often.',
);

export type PolicyDocument = z.infer<typeof policySchema>;
export type ToolDocument = z.infer<typeof toolSchema>;
export type ChecksDocument = z.infer<typeof allTools>;

type RuleField = Exclude<keyof ToolDocument, 'action' | 'reason'>;

/** The fields of an entry that are rules. Made from a record, so that a field which is not named here does not compile. */
export const RULE_FIELDS = Object.keys({
  arguments: true,
  require: true,
  deny_if: true,
  approve_if: true,
  limits: true,
  rate_limit: true,
  hours: true,
  after: true,
  before: true,
} satisfies Record<RuleField, true>) as readonly RuleField[];
