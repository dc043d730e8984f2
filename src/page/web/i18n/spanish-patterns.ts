/** What is said of an attack pattern, whatever tool opens it. */
export interface PatternTexts {
  readonly title: string;
  readonly rule: string;
  readonly leaves: string;
}

/** The patterns of the catalogue in Spanish, by their ids; their English stands in `catalog/threats/`. */
export const SPANISH_PATTERNS: Readonly<Record<string, PatternTexts>> = {
  'lethal-trifecta': {
    title: 'La tríada letal',
    rule: 'Durante una hora después de que cualquier servidor envuelto de la máquina leyó texto de extraños, lo que envía pregunta a una persona, y también lo que lee y envía a la vez. Para lo que va a direcciones, una lista de hosts (outbound-fetch) lo cierra sin preguntas.',
    leaves:
      'Una persona que dice que sí a lo que no leyó; lo que un agente hace por otros medios que las herramientas envueltas; texto leído antes de esa hora.',
  },
  'tool-to-tool-exfiltration': {
    title: 'Fuga de una herramienta a otra',
    rule: 'Los destinatarios deben ser de tu dominio o de tu lista, las copias que no se ven se rechazan y, donde una llamada puede omitir al destinatario, una persona mira la que lo nombra.',
    leaves: 'Quien comparte tu dominio, y lo que un destinatario reenvía.',
  },
  'outbound-fetch': {
    title: 'Pedidos hacia fuera, y desde dentro',
    rule: 'Una lista de hosts, anclada en ambos extremos, solo por https. Donde una llamada puede omitir la dirección, una persona mira la que la nombra.',
    leaves: 'Un host de la lista que redirige a otro lado, y un nombre de la lista que lleva hacia dentro.',
  },
  'spare-argument': {
    title: 'Un secreto en un argumento de más',
    rule: 'El esquema de la herramienta debe nombrar y aceptar cada argumento.',
    leaves: 'Lo que va en un argumento que el esquema sí nombra.',
  },
  'secrets-dump': {
    title: 'Secretos a la vista',
    rule: 'La herramienta se oculta; donde hace falta, una persona decide sobre cada llamada.',
    leaves: 'Secretos en lo que otras herramientas leen: archivos, páginas, registros.',
  },
  'bulk-harvesting': {
    title: 'Cosecha en masa',
    rule: 'Cada día tiene un presupuesto de filas, donde el tamaño de la página es lo que una llamada suma, y uno de páginas.',
    leaves: 'Donde ningún argumento dice cuántas filas vienen, solo se cuentan llamadas.',
  },
  'path-traversal': {
    title: 'Salir de la carpeta, y archivos de credenciales',
    rule: 'Las rutas empiezan con la carpeta prevista y no tienen partes como `..`, `.ssh` o `.env`. Donde una llamada puede omitir la ruta, una persona mira la que la nombra.',
    leaves: 'Enlaces de la carpeta que llevan fuera de ella: esos los ve solo el servidor.',
  },
  'command-injection': {
    title: 'Inyección de comandos',
    rule: 'Una lista anclada de lo que se puede ejecutar, entero; lo que no está en ella se rechaza sin preguntar a nadie.',
    leaves: 'Lo que se puede hacer que hagan los comandos de la lista con sus propios archivos y ajustes.',
  },
  'destructive-guess': {
    title: 'Una suposición que destruye',
    rule: 'Una persona decide sobre cada llamada, y como mucho sobre tres por día. O la herramienta se oculta.',
    leaves:
      'Lo que una persona aprueba, y herramientas que destruyen sin que su nombre, descripción o argumentos lo digan.',
  },
  'wrong-environment': {
    title: 'El entorno equivocado',
    rule: 'Lo que destruye o gasta requiere la variable que dice dónde trabaja el servidor.',
    leaves:
      'Credenciales de producción bajo el nombre de una prueba. La variable es del propio servidor: donde no se conoce, pon su nombre en lugar de APP_ENV.',
  },
  'fraud-in-slices': {
    title: 'Fraude en porciones',
    rule: 'La suma de un día tiene un tope, y los montos por encima de un límite preguntan a una persona.',
    leaves: 'La suma de un día. Al siguiente se vuelve a gastar: vigila lo que se acerca a ella.',
  },
  'double-effect': {
    title: 'Doble efecto al reintentar',
    rule: 'Los mismos argumentos una vez en 24 horas, sin importar qué resultó; una clave nueva para el reintento no la hace otra llamada.',
    leaves:
      'Un reintento que dice algo de otro modo. Donde se conocen, pon las claves del documento en lugar de "args".',
  },
  'batch-amplification': {
    title: 'Amplificación por lotes',
    rule: 'Lo que una llamada suma es el largo de su lista.',
    leaves:
      'Una lista que va en un texto (una dirección con comas, un archivo de filas), y un solo efecto tan grande como muchos.',
  },
  'denial-of-wallet': {
    title: 'Vaciar la billetera',
    rule: 'Cada día tiene un presupuesto en la unidad que se paga: el argumento es lo que una llamada suma.',
    leaves:
      'Donde el argumento puede faltar, esas llamadas se rechazan: lo que el servidor toma por su cuenta no lo contó nadie.',
  },
  'runaway-loop': {
    title: 'Un bucle desbocado',
    rule: 'Como mucho 60 llamadas por minuto entre todas las herramientas, 30 veces la misma en diez minutos, y un final después de 10 fallas.',
    leaves:
      'Un bucle lento que cada vez dice otra cosa queda por debajo de los límites; lo que cuesta en total pide un límite por día.',
  },
  'consent-fatigue': {
    title: 'Cansancio de consentir',
    rule: 'Deja pasar sin preguntar lo que antes preguntaba: solo preguntan los montos por encima de un límite; por debajo decide una suma por día. Aprueba varias por adelantado (`--also`, con un monto máximo) donde vienen en serie.',
    leaves:
      'La costumbre de la persona. Las herramientas graves piden que se escriba un valor en una terminal.',
  },
  'tool-poisoning': {
    title: 'Herramientas envenenadas',
    rule: 'Lo que se miró una vez queda como estaba: una definición que cambia, o una herramienta que llega después, espera a una persona.',
    leaves:
      'Órdenes que ya estaban cuando el servidor se vio por primera vez. Lee lo que un servidor dice de sus herramientas antes de darlo por bueno.',
  },
  'rug-pull': {
    title: 'El cambio a traición',
    rule: 'Una herramienta cambiada se muestra como se dio por buena, y las llamadas que significarían otra cosa se rechazan hasta que una persona haya visto qué es distinto.',
    leaves: 'Un servidor que se comporta distinto y lista lo mismo: eso no lo muestra ninguna definición.',
  },
  'tool-shadowing': {
    title: 'Suplantar y ocupar nombres',
    rule: 'El nombre se oculta en el servidor que no es el previsto.',
    leaves: 'Una descripción que desvía al modelo sin compartir un nombre.',
  },
  'server-requests': {
    title: 'Abuso de sampling y elicitation',
    rule: 'Lo que el servidor pide al cliente se juzga como una llamada: el sampling se oculta, y una persona mira antes cada formulario.',
    leaves: 'Un formulario que parece correcto y no lo es.',
  },
  'backdoored-server': {
    title: 'Un servidor con puerta trasera',
    rule: 'Ninguna: lo que un servidor hace por su cuenta no pasa por ningún envoltorio. Fija las versiones en la entrada (`npx -y name@1.2.3`) y no le des más credenciales de las que necesita.',
    leaves: 'Todo.',
  },
};
