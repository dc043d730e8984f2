import type { RefusalCode } from '../../../policy/codes.js';
import type { ProblemCode } from '../../../policy/read/problem.js';
import { strings } from './strings.js';

/** What the codes mean that decisions and findings bear; a code without its words does not compile. */
export const codes = strings({
  'code.MALFORMED': ['it could not be read for certain', 'no se pudo leer con certeza'],
  'code.NO_POLICY': ['there is no policy', 'no hay política'],
  'code.NOT_LISTED': ['the policy does not list it', 'la política no la lista'],
  'code.PAUSED': ['paused by a person', 'en pausa por una persona'],
  'code.CHANGED': ['the tool is not what was trusted', 'la herramienta no es la que se dio por buena'],
  'code.ARGUMENTS': ['its schema does not accept the arguments', 'su esquema no acepta los argumentos'],
  'code.REQUIRE': ['a requirement does not hold', 'un requisito no se cumple'],
  'code.DENY_IF': ['a condition refuses it', 'una condición la rechaza'],
  'code.ACTION_DENY': ['the policy refuses it always', 'la política la rechaza siempre'],
  'code.AMOUNT': ['its amount cannot be told', 'no se puede determinar su monto'],
  'code.LIMIT': ['a limit is used up', 'un límite está agotado'],
  'code.HOURS': ['outside of its hours', 'fuera de su horario'],
  'code.AFTER': ['after a call of another tool', 'después de una llamada a otra herramienta'],
  'code.BEFORE': ['another tool must be called first', 'antes hay que llamar a otra herramienta'],
  'code.STORE': ["the team's store cannot decide", 'el almacén del equipo no puede decidir'],
  'code.UNCOUNTED': ["passed without the team's store", 'pasó sin el almacén del equipo'],
  'code.APPROVAL_REQUIRED': ['a person must approve it', 'una persona debe aprobarla'],
  'code.APPROVAL_REJECTED': ['a person rejected it', 'una persona la rechazó'],
  'code.APPROVAL_EXPIRED': ['nobody approved it in time', 'nadie la aprobó a tiempo'],
  'code.INTERNAL': ['it could not be decided', 'no se pudo decidir'],
} satisfies Readonly<Record<`code.${RefusalCode | 'UNCOUNTED'}`, readonly [string, string]>>);

/** What kind of fault a finding is; its own sentence says the rest. */
export const problemCodes = strings({
  'problem.SYNTAX': ['not JSON', 'no es JSON'],
  'problem.DUPLICATE_KEY': ['a key stands twice', 'una clave aparece dos veces'],
  'problem.UNKNOWN_KEY': ['a key is not known', 'una clave no se conoce'],
  'problem.MISSING': ['something required is missing', 'falta algo obligatorio'],
  'problem.TYPE': ['of another type', 'es de otro tipo'],
  'problem.VALUE': ['a value that cannot be used', 'un valor que no se puede usar'],
  'problem.NAME': ['a name that cannot be used', 'un nombre que no se puede usar'],
  'problem.PATH': ['a path that cannot be used', 'una ruta que no se puede usar'],
  'problem.REGEX': ['a pattern that cannot be used', 'un patrón que no se puede usar'],
  'problem.WINDOW': ['a window that cannot be used', 'una ventana que no se puede usar'],
  'problem.TIMEZONE': ['a time zone that is not known', 'una zona horaria que no se conoce'],
  'problem.CONTRADICTION': ['two things exclude each other', 'dos cosas se excluyen'],
  'problem.COUNTER_TWICE': ['a counter stands twice', 'un contador aparece dos veces'],
  'problem.COUNTER_DIFFERS': ['a shared counter differs', 'un contador compartido difiere'],
  'problem.UNUSED': ['it has no effect', 'no tiene efecto'],
  'problem.SHADOWED': ['another rule comes before it', 'otra regla le gana'],
  'problem.NEVER_HOLDS': ['it never holds', 'no se cumple nunca'],
  'problem.NEVER_COUNTS': ['it never counts', 'no cuenta nunca'],
  'problem.NOTHING_CALLABLE': ['no call can pass', 'ninguna llamada puede pasar'],
  'problem.TOOL_ABSENT': ['the server has no such tool', 'el servidor no tiene esa herramienta'],
  'problem.TOOL_UNPLACED': ['the policy does not name a tool', 'la política no nombra una herramienta'],
  'problem.ARGUMENT_ABSENT': ['the tool has no such argument', 'la herramienta no tiene ese argumento'],
  'problem.ARGUMENT_OPTIONAL': ['the argument may be left out', 'el argumento puede faltar'],
  'problem.SCHEMA_UNUSABLE': ['a schema cannot be used', 'un esquema no se puede usar'],
  'problem.SCHEMA_OPEN': ['a schema takes any argument', 'un esquema acepta cualquier argumento'],
} satisfies Readonly<Record<`problem.${ProblemCode}`, readonly [string, string]>>);

/** What kind of error it is (`PolicyWrapError`), before the commands' own words about it. */
export const errors = strings({
  'error.USAGE': ['something typed cannot be used', 'Algo de lo escrito no se puede usar'],
  'error.NOT_FOUND': ['it is not there', 'No existe'],
  'error.POLICY_NOT_FOUND': ['the policy is not there', 'No existe la política'],
  'error.POLICY_INVALID': ['the policy has errors', 'La política tiene errores'],
  'error.CONFIG_INVALID': ['a file cannot be read', 'Un archivo no se puede leer'],
  'error.CONFIG_CONFLICT': ['a file could not be changed', 'Un archivo no se pudo cambiar'],
  'error.REFUSED': ['it was refused', 'Se rechazó'],
  'error.STATE_UNAVAILABLE': ['the state cannot be used now', 'El estado no se puede usar ahora'],
  'error.STATE_CORRUPT': ['the state is damaged', 'El estado está dañado'],
  'error.SIGNED_OUT': ['this browser is not signed in', 'Este navegador no tiene acceso'],
  'error.GONE': ['policy-wrap ui no longer runs', 'policy-wrap ui ya no está en marcha'],
  'error.BUG': ['something went wrong', 'Algo salió mal'],
});
