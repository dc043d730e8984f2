/** The server provably got nothing of a message. */
export class NotSent extends Error {}
