import { strings } from './strings.js';

/** Texts of the frame around every screen, and of what several screens share. */
export const shell = strings({
  'shell.name': ['policy-wrap', 'policy-wrap'],
  'shell.skip': ['Skip to the content', 'Ir al contenido'],
  'shell.menu': ['Screens', 'Pantallas'],
  'shell.settings': ['Settings', 'Ajustes'],
  'shell.offline': [
    'policy-wrap does not answer. What you see may be old.',
    'policy-wrap no responde. Lo que ves puede ser viejo.',
  ],
  'shell.left_alone': ['Not looked at:', 'No se miró:'],
  'shell.databases': ['State', 'Estado'],
  'shell.signed_out': ['This browser is not signed in', 'Este navegador no tiene acceso'],
  'shell.signed_out.how': [
    'Open the address that `policy-wrap ui` has printed in your terminal. It signs in one browser, once.',
    'Abre la dirección que `policy-wrap ui` mostró en tu terminal. Da acceso a un navegador, una vez.',
  ],
  'shell.not_found': ['There is no such screen', 'Esa pantalla no existe'],
  'shell.language': ['Language', 'Idioma'],
  'shell.theme': ['Colours', 'Colores'],
  'shell.theme.system': ['As the system', 'Como el sistema'],
  'shell.theme.light': ['Light', 'Claros'],
  'shell.theme.dark': ['Dark', 'Oscuros'],
  'shell.other_browser': ['Open in another browser', 'Abrir en otro navegador'],
  'shell.other_browser.how': [
    'This address signs in one browser on this machine, once. Show it to nobody.',
    'Esta dirección da acceso a un navegador de esta máquina, una vez. No se la muestres a nadie.',
  ],
  'shell.waiting': [
    { one: '{n} call waits', other: '{n} calls wait' },
    { one: '{n} llamada espera', other: '{n} llamadas esperan' },
  ],
  'pause.do': ['Pause everything', 'Pausar todo'],
  'pause.undo': ['Resume', 'Reanudar'],
  'pause.on': [
    'Paused: every call of every server is refused',
    'En pausa: se rechaza toda llamada de todo servidor',
  ],
  'pause.on_server': [
    'Paused: every call of {server} is refused',
    'En pausa: se rechaza toda llamada de {server}',
  ],
  'pause.also': ['By themselves too: {server}', 'También por separado: {server}'],
  'pause.since': ['since {time}', 'desde {time}'],
  'pause.done': ['Every call is refused from now on', 'Desde ahora se rechaza toda llamada'],
  'pause.lifted': ['Calls pass again as the policy says', 'Las llamadas vuelven a pasar según la política'],
  'common.cancel': ['Cancel', 'Cancelar'],
  'common.close': ['Close', 'Cerrar'],
  'common.loading': ['Loading', 'Cargando'],
  'common.again': ['Try again', 'Intentar de nuevo'],
  'common.copy': ['Copy', 'Copiar'],
  'common.copied': ['Copied', 'Copiado'],
  'common.moved': [
    'This has only just come here. Look again, then press.',
    'Esto acaba de aparecer aquí. Vuelve a mirar y pulsa.',
  ],
  'common.more': ['Show all of it ({n} characters)', 'Mostrar todo ({n} caracteres)'],
});
