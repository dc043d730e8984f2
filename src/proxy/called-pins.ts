import { parseJson } from '../json/exact.js';
import { isObject } from '../json/value.js';
import type { Layers } from '../policy/evaluate/layers.js';
import type { PinTerms } from '../store/store.js';
import type { JudgedCall } from '../wire/message.js';
import type { ArgumentChecks } from './argument-checks.js';
import { PinnedView } from './pinned-view.js';
import type { StateSession } from './state-session.js';
import type { HeldPair, ToolLists } from './tool-lists.js';

/** What the tool of a call must be like: looked at together with what others have trusted meanwhile. */
export class CalledPins {
  readonly #lists: ToolLists;
  readonly #stateSession: StateSession;
  readonly #argumentChecks: ArgumentChecks;

  constructor(parts: {
    readonly lists: ToolLists;
    readonly stateSession: StateSession;
    readonly argumentChecks: ArgumentChecks;
  }) {
    this.#lists = parts.lists;
    this.#stateSession = parts.stateSession;
    this.#argumentChecks = parts.argumentChecks;
  }

  /** @returns undefined where the policy calls tools whatever they have become */
  of(call: JudgedCall, policy: Layers | undefined): PinTerms | undefined {
    if (!PinnedView.isNeeded(policy)) return undefined;
    const face = this.#lists.faceOf(call.name);
    const refusesNew = policy.newTools === 'hide';
    const pair = policy.pin !== 'hold' ? undefined : this.#heldPair(call.name, face);
    if (!pair) return { face, refusesNew };
    const { trusted, current, hash } = pair;
    const fault = this.#argumentChecks.heldFault(trusted, current, call.args.values);
    return { face, refusesNew, held: { trusted: hash, face: pair.face, fault } };
  }

  #heldPair(tool: string, face: string | undefined): HeldPair | undefined {
    if (face !== undefined) return this.#lists.heldOf(tool);
    // A client that goes by a list of an earlier session.
    const pin = this.#stateSession.pinOf(tool);
    if (!pin?.changed || pin.changed.unpinnable || pin.hash === '') return undefined;
    const [trusted, current] = [pin.definition, pin.changed.definition].map(parseJson);
    return isObject(trusted) && isObject(current)
      ? { trusted, current, hash: pin.hash, face: pin.changed.hash }
      : undefined;
  }
}
