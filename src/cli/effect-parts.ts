import { Decimal } from '../json/decimal.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { checksFor, couldPass, resolveEntry } from '../policy/evaluate/resolve.js';
import type { Checks, Limit } from '../policy/model.js';

/** One thing that a policy does with a tool: a code with its facts, of which each language makes words. */
export type EffectPart =
  | { readonly code: 'no_policy' | 'hide' | 'not_listed' | 'deny' | 'allow' }
  | { readonly code: 'ask' | 'ask_sometimes' | 'conditions' }
  | { readonly code: 'limits'; readonly limits: readonly Limit[]; readonly more: number };

/** More limits than this are only counted. */
const SHOWN_LIMITS = 3;

/** @returns what a policy does with a tool; parts that depend on the call are named without their conditions */
export function effectParts(policy: Layers | undefined, tool: string): readonly EffectPart[] {
  if (policy === undefined) return [{ code: 'no_policy' }];
  const layers = policy.all.map((layer) => ({ layer, resolved: resolveEntry(layer, tool) }));
  // A layer can only tighten, so the strictest holds.
  if (layers.some(({ resolved }) => resolved.kind === 'hidden')) return [{ code: 'hide' }];
  if (layers.some(({ resolved }) => resolved.kind === 'refused')) return [{ code: 'not_listed' }];
  if (!layers.every(({ layer, resolved }) => couldPass(layer, resolved))) return [{ code: 'deny' }];
  const all = policy.all.flatMap((layer) => checksFor(layer, tool));
  const limits = all.flatMap((checks) => checks.limits);
  const conditional = all.some(
    ({ require, denyIf, demands, declared }) => require.length + denyIf.length > 0 || demands || declared,
  );
  const more = Math.max(0, limits.length - SHOWN_LIMITS);
  const parts: EffectPart[] = [
    ...asking(all),
    ...(limits.length > 0 ? [{ code: 'limits' as const, limits: limits.slice(0, SHOWN_LIMITS), more }] : []),
    ...(conditional ? [{ code: 'conditions' as const }] : []),
  ];
  return parts.length > 0 ? parts : [{ code: 'allow' }];
}

function asking(all: readonly Checks[]): readonly EffectPart[] {
  const rules = all.flatMap(({ approveIf }) => approveIf);
  if (rules.some(({ conditions }) => conditions.length === 0)) return [{ code: 'ask' }];
  const overLimit = all.some(({ limits }) => limits.some(({ onExceed }) => onExceed === 'approve'));
  return rules.length > 0 || overLimit ? [{ code: 'ask_sometimes' }] : [];
}

/** In English: `allow`, `limit 30/minute`, `ask`, `deny`, `hide`, `not listed`, or several of them. */
export function effectOf(policy: Layers | undefined, tool: string): string {
  return effectText(effectParts(policy, tool));
}

export function effectText(parts: readonly EffectPart[]): string {
  return parts.map(partText).join('; ');
}

function partText(part: EffectPart): string {
  if (part.code !== 'limits') return part.code.replace('_', ' ');
  const shown = `limit ${part.limits.map(limitText).join(', ')}`;
  return part.more > 0 ? `${shown}; ${part.more} more limits` : shown;
}

/** `30/minute`, or `2000000 of args.amount_total/day`. */
function limitText({ max, amount, windowText }: Limit): string {
  switch (amount.kind) {
    case 'fixed':
      return amount.value.compare(Decimal.one) === 0
        ? `${max}/${windowText}`
        : `${max} by ${amount.value}/${windowText}`;
    case 'count':
    case 'sum':
    case 'value':
      return `${max} of ${amount.path.text}/${windowText}`;
  }
}
