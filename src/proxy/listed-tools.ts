import { canonicalJson } from '../json/canonical.js';
import { isRecord, type Json, type JsonObject, own } from '../json/value.js';
import { asksInLayers, isVisibleInLayers, type Layers } from '../policy/evaluate/layers.js';
import type { SeenTool } from '../store/store.js';
import { lookalikeKey } from '../wire/message.js';
import { annotate, type ToolEdit, type ToolRisk } from '../wire/tool-list.js';

/** A tool as the server lists it; of one that was never listed only the name is known. */
export type ListedTool = { readonly name: string } & Readonly<Record<string, unknown>>;

/**
 * Cap on the tools whose definitions are kept, so that a server cannot exhaust memory. Tools beyond it are judged by
 * name alone, and cannot be pinned.
 */
const LISTED_CAP = 10_000;

/** What a tool does. */
export type RiskOf = (tool: ListedTool) => ToolRisk;

/** A tool in the list that is being read. */
interface Listing {
  readonly tool: ListedTool;
  readonly raw: string;
  /** Why its definition cannot be compared with what was first seen. */
  readonly unpinnable: string | undefined;
}

/** The tools that the server has listed, and what of them is news. */
export class ListedTools {
  readonly #riskOf: RiskOf;
  /** What is known of the server's tools. A Map: a tool may be called `__proto__`. */
  readonly #listed = new Map<string, ListedTool>();
  /** The texts of tools that were compared with what was first seen: the same text need not be compared again. */
  readonly #compared = new Map<string, string>();
  /** Tools of the list that is being read which are still to be compared. */
  #news = new Map<string, Listing>();
  /** The list that is being read, all its pages so far. */
  #list = new Map<string, Listing>();
  /** Pages of a list that was asked for anew before its end: a client may still put them together with what comes. */
  #brokenOff: ReadonlyMap<string, Listing> = new Map();
  #hasMorePages = false;

  constructor(riskOf: RiskOf) {
    this.#riskOf = riskOf;
  }

  riskOf(name: string): ToolRisk {
    return this.#riskOf(this.#listed.get(name) ?? { name });
  }

  knows(name: string): boolean {
    return this.#listed.has(name);
  }

  /** @returns what the server says of a tool's arguments; undefined for one that it never listed */
  inputSchemaOf(name: string): unknown {
    return this.#listed.get(name)?.inputSchema;
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

  /** @param isLaterPage it is a later page of a list, not the first one */
  beginPage(isLaterPage: boolean): void {
    if (isLaterPage) return;
    this.#brokenOff = this.#hasMorePages ? this.#list : new Map();
    this.#list = new Map();
  }

  /**
   * Ends a page.
   *
   * @returns its tools that were not yet compared with what was first seen, once
   */
  endPage(hasMorePages: boolean): SeenTool[] {
    this.#hasMorePages = hasMorePages;
    const seen = [...this.#news.values()].map(({ tool, unpinnable: reason }): SeenTool => {
      const { name } = tool;
      return reason === undefined
        ? { name, definition: definitionOf(tool) }
        : { name, definition: unpinnable(tool, reason), unpinnable: true };
    });
    this.#news = new Map();
    return seen;
  }

  /**
   * Takes a tool from a page.
   *
   * @param raw its text
   * @param isShown whether the client may see it
   * @returns what the client gets of it
   */
  take(tool: ListedTool, raw: string, isShown: boolean, policy: Layers | undefined): ToolEdit {
    if (this.#listed.size < LISTED_CAP) this.#listed.set(tool.name, tool);
    this.#note(tool, raw, unpinnableKey(tool));
    if (!isShown) return 'drop';
    if (!policy?.annotate) return 'keep';
    const text = annotate(raw, tool, this.#riskOf(tool), asksInLayers(policy, tool.name));
    return text === raw ? 'keep' : { text };
  }

  /** Takes a tool that is left out of the list because it could be read in two ways: so could the next one of its name. */
  leaveOut(name: string, reason: string): void {
    this.#note({ name }, '', reason);
  }

  #note(tool: ListedTool, raw: string, fault: string | undefined): void {
    const { name } = tool;
    const before = this.#list.get(name);
    const listing = { tool, raw, unpinnable: fault ?? this.#doubled(tool, raw) };
    if (before !== undefined || this.#list.size < LISTED_CAP) this.#list.set(name, listing);
    else listing.unpinnable ??= `the server lists more than ${LISTED_CAP} tools`;
    if (listing.unpinnable !== undefined) this.#compared.delete(name);
    else if (this.#compared.get(name) === raw) return;
    else if (this.#compared.size < LISTED_CAP) this.#compared.set(name, raw);
    this.#news.set(name, listing);
  }

  /** Closes the way around the pin by which a list has a tool twice, the changed definition and the one first seen. */
  #doubled(tool: ListedTool, raw: string): string | undefined {
    for (const other of [this.#list.get(tool.name), this.#brokenOff.get(tool.name)]) {
      if (other?.unpinnable !== undefined) return other.unpinnable;
      if (other && other.raw !== raw && definitionOf(other.tool) !== definitionOf(tool))
        return 'the list has it twice, with two definitions';
    }
    return undefined;
  }
}

export function isNamed(tool: unknown): tool is ListedTool {
  return isRecord(tool) && typeof own(tool, 'name') === 'string';
}

/** @returns whether a tool belongs in what the client sees; without a policy all do, since none can be called */
export function isShown(policy: Layers | undefined, tool: string): boolean {
  return policy === undefined || isVisibleInLayers(policy, tool);
}

/** What a model and a policy go by; the rest of a tool may change with every answer. */
const PINNED = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;
const PINNED_KEYS: ReadonlySet<string> = new Set(PINNED);
const PINNED_FOLDS: ReadonlySet<string> = new Set(PINNED.map((key) => key.toLowerCase()));

/** @returns a tool's definition as canonical JSON, for telling whether it is still the same */
function definitionOf(tool: ListedTool): string {
  return canonicalJson(pinnedParts(tool));
}

/** Why some clients could read another definition than the one that is pinned. */
function unpinnableKey(tool: ListedTool): string | undefined {
  return lookalikeKey(tool, PINNED_KEYS, PINNED_FOLDS);
}

/**
 * @param reason why the definition must not be taken for one that was seen before
 * @returns what stands in its place, which equals no definition of a tool; for people to read
 */
function unpinnable(tool: ListedTool, reason: string): string {
  return canonicalJson({ ...pinnedParts(tool), unpinnable: reason });
}

function pinnedParts(tool: ListedTool): JsonObject {
  return Object.fromEntries(
    PINNED.flatMap((key) => (Object.hasOwn(tool, key) ? [[key, tool[key] as Json]] : [])),
  );
}
