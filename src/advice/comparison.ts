import type { Disposition, LoggedCall } from './logged-call.js';
import type { Unknown } from './partial-evaluation.js';

/** How a draft decides on a logged call; `unknown` where it reads what the log does not hold. */
export type DraftDecision =
  | { readonly kind: 'passed' }
  | { readonly kind: 'refused' | 'asked'; readonly code: string; readonly rule: string }
  | { readonly kind: 'unknown'; readonly unknown: Unknown };

export type Change = 'newly refused' | 'newly allowed' | 'newly asked';

/** Calls of one tool that one rule decides differently. */
export interface ChangeGroup {
  readonly change: Change;
  readonly tool: string;
  /** The draft's rule; where a call is newly allowed, that of the policy of that time. */
  readonly rule: string;
  readonly code: string;
  calls: number;
  /** The first few. */
  readonly examples: LoggedCall[];
}

/** Why a call could not be judged: a code with its facts, of which each language makes a sentence. */
export type WhyNotJudged =
  | { readonly code: 'reads'; readonly rule: string; readonly reads: string }
  | { readonly code: 'no_part' | 'name_cut' | 'again' | 'others' };

/** In English, as it follows "because". */
export function whyNotText(why: WhyNotJudged): string {
  switch (why.code) {
    case 'reads':
      return `${why.rule} reads ${why.reads}, which the log does not hold`;
    case 'no_part':
      return 'no policy had a part in it: a line that could not be read, or a pause';
    case 'name_cut':
      return "the log holds only the beginning of the tool's name";
    case 'again':
      return 'the same call again, after a person was asked';
    case 'others':
      return OTHERS;
  }
}

/** Calls that could not be judged, for one reason. */
export interface NotJudged {
  readonly why: WhyNotJudged;
  calls: number;
}

const EXAMPLES = 3;
/** Groups that are told apart at most: names come from clients, and there may be any number. */
const MAX_GROUPS = 1000;
const OTHERS = '(others)';

/** Adds up what a draft would change. Keeps groups and a few examples, however many calls there are. */
export class Comparison {
  readonly #groups = new Map<string, ChangeGroup>();
  readonly #notJudged = new Map<string, NotJudged>();
  calls = 0;
  unchanged = 0;
  from: number | undefined;
  to: number | undefined;

  add(call: LoggedCall, draft: DraftDecision): void {
    this.#count(call);
    if (draft.kind === 'unknown') {
      const { rule, reads } = draft.unknown;
      this.#skip({ code: 'reads', rule, reads });
      return;
    }
    const change = changeOf(call.disposition, draft.kind);
    if (change === undefined) {
      this.unchanged += 1;
      return;
    }
    const rule = draft.kind === 'passed' ? (call.rule ?? '') : draft.rule;
    const code = draft.kind === 'passed' ? (call.code ?? '') : draft.code;
    const group = this.#group(change, call.tool, rule, code);
    group.calls += 1;
    if (group.examples.length < EXAMPLES) group.examples.push(call);
  }

  /** @param why a reason that does not lie in a rule */
  skip(call: LoggedCall, why: WhyNotJudged): void {
    this.#count(call);
    this.#skip(why);
  }

  /** @returns what changes, the most calls first */
  get changes(): readonly ChangeGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.calls - a.calls);
  }

  get notJudged(): readonly NotJudged[] {
    return [...this.#notJudged.values()].sort((a, b) => b.calls - a.calls);
  }

  #count({ at }: LoggedCall): void {
    this.calls += 1;
    this.from = Math.min(this.from ?? at, at);
    this.to = Math.max(this.to ?? at, at);
  }

  #skip(why: WhyNotJudged): void {
    const known = this.#notJudged.has(JSON.stringify(why)) || this.#notJudged.size < MAX_GROUPS;
    const reason: WhyNotJudged = known ? why : { code: 'others' };
    const key = JSON.stringify(reason);
    const group = this.#notJudged.get(key);
    if (group) group.calls += 1;
    else this.#notJudged.set(key, { why: reason, calls: 1 });
  }

  #group(change: Change, tool: string, rule: string, code: string): ChangeGroup {
    const key = JSON.stringify([change, tool, rule, code]);
    const known = this.#groups.get(key);
    if (known) return known;
    if (this.#groups.size >= MAX_GROUPS && tool !== OTHERS) return this.#group(change, OTHERS, OTHERS, '');
    const group: ChangeGroup = { change, tool, rule, code, calls: 0, examples: [] };
    this.#groups.set(key, group);
    return group;
  }
}

/** Refused and hidden are one thing here: the call does not pass. */
function changeOf(then: Disposition, now: Exclude<DraftDecision['kind'], 'unknown'>): Change | undefined {
  if (then === now) return undefined;
  switch (now) {
    case 'passed':
      return 'newly allowed';
    case 'refused':
      return 'newly refused';
    case 'asked':
      return 'newly asked';
  }
}
