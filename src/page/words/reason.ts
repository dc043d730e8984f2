import { preset } from '../../catalog/servers.js';
import { argumentsOf } from '../../cli/approval-view.js';
import { readTextFile } from '../../config/text-file.js';
import { readDraft } from '../../draft/findings.js';
import type { TraceStep } from '../../policy/evaluate/evaluate.js';
import { type Layers, stack } from '../../policy/evaluate/layers.js';
import { evaluateNamed } from '../../policy/evaluate/sections.js';
import type { ApprovalEntry, SessionEntry } from '../../store/store.js';
import type { Language, Told } from '../api-types/names.js';
import { fullLimit, inSpanish } from './spanish.js';

/**
 * Why a person is asked, in their language. What is kept of it is one sentence: the policy's own text, in whatever
 * language its author writes, or the core's, in English. Which of them it is, and from which facts the core made it,
 * tells the policy by which it was asked, where that is still here: the same call is judged by it once more.
 *
 * @param sessions of the store that has the approval
 */
export function reasonOf(
  approval: ApprovalEntry,
  sessions: readonly SessionEntry[],
  language: Language,
): Told {
  const { reason } = approval;
  const step = stepOf(approval, sessions);
  // It cannot be told whose words they are.
  if (!step?.said) return { text: reason, lang: undefined };
  if (step.said.code === 'charges') {
    const { limit } = step.said.charge;
    if (limit.onDeny === reason) return { text: reason, lang: undefined };
    return language === 'es' ? { text: fullLimit(limit), lang: 'es' } : { text: reason, lang: 'en' };
  }
  if (step.text !== reason) return { text: reason, lang: undefined };
  const spanish = language === 'es' ? inSpanish(step.said) : undefined;
  return spanish === undefined ? { text: reason, lang: 'en' } : { text: spanish, lang: 'es' };
}

/** The step at which the policy asks. */
function stepOf(approval: ApprovalEntry, sessions: readonly SessionEntry[]): TraceStep | undefined {
  const source = sessions.find(({ id }) => id === approval.session)?.policySource;
  const layers = source === undefined ? undefined : layersOf(source, approval.policyHash);
  if (!layers) return undefined;
  const trace: TraceStep[] = [];
  evaluateNamed(layers, { tool: approval.tool, args: argumentsOf(approval), env: {} }, trace);
  return trace.find(
    ({ rule, result, said }) => rule === approval.rule && (result === 'asks' || said?.code === 'charges'),
  );
}

/** The policy of that hash; undefined where the file says something else by now. */
function layersOf(source: string, hash: string): Layers | undefined {
  const found = readDraft(textOf(source), source);
  const layers = found.kind === 'policy' ? stack(found.policy, found.extended) : undefined;
  return layers?.hash === hash ? layers : undefined;
}

function textOf(source: string): string {
  const name = /^preset (.+)$/.exec(source)?.[1];
  if (name !== undefined) return preset(name)?.text ?? '';
  try {
    return readTextFile(source, 'the policy', 'POLICY_INVALID') ?? '';
  } catch {
    return '';
  }
}
