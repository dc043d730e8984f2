/** What a person is asked to type, as facts: each language has its words for them. */
export type ChallengeAbout =
  | { readonly kind: 'tool' }
  /** `of` so many numbers it is the largest, where there are several. */
  | { readonly kind: 'value'; readonly name: string; readonly of: number | undefined }
  | { readonly kind: 'tail'; readonly name: string; readonly length: number };
