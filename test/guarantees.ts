/** What policy-wrap promises. Every id is cited by the title of a test that proves it; see guarantees.test.ts. */
export const GUARANTEES = {
  G1: "nothing reaches the server's tools/call without a decision recorded first, in the same transaction as its charges",
  G2: 'the bytes that are judged are the bytes that are sent; what two parsers could read differently is refused',
  G3: 'every failure in deciding (policy, clock, database locked, full or corrupt, a bug) refuses the call',
  G4: 'never more than max in any interval as long as the window, over all processes, restarts and crashes',
  G5: 'a refused call charges nothing; retryAt is exact: refused until then, allowed at it',
  G6: 'a hidden tool is absent: from every page of the list, and as an unknown tool when called',
  G7: 'all other traffic passes unchanged, in order, in both directions, in every protocol revision, known or not',
  G8: 'stdout carries protocol and nothing else',
  G9: "the server's end is the wrapper's end: same exit code, pending calls answered, no orphan, no hang",
  G10: 'an approval serves one call with exactly the tool and arguments that were shown to the person, once',
} as const;
