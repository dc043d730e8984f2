import type { Language } from '../../api-types/names.js';
import { language } from './index.js';
import { type PatternTexts, SPANISH_PATTERNS } from './spanish-patterns.js';

/** A pattern's texts in the person's language, with the language that each is in. */
export function patternTexts(
  id: string,
  english: PatternTexts,
): { readonly said: PatternTexts; readonly lang: Language } {
  const spanish = language.value === 'es' ? SPANISH_PATTERNS[id] : undefined;
  return spanish ? { said: spanish, lang: 'es' } : { said: english, lang: 'en' };
}
