import { hostname } from 'node:os';
import packageJson from '../../package.json' with { type: 'json' };
import type { Origin } from '../store/shared-store.js';
import type { EventEntry, LogEntry } from '../store/store.js';
import { printableJson } from '../text/escape.js';
import { namesOf } from './log-json.js';

/**
 * Rows of the log as events of the Open Cybersecurity Schema Framework 1.6.0 (schema.ocsf.io): a decision is an API
 * Activity with the profile of a security control, anything else a Base Event. What has no place there is `unmapped`.
 */

const VERSION = '1.6.0';
/** Ids that each enumeration of OCSF has for what is none of its own. */
const OTHER = 99;
const UNKNOWN = 0;
const INFORMATIONAL = 1;
const MEDIUM = 3;
const SUCCESS = 1;
const FAILURE = 2;
/** `class_uid` of API Activity, whose category is the class without its last three digits. */
const API_ACTIVITY = 6003;
const BASE_EVENT = 0;

const ALLOWED = { action_id: 1, action: 'Allowed', disposition_id: 1, disposition: 'Allowed' };
const BLOCKED = { action_id: 2, action: 'Denied', disposition_id: 2, disposition: 'Blocked' };
/** A person has to decide: it is stopped until then. */
const ASKED = { action_id: 2, action: 'Denied', disposition_id: 28, disposition: 'Challenge' };

const product = { name: 'policy-wrap', vendor_name: 'policy-wrap', version: packageJson.version };

/** One line, without its line end. */
export function ocsfDecision(entry: LogEntry & Partial<Origin>): string {
  const isAllowed = entry.decision === 'allow' || entry.observe;
  const isAsked = entry.decision === 'ask';
  const failed = entry.outcome !== undefined && entry.outcome !== 'ok';
  return printableJson({
    class_uid: API_ACTIVITY,
    class_name: 'API Activity',
    category_uid: Math.floor(API_ACTIVITY / 1000),
    category_name: 'Application Activity',
    activity_id: OTHER,
    activity_name: 'Call',
    type_uid: API_ACTIVITY * 100 + OTHER,
    time: entry.at,
    severity_id: isAllowed ? INFORMATIONAL : MEDIUM,
    ...(isAllowed ? ALLOWED : isAsked ? ASKED : BLOCKED),
    status_id: !isAllowed || failed ? FAILURE : entry.outcome === undefined ? UNKNOWN : SUCCESS,
    status_code: entry.code,
    status_detail: entry.outcome,
    duration: entry.latencyMs === undefined ? undefined : Math.round(entry.latencyMs),
    actor: {
      app_name: entry.clientName,
      session: { uid: entry.session },
      ...(entry.who !== undefined && { user: { name: entry.who } }),
    },
    api: {
      operation: 'tools/call',
      service: { name: entry.server },
      request: {
        uid: entry.requestId ?? '',
        data: { tool: entry.tool, argument_names: namesOf(entry.arguments) },
      },
    },
    resources: [{ name: entry.tool, type: 'MCP tool' }],
    // In a team's log, where the call was made.
    src_endpoint: { hostname: entry.host ?? hostname() },
    policy: { uid: entry.policyHash, name: entry.rule },
    metadata: { version: VERSION, product, profiles: ['security_control'], uid: `decision-${entry.auditId}` },
    unmapped: {
      code: entry.code,
      rule: entry.rule,
      grant: entry.grant,
      observe: entry.observe,
      approval: entry.approval,
      client_version: entry.clientVersion,
      pid: entry.pid,
    },
  });
}

/** One line, without its line end. */
export function ocsfEvent({ id, at, who, kind, detail }: EventEntry): string {
  return printableJson({
    class_uid: BASE_EVENT,
    class_name: 'Base Event',
    category_uid: UNKNOWN,
    category_name: 'Uncategorized',
    activity_id: OTHER,
    activity_name: kind,
    type_uid: BASE_EVENT * 100 + OTHER,
    time: at,
    severity_id: INFORMATIONAL,
    message: kind,
    metadata: { version: VERSION, product, uid: `event-${id}`, event_code: kind },
    unmapped: { who, ...detail },
  });
}
