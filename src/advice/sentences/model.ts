import type { Json, JsonType } from '../../json/value.js';
import type { EditPath } from '../../policy/edit/jsonc-text.js';

/**
 * What a policy says of a tool, as sentences that a person can read and edit. A sentence stands for one rule of the
 * text; it holds no words: those are in the languages of whoever shows it.
 */
export interface Sentence {
  readonly kind: SentenceKind;
  /** Where the rule stands in the policy. */
  readonly path: EditPath;
  /** The first says what the rule is; the others go on from it, in this order. */
  readonly clauses: readonly Clause[];
  /** What takes the whole sentence away. */
  readonly removal: readonly Edit[];
  /** Clauses that it could have and has not. */
  readonly more: readonly Addition<Phrase>[];
}

/** A rule, by the key under which it stands; `hidden` is the tool's name in `hide`. */
export type SentenceKind =
  | ('action' | 'reason' | 'hidden' | 'rate_limit' | 'limit' | 'require' | 'deny_if' | 'approve_if')
  | ('arguments' | 'hours' | 'after' | 'before' | 'pin');

/** A part of a sentence: one phrase of a language, with a place for each of its fields. */
export type Phrase =
  | ('action' | 'reason' | 'hidden' | 'arguments' | 'pin')
  | ('rate_limit' | 'limit' | 'counter' | 'per' | 'except' | 'scope' | 'align' | 'refund' | 'on_exceed')
  | ('warn_at' | 'on_deny')
  | ('require' | 'require_none' | 'deny_if' | 'deny_always' | 'approve_if' | 'approve_always')
  | ('condition' | 'condition_flag')
  | ('hours' | 'outside' | 'after' | 'before' | 'within' | 'whose');

export interface Clause {
  readonly phrase: Phrase;
  readonly fields: readonly Field[];
  /** What takes this clause alone away; undefined where the sentence needs it. */
  readonly removal?: readonly Edit[] | undefined;
  /** It says what holds without it too, or names something: shown in small. */
  readonly isDetail?: boolean;
}

export interface Field {
  /** Its place in the phrase. */
  readonly name: string;
  readonly value: Json;
  readonly input: Input;
  /** @returns what to change in the policy so that it says another value */
  readonly put: (value: Json) => readonly Edit[];
}

/** How a value is given. */
export type Input =
  | { readonly kind: 'number' | 'text' | 'json' | 'time' | 'days' | 'window' }
  /** One of these values; what they are called is the language's. */
  | { readonly kind: 'choice'; readonly of: ChoiceKind; readonly options: readonly Json[] }
  /** Text, with what is likely. */
  | { readonly kind: 'path'; readonly options: readonly string[] }
  | {
      readonly kind: 'list';
      readonly of: 'name' | 'path' | 'number' | 'text' | 'json';
      readonly options: readonly Json[];
    };

/** What the options of a choice are, for their words. */
export type ChoiceKind =
  | ('action' | 'operator' | 'charge' | 'value' | 'scope' | 'align' | 'refund' | 'on_exceed' | 'outside')
  | ('then' | 'pin');

/** A change of the policy's text: `undefined` takes away what stands there. */
export interface Edit {
  readonly path: EditPath;
  readonly value: Json | undefined;
}

/** Something that could be said. */
export interface Addition<Kind> {
  readonly kind: Kind;
  readonly edits: readonly Edit[];
}

/** A part of the policy that no sentence shows: it is shown as it stands there, and never written anew. */
export interface Other {
  readonly path: EditPath;
  readonly text: string;
}

/** An argument of a tool, as its input schema has it. */
export interface ArgumentPath {
  /** `args.items[*].price`. */
  readonly path: string;
  /** Undefined where the schema does not say. */
  readonly types: readonly JsonType[] | undefined;
  /** All values that it may have, where they are listed. */
  readonly values: readonly Json[] | undefined;
  readonly isMoney: boolean;
}

/** What is known of the tool that the sentences are about. */
export interface About {
  readonly arguments: readonly ArgumentPath[];
  /** Names of tools that rules over several tools may name. */
  readonly tools: readonly string[];
}
