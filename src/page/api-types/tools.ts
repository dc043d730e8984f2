import * as z from 'zod/mini';
import type { ArgumentPath } from '../../advice/sentences/model.js';
import type { FindingKind } from '../../catalog/finding-patterns.js';
import type { JsonObject } from '../../json/value.js';
import type { Told } from './names.js';
import type { Beginning } from './policy.js';

const Name = z.string().check(z.maxLength(500));
const Names = z.array(Name).check(z.maxLength(10_000));
const Policy = { file: z.string().check(z.maxLength(4096)), text: z.string().check(z.maxLength(4 << 20)) };

/** Every server that is known on this machine. */
export interface ServersHere {
  readonly servers: readonly ServerHere[];
}

export interface ServerHere {
  /** The name that its policy, counters and log are kept under. */
  readonly server: string;
  readonly entries: readonly EntryHere[];
  /** Wrappers that run now. */
  readonly running: number;
  readonly policy: PolicyHere;
  /** Where the tools are known from: wrappers that have seen them, a start from this page, the catalogue, the log. */
  readonly from: 'seen' | 'read' | 'catalogue' | 'called' | 'nothing';
  /** What is started when its tools are read, its secrets masked; undefined where nothing can be. */
  readonly command: string | undefined;
  /** Digest of the whole of it, what is masked included; sent back with the press. */
  readonly start: string;
  /** Names of the variables that it is started with. */
  readonly variables: readonly string[];
  /** Why it cannot be started from here. */
  readonly unstartable: string | undefined;
  readonly tools: readonly ToolRow[];
}

/** Where a client names it. */
export interface EntryHere {
  readonly client: string;
  readonly name: string;
  readonly path: string;
  readonly isWrapped: boolean;
}

/** The policy that holds for a server, or would. */
export type PolicyHere =
  | {
      readonly kind: 'file' | 'new';
      readonly file: string;
      /** What the file says, or what a new one would begin with. */
      readonly text: string;
      /** Where that comes from. */
      readonly from?: Beginning | undefined;
    }
  | { readonly kind: 'unclear'; readonly message: string; readonly hint: string | undefined };

export interface ToolRow {
  readonly name: string;
  readonly class: string;
  readonly risk: string;
  readonly evidence: Told;
  readonly tokens: number;
  /** In 7 days. */
  readonly calls: number;
  readonly refused: number;
  readonly effect: EffectHere;
  /** What its definition says to a model. */
  readonly findings: readonly FindingHere[];
  /** Its definition is not the one that is trusted, or nobody has trusted it yet. */
  readonly isChanged: boolean;
}

/** Something that a definition says to a model: evidence to read, no verdict. */
export interface FindingHere {
  readonly kind: FindingKind;
  readonly where: string;
  readonly excerpt: string;
}

/** What a policy does with a tool. */
export interface EffectHere {
  readonly kind: 'allow' | 'limit' | 'ask' | 'deny' | 'hide' | 'custom' | 'none';
  /** Undefined where the word says it all. */
  readonly text: Told | undefined;
}

export const EffectsBody = z.strictObject({ ...Policy, tools: Names });
export type EffectsBody = z.infer<typeof EffectsBody>;

export interface Effects {
  /** In the order of the question; undefined where the text is no policy. */
  readonly effects: readonly EffectHere[] | undefined;
}

export const ReadBody = z.strictObject({
  server: Name,
  /** Tells the start that was shown. */
  start: z.string().check(z.maxLength(200)),
});
export type ReadBody = z.infer<typeof ReadBody>;

/** What was told when a server was started. */
export interface Read {
  readonly tools: number;
  /** Tools that are left out, since they can be read in two ways. */
  readonly leftOut: readonly string[];
}

export const WishBody = z.strictObject({
  ...Policy,
  tools: Names,
  wish: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('allow') }),
    z.strictObject({
      kind: z.enum(['ask', 'deny']),
      reason: z.optional(z.string().check(z.maxLength(2000))),
    }),
    z.strictObject({ kind: z.literal('hide') }),
    z.strictObject({ kind: z.literal('limit'), rate: z.string().check(z.maxLength(100)) }),
  ]),
});
export type WishBody = z.infer<typeof WishBody>;

export interface Wished {
  readonly text: string;
  readonly notes: readonly { readonly tool: string; readonly note: Told }[];
  /** Tools of which nothing was changed, and why. */
  readonly impossible: readonly { readonly tool: string; readonly why: Told }[];
}

/** One tool, whatever the policy says of it. */
export interface ToolHere {
  readonly server: string;
  readonly policy: PolicyHere;
  readonly tool: string;
  readonly title: string | undefined;
  readonly description: string;
  readonly class: string;
  readonly risk: string;
  readonly evidence: Told;
  readonly flows: Readonly<Record<string, string>>;
  readonly tokens: number;
  readonly findings: readonly FindingHere[];
  readonly arguments: readonly ArgumentPath[];
  /** The whole definition as JSON. */
  readonly definition: string;
  /** Those that share a word of its name. */
  readonly related: readonly string[];
  /** The other tools of the server. */
  readonly others: readonly string[];
  readonly questions: readonly { readonly question: string; readonly answer: string }[];
  /** An entry with what counters the patterns that it opens by itself. */
  readonly rule: JsonObject;
  readonly change: ChangeHere | undefined;
}

/** A definition that is not the trusted one. */
export interface ChangeHere {
  /** It came when the server was known already. */
  readonly isNew: boolean;
  readonly since: number;
  readonly lines: readonly ChangedLine[];
  /** What is trusted with the button: the digest of the definition that is shown. */
  readonly hash: string;
  /** It cannot be trusted: two parsers could read it differently. */
  readonly isUnpinnable: boolean;
  /** False where it was too long to be kept, and so cannot be shown. */
  readonly isWhole: boolean;
}

/** A line of what has changed, safe to show; what differs of it is marked. */
export interface ChangedLine {
  /** Part of the definition: `description`, `inputSchema`. */
  readonly part: string;
  readonly kind: 'gone' | 'come' | 'context';
  readonly pieces: readonly { readonly text: string; readonly isMarked: boolean }[];
}

export const PatternsBody = z.strictObject({ ...Policy, server: Name, tool: Name });
export type PatternsBody = z.infer<typeof PatternsBody>;

/** The attack patterns that a tool is open to, and what becomes of them under a policy. */
export interface Patterns {
  readonly patterns: readonly PatternHere[];
}

export interface PatternHere {
  readonly id: string;
  readonly title: string;
  readonly why: string;
  /** How the rule counters it. */
  readonly rule: string;
  readonly leaves: string;
  readonly state: 'countered' | 'partly' | 'open' | 'not seen';
  /** The rules of the policy that it meets. */
  readonly by: readonly string[];
  /** Attacks that still pass. */
  readonly passes: readonly string[];
  /** Members of a policy that counter it. */
  readonly part: JsonObject | undefined;
  /** Its rule has a value that is the person's to choose. */
  readonly needsYou: boolean;
}

export const TrustBody = z.strictObject({
  server: Name,
  tool: Name,
  hash: z.string().check(z.maxLength(200)),
});
export type TrustBody = z.infer<typeof TrustBody>;
