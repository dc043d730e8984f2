import type { Hour } from '../../../api-types/live.js';

/** The size of the plot, in its own units; the browser scales it. */
export const WIDTH = 480;
export const HEIGHT = 120;
const HOUR_MS = 3_600_000;
const HOURS = 24;
const GAP = 4;
/** How many hours lie between two that are named. */
const LABELLED = 6;

export interface Bar {
  /** UTC milliseconds of the hour's beginning. */
  readonly at: number;
  readonly x: number;
  readonly width: number;
  readonly isLabelled: boolean;
  /** From the bottom up; what is nothing has no part. */
  readonly parts: readonly {
    readonly kind: keyof Omit<Hour, 'at'>;
    readonly y: number;
    readonly height: number;
  }[];
}

/**
 * The bars of the last 24 hours, the one that runs included, and the number that the highest one may reach.
 *
 * @param now UTC milliseconds
 */
export function barsOf(
  hours: readonly Hour[],
  now: number,
): { readonly bars: readonly Bar[]; readonly top: number } {
  const current = Math.floor(now / HOUR_MS) * HOUR_MS;
  const top = Math.max(1, ...hours.map(({ allowed, asked, refused }) => allowed + asked + refused));
  const step = WIDTH / HOURS;
  const bars = Array.from({ length: HOURS }, (_, index): Bar => {
    const at = current - (HOURS - 1 - index) * HOUR_MS;
    const hour = hours.find((each) => each.at === at);
    let y = HEIGHT;
    const parts = (['allowed', 'asked', 'refused'] as const).flatMap((kind) => {
      const count = hour?.[kind] ?? 0;
      if (count === 0) return [];
      // One refusal among thousands of calls must still be seen.
      const height = Math.max(2, (count / top) * (HEIGHT - 16));
      y -= height;
      return [{ kind, y, height }];
    });
    return {
      at,
      x: index * step + GAP / 2,
      width: step - GAP,
      isLabelled: index % LABELLED === LABELLED - 1,
      parts,
    };
  });
  return { bars, top };
}
