/** @returns `1 remark`, `2 remarks`, `no remarks`; @param plural where it is not the word with an s */
export function count(n: number, what: string, plural = `${what}s`): string {
  return `${n === 0 ? 'no' : n} ${n === 1 ? what : plural}`;
}
