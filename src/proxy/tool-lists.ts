import { classify } from '../catalog/classify.js';
import type { Layers } from '../policy/evaluate/layers.js';
import type { AmbiguousTool, ToolEdit } from '../wire/tool-list.js';
import { AbsentNames } from './absent-names.js';
import { isShown, type ListedTool, ListedTools, type RiskOf } from './listed-tools.js';
import type { StateSession } from './state-session.js';

/** Tools that are left out of a list are named on stderr once each, and no more than this many. */
const NAMED_MAX = 1000;

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
  #policy: Layers | undefined;

  constructor(parts: {
    readonly policy: Layers | undefined;
    readonly stateSession: StateSession;
    readonly observe: boolean;
    readonly warn: (text: string) => void;
  }) {
    this.#policy = parts.policy;
    this.#stateSession = parts.stateSession;
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
    return this.#tools.showsDiffer(
      (tool) => isShown(before, tool),
      (tool) => isShown(policy, tool),
    );
  }

  /** @returns whether a mistake with the tool costs money or cannot be taken back */
  isSevere(name: string): boolean {
    return this.#tools.riskOf(name).severe;
  }

  /** @returns whether the server has listed it in this session */
  knows(name: string): boolean {
    return this.#tools.knows(name);
  }

  /** @returns what the server says of a tool's arguments; undefined for one that it never listed */
  inputSchemaOf(name: string): unknown {
    return this.#tools.inputSchemaOf(name);
  }

  /** A page is read: `edit` and `leaveOut` follow for its tools. @param isLaterPage it is not the first of its list */
  beginPage(isLaterPage: boolean): void {
    this.#tools.beginPage(isLaterPage);
  }

  /** @returns what the client gets of a tool that the server lists */
  edit(tool: ListedTool, raw: string): ToolEdit {
    const shows = this.#observe || isShown(this.#policy, tool.name);
    return this.#tools.take(tool, raw, shows, this.#policy);
  }

  /** Takes a tool that the client does not get because those who read it could read it in two ways. */
  leaveOut({ name, reason }: AmbiguousTool): void {
    if (name !== undefined) this.#tools.leaveOut(name, reason);
    const what = `${name ?? 'a tool without a name'}: ${reason}`;
    if (this.#named.size >= NAMED_MAX || this.#named.has(what)) return;
    this.#named.add(what);
    this.#warn(`left out of the list of tools: ${what}`);
    this.#stateSession.leftOut(name ?? '', reason);
  }

  /** A page was read: its tools are compared with what was first seen, unless the policy does not want it. */
  endPage(hasMorePages: boolean): void {
    if (!hasMorePages) this.#warnOfAbsent();
    const seen = this.#tools.endPage(hasMorePages);
    if (seen.length === 0 || !this.#policy || this.#policy.pin === 'off') return;
    this.#stateSession.sawTools(seen);
  }

  #warnOfAbsent(): void {
    const { all } = this.#tools;
    if (!this.#policy || !all) return;
    for (const line of this.#absent.news(this.#policy, all)) this.#warn(line);
  }
}
