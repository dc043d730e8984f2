/** One way to say it, or one for each grammatical number (`Intl.PluralRules`), chosen by `n`. */
export type Phrase = string | { readonly one: string; readonly other: string };

/** English, Spanish: an entry without one of them does not compile. */
export type Entry = readonly [english: Phrase, spanish: Phrase];

type NamesIn<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
type NamesOf<Said> = Said extends string
  ? NamesIn<Said>
  : Said extends { other: infer Text extends string }
    ? NamesIn<Text> | 'n'
    : never;

/** What a phrase wants to be told: the names in its braces. */
export type Wants<E> = E extends readonly [infer English, unknown] ? NamesOf<English> : never;

/** Declares the texts of an area. */
export function strings<const Table extends Readonly<Record<string, Entry>>>(table: Table): Table {
  return table;
}
