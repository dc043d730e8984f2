import type { EffectHere, ToolRow } from '../../../api-types/tools.js';

/** How the rows of tools are ordered. */
export const SORTS = ['risk', 'name', 'tokens', 'calls', 'refused'] as const;
export type Sort = (typeof SORTS)[number];

export const CLASSES = ['Destructive', 'Financial', 'Execute', 'Write', 'Read', 'Other'] as const;

/** What is looked for. */
export interface Look {
  readonly text: string;
  /** '' for all. */
  readonly toolClass: string;
  readonly sort: Sort;
}

const RISKS: readonly string[] = ['critical', 'high', 'medium', 'low'];

/** The rows that are looked for, in order; what is equal stays by name. */
export function sought(rows: readonly ToolRow[], { text, toolClass, sort }: Look): readonly ToolRow[] {
  const wanted = text.trim().toLowerCase();
  return rows
    .filter((row) => row.name.toLowerCase().includes(wanted) && (toolClass === '' || row.class === toolClass))
    .sort((a, b) => compare(a, b, sort) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function compare(a: ToolRow, b: ToolRow, sort: Sort): number {
  switch (sort) {
    case 'risk':
      return (
        RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk) || (a.class < b.class ? -1 : a.class > b.class ? 1 : 0)
      );
    case 'name':
      return 0;
    case 'tokens':
    case 'calls':
    case 'refused':
      return b[sort] - a[sort];
  }
}

/** What the tools of a server come to. */
export interface Sum {
  readonly tools: number;
  readonly visible: number;
  /** Tokens of all definitions, and of those that the client sees. */
  readonly all: number;
  readonly seen: number;
}

/** @param effects of the draft where there is one, in the order of the rows */
export function sumOf(
  rows: readonly Pick<ToolRow, 'tokens' | 'effect'>[],
  effects?: readonly EffectHere[],
): Sum {
  const shown = rows.filter((row, at) => (effects?.[at] ?? row.effect).kind !== 'hide');
  const tokens = (list: typeof rows) => list.reduce((total, row) => total + row.tokens, 0);
  return { tools: rows.length, visible: shown.length, all: tokens(rows), seen: tokens(shown) };
}

export function added(sums: readonly Sum[]): Sum {
  return sums.reduce(
    (total, sum) => ({
      tools: total.tools + sum.tools,
      visible: total.visible + sum.visible,
      all: total.all + sum.all,
      seen: total.seen + sum.seen,
    }),
    { tools: 0, visible: 0, all: 0, seen: 0 },
  );
}
