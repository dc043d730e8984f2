/** What a person is asked to type, as facts: each language has its words for them. */
export type ChallengeAbout =
  | { readonly kind: 'tool' }
  /** Where the call has several numbers: `of` is how many, and this is the largest of them. */
  | { readonly kind: 'value'; readonly name: string; readonly of: number | undefined }
  | { readonly kind: 'tail'; readonly name: string; readonly length: number };
