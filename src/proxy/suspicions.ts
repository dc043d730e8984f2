import type { Finding, findingsIn, findingWords } from '../catalog/definition-findings.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { printable } from '../text/escape.js';
import type { ListedTool } from './listed-tools.js';
import type { StateSession } from './state-session.js';

/** How many tools are named on stderr; `policy-wrap tools` shows all. */
const NAMED_MAX = 20;
/** Longest excerpt on stderr, in characters. */
const EXCERPT = 120;
/** Tools whose findings are kept for a next list. */
const KEPT_MAX = 10_000;

interface Finder {
  readonly findingsIn: typeof findingsIn;
  readonly findingWords: typeof findingWords;
}

/** Looks for words in definitions that steer the model. Loaded at the first list, or by a policy that hides such tools. */
export class DefinitionFinder {
  #finder: Finder | undefined;

  /** To be waited for before a policy holds that hides. */
  async loadFor(policy: Pick<Layers, 'onSuspicious'> | undefined): Promise<void> {
    if (policy?.onSuspicious === 'hide') await this.load();
  }

  async load(): Promise<Finder> {
    this.#finder ??= await import('../catalog/definition-findings.js');
    return this.#finder;
  }

  /** @returns what the definition says; empty for nothing */
  find(definition: unknown): readonly Finding[] {
    if (!this.#finder) throw new Error('what looks at definitions is not loaded');
    return this.#finder.findingsIn(definition);
  }
}

/** What the tools of this session's server say to the model: told to the person, and perhaps kept from the client. */
export class Suspicions {
  readonly #finder: DefinitionFinder;
  readonly #stateSession: StateSession;
  readonly #warn: (text: string) => void;
  /** The text of each tool that was looked at, so that it is looked at once. */
  readonly #looked = new Map<string, string>();
  #waiting: { readonly tool: ListedTool }[] = [];
  #isLooking = false;
  #named = 0;

  constructor(parts: {
    readonly finder: DefinitionFinder;
    readonly stateSession: StateSession;
    readonly warn: (text: string) => void;
  }) {
    this.#finder = parts.finder;
    this.#stateSession = parts.stateSession;
    this.#warn = parts.warn;
  }

  /** @returns whether the definition says what an honest one hardly does. The finder must be loaded */
  hides(definition: unknown): boolean {
    return this.#finder.find(definition).length > 0;
  }

  /** Looks at a listed tool once nothing else is to be done, and tells what it says, once for each text. */
  look(tool: ListedTool, raw: string): void {
    if (this.#looked.get(tool.name) === raw) return;
    if (this.#looked.size >= KEPT_MAX) this.#looked.clear();
    this.#looked.set(tool.name, raw);
    this.#waiting.push({ tool });
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      const { findingsIn: find, findingWords: wordsOf } = await this.#finder.load();
      const others = this.#stateSession.toolsOfOthers();
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        // Calls come first: one tool at a time.
        await new Promise((resume) => setImmediate(resume));
        const findings = find(next.tool, others);
        if (findings.length > 0) this.#tell(next.tool.name, findings, wordsOf(findings));
      }
    } catch (error) {
      this.#warn(`definitions could not be looked at: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.#isLooking = false;
    }
  }

  #tell(tool: string, findings: readonly Finding[], words: readonly string[]): void {
    this.#stateSession.suspicious(tool, [...new Set(findings.map(({ kind }) => kind))]);
    this.#named += 1;
    if (this.#named > NAMED_MAX + 1) return;
    if (this.#named === NAMED_MAX + 1) {
      this.#warn('more tools say what is worth a look: policy-wrap tools shows all');
      return;
    }
    const [first] = findings;
    const where = first ? ` (${first.where}: "${first.excerpt}")` : '';
    this.#warn(printable(`${tool} ${words.join(', ')}${where}`, 200 + EXCERPT));
  }
}
