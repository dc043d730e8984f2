import { setImmediate } from 'node:timers/promises';
import { judge } from '../../catalog/classify.js';
import { tokensOf } from '../../catalog/definition-cost.js';
import { findingsIn } from '../../catalog/definition-findings.js';
import type { Reason } from '../../catalog/reason.js';
import type { ToolDefinition } from '../../catalog/tool-definition.js';
import { effectParts } from '../../cli/effect-parts.js';
import { loadWithLayers, problemsError } from '../../config/policy-files.js';
import { PolicyWrapError } from '../../errors.js';
import { editEntry } from '../../policy/edit/edit-entry.js';
import { type Layers, stack } from '../../policy/evaluate/layers.js';
import type { Language, Told } from '../api-types/names.js';
import {
  type EffectHere,
  type Effects,
  EffectsBody,
  type PolicyHere,
  type Read,
  ReadBody,
  type ServerHere,
  type ServersHere,
  type ToolRow,
  WishBody,
  type Wished,
} from '../api-types/tools.js';
import type { Page } from '../page.js';
import { get, post, type Route } from '../route.js';
import { knownServers, policyHere, readTools, startOf, toolsHere } from '../servers.js';
import { effectTold, noteTold, whyNotTold } from '../words/editing.js';
import { evidenceTold } from '../words/evidence.js';

/** The servers of this machine, their tools, and what a policy does with them. */
export const TOOLS: readonly Route[] = [
  get('/api/servers', ({ language }, page): ServersHere => serversHere(page, language)),
  post('/api/servers/read', ReadBody, async ({ body: { server, start } }, page): Promise<Read> => {
    const { tools, leftOut } = await readTools(page, server, start);
    page.changed('clients');
    return {
      tools: tools.length,
      leftOut: leftOut.map(({ name, reason }) => `${name ?? '(no name)'}: ${reason}`),
    };
  }),
  post('/api/tools/effects', EffectsBody, ({ body: { file, text, tools }, language }): Effects => {
    const layers = layersOf(text, file);
    return { effects: layers && tools.map((tool) => effectHere(layers, tool, language)) };
  }),
  post('/api/tools/edit', WishBody, ({ body, signal, language }) => wished(body, signal, language)),
];

/** What is counted, in milliseconds: 7 days. */
const COUNTED_MS = 7 * 86_400_000;

function serversHere(page: Page, language: Language): ServersHere {
  const counts = countsOf(page);
  const running = new Map<string, number>();
  for (const { store } of page.stores())
    for (const { server, live } of store.sessions())
      if (live) running.set(server, (running.get(server) ?? 0) + 1);
  const servers = knownServers(page).map((known): ServerHere => {
    const { server, entries } = known;
    const policy = policyHere(known, page);
    const { from, tools, pins } = toolsHere(page, known);
    const layers = layersIn(policy);
    const rows = tools.map((tool): ToolRow => {
      const { name } = tool;
      const { calls = 0, refused = 0 } = counts.get(`${server}\n${name}`) ?? {};
      const pin = pins.get(name);
      const { reason, ...about } = aboutOf(tool);
      return {
        ...about,
        ...{ name, calls, refused },
        evidence: evidenceTold(reason, language),
        effect: layers === undefined ? NONE : effectHere(layers, name, language),
        isChanged: pin !== undefined && (pin.late || pin.changed !== undefined),
      };
    });
    return {
      server,
      entries,
      running: running.get(server) ?? 0,
      policy,
      from,
      ...startOf(known),
      tools: rows,
    };
  });
  return { servers };
}

type About = Pick<ToolRow, 'class' | 'risk' | 'tokens' | 'findings'> & { readonly reason: Reason };
const abouts = new WeakMap<ToolDefinition, About>();

/** What a definition says of its tool. The list is loaded again with every call, and this does not change. */
function aboutOf(tool: ToolDefinition): About {
  const kept = abouts.get(tool);
  if (kept) return kept;
  const { class: toolClass, risk, reason } = judge(tool);
  const about: About = {
    ...{ class: toolClass, risk, reason },
    tokens: tokensOf(tool),
    findings: findingsIn(tool),
  };
  abouts.set(tool, about);
  return about;
}

/** A log may have a million rows, and calls keep coming: counting takes no more than this part of the time. */
const PART = 0.1;

interface Counted {
  readonly calls: number;
  readonly refused: number;
}
const counted = new WeakMap<Page, { until: number; counts: ReadonlyMap<string, Counted> }>();

/** By server and tool. */
function countsOf(page: Page): ReadonlyMap<string, Counted> {
  const last = counted.get(page);
  const now = performance.now();
  if (last && now < last.until) return last.counts;
  const counts = new Map<string, Counted>();
  for (const { store } of page.stores())
    for (const { server, tool, calls, refused } of store.callCounts(page.now() - COUNTED_MS)) {
      const had = counts.get(`${server}\n${tool}`) ?? { calls: 0, refused: 0 };
      counts.set(`${server}\n${tool}`, { calls: had.calls + calls, refused: had.refused + refused });
    }
  const done = performance.now();
  counted.set(page, { until: done + (done - now) / PART, counts });
  return counts;
}

const NONE: EffectHere = { kind: 'none', text: undefined };

/** The policy with what it extends; undefined where none can be used, so that every call is refused. */
function layersIn(policy: PolicyHere): Layers | undefined {
  return policy.kind === 'unclear' ? undefined : layersOf(policy.text, policy.file);
}

function layersOf(text: string, file: string): Layers | undefined {
  const found = loadWithLayers(text, file);
  return found.kind === 'policy' ? stack(found.policy, found.extended) : undefined;
}

/** What `policy-wrap tools` says, and in one word. */
function effectHere(policy: Layers, tool: string, language: Language): EffectHere {
  const parts = effectParts(policy, tool);
  const [only, ...others] = parts.filter(({ code }) => code !== 'limits');
  const text = effectTold(parts, language);
  if (only === undefined) return { kind: 'limit', text };
  const isOne = others.length === 0;
  switch (only.code) {
    case 'not_listed':
      return { kind: 'deny', text };
    case 'allow':
    case 'ask':
    case 'deny':
    case 'hide':
      // The word alone says it, without a limit beside it.
      return { kind: isOne ? only.code : 'custom', text: parts.length === 1 ? undefined : text };
    default:
      return { kind: 'custom', text };
  }
}

/** Longest piece of work before others have their turn, in milliseconds. */
const SLICE_MS = 40;

/** What `policy-wrap allow`, `ask`, `deny`, `hide` and `limit` do, for several tools at once, without writing. */
async function wished(
  { file, text, tools, wish }: WishBody,
  signal: AbortSignal,
  language: Language,
): Promise<Wished> {
  const loaded = loadWithLayers(text, file);
  if (loaded.kind === 'problems') throw new PolicyWrapError('POLICY_INVALID', problemsError(loaded).message);
  const notes: { tool: string; note: Told }[] = [];
  const impossible: { tool: string; why: Told }[] = [];
  let edited = text;
  let slice = performance.now();
  for (const tool of tools) {
    // Its server chose the name: an entry under it would be a pattern, and judge every tool that it matches.
    if (tool.includes('*')) {
      impossible.push({ tool, why: whyNotTold({ code: 'pattern_name' }, language) });
      continue;
    }
    // Entries of other tools change nothing of what a pattern, or the default, says of this one.
    const result = editEntry(edited, loaded.policy, tool, wish);
    if (result.impossible !== undefined)
      impossible.push({ tool, why: whyNotTold(result.impossible, language) });
    else {
      notes.push(...result.notes.map((note) => ({ tool, note: noteTold(note, language) })));
      edited = result.text;
    }
    if (performance.now() - slice < SLICE_MS) continue;
    // A server may list thousands, and the brake must be heard meanwhile.
    await setImmediate();
    signal.throwIfAborted();
    slice = performance.now();
  }
  // What was typed is wrong for all of them alike.
  const found = loadWithLayers(edited, file);
  if (found.kind === 'problems') throw new PolicyWrapError('USAGE', found.problems[0]?.message ?? '');
  return { text: edited, notes, impossible };
}
