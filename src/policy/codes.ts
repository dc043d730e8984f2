/** What a policy had to do with a call that got a code. */
type PolicyPart =
  /** A rule that somebody wrote drew a line. */
  | 'line'
  /** It said nothing of how the tool may be used. */
  | 'no_line'
  /** None: the call would have fared the same under any policy. */
  | 'none';

interface CodeRow {
  /** A person is asked instead of a plain refusal. */
  readonly decision: 'deny' | 'ask';
  /** Whether a person's answer is what is missing, or what refused the call. */
  readonly isApproval: boolean;
  /** Code of the JSON-RPC error where the client waits for a task; outside of the reserved range. */
  readonly error: 40100 | 40300 | 42900;
  readonly policyPart: PolicyPart;
  /** What a model should do next. */
  readonly advice: string;
  /** The same where the refusal says when the next call is possible: a loop that knows when to come back does not hammer. */
  readonly adviceUntil?: string;
  /** What a person can do where no command lets the call through, besides an edit of the rule. */
  readonly mend?: string;
  /** What stands for the rule where no rule of the policy gave the refusal. */
  readonly rule?: string;
  /** What happened, where no rule of the policy says so. */
  readonly explanation?: string;
}

const DENIED = { decision: 'deny', isApproval: false, error: 40300 } as const;
const UNAPPROVED = { decision: 'deny', isApproval: true, error: 40100, policyPart: 'line' } as const;

const ASK_USER =
  'This is a local policy decision, not a server error: do not repeat the call unchanged; ask the user.';
const TELL_USER = 'Tell the user.';
const NOT_BEFORE = 'Do not repeat the call before then.';

/**
 * Why a call was not let through, one row each: stands in `_meta["policy-wrap/decision"].code` and in the decision log.
 * In the order in which a call meets them: the first wins.
 */
export const CODES = {
  /** In the decision log only: on the wire a call that cannot be judged is a JSON-RPC error. */
  MALFORMED: {
    ...DENIED,
    policyPart: 'none',
    advice: ASK_USER,
    rule: '(malformed)',
    mend: 'it could be read in two ways: report it to the maker of the client',
  },
  NO_POLICY: { ...DENIED, policyPart: 'no_line', advice: TELL_USER, rule: '(no policy)' },
  NOT_LISTED: {
    ...DENIED,
    policyPart: 'no_line',
    advice: ASK_USER,
    rule: '(default deny)',
    explanation: 'the policy does not list it, and refuses what it does not list',
  },
  /** A person has stopped everything (`policy-wrap pause`). */
  PAUSED: {
    ...DENIED,
    policyPart: 'none',
    advice: ASK_USER,
    rule: '(paused)',
    explanation: 'a person has stopped every call, and only a person can lift that',
    mend: 'an approver or owner of the team lifts the pause',
  },
  /** A pinned tool changed. */
  CHANGED: {
    ...DENIED,
    policyPart: 'no_line',
    advice: TELL_USER,
    rule: '(changed)',
    explanation:
      'its definition is not the one that was first seen; a person must look at the change and accept it',
    mend: 'policy-wrap trust shows the change',
  },
  /** The tool's own schema does not accept the arguments (`arguments: "declared"`). */
  ARGUMENTS: {
    ...DENIED,
    policyPart: 'line',
    advice: "Correct the arguments by the tool's schema, or ask the user.",
    mend: 'correct the call',
  },
  REQUIRE: { ...DENIED, policyPart: 'line', advice: ASK_USER, mend: 'correct the call' },
  DENY_IF: { ...DENIED, policyPart: 'line', advice: ASK_USER, mend: 'correct the call' },
  ACTION_DENY: { ...DENIED, policyPart: 'line', advice: ASK_USER },
  /** The call cannot be charged. */
  AMOUNT: { ...DENIED, policyPart: 'line', advice: ASK_USER, mend: 'correct the call' },
  /** The store that the policy counts in is missing, or cannot decide now. */
  STORE: {
    ...DENIED,
    policyPart: 'none',
    advice: 'Nothing was sent to the server. Do not repeat the call at once; tell the user.',
    rule: '(store)',
    explanation: 'the store that the team shares cannot decide on it now',
    mend: 'policy-wrap store check says what is wrong',
  },
  /** Outside of the hours in which calls pass. */
  HOURS: { ...DENIED, policyPart: 'line', advice: ASK_USER, adviceUntil: NOT_BEFORE, mend: 'wait' },
  /** Another tool must have succeeded before. */
  BEFORE: {
    ...DENIED,
    policyPart: 'line',
    advice: 'Call that tool first, if the user wants this.',
    mend: 'have that tool called first',
  },
  /** Another tool was called before. */
  AFTER: { ...DENIED, policyPart: 'line', advice: ASK_USER, mend: 'wait' },
  LIMIT: {
    ...DENIED,
    error: 42900,
    policyPart: 'line',
    advice: ASK_USER,
    adviceUntil: NOT_BEFORE,
    mend: 'wait',
  },
  APPROVAL_REQUIRED: {
    ...UNAPPROVED,
    decision: 'ask',
    advice: 'Do not change the arguments; ask the user to approve, then repeat exactly this call.',
    rule: '(approval)',
    explanation: 'a person must approve this call, and none can be asked about it',
    mend: 'an approver of the team decides',
  },
  APPROVAL_REJECTED: { ...UNAPPROVED, advice: ASK_USER, mend: 'ask whoever said no' },
  APPROVAL_EXPIRED: { ...UNAPPROVED, advice: ASK_USER, mend: 'have it made again: you are asked anew' },
  INTERNAL: {
    ...DENIED,
    policyPart: 'none',
    advice: 'Nothing was sent to the server. Tell the user.',
    rule: '(internal)',
    mend: 'policy-wrap doctor says what is wrong',
  },
} as const satisfies Readonly<Record<string, CodeRow>>;

export type RefusalCode = keyof typeof CODES;

/** The rule of a hidden tool, which has no code: it is answered like an unknown one. */
export const HIDDEN_RULE = '(hidden)';

const ORDER = Object.keys(CODES) as RefusalCode[];

/** @returns the row of a code, also of one that only the log knows; undefined for one of another version */
export function codeRow(code: RefusalCode): CodeRow;
export function codeRow(code: string | undefined): CodeRow | undefined;
export function codeRow(code: string | undefined): CodeRow | undefined {
  return code !== undefined && Object.hasOwn(CODES, code) ? CODES[code as RefusalCode] : undefined;
}

/** Whether a call that is refused with `code` never gets to where `other` is looked at. */
export function comesBefore(code: RefusalCode, other: RefusalCode): boolean {
  return ORDER.indexOf(code) < ORDER.indexOf(other);
}

const NO_LINE: ReadonlySet<string | undefined> = new Set([
  HIDDEN_RULE,
  ...ORDER.map((code) => codeRow(code)).flatMap(({ policyPart, rule }) =>
    policyPart === 'no_line' ? [rule] : [],
  ),
]);

/** @returns whether a refusal by this rule says how a tool may be used */
export function drawsLine(rule: string): boolean {
  return !NO_LINE.has(rule);
}
