import type { ToolDefinition } from '../catalog/tool-definition.js';
import { likelyTool, ownName, prefixedName } from '../policy/client-names.js';
import { couldPass, demandsOf, type Resolved, resolveEntry } from '../policy/evaluate/resolve.js';
import { nextOpenOfAll } from '../policy/limits/hours.js';
import type { CalledDemand, NamePattern, Policy, ToolEntry } from '../policy/model.js';
import type { Loaded, RuleLocations } from '../policy/read/load.js';
import type { Problem } from '../policy/read/problem.js';
import type { Segment } from '../policy/read/source.js';
import { sectionOf } from '../policy/sections.js';
import { RuleLint, type Warn } from './lint-rules.js';
import { lintSections, sectionEntries } from './lint-sections.js';
import { some } from './satisfiability.js';

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
): readonly Problem[] {
  const lint = new Lint(loaded.policy, loaded.locations, tools, known);
  return [...lint.run()].sort((a, b) => a.line - b.line || a.column - b.column);
}

class Lint {
  readonly #policy: Policy;
  readonly #locations: RuleLocations;
  /** Every tool of the server, and what the policy does with it; undefined without a server. */
  readonly #resolved: readonly PlacedTool[] | undefined;
  readonly #known: ReadonlySet<string>;
  readonly #rules: RuleLint;
  readonly #problems: Problem[] = [];
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
    this.#rules = new RuleLint(locations, this.#warn, new Set(charged.map(({ counter }) => counter)));
  }

  run(): readonly Problem[] {
    this.#rules.look(this.#policy.allTools, undefined, this.#resolved?.map(({ tool }) => tool) ?? []);
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
    for (const entry of sectionEntries(this.#policy)) this.#rules.look(entry, entry, []);
    lintSections(this.#policy, this.#locations, this.#warn);
    this.#callable();
    if (this.#compared > MAX_COMPARED) {
      const message =
        'There are too many patterns to compare each with all others: some that never judge a tool may be missing here.';
      this.#warn('SHADOWED', [], message, 'Write fewer or shorter patterns.');
    }
    return this.#problems;
  }

  #warn: Warn = (code, path, message, hint, likely) => {
    const spot = ENTRIES.has(path[0]) && path.length === 2 ? 'key' : 'value';
    this.#problems.push(
      this.#locations.source.problem(code, path, message, hint, { likely, severity: 'warning', spot }),
    );
  };

  #entries(): readonly ToolEntry[] {
    return [...this.#policy.tools.values(), ...this.#policy.patterns];
  }

  /** The names that the policy writes, with their places and what they do. */
  #written(): readonly { pattern: NamePattern; path: readonly Segment[]; does: string }[] {
    return [
      ...this.#policy.hide.map((pattern, index) => ({ pattern, path: ['hide', index], does: 'hides' })),
      ...this.#entries().map(({ name }) => ({ pattern: name, path: ['tools', name.text], does: 'judges' })),
    ];
  }

  /** Without the server: names that only a client can have made. */
  #shownNames(): void {
    for (const { pattern, path, does } of this.#written()) {
      const { text } = pattern;
      if (!pattern.plain || this.#known.has(text)) continue;
      const likely = ownName(text, (name) => this.#known.has(name)) ?? prefixedName(text);
      if (likely === undefined) continue;
      const message = `"${text}" is how a client shows a tool: servers know their tools without their own name in front, so this ${does} nothing.`;
      this.#warn('TOOL_ABSENT', path, message, 'Write the name as the server lists it.', likely);
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
      const called = pattern.plain ? 'called' : 'like';
      const message = `The server has no tool ${called} "${pattern.text}"; this ${does} nothing.`;
      suggestions += 1;
      const likely = suggestions > MAX_SUGGESTIONS ? undefined : likelyTool(pattern.text, names);
      this.#warn('TOOL_ABSENT', path, message, 'Correct the name, or remove it.', likely);
    }
    const unplaced = resolved.filter(({ where }) => isUnplaced(where)).map(({ tool }) => tool.name);
    if (unplaced.length === 0) return;
    const refused = this.#policy.default === 'deny';
    const fate = refused ? 'refused by default' : 'allowed by default, without checks of their own';
    const message = `${count(unplaced.length)} of the server match no entry and are ${fate}: ${some(unplaced)}.`;
    const hint = 'Give each an entry under "tools", or a name under "hide".';
    this.#warn('TOOL_UNPLACED', ['default'], message, hint);
  }

  #callable(): void {
    const policy = this.#policy;
    if (this.#resolved) {
      if (this.#resolved.length === 0 || this.#resolved.some(({ where }) => couldPass(policy, where))) return;
      const names = this.#resolved.map(({ tool }) => tool.name);
      const message = `None of the ${count(names.length)} of the server could ever be called.`;
      this.#warn('NOTHING_CALLABLE', [], message, `The server has: ${some(names)}.`);
      return;
    }
    const open = this.#entries().filter((entry) => !this.#coverOf(entry));
    const resolved: Resolved[] = open.map((entry) => ({ kind: 'resolved', entry }));
    if (policy.default === 'allow' && !policy.hide.some((pattern) => pattern.text === '*')) {
      resolved.push({ kind: 'resolved', entry: undefined });
    }
    if (resolved.some((where) => couldPass(policy, where))) return;
    const hint = 'Give a tool that may be called an entry under "tools": {} allows it.';
    this.#warn('NOTHING_CALLABLE', [], 'No tool could ever be called under this policy.', hint);
  }

  #entry(entry: ToolEntry, judged: readonly ToolDefinition[]): void {
    const path = ['tools', entry.name.text];
    const cover = this.#coverOf(entry);
    if (cover) {
      const message = `"hide" has "${cover.text}", so that this entry is never looked at.`;
      this.#warn('SHADOWED', path, message, 'Remove it, or take the name out of "hide".');
      return;
    }
    const by = this.#winnerOver(entry, judged);
    if (by !== undefined) {
      const message = `This pattern never judges a tool: ${by}.`;
      this.#warn('SHADOWED', path, message, 'Remove it; entries are not merged.');
      return;
    }
    this.#rules.look(entry, entry, judged);
  }

  /** Rules over several tools that name none which could ever count. */
  #called({ kind, tools, scope, pointer, otherwise }: CalledDemand, entry: ToolEntry): void {
    const path = this.#locations.pathOf(pointer);
    const then =
      kind === 'after'
        ? 'so this never fires'
        : `so every call is ${otherwise === 'deny' ? 'refused' : 'asked about'}`;
    if (kind === 'before' && tools.every(({ text }) => text === entry.name.text && entry.name.plain)) {
      const message = `"${entry.name.text}" would have to succeed before it is called, ${then}.`;
      this.#warn('NEVER_HOLDS', path, message, 'Name another tool.');
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
        const message = `"${text}" names a server, and with "scope": "${scope}" only calls of this one count.`;
        this.#warn('TOOL_ABSENT', at, message, 'Write "scope": "machine", or leave the server out.');
      } else if (names) {
        const message = `The server has no tool like "${text}"${tools.length === 1 ? `, ${then}` : ''}.`;
        this.#warn('TOOL_ABSENT', at, message, 'Correct the name.', likelyTool(text, names));
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
    const message = `These hours and those of all tools (${hours[0]?.text}) are never open at one time, so every call is refused.`;
    this.#warn('NEVER_HOLDS', this.#locations.pathOf(own.pointer), message, 'Make them overlap.');
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

  /** Why a pattern never judges a tool; undefined when it may judge one. */
  #winnerOver(entry: ToolEntry, judged: readonly ToolDefinition[]): string | undefined {
    if (entry.name.plain || judged.length > 0) return undefined;
    const widest = widestOf(entry.name);
    // Patterns stand in the order of precedence: the ones before the entry itself win over it.
    const other = this.#policy.patterns.find((each) => each === entry || this.#matches(each.name, widest));
    if (other && other !== entry) return `"${other.name.text}" matches the same names`;
    const others = this.#resolved?.some(
      ({ tool, where }) =>
        this.#matches(entry.name, tool.name) &&
        where.kind === 'resolved' &&
        where.entry &&
        where.entry !== entry,
    );
    return others && !entry.hidden ? 'every tool that it matches has another entry' : undefined;
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

function count(tools: number): string {
  return tools === 1 ? '1 tool' : `${tools} tools`;
}
