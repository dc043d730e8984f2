import type { Decimal } from '../json/decimal.js';
import type { Json } from '../json/value.js';
import type { Regex } from './evaluate/regex.js';
import type { Operator } from './operators.js';

/**
 * policy/: what is allowed. The model of a policy and of a call, read/ (text to policy), evaluate/ (policy and call to
 * evaluation), limits/ (windows and calendars), and one row each for operators and decision codes.
 * Imports json/ and text/ alone.
 * Never enters: clocks, files, processes, counters. Time is a parameter.
 */

/**
 * A policy as calls are decided by it: validated, shorthands written out, patterns ordered, expressions compiled.
 * Made by `loadPolicy` only; every field is read-only and the whole is safe to share.
 */
export interface Policy {
  /** sha-256 of the document's text, hex; names the policy in the decision log. */
  readonly hash: string;
  /** Where it came from, for people: an absolute path or `preset afip`. */
  readonly source: string;
  /** `base.json#` before the pointers of a policy that another one extends (see layers.ts). */
  readonly layer?: string;
  /** Tells the file from every other, whatever it is called: its real path where it has one, else its source. */
  readonly identity: string;
  readonly default: 'allow' | 'deny';
  /** The team without whose store every call is refused. */
  readonly store: string | undefined;
  /** The policy that this one narrows, as the file writes it. */
  readonly extends: string | undefined;
  readonly hide: readonly NamePattern[];
  /** Whether a name, or a lookalike of it, stands under `hide`; constant time for plain names. */
  hides(name: string): boolean;
  readonly allTools: Checks;
  /** Entries with a plain name, by that name. A Map: a tool may be called `__proto__`. */
  readonly tools: ReadonlyMap<string, ToolEntry>;
  /** The same entries by their canonical name. */
  readonly lookalikes: ReadonlyMap<string, ToolEntry>;
  /** Entries with a `*` in their name, the one that wins first. */
  readonly patterns: readonly ToolEntry[];
  /** What the server may ask of the client: entries by their method. Undefined: all of it passes. */
  readonly serverRequests?: Policy | undefined;
  /** What the client may read: entries by `resource:` and the URI. Undefined: all of it passes. */
  readonly resources?: Policy | undefined;
  /** What the client may have the server write: entries by `prompt:` and the name. Undefined: all of it passes. */
  readonly prompts?: Policy | undefined;
  /** The form in which two names are lookalikes of each other, where it is not that of tools. */
  readonly canonical?: ((name: string) => string) | undefined;
  readonly list: 'all' | 'callable';
  readonly pin: 'off' | 'warn' | 'hold' | 'deny';
  /** Whether the client sees tools that came when their server was known already. */
  readonly newTools: 'show' | 'hide';
  /** What becomes of tools whose definition says what an honest one hardly does. */
  readonly onSuspicious: 'warn' | 'hide';
  readonly annotate: boolean;
  /** Undefined where the file does not say: then `keys`, unless a layer says otherwise. */
  readonly auditArguments: 'keys' | 'full' | undefined;
  readonly approvals: {
    readonly waitMs: number;
    readonly expiresMs: number;
    readonly channels: readonly ('client' | 'queue')[];
    /** Arguments that do not tell the approved call from another. */
    readonly except: readonly Path[];
  };
}

/** A name in which `*` stands for any characters, none included; without `*`, exactly that name. */
export interface NamePattern {
  readonly text: string;
  /** Without `*`. */
  readonly plain: boolean;
  /** How many of its characters are not `*`. */
  readonly literals: number;
  matches(name: string): boolean;
  /** Whether a lenient server could take `name` for one that matches: compared by their canonical names. */
  matchesLookalike(name: string): boolean;
}

/**
 * What is looked at for a call, in this order: arguments, require, deny_if, limits, approve_if. No field may be left
 * out: a place that makes checks of others would lose a rule without a word.
 */
export interface Checks {
  /** `arguments: "declared"`: the tool's own input schema must accept the arguments. */
  readonly declared: DeclaredRule | undefined;
  readonly require: readonly Predicate[];
  readonly denyIf: readonly Predicate[];
  readonly approveIf: readonly Predicate[];
  readonly limits: readonly Limit[];
  /** Undefined where there is none. */
  readonly demands: readonly Demand[] | undefined;
}

/** What depends on the moment of the call: it is looked at together with the limits. */
export type Demand = HoursDemand | CalledDemand;

interface AnyDemand {
  /** What becomes of a call that does not meet it. */
  readonly otherwise: 'deny' | 'approve';
  /** The author's text for the agent. */
  readonly onDeny: string | undefined;
  /** JSON pointer into the document. */
  readonly pointer: string;
}

/**
 * `after`: a call is refused once one of these tools was called. `before`: it is refused until one of them was, and the
 * server answered without an error.
 */
export interface CalledDemand extends AnyDemand {
  readonly kind: 'after' | 'before';
  readonly tools: readonly CalledTool[];
  readonly withinMs: number;
  /** Reads on from "within": `one hour`, `15 minutes`. */
  readonly withinText: string;
  readonly scope: Scope;
  /** A tool whose calls do not count: the one that is being called, where this goes on with an earlier call. */
  readonly except?: { readonly server: string; readonly tool: string };
}

/** A tool by its name or a pattern, on any server that the scope takes in or on one that is named. */
export interface CalledTool {
  /** `fetch_*`, `web/fetch_*`. */
  readonly text: string;
  matches(server: string, tool: string): boolean;
}

/** Calls pass from one time of the day to another, on some days of the week. */
export interface HoursDemand extends AnyDemand {
  readonly kind: 'hours';
  /** Seven, from Monday: whether the range begins on that day. */
  readonly days: readonly boolean[];
  /** Milliseconds by the clock on the wall, since midnight; `to` is on the next day where it is not after `from`. */
  readonly from: number;
  readonly to: number;
  readonly timezone: string;
  /** `mon-fri from 09:00 to 18:00 (Europe/Madrid)`. */
  readonly text: string;
}

/** What refuses or asks stands in `Checks`, also what no `all_tools` has; here is what tells one entry from another. */
export interface ToolEntry extends Checks {
  readonly name: NamePattern;
  /** JSON pointer (RFC 6901) into the document: where the entry stands. */
  readonly pointer: string;
  /** `action: "hide"`: as if the name stood in `hide`. */
  readonly hidden: boolean;
}

export interface DeclaredRule {
  /** JSON pointer (RFC 6901) into the document. */
  readonly pointer: string;
  readonly onDeny: string | undefined;
}

export interface Predicate {
  readonly conditions: readonly Condition[];
  /** The author's text for the agent. */
  readonly onDeny: string | undefined;
  /** JSON pointer (RFC 6901) into the document. */
  readonly pointer: string;
  /** `ACTION_DENY` for the shorthand `action`, else by the list that it stands in. */
  readonly code: 'REQUIRE' | 'DENY_IF' | 'ACTION_DENY' | 'APPROVAL_REQUIRED';
}

export interface Condition {
  readonly path: Path;
  readonly op: Operator;
  readonly value: Json;
  /** What `value` was compiled to, where the operator does so. */
  readonly regex: Regex | undefined;
}

/** `args.items[*].price`, `env.AFIP_ENV`, `tool.name`, taken apart. `each` is `[*]`. */
export interface Path {
  readonly text: string;
  readonly root: 'args' | 'env' | 'tool';
  readonly steps: readonly (string | typeof EACH)[];
}

/** `[*]`: every element of a list. */
export const EACH: unique symbol = Symbol('[*]');

/**
 * Whose calls are taken together: a server and grant, one wrapper process, everything on a machine, everything on the
 * machines of a team. In a shared store a grant is that of all machines.
 */
export type Scope = 'grant' | 'session' | 'machine' | 'team';

export type CalendarUnit = 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month';

export interface Limit {
  readonly counter: string;
  /** The layer that it stands in, and its name there, where that is not the user's own: in two layers are two counts. */
  readonly layer?: { readonly identity: string; readonly counter: string };
  /** Length in milliseconds; for a calendar month the longest, 31 days. */
  readonly windowMs: number;
  /** Reads on from "per" and "in": `minute`, `15 minutes`. */
  readonly windowText: string;
  readonly align:
    | { readonly kind: 'sliding' }
    | { readonly kind: 'calendar'; readonly unit: CalendarUnit; readonly timezone: string };
  readonly max: Decimal;
  readonly scope: Scope;
  readonly amount: Amount;
  /** Paths whose values split the count; empty when it is one. */
  readonly per: readonly Path[];
  /** Arguments that `per` leaves out. */
  readonly except: readonly Path[];
  readonly refund: 'never' | 'on_error' | 'on_success';
  readonly onExceed: 'deny' | 'approve';
  /** What the counter holds when a person is told; undefined when nobody is. */
  readonly warnAt?: Decimal | undefined;
  readonly onDeny: string | undefined;
  /** `/tools/track_logout/limits/track_logout_rate`: location plus counter, as the hosted log writes it. */
  readonly pointer: string;
}

/** What one call charges. */
export type Amount =
  | { readonly kind: 'fixed'; readonly value: Decimal }
  | { readonly kind: 'value'; readonly path: Path }
  | { readonly kind: 'sum'; readonly path: Path }
  | { readonly kind: 'count'; readonly path: Path };
