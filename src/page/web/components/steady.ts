import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

/** How long something must have stood where it is before it can be pressed, in milliseconds: who presses sooner meant what stood there before. */
const STEADY_MS = 600;
/** How often it is looked where it stands, in milliseconds. */
const LOOK_MS = 150;

export interface Steady {
  /** Goes on the element that is pressed. */
  readonly ref: { current: HTMLButtonElement | null };
  readonly isSteady: boolean;
  /** Looks once more: whether a press at this moment is meant for what stands there. */
  readonly isMeant: () => boolean;
}

/**
 * Whether a person can have seen what they press: lists move up when a call is decided elsewhere, banners come and go,
 * and an agent can have a call asked at the moment in which another one goes.
 *
 * @param what changes when the same element comes to do something else
 */
export function useSteady(what: string): Steady {
  const ref = useRef<HTMLButtonElement>(null);
  const [isSteady, setSteady] = useState(false);
  const seen = useRef({ at: 0, place: '', height: 0 });
  const look = (): boolean => {
    const now = performance.now();
    const { place, height } = placeOf(ref.current);
    // What shrinks below pushes a page that is scrolled to its end down. A window that was behind another one, which
    // went between two clicks, was not looked at either.
    const isMoved = place !== seen.current.place || height < seen.current.height;
    if (isMoved || document.hidden || !document.hasFocus()) seen.current.at = now;
    seen.current = { ...seen.current, place, height };
    const steady = now - seen.current.at >= STEADY_MS;
    setSteady(steady);
    return steady;
  };
  useLayoutEffect(() => {
    seen.current.at = performance.now();
    look();
  }, [what]);
  useEffect(() => {
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return { ref, isSteady, isMeant: look };
}

/** Where it stands in the page, however far that is scrolled. */
function placeOf(element: HTMLElement | null): { readonly place: string; readonly height: number } {
  const { left = 0, top = 0 } = element?.getBoundingClientRect() ?? {};
  const place = `${Math.round(left + scrollX)} ${Math.round(top + scrollY)}`;
  return { place, height: document.documentElement.scrollHeight };
}
