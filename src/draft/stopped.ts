import { parseJson } from '../json/exact.js';
import { isObject } from '../json/value.js';
import type { Call } from '../policy/call.js';
import { CODES } from '../policy/codes.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { argumentCheck } from '../policy/schema/check.js';
import { incompatibility } from '../policy/schema/compatible.js';
import { sectionOf } from '../policy/sections.js';
import type { StoreReader } from '../store/reader.js';

/** What refuses a call at this moment before its arguments are looked at. */
export interface Stopped {
  readonly code: 'PAUSED' | 'CHANGED';
  readonly rule: string;
  readonly why: string;
  /** A pause: whose, and since when (UTC milliseconds). */
  readonly pause?: { readonly server: string | undefined; readonly since: number } | undefined;
}

/**
 * A pause, or a tool that is not what was trusted: as a wrapper finds it that goes by what others have seen.
 *
 * @param store undefined where nothing has happened yet
 */
export function stoppedNow(
  layers: Layers,
  { tool, args }: Call,
  server: string,
  store: StoreReader | undefined,
): Stopped | undefined {
  const pause = store?.pauses().find((each) => each.server === undefined || each.server === server);
  if (pause)
    return {
      code: 'PAUSED',
      rule: CODES.PAUSED.rule,
      pause: { server: pause.server, since: pause.since },
      why: `every call of ${pause.server === undefined ? 'every server' : server} is refused since ${new Date(pause.since).toISOString()}`,
    };
  if ((layers.pin !== 'hold' && layers.pin !== 'deny') || sectionOf(tool)) return undefined;
  const pin = store?.pin(server, 'tool', tool);
  if (!pin) return undefined;
  const changed = (why: string): Stopped => ({ code: 'CHANGED', rule: CODES.CHANGED.rule, why });
  if (pin.late && layers.newTools === 'hide') return changed('the tool is new, and nobody has trusted it');
  if (!pin.changed) return undefined;
  const told = 'the tool has changed since it was trusted';
  if (layers.pin === 'deny' || pin.changed.unpinnable || pin.hash === '') return changed(told);
  const [trusted, current] = [pin.definition, pin.changed.definition].map(parseJson);
  if (!isObject(trusted) || !isObject(current)) return changed(told);
  const why = argumentCheck(trusted.inputSchema).fault(args) ?? incompatibility(trusted, current, args);
  return why === undefined ? undefined : changed(`${told}, and ${why}`);
}
