import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * After a burst, in milliseconds: what a contestant does when idle falls in its own time and not in the next one's.
 * All contestants are at rest at its end, so that what is busy then is somebody else.
 */
const REST_MS = 70;
const WATCH_MS = 50;
/** Busy time of all cores in the watched time, in milliseconds, from which a round is disturbed (a tick is 10 ms). */
const DISTURBED_MS = 30;
/**
 * @typedef {{ rounds: number, patience: number }} Plan how many rounds count, and how many times as many may be tried
 *   in the hope of quiet
 */

/** Rounds that were measured again, or counted for want of better ones, since something else ran on the machine. */
export const disturbances = { repeated: 0, counted: 0 };

/**
 * Lets every contestant do the same, once a round, in a new random order each round. Rounds during which something
 * else ran on the machine are measured again while there is time.
 *
 * @template T, S
 * @param {readonly T[]} contestants
 * @param {Plan} plan
 * @param {(contestant: T) => Promise<S>} burst
 * @returns {Promise<Map<T, S[]>>} samples by round
 */
export async function interleave(contestants, { rounds, patience }, burst) {
  const quiet = [];
  const disturbed = [];
  for (let tried = 0; quiet.length < rounds && tried < rounds * patience; tried++) {
    const round = new Map();
    let busy = 0;
    for (const contestant of shuffled(contestants)) {
      round.set(contestant, await burst(contestant));
      await sleep(REST_MS);
      busy = Math.max(busy, await busyTime());
    }
    (busy >= DISTURBED_MS ? disturbed : quiet).push({ round, busy });
  }
  disturbed.sort((a, b) => a.busy - b.busy);
  const counted = disturbed.slice(0, rounds - quiet.length);
  disturbances.counted += counted.length;
  disturbances.repeated += disturbed.length - counted.length;
  const used = [...quiet, ...counted];
  return new Map(contestants.map((one) => [one, used.map(({ round }) => round.get(one))]));
}

async function busyTime() {
  const before = busy();
  await sleep(WATCH_MS);
  return busy() - before;
}

/** Busy time of all cores since the machine was started, in milliseconds. */
function busy() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

function shuffled(list) {
  const left = [...list];
  return list.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0]);
}

export function median(values) {
  return quantile(values, 0.5);
}

export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low);
}

/**
 * The median of the ratios of one round each, with the interval that holds the true median in 95 of 100 cases (order
 * statistics, no assumption on the distribution).
 */
export function ratio(values, base) {
  return spread(values.map((value, i) => value / base[i]));
}

export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const reach = Math.ceil(0.98 * Math.sqrt(n));
  const at = (i) => sorted[Math.min(n - 1, Math.max(0, i))];
  return {
    value: median(sorted),
    low: at(Math.floor((n - 1) / 2) - reach),
    high: at(Math.ceil((n - 1) / 2) + reach),
  };
}
