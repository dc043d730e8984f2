/** A stretch of a text, in UTF-16 units; `end` is not part of it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One stretch of the text to be replaced. */
export interface Splice extends Span {
  readonly text: string;
}

export type StringNode = Span & { readonly kind: 'string'; readonly value: string };
/** A number, boolean, null or date: never of interest but that it stays as it is. */
export type ScalarNode = Span & { readonly kind: 'scalar' };
export type ListNode = Span & { readonly kind: 'list'; readonly items: Node[] };
/** `start` and `end` are -1 for a TOML table that is spread over headers and dotted keys. */
export type TableNode = Span & { readonly kind: 'table'; readonly members: Member[] };
export type Node = StringNode | ScalarNode | ListNode | TableNode;

export interface Member {
  readonly key: string;
  /** The whole key as written, a TOML dotted prefix included. */
  readonly keySpan: Span;
  /** The dotted prefix as written, its last dot included; '' in JSON. */
  readonly prefix: string;
  readonly value: Node;
}

/** A parsed text with the place of everything in it. */
export interface ParsedText {
  readonly root: TableNode;
  readonly comments: readonly Span[];
  /** The same content as another parser reads it: what locates and what is compared are independent. */
  readonly plain: unknown;
}

/** What a parser found wrong, as an offset into the text that it was given. */
export class Malformed extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
