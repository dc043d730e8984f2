import * as z from 'zod';
import type { Origin } from '../store/shared-store.js';
import type { EventEntry, LogEntry } from '../store/store.js';
import { type Printed, versioned, withMember } from './json-output.js';
import * as parts from './output-parts.js';
import { isoTime } from './time.js';

type Decided = LogEntry & Partial<Origin>;

/** @param of the value for an entry; undefined leaves the field out */
const field = <S extends z.ZodType>(schema: S, of: (entry: Decided) => z.infer<S>) => ({ schema, of });

/** Every field of a decision, in their order: its schema and its lines are made of them. */
const FIELDS = Object.entries({
  type: field(z.literal('decision'), () => 'decision' as const),
  id: field(parts.text("of the row, as in a refusal's auditId"), ({ auditId }) => auditId),
  at: field(parts.time('decided'), ({ at }) => isoTime(at)),
  server: field(parts.server, ({ server }) => server),
  grant: field(parts.grant, ({ grant }) => grant),
  tool: field(parts.tool, ({ tool }) => tool),
  decision: field(parts.decision, ({ decision }) => decision),
  code: field(parts.code.nullable(), ({ code }) => code ?? null),
  rule: field(parts.rule.nullable(), ({ rule }) => rule ?? null),
  observe: field(z.boolean().describe('nothing was refused'), ({ observe }) => observe),
  outcome: field(
    z
      .enum(['ok', 'tool_error', 'error', 'unanswered', 'cancelled', 'not_sent'])
      .nullable()
      .describe('what came of a call that passed'),
    ({ outcome }) => outcome ?? null,
  ),
  latencyMs: field(z.number().nullable(), ({ latencyMs }) => latencyMs ?? null),
  client: field(parts.client.nullable(), ({ clientName: name, clientVersion }) =>
    name === undefined ? null : { name, version: clientVersion ?? null },
  ),
  session: field(z.string(), ({ session }) => session),
  pid: field(z.number().int(), ({ pid }) => pid),
  policy: field(z.string().nullable().describe('its hash'), ({ policyHash }) => policyHash ?? null),
  requestId: field(z.string().nullable(), ({ requestId }) => requestId ?? null),
  approval: field(z.string().nullable(), ({ approval }) => approval ?? null),
  argumentNames: field(z.array(z.string()).describe('at the top of the arguments'), (entry) =>
    namesOf(entry.arguments),
  ),
  arguments: field(
    parts.members.optional().describe('whole, where the policy records them: log --arguments, export'),
    // Added as text: a number beyond a double's digits must not be rounded on its way through.
    () => undefined,
  ),
  who: field(parts.origin.who, ({ who }) => who),
  host: field(parts.origin.host, ({ host }) => host),
});

const EVENT = parts.result({
  type: z.literal('event'),
  id: z.string(),
  at: parts.time('happened'),
  who: parts.text('cli, client, wrapper, or a login'),
  host: parts.origin.host,
  kind: parts.text('approval.asked, counter.reset, pin.changed, ...'),
  detail: parts.members,
});

/** A line of `log --json` and of `export`. */
export const LOG_LINE = z.union([
  parts.result(Object.fromEntries(FIELDS.map(([name, { schema }]) => [name, schema]))),
  EVENT,
]);

/**
 * A decision as one line of JSON, without its line end.
 *
 * @param whole with the arguments as they were recorded, where the policy had them recorded; else with their names
 */
export function decisionLine(entry: Decided, whole: boolean): string {
  const text = versioned(Object.fromEntries(FIELDS.map(([name, { of }]) => [name, of(entry)])));
  const isWhole = whole && entry.arguments.startsWith('{') && parsed(entry.arguments) !== undefined;
  return isWhole ? withMember(text, 'arguments', entry.arguments) : text;
}

/** An event as one line of JSON, without its line end. */
export function eventLine({ id, at, who, host, kind, detail }: EventEntry & Partial<Origin>): string {
  const line: Printed<typeof EVENT> = { type: 'event', id, at: isoTime(at), who, host, kind, detail };
  return versioned(line);
}

/** @param recorded what the log keeps of a call's arguments @returns their top-level names */
export function namesOf(recorded: string): string[] {
  const value = parsed(recorded);
  if (Array.isArray(value)) return value.filter((name) => typeof name === 'string');
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
