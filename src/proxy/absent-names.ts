/**
 * proxy/ holds the way of a line between client and server: relay, both directions, the gate, this session's state.
 * It may import everything but advice/, clients/ and cli/.
 * No text of a command, and no other way to the server than `Upstream`, enters.
 */

import { likelyTool } from '../policy/client-names.js';
import type { Layers } from '../policy/evaluate/layers.js';

/** How many names are shown one by one, with what was probably meant; the rest is counted. */
const NAMES_SHOWN = 20;

/**
 * Names in the policy that the server does not list. A rule under a name that no tool has judges nothing, and where
 * `default` is allow nobody would notice: so a person is told of each once.
 */
export class AbsentNames {
  readonly #told = new Set<string>();

  /**
   * @param listed the names of all tools that the server has listed
   * @returns a line for the person about each name that is news
   */
  news(policy: Layers, listed: ReadonlyMap<string, unknown>): string[] {
    const names = policy.all.flatMap(({ tools, hide }) => [
      ...tools.keys(),
      ...hide.filter(({ plain }) => plain).map(({ text }) => text),
    ]);
    const absent = [...new Set(names)].filter((name) => !listed.has(name) && !this.#told.has(name));
    if (absent.length === 0) return [];
    const tools = [...listed.keys()];
    for (const name of absent) this.#told.add(name);
    const lines = absent.slice(0, NAMES_SHOWN).map((name) => {
      const likely = likelyTool(name, tools);
      const meant = likely === undefined ? '' : `; did you mean "${likely}"?`;
      return `the policy names "${name}", which the server does not list: its rules judge nothing${meant}`;
    });
    const rest = absent.length - NAMES_SHOWN;
    return rest > 0 ? [...lines, `and ${rest} more names: policy-wrap check shows them`] : lines;
  }
}
