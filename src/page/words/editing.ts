import { type EffectPart, effectText } from '../../cli/effect-parts.js';
import { Decimal } from '../../json/decimal.js';
import { type EditNote, type Impossible, impossibleText, noteText } from '../../policy/edit/edit-note.js';
import type { Limit } from '../../policy/model.js';
import type { Language, Told } from '../api-types/names.js';
import { windowWord } from './windows.js';

/** What an edit leaves, or brings along, in a person's language. A code without Spanish words does not compile. */
export function noteTold(note: EditNote, language: Language): Told {
  return language === 'es' ? { text: noteInSpanish(note), lang: 'es' } : { text: noteText(note), lang: 'en' };
}

function noteInSpanish(note: EditNote): string {
  switch (note.code) {
    case 'hidden_already':
      return 'ya está oculta';
    case 'entry_stays':
      return 'su entrada queda, para cuando se la vuelva a permitir';
    case 'allowed_by':
      return `${note.already ? 'ya ' : ''}la permite "${note.by ?? 'default'}"`;
    case 'copied':
      return `las reglas de "${note.pattern}", que la juzgaba hasta ahora, se copian en una entrada propia`;
    case 'still_asks':
      return 'se sigue preguntando a una persona por cada llamada';
    case 'other_limits':
      return 'sus otros límites valen además de este';
    case 'keeps':
      return `conserva sus otras reglas: ${note.rules.join(', ')}`;
  }
}

/** Why an edit cannot be made: the editor's reasons, and the page's own. */
export type WhyNot = Impossible | { readonly code: 'pattern_name' };

export function whyNotTold(why: WhyNot, language: Language): Told {
  return language === 'es'
    ? { text: whyNotInSpanish(why), lang: 'es' }
    : { text: whyNotText(why), lang: 'en' };
}

function whyNotText(why: WhyNot): string {
  return why.code === 'pattern_name'
    ? 'its name has a *, which a policy reads as a pattern'
    : impossibleText(why);
}

function whyNotInSpanish(why: WhyNot): string {
  switch (why.code) {
    case 'pattern_name':
      return 'su nombre tiene un *, que una política lee como patrón';
    case 'refused_anyway':
      return `toda llamada a ella se rechaza (action "${why.action}"), así que no hay nada que limitar`;
  }
}

/** What a policy does with a tool, in a person's language. */
export function effectTold(parts: readonly EffectPart[], language: Language): Told {
  return language === 'es'
    ? { text: parts.map(partInSpanish).join('; '), lang: 'es' }
    : { text: effectText(parts), lang: 'en' };
}

function partInSpanish(part: EffectPart): string {
  switch (part.code) {
    case 'no_policy':
      return 'sin política';
    case 'hide':
      return 'ocultar';
    case 'not_listed':
      return 'no está en la lista';
    case 'deny':
      return 'rechazar';
    case 'allow':
      return 'permitir';
    case 'ask':
      return 'preguntar';
    case 'ask_sometimes':
      return 'preguntar a veces';
    case 'conditions':
      return 'condiciones';
    case 'limits': {
      const shown = `límite ${part.limits.map(limitInSpanish).join(', ')}`;
      return part.more > 0 ? `${shown}; ${part.more} más` : shown;
    }
  }
}

function limitInSpanish({ max, amount, windowText }: Limit): string {
  const per = windowWord(windowText);
  if (amount.kind !== 'fixed') return `${max} de ${amount.path.text}/${per}`;
  return amount.value.compare(Decimal.one) === 0 ? `${max}/${per}` : `${max} de a ${amount.value}/${per}`;
}
