import { type Classification, classify } from './classify.js';
import type { ToolClass } from './evidence.js';
import {
  ASKS_FOR_SECRETS,
  ASKS_FOR_UNKNOWN,
  ASKS_TO_DESTROY,
  ASKS_TO_SPEND,
  SAME_CHANGE,
  type Strength,
} from './strengths.js';
import type { ToolDefinition } from './tool-definition.js';
import { VERBS } from './verbs.js';
import { formsOf, setOf, wordsOf } from './words.js';

/** What a policy does with a tool. */
export type Effect = 'allowed' | 'limited' | 'asked' | 'hidden' | 'refused';

/** A tool, and what it does. */
export interface Listed {
  readonly tool: ToolDefinition;
  readonly found: Classification;
}

/** A part of a file: the tools that are treated alike. */
export interface Part {
  readonly takes: (listed: Listed) => boolean;
  readonly effect: Effect;
  /** Heads the part; each element is one line of comment. */
  readonly about: readonly string[];
  /** Members of each entry, as JSON. */
  readonly members: string;
  /** Elements of its `limits`. */
  readonly limits?: string;
  /** Whether money may be spent through it. */
  readonly spends?: boolean;
}

const isOf =
  (...classes: readonly ToolClass[]) =>
  ({ found }: Listed): boolean =>
    classes.includes(found.class);
const asks = (reason: string) => `"action": "approve", "reason": ${JSON.stringify(reason)}`;

const FINANCIAL: Part = {
  takes: isOf('Financial'),
  effect: 'asked',
  about: ['Financial: a person is asked for each call.'],
  members: asks(ASKS_TO_SPEND),
  spends: true,
};
const DESTRUCTIVE: Part = {
  takes: isOf('Destructive'),
  effect: 'asked',
  about: ['Destructive: a person is asked for each call.'],
  members: asks(ASKS_TO_DESTROY),
};
const READ: Part = {
  takes: isOf('Read'),
  effect: 'allowed',
  about: ['Read: allowed, within what holds for all tools.'],
  members: '"action": "allow"',
};

/** In the order of the file; the first that takes a tool has it. What asks stands first, to be looked at first. */
export const PARTS: Readonly<Record<Strength, readonly Part[]>> = {
  watch: [],
  brake: [
    FINANCIAL,
    DESTRUCTIVE,
    {
      takes: isOf('Write', 'Execute', 'Other'),
      effect: 'limited',
      about: ['Write, Execute and Other: the same call 5 times in any 10 minutes.'],
      members: '',
      limits: SAME_CHANGE,
      spends: true,
    },
    READ,
  ],
  careful: [
    {
      takes: destroysBeyondDoubt,
      effect: 'hidden',
      about: [
        'Destructive, by name and by description: hidden. The client neither sees nor reaches them.',
        'To be asked instead, write "approve".',
      ],
      members: '"action": "hide"',
    },
    DESTRUCTIVE,
    FINANCIAL,
    {
      takes: ({ found }) => found.class === 'Read' && found.risk !== 'low',
      effect: 'asked',
      about: ['Read, of what opens other doors: a person is asked for each call.'],
      members: asks(ASKS_FOR_SECRETS),
    },
    {
      takes: isUnknown,
      effect: 'asked',
      about: [
        'Other: nothing that is known says what these do, and unknown is not harmless: a person is asked for each call.',
        'Once you know what one does, write "allow", a "rate_limit" or "hide" for it.',
      ],
      members: asks(ASKS_FOR_UNKNOWN),
      spends: true,
    },
    {
      takes: isOf('Execute'),
      effect: 'limited',
      about: ['Execute: 10 calls in any minute, the same one 5 times in 10. What is run may do anything.'],
      members: '"rate_limit": "10/minute"',
      limits: SAME_CHANGE,
      spends: true,
    },
    {
      takes: isOf('Write'),
      effect: 'limited',
      about: ['Write: 30 calls in any minute, the same one 5 times in 10.'],
      members: '"rate_limit": "30/minute"',
      limits: SAME_CHANGE,
      spends: true,
    },
    READ,
  ],
  locked: [],
};

/** What happens to tools without an entry of their own. */
export const OTHERWISE: Readonly<Record<Strength, Effect>> = {
  watch: 'allowed',
  brake: 'limited',
  careful: 'refused',
  locked: 'refused',
};

export const isSevere = ({ found }: Listed): boolean => found.risk === 'critical';

/** A server that calls an unknown tool destructive says more of it than nothing, and must not loosen anything by that. */
function isUnknown({ tool, found }: Listed): boolean {
  if (found.class !== 'Execute') return found.class === 'Other';
  return classify({ ...tool, annotations: undefined }).class === 'Other';
}

const SURE = setOf(
  VERBS.filter(({ class: toolClass, sure }) => toolClass === 'Destructive' && sure === true)
    .map(({ words }) => words)
    .join(' '),
);

/** Whether name and description, each by itself, say that the tool destroys, the name with a word for nothing else. */
function destroysBeyondDoubt({ tool: { name, description }, found }: Listed): boolean {
  return (
    found.class === 'Destructive' &&
    wordsOf(name).some((word) => formsOf(word).some((form) => SURE.has(form))) &&
    classify({ name: '', description }).class === 'Destructive'
  );
}
