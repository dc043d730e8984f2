/** @returns `1 remark`, `2 remarks`, `no remarks`; @param plural where it is not the word with an s */
export function count(n: number, what: string, plural = `${what}s`): string {
  return `${n === 0 ? 'no' : n} ${n === 1 ? what : plural}`;
}

/** @returns `a, b and 3 more`: the first `most` of them, and how many that leaves out */
export function shortList(names: readonly string[], most: number, between = ', '): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(between)}${more > 0 ? ` and ${more} more` : ''}`;
}
