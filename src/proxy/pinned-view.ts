import type { Layers } from '../policy/evaluate/layers.js';
import type { PinKind } from '../store/store.js';
import { sha256 } from '../text/hash.js';
import type { StateSession } from './state-session.js';

/** A tool or another part of a server, as it was listed just now. */
export interface ListedPart {
  readonly kind: PinKind;
  readonly name: string;
  /** Canonical JSON of what is pinned. */
  readonly definition: string;
  /** As the server wrote it. */
  readonly raw: string;
  /** Two readers may read it differently, so that it can only be changed. */
  readonly isUnpinnable: boolean;
}

/** What the client gets: the server's text, the trusted one in its place, or nothing. */
export type View =
  | { readonly kind: 'own' }
  | { readonly kind: 'held'; readonly text: string; readonly hash: string }
  | { readonly kind: 'none'; readonly why: 'new' | 'changed' };

const OWN: View = { kind: 'own' };

/** What a client gets to read of definitions that differ from the trusted ones, or that nobody has trusted. */
export class PinnedView {
  readonly #stateSession: StateSession;
  /** Kinds of which this session has listed all: what comes later is new, whether or not that is written down yet. */
  readonly #known = new Set<PinKind>();

  constructor(stateSession: StateSession) {
    this.#stateSession = stateSession;
  }

  /** @returns whether the policy wants some definitions kept from the client */
  static isNeeded(policy: Layers | undefined): policy is Layers {
    return policy !== undefined && (policy.pin === 'hold' || policy.pin === 'deny');
  }

  /** A whole list was read. */
  listed(kind: PinKind): void {
    this.#known.add(kind);
  }

  /** @throws PolicyWrapError where the state cannot be read */
  of(part: ListedPart, policy: Layers): View {
    const { kind, name, isUnpinnable } = part;
    const hash = isUnpinnable ? '' : sha256(part.definition);
    const standing = this.#stateSession.standing(kind, name, hash);
    const isLate = standing.isLate || (standing.isUnseen && this.#known.has(kind));
    if (isLate && policy.newTools === 'hide') return { kind: 'none', why: 'new' };
    if (standing.isUnseen && isUnpinnable) return { kind: 'none', why: 'changed' };
    if (standing.kind === 'same') return OWN;
    return policy.pin === 'hold' && standing.trusted !== undefined
      ? { kind: 'held', text: standing.trusted, hash: standing.hash }
      : { kind: 'none', why: 'changed' };
  }
}
