import type { Origin } from '../store/shared-store.js';
import type { EventEntry, LogEntry } from '../store/store.js';
import { versioned, withMember } from './json-output.js';
import type { Output } from './output/outputs.js';
import { isoTime } from './time.js';

type LogLine = Output<'log'>;

/**
 * A decision as one line of JSON, without its line end.
 *
 * @param whole with the arguments as they were recorded, where the policy had them recorded; else with their names
 */
export function decisionLine(entry: LogEntry & Partial<Origin>, whole: boolean): string {
  const { clientName, clientVersion } = entry;
  const line: LogLine = {
    type: 'decision',
    id: entry.auditId,
    at: isoTime(entry.at),
    server: entry.server,
    grant: entry.grant,
    tool: entry.tool,
    decision: entry.decision,
    code: entry.code ?? null,
    rule: entry.rule ?? null,
    observe: entry.observe,
    outcome: entry.outcome ?? null,
    latencyMs: entry.latencyMs ?? null,
    client: clientName === undefined ? null : { name: clientName, version: clientVersion ?? null },
    session: entry.session,
    pid: entry.pid,
    policy: entry.policyHash ?? null,
    requestId: entry.requestId ?? null,
    approval: entry.approval ?? null,
    argumentNames: namesOf(entry.arguments),
    ...(entry.who !== undefined && { who: entry.who, host: entry.host }),
  };
  const text = versioned(line);
  // Taken as text: a number beyond a double's digits must not be rounded on its way through.
  const isWhole = whole && entry.arguments.startsWith('{') && parsed(entry.arguments) !== undefined;
  return isWhole ? withMember(text, 'arguments', entry.arguments) : text;
}

/** An event as one line of JSON, without its line end. */
export function eventLine({ id, at, who, host, kind, detail }: EventEntry & Partial<Origin>): string {
  const line: LogLine = {
    type: 'event',
    id,
    at: isoTime(at),
    who,
    ...(host !== undefined && { host }),
    kind,
    detail,
  };
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
