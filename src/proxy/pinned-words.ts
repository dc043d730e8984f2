import { messageOf } from '../errors.js';
import { canonicalJson } from '../json/canonical.js';
import { parseJson } from '../json/exact.js';
import { isObject, isRecord, type Json, own } from '../json/value.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { type PinKind, pinName, pinnedKeys, type SeenTool } from '../store/store.js';
import { printable } from '../text/escape.js';
import { lookalikeKey } from '../wire/message.js';
import { instructionsOf, type WordList, withInstructions, withoutMembers } from '../wire/pinned-answers.js';
import type { ToolEdit } from '../wire/tool-list.js';
import { type ListedPart, PinnedView, type ShownBy } from './pinned-view.js';
import type { StateSession } from './state-session.js';
import type { Suspicions } from './suspicions.js';

/** What of a resource is for the model; its address and name stay. */
const WORDS = ['title', 'description'];
/** How many are named on stderr, each once. */
const NAMED_MAX = 200;

/**
 * @returns the lists, besides that of tools, of which a client may see more by the one policy than by the other. What
 *   the server has is not remembered: a client reads once too often rather than once too seldom
 */
export function wordsThatMayDiffer(before: Layers | undefined, after: Layers): ('prompts' | 'resources')[] {
  const isKept = (policy: Layers | undefined) =>
    PinnedView.isNeeded(policy) ? `${policy.pin} ${policy.newTools}` : '';
  const allDiffer =
    isKept(before) !== isKept(after) || (before?.onSuspicious ?? 'warn') !== after.onSuspicious;
  return (['prompts', 'resources'] as const).filter(
    (list) => allDiffer || before?.sections[list] !== undefined || after.sections[list] !== undefined,
  );
}

/** Prompts, resources and instructions of a server: what the client gets of them, and what is remembered. */
export class PinnedWords {
  readonly #stateSession: StateSession;
  readonly #pinned: PinnedView;
  readonly #suspicions: Suspicions;
  readonly #observe: boolean;
  readonly #warn: (text: string) => void;
  /** The list of a kind that is being read, all its pages so far: the definitions by name. */
  readonly #lists = new Map<PinKind, Map<string, string>>();
  readonly #named = new Set<string>();
  #policy: Layers | undefined;
  #page: SeenTool[] = [];

  constructor(parts: ShownBy) {
    this.#policy = parts.policy;
    this.#stateSession = parts.stateSession;
    this.#pinned = parts.pinned;
    this.#suspicions = parts.suspicions;
    this.#observe = parts.observe;
    this.#warn = parts.warn;
  }

  use(policy: Layers): void {
    this.#policy = policy;
  }

  /** Answers that carry words are looked at. */
  get areLookedAt(): boolean {
    return this.#policy !== undefined;
  }

  /** Some of them may be kept from the client: no answer that can be read in two ways passes. */
  get areKept(): boolean {
    return this.#isHeld || this.#hidesSuspicious;
  }

  get #isHeld(): boolean {
    return !this.#observe && PinnedView.isNeeded(this.#policy);
  }

  get #hidesSuspicious(): boolean {
    return !this.#observe && this.#policy?.onSuspicious === 'hide';
  }

  get #isPinned(): boolean {
    return this.#policy !== undefined && this.#policy.pin !== 'off';
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
    this.#suspicions.look(pinName({ kind, tool: name }), element, raw);
    const shown = this.#isHeld && this.#policy ? this.#held(part, this.#policy) : raw;
    const safe = shown === undefined ? undefined : this.#unsuspicious(part, shown);
    if (safe === undefined) return 'drop';
    return safe === raw ? 'keep' : { text: safe };
  }

  /** @returns what is trusted of it, as text; undefined where the client gets none */
  #held(part: ListedPart & { readonly isDoubled: boolean }, policy: Layers): string | undefined {
    const { kind, name, raw, isDoubled, isUnpinnable } = part;
    const view = this.#pinned.of(part, policy);
    if (view.kind === 'own') return raw;
    if (view.kind === 'held' && !isDoubled) return view.text;
    // Resources come and go: a new one is there, but nothing that it says of itself.
    if (view.kind === 'none' && view.why === 'new' && kind === 'resource' && !isUnpinnable)
      return withoutMembers(raw, WORDS);
    this.#say(`left out: ${kind} ${name}`);
    return undefined;
  }

  /** @returns a definition without words that steer the model; undefined where nothing is left to show */
  #unsuspicious({ kind, name }: ListedPart, text: string): string | undefined {
    if (!this.#hidesSuspicious || !this.#suspicions.hides(parseJson(text))) return text;
    this.#say(`its definition is suspicious: ${kind} ${name}`);
    // Its address is all that a client needs to read a resource.
    const bare = kind === 'prompt' ? undefined : withoutMembers(text, WORDS);
    return bare === undefined || this.#suspicions.hides(parseJson(bare)) ? undefined : bare;
  }

  endPage({ kind }: WordList, hasMorePages: boolean): void {
    // An empty list is one too: what a server adds once it is known has come late.
    if (!hasMorePages) this.#pinned.listed(kind);
    if (this.#isPinned) this.#stateSession.sawTools(this.#page, hasMorePages ? undefined : kind);
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
    if (written !== null)
      this.#suspicions.look(
        pinName({ kind: 'instructions', tool: '' }),
        { instructions: written },
        definition,
      );
    let shown: Json | undefined = written;
    if (written !== null && this.#isHeld && this.#policy) {
      const held = this.#heldInstructions(part, this.#policy);
      if (held !== 'own') shown = held;
    }
    if (
      shown !== null &&
      shown !== undefined &&
      this.#hidesSuspicious &&
      this.#suspicions.hides({ instructions: shown })
    ) {
      this.#say('the instructions of the server are left out: they are suspicious');
      shown = undefined;
    }
    if (this.#isPinned)
      this.#stateSession.sawTools([
        {
          kind: part.kind,
          name: '',
          definition,
          text: definition,
          ...(isUnpinnable && { unpinnable: true }),
        },
      ]);
    return shown === written ? text : withInstructions(text, typeof shown === 'string' ? shown : undefined);
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
      this.#say(`the instructions of the server are left out: ${messageOf(error)}`);
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
