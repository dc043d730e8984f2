/** What is said about a kind of value: to people in the words of a problem, to editors in the JSON Schema. */
export type About =
  | string
  | { readonly id: string; readonly description: string; readonly examples?: readonly (string | number)[] };

type Form =
  | { readonly form: 'text' | 'number' | 'boolean' | 'anything' }
  | { readonly form: 'exactly'; readonly value: string }
  | { readonly form: 'words'; readonly words: readonly string[] }
  | { readonly form: 'list' | 'byName' | 'optional'; readonly of: AnyKind }
  | { readonly form: 'either'; readonly options: readonly AnyKind[] }
  | { readonly form: 'fields'; readonly fields: Readonly<Record<string, AnyKind>> };

/**
 * A kind of value, as plain data. Every start of a wrapper makes them all and checks one policy with them: as zod
 * schemas that would take a quarter of the time to the server's start. `zodOf` makes those when somebody asks.
 */
export type Kind<T> = Form & { readonly about?: About; readonly is?: (value: T) => void };
// biome-ignore lint/suspicious/noExplicitAny: whatever values it is of
export type AnyKind = Kind<any>;

/** The type of the values. */
export type KindOf<K extends AnyKind> = K extends { readonly is?: (value: infer T) => void } ? T : never;

type OptionalKind<T> = Kind<T | undefined> & { readonly form: 'optional' };
type Fields = Readonly<Record<string, AnyKind>>;
type OptionalKeys<F extends Fields> = {
  [Key in keyof F]: F[Key] extends { readonly form: 'optional' } ? Key : never;
}[keyof F];
type ValuesOf<F extends Fields> = {
  -readonly [Key in Exclude<keyof F, OptionalKeys<F>>]: KindOf<F[Key]>;
} & { -readonly [Key in OptionalKeys<F>]?: KindOf<F[Key]> };

const kind = <T>(form: Form, about: About | undefined): Kind<T> =>
  about === undefined ? form : { ...form, about };

export const text = (about?: About) => kind<string>({ form: 'text' }, about);
/** Finite, as in JSON. */
export const number = (about?: About) => kind<number>({ form: 'number' }, about);
export const boolean = (about?: About) => kind<boolean>({ form: 'boolean' }, about);
export const anything = (about?: About) => kind<unknown>({ form: 'anything' }, about);
export const exactly = <const T extends string>(value: T, about?: About) =>
  kind<T>({ form: 'exactly', value }, about);
/** One of these words. */
export const words = <const T extends readonly string[]>(all: T, about?: About) =>
  kind<T[number]>({ form: 'words', words: all }, about);
export const list = <K extends AnyKind>(of: K, about?: About) =>
  kind<KindOf<K>[]>({ form: 'list', of }, about);
export const either = <K extends AnyKind>(options: readonly K[], about?: About) =>
  kind<KindOf<K>>({ form: 'either', options }, about);
/** An object with these fields and no others. */
export const fields = <F extends Fields>(all: F, about?: About) =>
  kind<ValuesOf<F>>({ form: 'fields', fields: all }, about);
/** An object with values of one kind under any names. */
export const byName = <K extends AnyKind>(of: K, about?: About) =>
  kind<Record<string, KindOf<K>>>({ form: 'byName', of }, about);
/** A field that may be left out. */
export const optional = <K extends AnyKind>(of: K) =>
  kind<KindOf<K> | undefined>({ form: 'optional', of }, undefined) as OptionalKind<KindOf<K>>;

/**
 * @param value as JSON gives it
 * @returns whether it is of this kind in every part; the zod schema of the kind accepts exactly the same values, and
 *   knows what is wrong with the others
 */
export function fits(kind: AnyKind, value: unknown): boolean {
  switch (kind.form) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'anything':
      return true;
    case 'exactly':
      return value === kind.value;
    case 'words':
      return typeof value === 'string' && kind.words.includes(value);
    case 'optional':
      return fits(kind.of, value);
    case 'list':
      return Array.isArray(value) && value.every((item) => fits(kind.of, item));
    case 'either':
      return kind.options.some((option) => fits(option, value));
    case 'byName':
      return isRecord(value) && Object.values(value).every((item) => fits(kind.of, item));
    case 'fields':
      return (
        isRecord(value) &&
        Object.keys(value).every((key) => {
          const field = Object.hasOwn(kind.fields, key) && kind.fields[key];
          return field && fits(field, value[key]);
        }) &&
        Object.entries(kind.fields).every(
          ([key, { form }]) => form === 'optional' || Object.hasOwn(value, key),
        )
      );
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
