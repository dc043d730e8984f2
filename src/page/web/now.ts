import { useEffect, useState } from 'preact/hooks';

/**
 * The time of the machine that policy-wrap runs on, as it goes on.
 *
 * @param told what that machine said last, UTC milliseconds
 * @param everyMs how often the component is drawn again
 */
export function useNow(told: number | undefined, everyMs = 1000): number {
  const [, draw] = useState(0);
  const [begun, setBegun] = useState({ told, at: performance.now() });
  useEffect(() => setBegun({ told, at: performance.now() }), [told]);
  useEffect(() => {
    const timer = setInterval(() => draw((n) => n + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return begun.told === undefined ? Date.now() : begun.told + (performance.now() - begun.at);
}
