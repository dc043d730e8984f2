import { isArray, isObject, type Json } from '../../json/value.js';
import { conditionClause, conditionIn, likely, type Wish } from './conditions.js';
import type { About, Clause, Phrase } from './model.js';
import { hasOnly, ON_DENY, optional, type RuleReader } from './options.js';

const PREDICATES = {
  require: { wish: 'must', none: 'require_none' },
  deny_if: { wish: 'may_not', none: 'deny_always' },
  approve_if: { wish: 'may_not', none: 'approve_always' },
} as const satisfies Readonly<Record<string, { readonly wish: Wish; readonly none: Phrase }>>;

/** `refuse unless`, `refuse if`, `ask me when`. */
export const predicateRule =
  (kind: keyof typeof PREDICATES): RuleReader =>
  (value, at, about) => {
    if (!isObject(value) || !hasOnly(value, ['conditions', 'on_deny'])) return undefined;
    const { conditions } = value;
    if (!isArray(conditions)) return undefined;
    const read = conditions.map(conditionIn);
    const others = optional({ on_deny: ON_DENY }, value, at, about);
    if (!others) return undefined;
    const { wish, none } = PREDICATES[kind];
    const clauses: Clause[] = [{ phrase: read.length === 0 ? none : kind, fields: [] }];
    for (const [index, condition] of read.entries()) {
      if (!condition) return undefined;
      const here = [...at, 'conditions', index];
      // Without any condition it would hold for every call.
      const removal = read.length > 1 ? [{ path: here, value: undefined }] : undefined;
      clauses.push(conditionClause(condition, here, about, wish, removal));
    }
    const next = { path: [...at, 'conditions', read.length], value: beginning(about, wish) };
    return {
      kind,
      clauses: [...clauses, ...others.clauses],
      more: [...(read.length > 0 ? [{ kind: 'condition' as const, edits: [next] }] : []), ...others.more],
    };
  };

/** A condition to begin with: about money where there is any. */
export function beginning(about: About, wish: Wish): Json {
  const all = about.arguments;
  const first =
    all.find(({ isMoney }) => isMoney) ?? all.find(({ types }) => types?.includes('number')) ?? all[0];
  const { path, op, value } = first
    ? likely(first, wish)
    : { path: 'args.amount', op: wish === 'must' ? 'lte' : 'gt', value: 100 };
  return { path, op, value };
}
