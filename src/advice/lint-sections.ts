import type { Policy, ToolEntry } from '../policy/model.js';
import type { RuleLocations } from '../policy/read/load.js';
import { SECTIONS } from '../policy/sections.js';
import { canonicalName } from '../text/lookalike.js';
import type { Warn } from './lint-rules.js';

/** @returns every entry of a policy that is not about tools */
export function sectionEntries(policy: Policy): readonly ToolEntry[] {
  return SECTIONS.flatMap((name) => {
    const section = policy[name];
    return section ? [...section.tools.values(), ...section.patterns] : [];
  });
}

/** Finds entries for resources and prompts that change nothing, or that are never looked at. */
export function lintSections(policy: Policy, locations: RuleLocations, warn: Warn): void {
  for (const key of ['resources', 'prompts'] as const) {
    const section = policy[key];
    if (!section) continue;
    const entries = [...section.tools.values(), ...section.patterns];
    if (policy.default === 'allow' && entries.every(isBare)) {
      warn('UNUSED', [key], { code: 'section_open', section: key, isEmpty: entries.length === 0 });
    }
    for (const [index, { name, pointer }] of section.patterns.entries()) {
      const other = section.patterns.slice(0, index).find((each) => covers(each, name.text));
      if (!other) continue;
      const by = nameIn(locations, other.pointer);
      warn('SHADOWED', locations.pathOf(pointer), { code: 'section_pattern', by });
    }
  }
}

function isBare({ hidden, require, denyIf, approveIf, limits, demands }: ToolEntry): boolean {
  return !hidden && ![require, denyIf, approveIf, limits, demands ?? []].some(({ length }) => length > 0);
}

/** Patterns of one name but for their letters' form: the one that stands first wins over the other. */
function covers({ name }: ToolEntry, text: string): boolean {
  return canonicalName(name.text) === canonicalName(text);
}

function nameIn(locations: RuleLocations, pointer: string): string {
  return String(locations.pathOf(pointer).at(-1));
}
