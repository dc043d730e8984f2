import { asksInLayers, type Layers, visibleInLayers } from '../policy/layers.js';
import type { ToolEdit } from './list-filter.js';
import { annotate, type ToolRisk } from './tool-edit.js';

/** A tool as the server lists it; of one that was never listed only the name is known. */
export type ListedTool = { readonly name: string } & Readonly<Record<string, unknown>>;

/** Definitions of so many tools are remembered; a server that lists more has its tools judged by name alone. */
const LISTED_CAP = 10_000;

/** The tools that the server has listed, and what of them is news. */
export class ListedTools {
  readonly #riskOf: (tool: ListedTool) => ToolRisk;
  /** What is known of the server's tools. A Map: a tool may be called `__proto__`. */
  readonly #listed = new Map<string, ListedTool>();
  /** The texts of tools that were compared with what was first seen: the same text need not be compared again. */
  readonly #compared = new Map<string, string>();
  /** Tools of the list that is being read which are still to be compared. */
  #news: ListedTool[] = [];

  constructor(riskOf: (tool: ListedTool) => ToolRisk) {
    this.#riskOf = riskOf;
  }

  riskOf(name: string): ToolRisk {
    return this.#riskOf(this.#listed.get(name) ?? { name });
  }

  /** Every tool that was listed, by name; undefined where there are more than are remembered. */
  get all(): ReadonlyMap<string, ListedTool> | undefined {
    return this.#listed.size < LISTED_CAP ? this.#listed : undefined;
  }

  /** @returns whether some tool that was listed is shown under one of two policies and not under the other */
  showsDiffer(before: (tool: string) => boolean, after: (tool: string) => boolean): boolean {
    return [...this.#listed.keys()].some((tool) => before(tool) !== after(tool));
  }

  /** Another policy may want to hear of tools that the last one did not. */
  compareAgain(): void {
    this.#compared.clear();
  }

  /**
   * Takes a tool from a list.
   *
   * @param raw its text
   * @param isShown whether the client may see it
   * @returns what the client gets of it
   */
  take(tool: ListedTool, raw: string, isShown: boolean, policy: Layers | undefined): ToolEdit {
    if (this.#listed.size < LISTED_CAP) this.#listed.set(tool.name, tool);
    if (this.#compared.get(tool.name) !== raw) {
      if (this.#compared.size < LISTED_CAP) this.#compared.set(tool.name, raw);
      this.#news.push(tool);
    }
    if (!isShown) return 'drop';
    if (!policy?.annotate) return 'keep';
    const text = annotate(raw, tool, this.#riskOf(tool), asksInLayers(policy, tool.name));
    return text === raw ? 'keep' : { text };
  }

  /** @returns the tools that were not yet compared with what was first seen, once */
  news(): ListedTool[] {
    return this.#news.splice(0);
  }
}

/** @returns whether a tool belongs in what the client sees; without a policy all do, since none can be called */
export function isShown(policy: Layers | undefined, tool: string): boolean {
  return policy === undefined || visibleInLayers(policy, tool);
}
