/** One, and several. */
const UNITS: Readonly<Record<string, readonly [string, string]>> = {
  second: ['segundo', 'segundos'],
  minute: ['minuto', 'minutos'],
  hour: ['hora', 'horas'],
  day: ['día', 'días'],
  week: ['semana', 'semanas'],
  month: ['mes', 'meses'],
};

/** @param windowText as a policy's windows are told: `minute`, `15 minutes`. @returns `minuto`, `15 minutos` */
export function windowWord(windowText: string): string {
  const [, count, unit = ''] = /^(\d+) (\w+)s$/.exec(windowText) ?? [];
  if (count !== undefined) return `${count} ${UNITS[unit]?.[1] ?? unit}`;
  return UNITS[windowText]?.[0] ?? windowText;
}

/** `1 minuto`, `15 minutos`. */
export const lengthWords = (windowText: string): string =>
  UNITS[windowText] === undefined ? windowWord(windowText) : `1 ${windowWord(windowText)}`;

/** `por minuto`, `cada 15 minutos`. */
export const perWindow = (windowText: string): string =>
  `${UNITS[windowText] === undefined ? 'cada' : 'por'} ${windowWord(windowText)}`;
