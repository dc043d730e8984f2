import type { Layers } from '../policy/evaluate/layers.js';
import type { PinKind, Standing } from '../store/store.js';
import { sha256 } from '../text/hash.js';
import type { ListKind } from '../wire/mcp-session.js';
import type { StateSession } from './state-session.js';
import type { Suspicions } from './suspicions.js';

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

/** By what is decided what a client gets to read. */
export interface ShownBy {
  readonly policy: Layers | undefined;
  readonly stateSession: StateSession;
  readonly pinned: PinnedView;
  readonly suspicions: Suspicions;
  /** Nothing is kept back. */
  readonly observe: boolean;
  /** One line for the person, without line end. */
  readonly warn: (text: string) => void;
}

const OWN: View = { kind: 'own' };
/** Where more than this is kept back of a list, what is trusted later may show with the client's next list only. */
const KEPT_BACK_MAX = 1000;
/** The list that a client reads again to see one. Instructions come once, with the first answer. */
const LIST_OF: Readonly<Record<PinKind, ListKind | undefined>> = {
  tool: 'tools',
  prompt: 'prompts',
  resource: 'resources',
  template: 'resources',
  instructions: undefined,
};

/** What a client gets to read of definitions that differ from the trusted ones, or that nobody has trusted. */
export class PinnedView {
  readonly #stateSession: StateSession;
  /** Kinds of which this session has listed all: what comes later is new, whether or not that is written down yet. */
  readonly #known = new Set<PinKind>();
  /** What the client did not get as its server has it, by kind and name: the digest of that. */
  readonly #keptBack = new Map<string, { readonly part: ListedPart; readonly hash: string }>();

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
    const hash = part.isUnpinnable ? '' : sha256(part.definition);
    const standing = this.#stateSession.standing(part.kind, part.name, hash);
    const view = this.#viewOf(part, standing, policy);
    const key = `${part.kind} ${part.name}`;
    if (view.kind === 'own') this.#keptBack.delete(key);
    else if (this.#keptBack.size < KEPT_BACK_MAX || this.#keptBack.has(key))
      this.#keptBack.set(key, { part, hash });
    return view;
  }

  /**
   * @returns the lists of which the client would get more now than it got: a person has trusted what was kept back.
   *   Each is told once; empty where the state cannot be read
   */
  trustedSince(policy: Layers | undefined): ReadonlySet<ListKind> {
    const lists = new Set<ListKind>();
    if (!PinnedView.isNeeded(policy)) return lists;
    for (const [key, { part, hash }] of this.#keptBack) {
      const standing = this.#stateSession.standingNow(part.kind, part.name, hash);
      if (standing === undefined) break;
      if (this.#viewOf(part, standing, policy).kind !== 'own') continue;
      this.#keptBack.delete(key);
      const list = LIST_OF[part.kind];
      if (list !== undefined) lists.add(list);
    }
    return lists;
  }

  #viewOf({ kind, isUnpinnable }: ListedPart, standing: Standing, policy: Layers): View {
    const isLate = standing.isLate || (standing.isUnseen && this.#known.has(kind));
    if (isLate && policy.newTools === 'hide') return { kind: 'none', why: 'new' };
    if (standing.isUnseen && isUnpinnable) return { kind: 'none', why: 'changed' };
    if (standing.kind === 'same') return OWN;
    return policy.pin === 'hold' && standing.trusted !== undefined
      ? { kind: 'held', text: standing.trusted, hash: standing.hash }
      : { kind: 'none', why: 'changed' };
  }
}
