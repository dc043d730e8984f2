import { type Challenge, challengeOf } from '../approval/challenge.js';
import { isSevere } from '../catalog/classify.js';
import { PolicyWrapError } from '../errors.js';
import { parseJson } from '../json/exact.js';
import { isObject, type JsonObject } from '../json/value.js';
import type { TeamStanding } from '../policy/remedy.js';
import type { Origin } from '../store/shared-store.js';
import type { ApprovalEntry } from '../store/store.js';
import { span } from '../text/duration.js';
import { NAME_CAP, printable, spreadJson } from '../text/escape.js';
import { paint, table } from './table.js';
import type { AnyStore } from './team-store.js';
import type { Output } from './terminal.js';
import { clockTime, localTime } from './time.js';

/** What waits for a person, with all that they need to decide: the arguments whole and escaped (G10). */
export function describeApproval(
  approval: ApprovalEntry & Partial<Origin>,
  out: Output,
  now: number,
): string {
  const { id, server, grant, tool, reason, rule, state, askedAt, expiresAt, who, host } = approval;
  const isOpen = state === 'pending' || state === 'approved';
  const rows = [
    ['tool', printable(tool)],
    [
      'server',
      `${printable(server, NAME_CAP)}${grant === 'default' ? '' : `, grant ${printable(grant, NAME_CAP)}`}`,
    ],
    ...(who === undefined
      ? []
      : [['from', `${printable(who, NAME_CAP)} on ${printable(host ?? '', NAME_CAP)}`]]),
    ['why', printable(reason)],
    ['rule', printable(rule)],
    ['asked', clockTime(askedAt, now)],
    ...(isOpen ? [['expires', `${clockTime(expiresAt, now)} (${span(expiresAt - now)})`]] : []),
    ...(state === 'pending' ? [] : [['state', stateOf(approval)]]),
    ...(state === 'pending' && !isForQueue(approval) ? [['where', ONLY_IN_CLIENT]] : []),
  ];
  const head = paint(out, 'bold', `Approval ${id}`);
  const text = table(out, rows, { indent: '  ', columns: ['whole', 'prose'] });
  const { names } = keptOf(approval);
  if (names)
    return `${head}\n${text}  arguments (their values are no longer kept): ${printable(names.join(', '), 2000)}\n`;
  const lines = spreadJson(approval.arguments).map((line) => `    ${printable(line)}\n`);
  return `${head}\n${text}  arguments\n${lines.join('')}`;
}

const ONLY_IN_CLIENT = 'the policy lets it be approved in the client alone';

/** @returns whether the policy lets it be approved here, outside of the client */
export function isForQueue({ channels }: ApprovalEntry): boolean {
  return channels.includes('queue');
}

/** Whether whoever looks may approve it outside of the client. @param team how the login stands where a team decides */
export function mayApprove(approval: ApprovalEntry, team: TeamStanding | undefined): boolean {
  return isForQueue(approval) && (team === undefined || team.roles.includes('approver'));
}

/** The complaint where it is tried all the same. */
export function notHere({ id }: ApprovalEntry): PolicyWrapError {
  return new PolicyWrapError('REFUSED', `approval ${id}: ${ONLY_IN_CLIENT} ("channels": ["client"])`, {
    hint: 'Have the call made again and answer there, or reject it here.',
  });
}

/** What is kept of the arguments: all of them while a person may look, and then only their names. */
export function keptOf({ arguments: text }: ApprovalEntry): {
  readonly names: readonly string[] | undefined;
} {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { names: undefined };
    return { names: Array.isArray(value) ? value.map(String) : [] };
  } catch {
    return { names: [] };
  }
}

const CHANNELS = new Map([
  ['cli', ' on the command line'],
  ['page', ' on the page'],
]);

/** `approved by cli 2026-11-22 14:05:12 -03:00: note`. */
export function stateOf({
  state,
  decidedBy,
  decidedAt,
  note,
  decidedWho,
}: ApprovalEntry & { readonly decidedWho?: string | undefined }): string {
  const by = decidedBy === undefined ? '' : (CHANNELS.get(decidedBy) ?? ` by ${printable(decidedBy, 40)}`);
  const person = decidedWho === undefined ? '' : ` by ${printable(decidedWho, 40)}`;
  const at = decidedAt === undefined ? '' : ` ${localTime(decidedAt)}`;
  return `${state}${person}${by}${at}${note === undefined ? '' : `: ${printable(note)}`}`;
}

/** The arguments with every digit; empty when they are not what we write, and then nothing can be approved by them. */
export function argumentsOf(approval: ApprovalEntry): JsonObject {
  if (keptOf(approval).names) return {};
  const value = parseJson(approval.arguments);
  return isObject(value) ? value : {};
}

/** Whether a mistake with this call costs money or cannot be taken back. */
export function isSevereCall({ severe, tool }: ApprovalEntry): boolean {
  // The wrapper has seen the tool's description; the name alone must do for nothing but a second opinion.
  return severe || isSevere({ name: tool });
}

/** What a person must type to approve this call; undefined when yes is enough. */
export function challengeFor(approval: ApprovalEntry, store: AnyStore): Challenge | undefined {
  if (!isSevereCall(approval)) return undefined;
  const { tool, lookedAt } = approval;
  return challengeOf(tool, argumentsOf(approval), { inputSchema: inputSchemaOf(approval, store), lookedAt });
}

/** What the server said last of the tool's arguments; undefined where nothing of it was remembered. */
export function inputSchemaOf({ server, tool }: ApprovalEntry, store: AnyStore): unknown {
  // Definitions of tools stay on the machine of the wrapper.
  if (!('pins' in store)) return undefined;
  const pin = store.pins(server).find((each) => each.tool === tool);
  if (!pin) return undefined;
  try {
    const definition: unknown = JSON.parse(pin.changed?.definition ?? pin.definition);
    return (definition as { readonly inputSchema?: unknown } | null)?.inputSchema;
  } catch {
    return undefined;
  }
}
