import { type WhyNotJudged, whyNotText } from '../../advice/comparison.js';
import { hintText, type NameHint, type Outlook } from '../../draft/outlook.js';
import type { TraceStep } from '../../policy/evaluate/evaluate.js';
import type { Language, Told } from '../api-types/names.js';
import { hintInSpanish, inSpanish, notJudgedInSpanish, whyInSpanish } from './spanish.js';

/** What a step says, in a person's language where there are words for it. */
export function stepTold({ said, text }: TraceStep, language: Language): Told {
  const spanish = language === 'es' && said ? inSpanish(said) : undefined;
  return spanish === undefined ? { text, lang: 'en' } : { text: spanish, lang: 'es' };
}

/** Why a call comes to what it does, in a person's language where there are words for it. */
export function whyTold(outlook: Outlook, trace: readonly TraceStep[], language: Language): Told {
  const { said, why } = outlook;
  // The author's words alone.
  if (said.code === 'by_step' && !said.explained) return { text: why, lang: undefined };
  const spanish = language === 'es' ? whyInSpanish(outlook, trace) : undefined;
  return spanish === undefined ? { text: why, lang: 'en' } : { text: spanish, lang: 'es' };
}

/** Why a recorded call cannot be judged, in a person's language. */
export function notJudgedTold(why: WhyNotJudged, language: Language): Told {
  return language === 'es'
    ? { text: notJudgedInSpanish(why), lang: 'es' }
    : { text: whyNotText(why), lang: 'en' };
}

/** What may be wrong with a tool's name, in a person's language. */
export function hintTold(hint: NameHint, language: Language): Told {
  return language === 'es' ? { text: hintInSpanish(hint), lang: 'es' } : { text: hintText(hint), lang: 'en' };
}
