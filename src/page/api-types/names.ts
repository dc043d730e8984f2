// What both sides spell alike. No packages here: the browser loads it.

/** A header that a page of another origin cannot send without being asked first, and whose value it does not know. */
export const KEY_HEADER = 'x-policy-wrap-key';

/** What is told to every browser as it changes: what has happened, the policy files, clients' configurations. */
export const CHANGES = ['state', 'policies', 'clients'] as const;
export type Changed = (typeof CHANGES)[number];

/** The languages of the page; a browser says with each question which one its person reads. */
export type Language = 'en' | 'es';

/** A text, and its language where it is ours: what people have written in a policy is in whatever language they write. */
export interface Told {
  readonly text: string;
  readonly lang: Language | undefined;
}
