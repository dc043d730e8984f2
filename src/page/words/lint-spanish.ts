/**
 * What the findings of a policy say, in Spanish: two sentences for each code of `LintSaid`, from the same facts as the
 * English ones (advice/lint-said.ts). A code without sentences does not compile.
 */
import type { Described, LintSaid, LintText, Then } from '../../advice/lint-said.js';
import type { Found } from '../../draft/findings.js';
import type { JsonType } from '../../json/value.js';
import type { Language } from '../api-types/names.js';
import type { ProblemHere } from '../api-types/policy.js';

/** A problem in a person's language, where there are words for it; what a parser or a reader says stays English. */
export function problemTold({ said, ...problem }: Found, language: Language): ProblemHere {
  return language === 'es' && said !== undefined
    ? { ...problem, ...inSpanish(said), lang: 'es' }
    : { ...problem, lang: 'en' };
}

const THEN: Readonly<Record<Then, string>> = {
  every_call_refused: 'así que se rechaza toda llamada',
  every_call_asked: 'así que se pregunta a una persona por cada llamada',
  never_refuses: 'así que nunca rechaza',
  never_asks: 'así que nunca pregunta',
  never_fires: 'así que nunca actúa',
  counts_as_met: 'así que se da por cumplida en toda llamada que lo tenga',
  requires_nothing: 'así que no exige nada',
  one_count: 'así que todas las llamadas comparten una sola cuenta',
  nothing_left_out: 'así que no se deja nada fuera',
};

const TYPES: Readonly<Record<JsonType, string>> = {
  null: 'null',
  boolean: 'verdadero o falso',
  number: 'un número',
  string: 'texto',
  array: 'una lista',
  object: 'un objeto',
};

/** More names than this do not make a finding clearer; as in English. */
const MOST_NAMES = 8;

function some(names: readonly string[]): string {
  const shown = names
    .slice(0, MOST_NAMES)
    .map((name) => (name.length > 60 ? `${name.slice(0, 60)}...` : name));
  return shown.join(', ') + (names.length > MOST_NAMES ? ` y ${names.length - MOST_NAMES} más` : '');
}

function describedText(is: Described): string {
  switch (is.kind) {
    case 'unknown':
      return 'no está descrito';
    case 'values':
      return `es uno de ${some(is.values)}`;
    case 'types':
      return `es ${is.types.map((type) => TYPES[type] ?? 'otra cosa').join(' o ')}`;
  }
}

const DOES = { hides: 'no oculta nada', judges: 'no juzga nada' } as const;

function inSpanish(said: LintSaid): LintText {
  switch (said.code) {
    case 'too_many_patterns':
      return {
        message:
          'Hay demasiados patrones para comparar cada uno con todos los demás: pueden faltar acá algunos que nunca juzgan una herramienta.',
        hint: 'Escribe menos patrones, o más cortos.',
      };
    case 'none_callable':
      return {
        message: 'Con esta política nunca se podría llamar a ninguna herramienta.',
        hint: 'Dale una entrada en "tools" a una herramienta que se pueda llamar: {} la permite.',
      };
    case 'shown_name':
      return {
        message: `"${said.name}" es como un cliente muestra una herramienta: los servidores conocen las suyas sin su propio nombre delante, así que esto ${DOES[said.does]}.`,
        hint: 'Escribe el nombre como lo lista el servidor.',
      };
    case 'no_tool':
      return {
        message: `El servidor no tiene ninguna herramienta ${said.isPattern ? 'como' : 'llamada'} "${said.name}"; esto ${DOES[said.does]}.`,
        hint: 'Corrige el nombre, o quítalo.',
      };
    case 'unplaced': {
      const isOne = said.names.length === 1;
      const fate = said.refused
        ? `se ${isOne ? 'rechaza' : 'rechazan'} por omisión`
        : `se ${isOne ? 'permite' : 'permiten'} por omisión, sin controles propios`;
      const count = isOne
        ? '1 herramienta del servidor no coincide'
        : `${said.names.length} herramientas del servidor no coinciden`;
      return {
        message: `${count} con ninguna entrada y ${fate}: ${some(said.names)}.`,
        hint: 'Dale a cada una una entrada en "tools", o un nombre en "hide".',
      };
    }
    case 'none_callable_of':
      return {
        message:
          said.names.length === 1
            ? 'La única herramienta del servidor nunca se podría llamar.'
            : `Ninguna de las ${said.names.length} herramientas del servidor se podría llamar nunca.`,
        hint: `El servidor tiene: ${some(said.names)}.`,
      };
    case 'covered':
      return {
        message: `"hide" tiene "${said.by}", así que esta entrada nunca se mira.`,
        hint: 'Quítala, o saca el nombre de "hide".',
      };
    case 'never_judges': {
      const why =
        said.by === undefined
          ? 'toda herramienta con la que coincide tiene otra entrada'
          : `"${said.by}" coincide con los mismos nombres`;
      return {
        message: `Este patrón nunca juzga una herramienta: ${why}.`,
        hint: 'Quítalo; las entradas no se combinan.',
      };
    }
    case 'before_itself':
      return {
        message: `"${said.name}" tendría que salir bien antes de que se la llame, ${THEN[said.so]}.`,
        hint: 'Nombra otra herramienta.',
      };
    case 'server_in_name':
      return {
        message: `"${said.text}" nombra un servidor, y con "scope": "${said.scope}" solo cuentan las llamadas de este.`,
        hint: 'Escribe "scope": "machine", o quita el servidor.',
      };
    case 'no_such_tool':
      return {
        message: `El servidor no tiene ninguna herramienta como "${said.text}"${said.so === undefined ? '' : `, ${THEN[said.so]}`}.`,
        hint: 'Corrige el nombre.',
      };
    case 'hours_apart':
      return {
        message: `Este horario y el de todas las herramientas (${said.hours}) nunca coinciden, así que se rechaza toda llamada.`,
        hint: 'Haz que se superpongan.',
      };
    case 'schema_unusable':
      return {
        message: `El esquema de entrada de ${some(said.names)} no se puede usar, así que se rechaza toda llamada: ${said.fault}.`,
        hint: 'Quita "arguments" para ella, o arregla el servidor.',
      };
    case 'schema_open':
      return {
        message: `El esquema de entrada de ${some(said.names)} permite cualquier clave, así que allí no se rechazan claves.`,
        hint: 'Nombra los argumentos en "require" o "deny_if".',
      };
    case 'after_always':
      return {
        message: `${said.rule} ${said.asks ? 'pregunta por' : 'rechaza'} toda llamada, así que esto nunca se mira.`,
        hint: 'Quita lo uno o lo otro.',
      };
    case 'empty_list': {
      const what = said.op === 'in' ? 'Nada está en una lista vacía' : 'Todo está fuera de una lista vacía';
      return { message: `${what}, ${THEN[said.so]}.`, hint: 'Llena la lista, o quita esto.' };
    }
    case 'never_holds': {
      const what =
        said.by === undefined
          ? 'que es texto'
          : `que según el esquema de ${said.by.tool} ${describedText(said.by.is)}`;
      return {
        message: `"${said.op}" no se puede cumplir nunca para ${said.path}, ${what}; ${THEN[said.so]}.`,
        hint: 'Usa un operador y un valor que correspondan.',
      };
    }
    case 'optional':
      return {
        message: `${said.path} es opcional en ${some(said.names)}: una llamada sin él pasa esta regla, tome lo que tome el servidor en su lugar.`,
        hint: `Si tiene que estar, agrega {"path": "${said.path}", "op": "exists"} en "require".`,
      };
    case 'other_kind':
      return {
        message: `${said.at} no es ${said.wanted === 'array' ? 'una lista' : 'un objeto'} según el esquema de ${some(said.names)}, ${THEN[said.so]}.`,
        hint: 'Corrige la ruta.',
      };
    case 'absent':
      return {
        message: `El esquema de ${some(said.names)} no tiene ${said.path}, ${THEN[said.so]}.`,
        hint: said.siblings.length > 0 ? `Tiene: ${some(said.siblings)}.` : 'No tiene argumentos.',
      };
    case 'charges_nothing':
      return {
        message: `Cada llamada suma 0 a "${said.counter}", así que nunca cuenta.`,
        hint: 'Escribe otra cantidad, o quita el límite.',
      };
    case 'amount_kind': {
      const kind = TYPES[said.wanted];
      return {
        message: `${said.path} no es ${kind} según el esquema de ${some(said.names)}: no se suma nada a "${said.counter}", y se rechaza toda llamada.`,
        hint: `Nombra un argumento que sea ${kind}.`,
      };
    }
    case 'amount_optional':
      return {
        message: `${said.path} es opcional en ${some(said.names)}: una llamada sin él se rechaza, porque no se podría contar.`,
        hint: 'Cuenta algo que toda llamada tenga, si no es lo que quieres.',
      };
    case 'section_open':
      return {
        message: `${said.isEmpty ? 'Acá no hay nada' : 'Ninguna entrada de acá tiene una regla'}, y "default" es "allow": pasa todo lo de "${said.section}".`,
        hint: 'Escribe { "*": { "action": "deny" } } entre ellas para rechazar lo demás, o "default": "deny".',
      };
    case 'section_pattern':
      return {
        message: `Este patrón nunca juzga nada: "${said.by}" coincide con los mismos nombres.`,
        hint: 'Quítalo; las entradas no se combinan.',
      };
  }
}
