import type { Finding, findingsIn, findingWords } from '../catalog/definition-findings.js';
import { messageOf } from '../errors.js';
import type { Layers } from '../policy/evaluate/layers.js';
import { printable } from '../text/escape.js';
import type { StateSession } from './state-session.js';

/** How many tools and others are named on stderr; `policy-wrap tools` shows all tools. */
const NAMED_MAX = 20;
/** Longest excerpt on stderr, in characters. */
const EXCERPT = 120;
/** Most texts that are remembered, so that a next list is not looked at again. */
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

/** What this session's server says to the model: told to the person, and perhaps kept from the client. */
export class Suspicions {
  readonly #finder: DefinitionFinder;
  readonly #stateSession: StateSession;
  readonly #warn: (text: string) => void;
  /** The text of each that was looked at, so that it is looked at once. */
  readonly #looked = new Map<string, string>();
  #waiting: { readonly name: string; readonly definition: unknown }[] = [];
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

  /**
   * Looks at a definition once nothing else is to be done, and tells what it says, once for each text.
   *
   * @param name for people: `read_mail`, `prompt greet`
   * @param raw the definition as the server wrote it
   */
  look(name: string, definition: unknown, raw: string): void {
    if (this.#looked.get(name) === raw) return;
    if (this.#looked.size >= KEPT_MAX) this.#looked.clear();
    this.#looked.set(name, raw);
    this.#waiting.push({ name, definition });
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      const { findingsIn: find, findingWords: wordsOf } = await this.#finder.load();
      const others = this.#stateSession.toolsOfOthers();
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
        // Calls come first: one definition at a time.
        await new Promise((resume) => setImmediate(resume));
        const findings = find(next.definition, others);
        if (findings.length > 0) this.#tell(next.name, findings, wordsOf(findings));
      }
    } catch (error) {
      this.#warn(`definitions could not be looked at: ${messageOf(error)}`);
    } finally {
      this.#isLooking = false;
    }
  }

  #tell(name: string, findings: readonly Finding[], words: readonly string[]): void {
    this.#stateSession.suspicious(name, [...new Set(findings.map(({ kind }) => kind))]);
    this.#named += 1;
    if (this.#named > NAMED_MAX + 1) return;
    if (this.#named === NAMED_MAX + 1) {
      this.#warn('more definitions say what is worth a look: policy-wrap tools shows all tools');
      return;
    }
    const [first] = findings;
    const where = first ? ` (${first.where}: "${first.excerpt}")` : '';
    this.#warn(printable(`${name} ${words.join(', ')}${where}`, 200 + EXCERPT));
  }
}
