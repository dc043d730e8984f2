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
      const what = entries.length === 0 ? 'Nothing stands here' : 'No entry here has a rule';
      const message = `${what}, and "default" is "allow": all ${key} pass.`;
      const hint = `Write { "*": { "action": "deny" } } among them to refuse all others, or "default": "deny".`;
      warn('UNUSED', [key], message, hint);
    }
    for (const [index, { name, pointer }] of section.patterns.entries()) {
      const other = section.patterns.slice(0, index).find((each) => covers(each, name.text));
      if (!other) continue;
      const message = `This pattern never judges anything: "${nameIn(locations, other.pointer)}" matches the same names.`;
      warn('SHADOWED', locations.pathOf(pointer), message, 'Remove it; entries are not merged.');
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
