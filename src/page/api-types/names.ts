// What both sides spell alike. No packages here: the browser loads it.

/** A header that a page of another origin cannot send without being asked first, and whose value it does not know. */
export const KEY_HEADER = 'x-policy-wrap-key';

/** What is told to every browser as it changes: what has happened, the policy files, clients' configurations. */
export const CHANGES = ['state', 'policies', 'clients'] as const;
export type Changed = (typeof CHANGES)[number];
