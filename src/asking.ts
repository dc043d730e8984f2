import { isSevere } from './catalog/classify.js';
import { isObject, type JsonObject, parseJson } from './policy/json.js';
import { printable } from './printable.js';
import { type Challenge, challengeOf } from './proxy/challenge.js';
import type { ApprovalEntry } from './state/store.js';
import { localTime, type Output, paint, span, table } from './terminal.js';

/** What waits for a person, with all that they need to decide: the arguments whole and escaped (G10). */
export function describeApproval(approval: ApprovalEntry, out: Output, now: number): string {
  const { id, server, grant, tool, reason, rule, state, askedAt, expiresAt } = approval;
  const isOpen = state === 'pending' || state === 'approved';
  const rows = [
    ['tool', printable(tool)],
    ['server', `${printable(server, 200)}${grant === 'default' ? '' : `, grant ${printable(grant, 200)}`}`],
    ['why', printable(reason)],
    ['rule', printable(rule)],
    ['asked', localTime(askedAt)],
    ...(isOpen ? [['expires', `${localTime(expiresAt)} (${span(expiresAt - now)})`]] : []),
    ...(state === 'pending' ? [] : [['state', stateOf(approval)]]),
  ];
  const head = paint(out, 'bold', `Approval ${id}`);
  // Cut to the terminal's width, these rows would not show all; the terminal may break them.
  const whole = { ...out, columns: Number.POSITIVE_INFINITY };
  const lines = indented(approval.arguments).map((line) => `    ${printable(line)}\n`);
  // Values are dropped once nobody decides by them any more.
  const title = approval.arguments.startsWith('[') ? 'arguments (names only)' : 'arguments';
  return `${head}\n${table(whole, rows, { indent: '  ' })}  ${title}\n${lines.join('')}`;
}

/** `approved by cli 2026-11-22 14:05:12 -03:00: note`. */
export function stateOf({ state, decidedBy, decidedAt, note }: ApprovalEntry): string {
  const by = decidedBy === undefined ? '' : ` by ${printable(decidedBy, 40)}`;
  const at = decidedAt === undefined ? '' : ` ${localTime(decidedAt)}`;
  return `${state}${by}${at}${note === undefined ? '' : `: ${printable(note)}`}`;
}

/** The arguments with every digit; empty when they are not what we write, and then nothing can be approved by them. */
export function argumentsOf(approval: ApprovalEntry): JsonObject {
  const value = parseJson(approval.arguments);
  return isObject(value) ? value : {};
}

/** What a person must type to approve this call; undefined when yes is enough. */
export function challengeFor(approval: ApprovalEntry): Challenge | undefined {
  // The wrapper has seen the tool's description; the name alone must do for nothing but a second opinion.
  const severe = approval.severe || isSevere({ name: approval.tool });
  return severe ? challengeOf(approval.tool, argumentsOf(approval)) : undefined;
}

/** JSON spread over lines, token by token: parsed and written anew it could lose digits. @param text valid JSON */
function indented(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  let depth = 0;
  const breakLine = () => {
    lines.push(line);
    line = '  '.repeat(depth);
  };
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|[^\s{}[\],:"]+/g)) {
    if (token === '}' || token === ']') {
      depth -= 1;
      breakLine();
    }
    line += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth += 1;
    if (token === '{' || token === '[' || token === ',') breakLine();
  }
  lines.push(line);
  return lines;
}
