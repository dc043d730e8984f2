import { canonicalJson } from '../json/canonical.js';
import { parseJson } from '../json/exact.js';
import { isObject, isRecord, type Json, own } from '../json/value.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { type PinKind, pinnedKeys, type SeenTool } from '../store/store.js';
import { printable } from '../text/escape.js';
import { lookalikeKey } from '../wire/message.js';
import { instructionsOf, type WordList, withInstructions, withoutMembers } from '../wire/pinned-answers.js';
import type { ToolEdit } from '../wire/tool-list.js';
import { type ListedPart, PinnedView } from './pinned-view.js';
import type { StateSession } from './state-session.js';

/** What of a resource is for the model; its address and name stay. */
const WORDS = ['title', 'description'];
/** How many are named on stderr, each once. */
const NAMED_MAX = 200;

/** Prompts, resources and instructions of a server: what the client gets of them, and what is remembered. */
export class PinnedWords {
  readonly #stateSession: StateSession;
  readonly #pinned: PinnedView;
  readonly #observe: boolean;
  readonly #warn: (text: string) => void;
  /** The list of a kind that is being read, all its pages so far: the definitions by name. */
  readonly #lists = new Map<PinKind, Map<string, string>>();
  readonly #named = new Set<string>();
  #policy: Layers | undefined;
  #page: SeenTool[] = [];

  constructor(parts: {
    readonly policy: Layers | undefined;
    readonly stateSession: StateSession;
    readonly pinned: PinnedView;
    readonly observe: boolean;
    readonly warn: (text: string) => void;
  }) {
    this.#policy = parts.policy;
    this.#stateSession = parts.stateSession;
    this.#pinned = parts.pinned;
    this.#observe = parts.observe;
    this.#warn = parts.warn;
  }

  use(policy: Layers): void {
    this.#policy = policy;
  }

  /** Answers that carry words are looked at. */
  get areLookedAt(): boolean {
    return this.#policy !== undefined && this.#policy.pin !== 'off';
  }

  /** Some of them may be kept from the client: no answer that can be read in two ways passes. */
  get areKept(): boolean {
    return !this.#observe && PinnedView.isNeeded(this.#policy);
  }

  beginPage({ kind }: WordList, isLaterPage: boolean): void {
    if (!isLaterPage || !this.#lists.has(kind)) this.#lists.set(kind, new Map());
    this.#page = [];
  }

  /** @returns what the client gets of an element of a list */
  edit({ kind, key }: WordList, element: unknown, raw: string): ToolEdit {
    const name = isRecord(element) ? own(element, key) : undefined;
    if (!isRecord(element) || typeof name !== 'string') return this.areKept ? 'drop' : 'keep';
    const part = this.#partOf(kind, name, element, raw);
    const { definition, isUnpinnable } = part;
    this.#page.push({ kind, name, definition, text: raw, ...(isUnpinnable && { unpinnable: true }) });
    const policy = this.#policy;
    if (!this.areKept || !policy) return 'keep';
    const view = this.#pinned.of(part, policy);
    if (view.kind === 'own') return 'keep';
    if (view.kind === 'held' && !part.isDoubled) return { text: view.text };
    // Resources come and go: a new one is there, but nothing that it says of itself.
    if (view.kind === 'none' && view.why === 'new' && kind === 'resource' && !isUnpinnable)
      return { text: withoutMembers(raw, WORDS) };
    this.#say(`left out: ${kind} ${name}`);
    return 'drop';
  }

  endPage({ kind }: WordList, hasMorePages: boolean): void {
    // An empty list is one too: what a server adds once it is known has come late.
    if (!hasMorePages) this.#pinned.listed(kind);
    this.#stateSession.sawTools(this.#page, hasMorePages ? undefined : kind);
    this.#page = [];
  }

  /**
   * @param text an answer that may carry the server's instructions
   * @param message the same, parsed
   * @returns what the client gets
   */
  greeting(text: string, message: unknown): string {
    const written = (instructionsOf(message) ?? null) as Json;
    const definition = canonicalJson({ instructions: written });
    // A lenient client puts a list, or whatever it gets, into its prompt as text.
    const isUnpinnable = written !== null && typeof written !== 'string';
    const part = { kind: 'instructions', name: '', definition, raw: definition, isUnpinnable } as const;
    let shown = text;
    if (written !== null && this.areKept && this.#policy) {
      const held = this.#heldInstructions(part, this.#policy);
      if (held !== 'own') shown = withInstructions(text, held);
    }
    this.#stateSession.sawTools([
      { kind: part.kind, name: '', definition, text: definition, ...(isUnpinnable && { unpinnable: true }) },
    ]);
    return shown;
  }

  /** @returns `own` where the server's are to be shown; undefined for none */
  #heldInstructions(part: ListedPart, policy: Layers): 'own' | string | undefined {
    try {
      const view = this.#pinned.of(part, policy);
      if (view.kind === 'own') return 'own';
      this.#say('the instructions of the server are not what was trusted');
      const trusted = view.kind === 'held' ? parseJson(view.text) : undefined;
      const text = isObject(trusted) ? trusted.instructions : undefined;
      return typeof text === 'string' ? text : undefined;
    } catch (error) {
      // The session goes on: every call is refused, or the state can be read by then.
      this.#say(
        `the instructions of the server are left out: ${error instanceof Error ? error.message : error}`,
      );
      return undefined;
    }
  }

  #partOf(
    kind: PinKind,
    name: string,
    element: Record<string, unknown>,
    raw: string,
  ): ListedPart & { readonly isDoubled: boolean } {
    const keys = pinnedKeys(kind);
    const definition = canonicalJson(
      Object.fromEntries(
        keys.flatMap((key) => (Object.hasOwn(element, key) ? [[key, element[key] as Json]] : [])),
      ),
    );
    const list = this.#lists.get(kind);
    const before = list?.get(name);
    const isDoubled = before !== undefined && before !== definition;
    list?.set(name, isDoubled ? '' : definition);
    const twin = lookalikeKey(element, new Set(keys), new Set(keys.map((each) => each.toLowerCase())));
    return { kind, name, definition, raw, isDoubled, isUnpinnable: isDoubled || twin !== undefined };
  }

  #say(what: string): void {
    if (this.#named.size >= NAMED_MAX || this.#named.has(what)) return;
    this.#named.add(what);
    this.#warn(printable(what, 300));
  }
}
