import { canonicalJson } from '../json/canonical.js';
import { isRecord, type Json, type JsonObject, own } from '../json/value.js';
import { asksInLayers, isVisibleInLayers, type Layers } from '../policy/evaluate/layers.js';
import { pinnedKeys, type SeenTool } from '../store/store.js';
import { sha256 } from '../text/hash.js';
import { lookalikeKey } from '../wire/message.js';
import { annotate, type ToolRisk } from '../wire/tool-list.js';
import type { ListedPart } from './pinned-view.js';

/** A tool as the server lists it; of one that was never listed only the name is known. */
export type ListedTool = { readonly name: string } & Readonly<Record<string, unknown>>;

/**
 * Cap on the tools whose definitions are kept, so that a server cannot exhaust memory. Tools beyond it are judged by
 * name alone, and cannot be pinned.
 */
const LISTED_CAP = 10_000;

/** Begins as no digest does. */
const UNPINNABLE_FACE = '!';

/** What a tool does. */
export type RiskOf = (tool: ListedTool) => ToolRisk;

/** A tool in the list that is being read. */
interface Listing {
  readonly tool: ListedTool;
  readonly raw: string;
  /** Why its definition cannot be compared with what was first seen. */
  unpinnable: string | undefined;
  /** The list had it before with another definition. */
  readonly isDoubled: boolean;
}

/** The tools that the server has listed, and what of them is news. */
export class ListedTools {
  readonly #riskOf: RiskOf;
  /** What is known of the server's tools. A Map: a tool may be called `__proto__`. */
  readonly #listed = new Map<string, ListedTool>();
  /** How each tool was listed last. */
  readonly #last = new Map<string, Listing>();
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

  /** @returns digest of the definition that was listed last; one that equals no pin's for what cannot be pinned */
  faceOf(name: string): string | undefined {
    const last = this.#last.get(name);
    if (!last) return undefined;
    return last.unpinnable === undefined ? sha256(definitionOf(last.tool)) : UNPINNABLE_FACE;
  }

  /** @returns what of a tool's last definition is pinned; undefined also for what cannot be */
  definitionOf(name: string): JsonObject | undefined {
    const last = this.#last.get(name);
    return last && last.unpinnable === undefined ? pinnedParts(last.tool) : undefined;
  }

  /** Whether the list that was read last has any tool. */
  get hasListed(): boolean {
    return this.#list.size > 0;
  }

  /** How a tool was just listed, to be compared with what is trusted. */
  partOf(name: string): (ListedPart & { readonly isDoubled: boolean }) | undefined {
    const last = this.#last.get(name);
    if (!last) return undefined;
    const { tool, raw, unpinnable: reason, isDoubled } = last;
    const isUnpinnable = reason !== undefined;
    return { kind: 'tool', name, definition: definitionOf(tool), raw, isUnpinnable, isDoubled };
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
    const seen = [...this.#news.values()].map(({ tool, raw, unpinnable: reason }): SeenTool => {
      const { name } = tool;
      return reason === undefined
        ? { name, definition: definitionOf(tool), text: raw }
        : { name, definition: unpinnable(tool, reason), unpinnable: true };
    });
    this.#news = new Map();
    return seen;
  }

  /**
   * Takes a tool from a page.
   *
   * @param raw its text
   */
  take(tool: ListedTool, raw: string): void {
    if (this.#listed.size < LISTED_CAP) this.#listed.set(tool.name, tool);
    this.#note(tool, raw, unpinnableKey(tool));
  }

  /**
   * @param raw the text that the client gets of the tool
   * @returns what becomes of that
   */
  annotated(tool: ListedTool, raw: string, policy: Layers | undefined): string {
    if (!policy?.annotate) return raw;
    return annotate(raw, tool, this.#riskOf(tool), asksInLayers(policy, tool.name));
  }

  /** Takes a tool that is left out of the list because it could be read in two ways: so could the next one of its name. */
  leaveOut(name: string, reason: string): void {
    this.#note({ name }, '', reason);
  }

  #note(tool: ListedTool, raw: string, fault: string | undefined): void {
    const { name } = tool;
    const before = this.#list.get(name);
    const doubled = this.#doubled(tool, raw);
    const listing: Listing = { tool, raw, unpinnable: fault ?? doubled, isDoubled: doubled !== undefined };
    if (before !== undefined || this.#list.size < LISTED_CAP) this.#list.set(name, listing);
    else listing.unpinnable ??= `the server lists more than ${LISTED_CAP} tools`;
    if (this.#last.has(name) || this.#last.size < LISTED_CAP) this.#last.set(name, listing);
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

const PINNED = pinnedKeys('tool');
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
