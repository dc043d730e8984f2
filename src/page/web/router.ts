import { computed, signal } from '@preact/signals';

/** Where the browser is: what stands behind `#` in the address. The server never sees it. */
const hash = signal(location.hash);

addEventListener('hashchange', () => {
  hash.value = location.hash;
});

export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

export const place = computed((): Place => {
  const [path = '', query = ''] = hash.value.replace(/^#/, '').split('?', 2);
  return { path: path || '/', query: new URLSearchParams(query) };
});

type Values = Readonly<Record<string, string | undefined>>;

/** A text in an address. Names from elsewhere may hold half of a character, for which the browser's own function throws. */
export const encoded = (text: string): string =>
  encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));

/**
 * The address of a screen.
 *
 * @param path as in the table of screens: `/tools/:server/:tool`
 * @param params what stands for `:server`
 * @param query left out where undefined
 */
export function href(path: string, params: Values = {}, query: Values = {}): string {
  const filled = path.replace(/:(\w+)/g, (_whole, name: string) => encoded(params[name] ?? ''));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value);
  return `#${filled}${search.size > 0 ? `?${search}` : ''}`;
}

/** Goes to a screen. The parameters are those of `href`. */
export function go(path: string, params?: Values, query?: Values): void {
  location.hash = href(path, params, query);
}

/** @returns what stands for the names in `pattern`; undefined where the path is another one */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const text = given[at] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decoded(text);
    else if (part !== text) return undefined;
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
