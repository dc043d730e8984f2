import type { Charge } from '../call.js';
import { CODES } from '../codes.js';
import type { Demand, Predicate } from '../model.js';
import type { Finding } from './condition.js';
import { explainDemand, explainFired, explainRequire } from './explain.js';
import { ROUNDED } from './inexact.js';

/** What a step on the way to a decision says: a code and its facts. Its words, in each language, are made from them. */
export type Said =
  | { readonly code: 'hidden' }
  | { readonly code: 'judged_by'; readonly entry: string }
  | { readonly code: 'no_entry' }
  | { readonly code: 'not_listed' }
  /** The policy lists another name that could be taken for the tool's. */
  | { readonly code: 'lookalike'; readonly entry: string }
  | { readonly code: 'arguments_accepted' }
  | { readonly code: 'schema_unknown' }
  /** `fault` is a sentence in English: why the schema does not accept them, or why an amount cannot be told. */
  | { readonly code: 'fault'; readonly fault: string }
  | { readonly code: 'holds' }
  | { readonly code: 'does_not_hold' }
  | { readonly code: 'unmet'; readonly findings: readonly Finding[] }
  | { readonly code: 'fired'; readonly predicate: Predicate; readonly findings: readonly Finding[] }
  | { readonly code: 'charges'; readonly charge: Charge }
  | { readonly code: 'demand'; readonly demand: Demand }
  /** A person would have to approve it, and cannot be shown a number as the server reads it: `args.total is 1.00...`. */
  | { readonly code: 'inexact'; readonly inexact: string };

/** The English words; other languages have theirs where they are shown (page/words/). */
export function englishOf(said: Said): string {
  switch (said.code) {
    case 'hidden':
      return 'the tool is hidden';
    case 'judged_by':
      return `judged by the entry "${said.entry}"`;
    case 'no_entry':
      return 'matches no entry; default is allow';
    case 'not_listed':
      return CODES.NOT_LISTED.explanation;
    case 'lookalike':
      return `the policy lists "${said.entry}", which differs in no more than case or invisible characters`;
    case 'arguments_accepted':
      return "the tool's input schema accepts the arguments";
    case 'schema_unknown':
      return "the tool's input schema is not known: the server has not listed the tool yet";
    case 'fault':
      return said.fault;
    case 'holds':
      return 'holds';
    case 'does_not_hold':
      return 'does not hold';
    case 'unmet':
      return explainRequire(said.findings);
    case 'fired':
      return explainFired(said.predicate, said.findings);
    case 'charges': {
      const { limit, amount } = said.charge;
      return `charges ${amount} of ${limit.max} per ${limit.windowText} to ${limit.counter}`;
    }
    case 'demand':
      return explainDemand(said.demand);
    case 'inexact':
      return `a person must approve this call, but ${said.inexact}, ${ROUNDED}`;
  }
}
