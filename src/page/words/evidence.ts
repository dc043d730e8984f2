import { type Reason, reasonText } from '../../catalog/reason.js';
import type { Language, Told } from '../api-types/names.js';

/** Why a tool is taken for what it is, in a person's language. A code without Spanish words does not compile. */
export function evidenceTold(reason: Reason, language: Language): Told {
  return language === 'es'
    ? { text: inSpanish(reason), lang: 'es' }
    : { text: reasonText(reason), lang: 'en' };
}

const FROM = { name: 'nombre', description: 'descripción' } as const;

function inSpanish(reason: Reason): string {
  switch (reason.code) {
    case 'word':
      return `${FROM[reason.from]}: "${reason.word}"${reason.of === undefined ? '' : ` de "${reason.of}"`}`;
    case 'program':
      return `nombre: "${reason.word}", un programa`;
    case 'argument':
      return `argumento "${reason.name}"`;
    case 'argument_run':
      return `el argumento "${reason.name}" se ejecuta`;
    case 'argument_value':
      return `el argumento "${reason.name}" puede ser "${reason.value}"`;
    case 'any_request':
      return 'el argumento "method" de un pedido a cualquier dirección';
    case 'nothing':
      return 'nada conocido en nombre, descripción ni argumentos';
    case 'with_argument':
      return `${inSpanish(reason.basis)} con el argumento "${reason.name}"`;
    case 'annotation': {
      const rest = { alone: ', y no se sabe nada más', yes: '', no: ' es falsa' }[reason.is];
      return `la anotación ${reason.name}${rest}`;
    }
    case 'secrets':
      return `${inSpanish(reason.basis)}, y entrega secretos: "${reason.word}"`;
  }
}
