import { countOf, isAsStrict } from '../../advice/limit-strictness.js';
import { freshCounter } from '../../advice/sentences/counters.js';
import type { Fix, Opening, PolicyPart } from '../../catalog/threats/threat.js';
import { closes, joinedEntry } from '../../catalog/threats/threats.js';
import { isRecord } from '../../json/value.js';
import { answerPredicate } from '../../policy/evaluate/condition.js';
import type { Policy, ToolEntry } from '../../policy/model.js';
import { rateAsLimit, rateCounter } from '../../policy/read/rate.js';
import type { Held } from './held.js';

type Entry = Readonly<Record<string, unknown>>;
type Document = Readonly<Record<string, unknown>>;

/**
 * What closes some openings, to be put into each server's policy in the place of what stands there under the same names.
 * Entries are never merged, so each carries along what the policy in force says of the same tool; what was refused before
 * stays refused.
 *
 * @returns members of each server's policy
 */
export function fragmentsFor(held: readonly Held[], openings: readonly Opening[]): Fix {
  const eased = new Set(
    openings.flatMap(({ eases, fix }) =>
      eases
        ? Object.entries(fix).flatMap(([server, { tools }]) =>
            keysOf(tools).map((name) => `${server}\n${name}`),
          )
        : [],
    ),
  );
  return Object.fromEntries(
    Object.entries(closes(openings)).flatMap(([server, part]) => {
      const of = held.find((each) => each.server === server);
      if (Object.keys(part).length === 0) return [];
      if (of === undefined || of.policy === 'none' || of.policy === 'unwrapped') return [[server, part]];
      const isEased = (tool: string) => eased.has(`${server}\n${tool}`);
      return [[server, onTop(of.document ?? {}, of.policy.all.at(-1), part, isEased)]];
    }),
  );
}

/** The servers as they are once what closes something stands in their policies' files; the policies are not loaded anew. */
export const withFragments = (held: readonly Held[], fix: Fix): Held[] =>
  held.map((each) => {
    const part = fix[each.server];
    return part === undefined ? each : { ...each, document: pastedInto(each.document ?? {}, part) };
  });

/** A policy's file with the members of a fragment in the place of what stood there under the same names. */
export function pastedInto(document: Document, part: PolicyPart): Document {
  const tools = isRecord(document.tools) ? document.tools : {};
  return { ...document, ...part, ...(part.tools && { tools: { ...tools, ...part.tools } }) };
}

function onTop(
  document: Document,
  policy: Policy | undefined,
  part: PolicyPart,
  isEased: (tool: string) => boolean,
): PolicyPart {
  const { all_tools, tools, hide, server_requests, ...rest } = part;
  const counters = countersIn(document);
  const joined = (had: Entry, next: Entry) => joinedEntry([had, withFreshCounters(had, next, counters)]);
  const entries = Object.entries(tools ?? {}).map(([name, entry]) => {
    const had = entryInForce(document, policy, name) ?? {};
    return [name, joined(isEased(name) ? asksLess(had) : had, entry)] as const;
  });
  const requests = isRecord(document.server_requests) ? document.server_requests : {};
  return {
    ...rest,
    ...(hide && { hide: [...new Set([...stringsIn(document.hide), ...hide])] }),
    ...(all_tools && {
      all_tools: joined(isRecord(document.all_tools) ? document.all_tools : {}, all_tools),
    }),
    ...(server_requests && {
      server_requests: {
        ...requests,
        ...Object.fromEntries(
          Object.entries(server_requests).map(([kind, entry]) => {
            const had = requests[kind];
            return [kind, joinedEntry([isRecord(had) ? had : {}, entry as Entry])];
          }),
        ),
      },
    }),
    ...(tools && { tools: Object.fromEntries(entries) }),
  };
}

/**
 * The entry by which a policy's own file judges a tool: its own, or that of a pattern. The count of a pattern's
 * `rate_limit` is written out, so that it stays one count for all that the pattern stands for.
 */
export function entryInForce(
  document: Document,
  policy: Policy | undefined,
  name: string,
): Entry | undefined {
  const tools = isRecord(document.tools) ? document.tools : {};
  if (Object.hasOwn(tools, name)) return isRecord(tools[name]) ? tools[name] : undefined;
  const judging = policy?.patterns.find((each) => each.name.matches(name));
  const pattern = judging?.name.text;
  const written = pattern === undefined ? undefined : tools[pattern];
  if (judging === undefined || !isRecord(written)) return undefined;
  const entry = withoutOthers(written, judging, name);
  const { rate_limit: rate, ...others } = entry;
  const limit = rateAsLimit(rate);
  if (limit === undefined) return entry;
  const limits = Array.isArray(entry.limits) ? entry.limits : [];
  return { ...others, limits: [...limits, { counter: rateCounter(pattern ?? name), ...limit }] };
}

/** Without the predicates that are about the names of other tools. */
function withoutOthers(entry: Entry, { denyIf, approveIf }: ToolEntry, tool: string): Entry {
  const never = new Set(
    [...denyIf, ...approveIf].flatMap((predicate) => {
      const isNever = predicate.conditions
        .filter(({ path }) => path.root === 'tool')
        .some((condition) => {
          const alone = { ...predicate, conditions: [condition] };
          return answerPredicate(alone, { tool, args: {}, env: {} }, 'any').answer === 'fails';
        });
      return isNever ? [predicate.pointer] : [];
    }),
  );
  if (never.size === 0) return entry;
  const kept = (key: 'deny_if' | 'approve_if') => {
    const list = entry[key];
    if (!Array.isArray(list)) return {};
    const left = list.filter((_, at) => ![...never].some((pointer) => pointer.endsWith(`/${key}/${at}`)));
    return left.length > 0 ? { [key]: left } : {};
  };
  const { deny_if: _, approve_if: __, ...others } = entry;
  return { ...others, ...kept('deny_if'), ...kept('approve_if') };
}

/** Without what asks about every call. */
function asksLess({ action, reason, approve_if, ...rest }: Entry): Entry {
  const conditional = Array.isArray(approve_if) ? approve_if.filter((each) => !isAlways(each)) : [];
  return {
    ...rest,
    ...(action !== undefined && action !== 'approve' && { action }),
    ...(reason !== undefined && action !== 'approve' && { reason }),
    ...(conditional.length > 0 && { approve_if: conditional }),
  };
}

const isAlways = (predicate: unknown): boolean =>
  isRecord(predicate) && Array.isArray(predicate.conditions) && predicate.conditions.length === 0;

/** A counter is one count: a name that is another's gets a number, and a limit that stands there already is left out. */
function withFreshCounters(had: Entry, next: Entry, taken: ReadonlyMap<string, string>): Entry {
  if (!Array.isArray(next.limits)) return next;
  const mine = new Map(limitsIn(had).map((limit) => [String(limit.counter), limit]));
  const limits = limitsIn(next).flatMap((limit) => {
    const name = String(limit.counter);
    const own = mine.get(name);
    // The stricter of two limits of one count is enough.
    if (own !== undefined && isAsStrict(own, limit)) return [];
    const isTaken = own !== undefined || (taken.has(name) && taken.get(name) !== countOf(limit));
    return [
      isTaken
        ? { ...limit, counter: freshCounter(name, { has: (other) => taken.has(other) || mine.has(other) }) }
        : limit,
    ];
  });
  const { limits: _, ...others } = next;
  return limits.length > 0 ? { ...others, limits } : others;
}

/** Every counter of a policy, with what its limits must agree in. */
function countersIn(document: Document): Map<string, string> {
  const tools = isRecord(document.tools) ? Object.entries(document.tools) : [];
  return new Map(
    [['', document.all_tools] as const, ...tools]
      .flatMap(([name, entry]) => (isRecord(entry) ? [...limitsIn(entry), ...rateOf(name, entry)] : []))
      .map((limit) => [String(limit.counter), countOf(limit)]),
  );
}

function rateOf(name: string, { rate_limit: rate }: Entry): Entry[] {
  const limit = rateAsLimit(rate);
  return limit === undefined ? [] : [{ counter: rateCounter(name), ...limit }];
}

const limitsIn = ({ limits }: Entry): Entry[] =>
  Array.isArray(limits) ? limits.filter((each) => isRecord(each)) : [];
const stringsIn = (list: unknown): string[] =>
  Array.isArray(list) ? list.filter((each): each is string => typeof each === 'string') : [];
const keysOf = (object: object | undefined): string[] => Object.keys(object ?? {});
