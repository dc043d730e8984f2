/** A `rate_limit` in a text: `10/minute`, or `10/60` for a window in seconds. */
export interface Rate {
  /** Digits, at most 15. */
  readonly max: string;
  /** As a limit has it; whether there is such a window is not looked at. */
  readonly window: string | number;
}

/** @returns undefined for a text that is no rate */
export function readRate(text: string): Rate | undefined {
  const [, max, window] = /^(\d{1,15})\/(.+)$/.exec(text) ?? [];
  if (max === undefined || window === undefined) return undefined;
  return { max, window: /^\d+$/.test(window) ? Number(window) : window };
}

/**
 * The limit that an entry's `rate_limit` stands for.
 *
 * @param rate as the policy has it
 * @returns without its counter; undefined for what is no rate
 */
export function rateAsLimit(rate: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof rate !== 'string')
    return typeof rate === 'object' && rate !== null && !Array.isArray(rate) ? { ...rate } : undefined;
  const read = readRate(rate);
  return read && { window: read.window, max: Number(read.max) };
}

/** The counter of an entry's `rate_limit`. */
export const rateCounter = (entry: string): string => `${entry}_rate`;
