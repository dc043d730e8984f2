import type { Call } from '../call.js';
import type { Condition, Predicate } from '../model.js';
import { operatorOf } from '../operators.js';
import type { Answer } from './compare.js';
import { Place, type Reached, reach } from './path.js';

/** Which elements of `[*]` must hold: `require` asks for every one, `deny_if` and `approve_if` for any. */
export type Quantifier = 'every' | 'any';

/** The answer of one condition with what decided it. */
export interface Finding {
  readonly condition: Condition;
  readonly reached: Reached;
  readonly answer: Answer;
}

/**
 * @returns the answer of all conditions together (any that fails makes it fail, else any unknown makes it unknown) and
 *   what was found on the way, up to the first that fails
 */
export function answerPredicate(
  predicate: Predicate,
  call: Call,
  quantifier: Quantifier,
): { readonly answer: Answer; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  let answer: Answer = 'holds';
  for (const condition of predicate.conditions) {
    const finding = answerCondition(condition, call, quantifier);
    findings.push(finding);
    if (finding.answer === 'fails') return { answer: 'fails', findings };
    if (finding.answer === 'unknown') answer = 'unknown';
  }
  return { answer, findings };
}

function answerCondition(condition: Condition, call: Call, quantifier: Quantifier): Finding {
  // The answer that decides at once: `fails` where every element must hold, `holds` where any may.
  const decisive: Answer = quantifier === 'every' ? 'fails' : 'holds';
  let found: Finding | undefined;
  for (const reached of reach(condition.path, call)) {
    const answer = answerReached(condition, reached);
    if (answer === decisive) return { condition, reached, answer };
    if (!found || answer === 'unknown') found = { condition, reached, answer };
  }
  if (found) return found;
  // An empty list has no element to look at: as if the path were missing, so that `require` refuses it.
  const reached: Reached = { kind: 'missing', at: new Place(condition.path.text) };
  return { condition, reached, answer: answerReached(condition, reached) };
}

function answerReached({ op, value, regex }: Condition, reached: Reached): Answer {
  const operator = operatorOf(op);
  switch (reached.kind) {
    case 'unclear':
      return 'unknown';
    case 'missing':
      return operator.missing?.(value) ?? 'fails';
    case 'value':
      return operator.compare(value, reached.value, regex);
  }
}
