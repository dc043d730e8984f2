import { Decimal } from '../../json/decimal.js';
import { namePattern } from '../evaluate/name-pattern.js';
import type { Limit, NamePattern, Predicate, ToolEntry } from '../model.js';
import type { CompileContext } from './compile-context.js';
import { compileWindow, exactNumber } from './compile-limits.js';
import { compileChecks } from './compile-rules.js';
import { RULE_FIELDS, type ToolDocument } from './format.js';
import { pointerOf } from './problem.js';
import { rateCounter, readRate } from './rate.js';
import type { Segment } from './source.js';
import type { Partly } from './validate.js';

/**
 * One entry, its shorthands written out.
 *
 * @param path where it stands, if that is not under `tools`
 * @param name what it judges, if that is not read as the names of tools are
 */
export function compileEntry(
  context: CompileContext,
  tool: string,
  entry: Partly<ToolDocument>,
  path: readonly Segment[] = ['tools', tool],
  name: NamePattern = namePattern(tool),
): ToolEntry {
  if (tool === '') {
    context.report('NAME', path, 'A tool has a name.', 'Write the name of the tool, or "*".', {
      spot: 'key',
    });
  }
  checkAction(context, entry, path);
  const checks = compileChecks(context, entry, path, entry.reason);
  const always = (code: Predicate['code']): Predicate => ({
    conditions: [],
    onDeny: entry.reason,
    pointer: pointerOf([...path, 'action']),
    code,
  });
  const rate = compileRateLimit(context, tool, entry, path);
  return {
    name,
    pointer: pointerOf(path),
    hidden: entry.action === 'hide',
    declared: checks.declared,
    require: checks.require,
    denyIf: entry.action === 'deny' ? [...checks.denyIf, always('ACTION_DENY')] : checks.denyIf,
    approveIf:
      entry.action === 'approve' ? [...checks.approveIf, always('APPROVAL_REQUIRED')] : checks.approveIf,
    limits: rate ? [...checks.limits, rate] : checks.limits,
    demands: checks.demands,
  };
}

/** @returns whether the field is there and not an empty list */
function isSaid(entry: Partly<ToolDocument>, field: keyof ToolDocument): boolean {
  const value = entry[field];
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

/** What an action leaves no room for, because a reader could take the two together for something else. */
const CONTRADICTS: Readonly<
  Record<NonNullable<ToolDocument['action']>, { fields: readonly (keyof ToolDocument)[]; why: string }>
> = {
  allow: { fields: [], why: '' },
  deny: {
    fields: RULE_FIELDS,
    why: 'refuses every call, whatever else is said',
  },
  hide: {
    fields: [...RULE_FIELDS, 'reason'],
    why: 'makes the tool absent, so that nothing else is ever looked at or told',
  },
  approve: { fields: ['approve_if'], why: 'asks a person for every call, not only for some' },
};

function checkAction(context: CompileContext, entry: Partly<ToolDocument>, path: readonly Segment[]): void {
  const { action } = entry;
  if (action) {
    const { fields, why } = CONTRADICTS[action];
    for (const field of fields) {
      if (!isSaid(entry, field)) continue;
      const message = `"action": "${action}" ${why}; "${field}" beside it contradicts that.`;
      const hint = `Remove "action" to use "${field}", or the other way round.`;
      context.report('CONTRADICTION', [...path, field], message, hint, { spot: 'key' });
    }
  }
  const speaks =
    (action !== undefined && action !== 'allow') || RULE_FIELDS.some((field) => isSaid(entry, field));
  if (entry.reason !== undefined && !speaks) {
    const message = '"reason" is told with a refusal, and no rule of this entry refuses.';
    const hint = 'Add "action": "deny", or remove it.';
    context.report('UNUSED', [...path, 'reason'], message, hint, { severity: 'warning', spot: 'key' });
  }
}

function compileRateLimit(
  context: CompileContext,
  tool: string,
  entry: Partly<ToolDocument>,
  path: readonly Segment[],
): Limit | undefined {
  const { rate_limit: rate } = entry;
  if (rate === undefined) return undefined;
  const at = [...path, 'rate_limit'];
  let max: Decimal | undefined;
  let windowSpelling: string | number | undefined;
  if (typeof rate === 'string') {
    const read = readRate(rate);
    if (!read) {
      const message = `"${rate}" is not a rate: a whole number, a slash and a window.`;
      context.report('VALUE', at, message, 'Write "10/minute", or {"max": 10, "window": 60}.');
      return undefined;
    }
    max = Decimal.from(read.max);
    windowSpelling = read.window;
  } else {
    max = exactNumber(context, [...at, 'max'], 'nothing is less than no call');
    windowSpelling = rate.window;
  }
  if (windowSpelling === undefined) return undefined;
  const window = compileWindow(context, windowSpelling, typeof rate === 'string' ? at : [...at, 'window']);
  if (!window || !max) return undefined;
  const pointer = pointerOf(at);
  context.locations.set(pointer, at);
  return {
    counter: rateCounter(tool),
    windowMs: window.ms,
    windowText: window.text,
    align: { kind: 'sliding' },
    max,
    scope: 'grant',
    amount: { kind: 'fixed', value: Decimal.one },
    per: [],
    except: [],
    refund: 'never',
    onExceed: 'deny',
    onDeny: entry.reason,
    pointer,
  };
}
