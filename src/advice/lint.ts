import type { ToolDefinition } from '../catalog/tool-definition.js';
import { likelyTool, ownName, prefixedName } from '../policy/client-names.js';
import { couldPass, demandsOf, type Resolved, resolveEntry } from '../policy/evaluate/resolve.js';
import { nextOpenOfAll } from '../policy/limits/hours.js';
import type { CalledDemand, NamePattern, Policy, ToolEntry } from '../policy/model.js';
import type { Loaded, RuleLocations } from '../policy/read/load.js';
import type { Problem } from '../policy/read/problem.js';
import type { Segment } from '../policy/read/source.js';
import { sectionOf } from '../policy/sections.js';
import { type LintedPolicy, RuleLint, type Warn } from './lint-rules.js';
import { type Does, type LintSaid, lintText, type Then } from './lint-said.js';
import { lintSections, sectionEntries } from './lint-sections.js';

/** Absent names for which a likely one is looked for, which compares them with every tool of the server. */
const MAX_SUGGESTIONS = 100;

/** Characters that are compared to find patterns that never judge a tool: each pattern is compared with each other. */
const MAX_COMPARED = 50_000_000;

/** Hours come again each week: looked at from any instant on. UTC milliseconds. */
const A_MONDAY = Date.UTC(2026, 0, 5);

/** Where entries stand by the names of what they judge. */
const ENTRIES: ReadonlySet<unknown> = new Set(['tools', 'resources', 'prompts']);

/** Stands for "any characters" when patterns are compared; no tool name has it. */
const ANY = '\uFFFF';

/**
 * Finds what a policy says and hardly means: rules that can never fire, never count, or speak of tools and arguments
 * that are not there. All are warnings; they say what the policy does in that case.
 *
 * @param tools the tools of the server that the policy is for; without them only the policy itself is looked at
 * @param known names of tools that such servers have, for names that are written as clients show them
 * @returns the findings in the order of the file
 */
export function lintPolicy(
  loaded: Extract<Loaded, { readonly policy: Policy }>,
  tools?: readonly ToolDefinition[],
  known: readonly string[] = [],
): readonly LintFinding[] {
  const lint = new Lint(loaded.policy, loaded.locations, tools, known);
  return [...lint.run()].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** A problem with the facts that its English sentences were made from. */
export interface LintFinding extends Problem {
  readonly said: LintSaid;
}

class Lint {
  readonly #policy: Policy;
  readonly #locations: RuleLocations;
  /** Every tool of the server, and what the policy does with it; undefined without a server. */
  readonly #resolved: readonly PlacedTool[] | undefined;
  readonly #known: ReadonlySet<string>;
  readonly #linted: LintedPolicy;
  readonly #problems: LintFinding[] = [];
  #compared = 0;

  constructor(
    policy: Policy,
    locations: RuleLocations,
    tools: readonly ToolDefinition[] | undefined,
    known: readonly string[],
  ) {
    this.#known = new Set(known);
    this.#policy = policy;
    this.#locations = locations;
    this.#resolved = tools?.map((tool) => ({ tool, where: resolveEntry(policy, tool.name) }));
    const charged = [policy.allTools, ...this.#entries(), ...sectionEntries(policy)]
      .flatMap(({ limits }) => limits)
      .filter(({ amount }) => amount.kind !== 'fixed' || amount.value.sign > 0);
    this.#linted = { locations, warn: this.#warn, charged: new Set(charged.map(({ counter }) => counter)) };
  }

  run(): readonly LintFinding[] {
    const all = this.#resolved?.map(({ tool }) => tool) ?? [];
    new RuleLint(this.#linted, undefined, all).look(this.#policy.allTools);
    const judged = new Map<ToolEntry, ToolDefinition[]>();
    for (const { tool, where } of this.#resolved ?? []) {
      if (where.kind !== 'resolved' || !where.entry) continue;
      const tools = judged.get(where.entry);
      if (tools) tools.push(tool);
      else judged.set(where.entry, [tool]);
    }
    // Before the budget of comparisons is spent on shadowed patterns: what the server lacks matters more.
    if (this.#resolved) this.#names(this.#resolved);
    else this.#shownNames();
    for (const entry of this.#entries()) {
      this.#entry(entry, judged.get(entry) ?? []);
      this.#hours(entry);
      for (const demand of entry.demands ?? []) if (demand.kind !== 'hours') this.#called(demand, entry);
    }
    for (const entry of sectionEntries(this.#policy)) new RuleLint(this.#linted, entry, []).look(entry);
    lintSections(this.#policy, this.#locations, this.#warn);
    this.#callable();
    if (this.#compared > MAX_COMPARED) this.#warn('SHADOWED', [], { code: 'too_many_patterns' });
    return this.#problems;
  }

  #warn: Warn = (code, path, said, likely) => {
    const spot = ENTRIES.has(path[0]) && path.length === 2 ? 'key' : 'value';
    const { message, hint } = lintText(said);
    const terms = { likely, severity: 'warning', spot } as const;
    this.#problems.push({ ...this.#locations.source.problem(code, path, message, hint, terms), said });
  };

  #entries(): readonly ToolEntry[] {
    return [...this.#policy.tools.values(), ...this.#policy.patterns];
  }

  /** The names that the policy writes, with their places and what they do. */
  #written(): readonly { pattern: NamePattern; path: readonly Segment[]; does: Does }[] {
    return [
      ...this.#policy.hide.map((pattern, index) => ({
        pattern,
        path: ['hide', index],
        does: 'hides' as const,
      })),
      ...this.#entries().map(({ name }) => ({
        pattern: name,
        path: ['tools', name.text],
        does: 'judges' as const,
      })),
    ];
  }

  /** Without the server: names that only a client can have made. */
  #shownNames(): void {
    for (const { pattern, path, does } of this.#written()) {
      const { text } = pattern;
      if (!pattern.plain || this.#known.has(text)) continue;
      const likely = ownName(text, (name) => this.#known.has(name)) ?? prefixedName(text);
      if (likely === undefined) continue;
      this.#warn('TOOL_ABSENT', path, { code: 'shown_name', name: text, does }, likely);
    }
  }

  /** Which names of the policy the server has, and the reverse. */
  #names(resolved: readonly PlacedTool[]): void {
    const names = resolved.map(({ tool }) => tool.name);
    const present = new Set(names);
    let suggestions = 0;
    for (const { pattern, path, does } of this.#written()) {
      const found = pattern.plain
        ? present.has(pattern.text)
        : names.some((name) => this.#matches(pattern, name) ?? true);
      if (found || pattern.text === '*') continue;
      suggestions += 1;
      const likely = suggestions > MAX_SUGGESTIONS ? undefined : likelyTool(pattern.text, names);
      const said: LintSaid = { code: 'no_tool', name: pattern.text, isPattern: !pattern.plain, does };
      this.#warn('TOOL_ABSENT', path, said, likely);
    }
    const unplaced = resolved.filter(({ where }) => isUnplaced(where)).map(({ tool }) => tool.name);
    if (unplaced.length === 0) return;
    const refused = this.#policy.default === 'deny';
    this.#warn('TOOL_UNPLACED', ['default'], { code: 'unplaced', names: unplaced, refused });
  }

  #callable(): void {
    const policy = this.#policy;
    if (this.#resolved) {
      if (this.#resolved.length === 0 || this.#resolved.some(({ where }) => couldPass(policy, where))) return;
      const names = this.#resolved.map(({ tool }) => tool.name);
      this.#warn('NOTHING_CALLABLE', [], { code: 'none_callable_of', names });
      return;
    }
    const open = this.#entries().filter((entry) => !this.#coverOf(entry));
    const resolved: Resolved[] = open.map((entry) => ({ kind: 'resolved', entry }));
    if (policy.default === 'allow' && !policy.hide.some((pattern) => pattern.text === '*')) {
      resolved.push({ kind: 'resolved', entry: undefined });
    }
    if (resolved.some((where) => couldPass(policy, where))) return;
    this.#warn('NOTHING_CALLABLE', [], { code: 'none_callable' });
  }

  #entry(entry: ToolEntry, judged: readonly ToolDefinition[]): void {
    const path = ['tools', entry.name.text];
    const cover = this.#coverOf(entry);
    if (cover) {
      this.#warn('SHADOWED', path, { code: 'covered', by: cover.text });
      return;
    }
    const winner = this.#winnerOver(entry, judged);
    if (winner) {
      this.#warn('SHADOWED', path, { code: 'never_judges', by: winner.by });
      return;
    }
    new RuleLint(this.#linted, entry, judged).look(entry);
  }

  /** Rules over several tools that name none which could ever count. */
  #called({ kind, tools, scope, pointer, otherwise }: CalledDemand, entry: ToolEntry): void {
    const path = this.#locations.pathOf(pointer);
    const then: Then =
      kind === 'after' ? 'never_fires' : otherwise === 'deny' ? 'every_call_refused' : 'every_call_asked';
    if (kind === 'before' && tools.every(({ text }) => text === entry.name.text && entry.name.plain)) {
      this.#warn('NEVER_HOLDS', path, { code: 'before_itself', name: entry.name.text, so: then });
      return;
    }
    // Nobody knows here what other servers have.
    if (scope === 'machine' || scope === 'team') return;
    for (const [index, { text, matches }] of tools.entries()) {
      if (sectionOf(text) !== undefined) continue;
      const at = [...path, 'tools', index];
      const names = this.#resolved?.map(({ tool }) => tool.name);
      if (names?.some((name) => matches(text.split('/', 1)[0] ?? '', name))) continue;
      if (text.includes('/') && !names?.includes(text)) {
        this.#warn('TOOL_ABSENT', at, { code: 'server_in_name', text, scope });
      } else if (names) {
        const said: LintSaid = { code: 'no_such_tool', text, so: tools.length === 1 ? then : undefined };
        this.#warn('TOOL_ABSENT', at, said, likelyTool(text, names));
      }
    }
  }

  /** Hours of all tools and of an entry that are never open at one time. */
  #hours(entry: ToolEntry): void {
    const hours = (demandsOf(this.#policy.allTools, entry) ?? []).flatMap((demand) =>
      demand.kind === 'hours' && demand.otherwise === 'deny' ? demand : [],
    );
    const own = hours.at(-1);
    if (!own || nextOpenOfAll(hours, A_MONDAY) !== undefined) return;
    const said: LintSaid = { code: 'hours_apart', hours: String(hours[0]?.text) };
    this.#warn('NEVER_HOLDS', this.#locations.pathOf(own.pointer), said);
  }

  /** @returns undefined when too much was compared already */
  #matches(pattern: NamePattern, name: string): boolean | undefined {
    if (this.#compared > MAX_COMPARED) return undefined;
    this.#compared += name.length + pattern.text.length + 1;
    return pattern.matches(name);
  }

  #coverOf(entry: ToolEntry): NamePattern | undefined {
    const widest = widestOf(entry.name);
    return this.#policy.hide.find((pattern) => this.#matches(pattern, widest));
  }

  /** What judges all that a pattern matches: another pattern, or entries; undefined when it may judge a tool. */
  #winnerOver(
    entry: ToolEntry,
    judged: readonly ToolDefinition[],
  ): { readonly by: string | undefined } | undefined {
    if (entry.name.plain || judged.length > 0) return undefined;
    const widest = widestOf(entry.name);
    // Patterns stand in the order of precedence: the ones before the entry itself win over it.
    const other = this.#policy.patterns.find((each) => each === entry || this.#matches(each.name, widest));
    if (other && other !== entry) return { by: other.name.text };
    const others = this.#resolved?.some(
      ({ tool, where }) =>
        this.#matches(entry.name, tool.name) &&
        where.kind === 'resolved' &&
        where.entry &&
        where.entry !== entry,
    );
    return others && !entry.hidden ? { by: undefined } : undefined;
  }
}

interface PlacedTool {
  readonly tool: ToolDefinition;
  readonly where: Resolved;
}

function isUnplaced(where: Resolved): boolean {
  return where.kind === 'refused' || (where.kind === 'resolved' && !where.entry);
}

/** A name that another pattern matches only if it matches all names that this one does. */
function widestOf({ text }: NamePattern): string {
  return text.replaceAll('*', ANY);
}
