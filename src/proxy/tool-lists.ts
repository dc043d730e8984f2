import { classify } from '../catalog/classify.js';
import { messageOf } from '../errors.js';
import { parseJson } from '../json/exact.js';
import { type JsonObject, own } from '../json/value.js';
import type { Layers } from '../policy/evaluate/layers.js';
import type { AmbiguousTool, ToolEdit } from '../wire/tool-list.js';
import { AbsentNames } from './absent-names.js';
import { isNamed, isShown, type ListedTool, ListedTools, type RiskOf } from './listed-tools.js';
import { PinnedView, type ShownBy } from './pinned-view.js';
import type { StateSession } from './state-session.js';
import type { Suspicions } from './suspicions.js';

/** Tools that are left out of a list are named on stderr once each, and no more than this many. */
const NAMED_MAX = 1000;
/** Longer names are cut there, in UTF-16 units: they are kept, so that each is named once. */
const NAME_CAP = 300;
const NEW = 'it is new, and nobody has trusted it';
const CHANGED = 'it is not what was trusted';

/** A tool as it is trusted, and the digest of that. */
interface HeldTool {
  readonly tool: ListedTool;
  readonly hash: string;
}

/** A changed tool: as it is trusted and shown, and as its server has it. */
export interface HeldPair {
  readonly trusted: JsonObject;
  readonly current: JsonObject;
  readonly hash: string;
  readonly face: string;
}

/** To approve a call of a severe tool a person must type a value from it. */
const riskOf: RiskOf = (tool) => {
  const { class: toolClass, risk } = classify(tool);
  return { class: toolClass, severe: risk === 'critical' };
};

/**
 * What the client gets to see of the server's lists of tools (G6), what the person is told of them, and which of their
 * definitions are compared with those that were first seen.
 */
export class ToolLists {
  readonly #stateSession: StateSession;
  readonly #tools: ListedTools;
  /** Hides nothing. */
  readonly #observe: boolean;
  readonly #warn: (text: string) => void;
  readonly #named = new Set<string>();
  readonly #absent = new AbsentNames();
  readonly #pinned: PinnedView;
  readonly #suspicions: Suspicions;
  /** Tools that were left out for what their definitions say. */
  readonly #suspicious = new Set<string>();
  /** Tools that the client was shown as they are trusted, not as their server has them. */
  readonly #held = new Map<string, HeldTool>();
  #policy: Layers | undefined;

  constructor(parts: ShownBy) {
    this.#policy = parts.policy;
    this.#stateSession = parts.stateSession;
    this.#pinned = parts.pinned;
    this.#suspicions = parts.suspicions;
    this.#tools = new ListedTools(riskOf);
    this.#observe = parts.observe;
    this.#warn = parts.warn;
  }

  /**
   * Goes by another policy from the next list on.
   *
   * @returns whether a tool that was listed is now shown that was not, or the other way round
   */
  use(policy: Layers): boolean {
    const before = this.#policy;
    this.#policy = policy;
    this.#tools.compareAgain();
    if (this.#observe) return false;
    if (before?.onSuspicious !== policy.onSuspicious) return true;
    if (PinnedView.isNeeded(before) || PinnedView.isNeeded(policy))
      if (before?.pin !== policy.pin || before.newTools !== policy.newTools) return true;
    return this.#tools.showsDiffer(
      (tool) => isShown(before, tool),
      (tool) => isShown(policy, tool),
    );
  }

  /** @returns whether a mistake with the tool costs money or cannot be taken back, by any of its definitions */
  isSevere(name: string): boolean {
    const held = this.#held.get(name);
    return this.#tools.riskOf(name).severe || (held !== undefined && riskOf(held.tool).severe);
  }

  /** Whether the list that was read last has any tool. */
  get hasListed(): boolean {
    return this.#tools.hasListed;
  }

  /** @returns whether the server has listed it in this session */
  knows(name: string): boolean {
    return this.#tools.knows(name);
  }

  /** @returns digest of the definition that this session's server has listed last */
  faceOf(name: string): string | undefined {
    return this.#tools.faceOf(name);
  }

  /** @returns both definitions of a tool that was shown as it is trusted, and their digests */
  heldOf(name: string): HeldPair | undefined {
    const held = this.#held.get(name);
    const current = this.#tools.definitionOf(name);
    const face = this.#tools.faceOf(name);
    return held && current && face !== undefined
      ? { trusted: held.tool as JsonObject, current, hash: held.hash, face }
      : undefined;
  }

  /** @returns what the client was told of a tool's arguments; undefined for one that its server never listed */
  inputSchemaOf(name: string): unknown {
    const held = this.#held.get(name);
    return held ? own(held.tool, 'inputSchema') : this.#tools.inputSchemaOf(name);
  }

  /** Why no list can be shown now: what is trusted cannot be read, and nothing else may be shown (G3). */
  get unready(): string | undefined {
    if (this.#observe || !PinnedView.isNeeded(this.#policy)) return undefined;
    try {
      this.#stateSession.readyToCompare();
      return undefined;
    } catch (error) {
      const reason = messageOf(error);
      return `it cannot be compared with what was trusted: ${reason}`;
    }
  }

  /** A page is read: `edit` and `leaveOut` follow for its tools. @param isLaterPage it is not the first of its list */
  beginPage(isLaterPage: boolean): void {
    this.#tools.beginPage(isLaterPage);
  }

  /** @returns what the client gets of a tool that the server lists */
  edit(tool: ListedTool, raw: string): ToolEdit {
    this.#tools.take(tool, raw);
    if (!this.#observe && !isShown(this.#policy, tool.name)) return 'drop';
    if (this.#policy) this.#suspicions.look(tool.name, tool, raw);
    const shown = this.#shown(tool, raw);
    if (shown === undefined || this.#hidesSuspicious(shown.tool)) return 'drop';
    const text = this.#tools.annotated(shown.tool, shown.text, this.#policy);
    return text === raw ? 'keep' : { text };
  }

  #hidesSuspicious(shown: ListedTool): boolean {
    this.#suspicious.delete(shown.name);
    if (this.#observe || this.#policy?.onSuspicious !== 'hide' || !this.#suspicions.hides(shown))
      return false;
    this.#suspicious.add(shown.name);
    this.#warnOnce(shown.name, 'its definition is suspicious');
    return true;
  }

  /** @returns whether a tool is absent for what its definition says; one that was not listed yet by what others saw */
  isSuspicious(name: string): boolean {
    if (this.#observe || this.#policy?.onSuspicious !== 'hide') return false;
    if (this.#tools.knows(name) || this.#suspicious.has(name)) return this.#suspicious.has(name);
    const pin = this.#stateSession.pinOf(name);
    if (!pin) return false;
    // Under hold a client gets the trusted one, else what the server has now.
    const shown = this.#policy.pin === 'hold' ? pin.definition : (pin.changed?.definition ?? pin.definition);
    return this.#suspicions.hides(parseJson(shown));
  }

  /** @returns the definition that the client gets; undefined where there is none that anybody trusts */
  #shown(tool: ListedTool, raw: string): { readonly tool: ListedTool; readonly text: string } | undefined {
    const { name } = tool;
    this.#held.delete(name);
    const policy = this.#policy;
    const part = this.#tools.partOf(name);
    if (this.#observe || !part || !PinnedView.isNeeded(policy)) return { tool, text: raw };
    const view = this.#pinned.of(part, policy);
    if (view.kind === 'own') return { tool, text: raw };
    if (view.kind === 'none') {
      this.#warnOnce(name, view.why === 'new' ? NEW : CHANGED);
      return undefined;
    }
    // The list has its name already: two of one name leave it to the client which one it means.
    if (part.isDoubled) return undefined;
    const trusted = parseJson(view.text);
    if (!isNamed(trusted)) return undefined;
    this.#held.set(name, { tool: trusted, hash: view.hash });
    return { tool: trusted, text: view.text };
  }

  /** Takes a tool that the client does not get because those who read it could read it in two ways. */
  leaveOut({ name, reason }: AmbiguousTool): void {
    if (name !== undefined) this.#tools.leaveOut(name, reason);
    this.#warnOnce(name, reason);
  }

  #warnOnce(name: string | undefined, reason: string): void {
    const what = `${name?.slice(0, NAME_CAP) ?? 'a tool without a name'}: ${reason}`;
    if (this.#named.size >= NAMED_MAX || this.#named.has(what)) return;
    this.#named.add(what);
    this.#warn(`left out of the list of tools: ${what}`);
    this.#stateSession.leftOut(name ?? '', reason);
  }

  /** A page was read: its tools are compared with what was first seen, unless the policy does not want it. */
  endPage(hasMorePages: boolean): void {
    if (!hasMorePages) this.#warnOfAbsent();
    const seen = this.#tools.endPage(hasMorePages);
    const isEnd = !hasMorePages && this.#tools.hasListed;
    if (isEnd) this.#pinned.listed('tool');
    if (!this.#policy || this.#policy.pin === 'off') return;
    this.#stateSession.sawTools(seen, isEnd ? 'tool' : undefined);
  }

  #warnOfAbsent(): void {
    const { all } = this.#tools;
    if (!this.#policy || !all) return;
    for (const line of this.#absent.news(this.#policy, all)) this.#warn(line);
  }
}
