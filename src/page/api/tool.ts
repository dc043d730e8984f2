import { argumentsOf } from '../../advice/sentences/arguments.js';

import { judge } from '../../catalog/classify.js';
import { findingsIn } from '../../catalog/definition-findings.js';
import { environmentOf } from '../../catalog/threats/environment.js';
import type { Fix, ServerTools } from '../../catalog/threats/threat.js';
import type { ToolDefinition } from '../../catalog/tool-definition.js';

import { written } from '../../cli/open-state.js';
import { coverageOf } from '../../cli/threats/coverage.js';
import { openedBy, toolPage } from '../../cli/tool-page.js';
import { loadWithLayers } from '../../config/policy-files.js';
import { PolicyWrapError } from '../../errors.js';
import type { JsonObject } from '../../json/value.js';
import { stack } from '../../policy/evaluate/layers.js';
import { changeLines, isShown } from '../../store/definition-diff.js';
import type { PinEntry } from '../../store/store.js';
import { sha256 } from '../../text/hash.js';
import type { Language } from '../api-types/names.js';
import {
  type ChangeHere,
  type PatternHere,
  type Patterns,
  PatternsBody,
  type ToolHere,
  TrustBody,
} from '../api-types/tools.js';
import type { Page } from '../page.js';
import { get, post, type Route } from '../route.js';
import { catalogued, type KnownHere, knownServerHere, policyHere, toolsHere } from '../servers.js';
import { evidenceTold } from '../words/evidence.js';

/** One tool: what it is, what it is open to, and whether its definition is trusted. */
export const TOOL: readonly Route[] = [
  get('/api/tool', ({ query, language }, page) =>
    toolHere(page, query.get('server') ?? '', query.get('tool') ?? '', language),
  ),
  post('/api/tool/patterns', PatternsBody, ({ body }, page): Patterns => patterns(page, body)),
  post('/api/tool/trust', TrustBody, ({ body }, page) => trust(page, body)),
];

/** @throws PolicyWrapError NOT_FOUND */
function found(page: Page, server: string, name: string) {
  const known = knownServerHere(page, server);
  const { tools, pins } = toolsHere(page, known);
  const tool = tools.find((each) => each.name === name);
  if (tool) return { known, tools, tool, pin: pins.get(name) };
  throw new PolicyWrapError('NOT_FOUND', `${server} has no tool ${name}, as far as is known here`, {
    hint: 'Read its tools first.',
  });
}

function toolHere(page: Page, server: string, name: string, language: Language): ToolHere {
  const { known, tools, tool, pin } = found(page, server, name);
  const {
    related,
    questions,
    rule,
    flows,
    tokens,
    class: toolClass,
    risk,
  } = toolPage(serverTools(known, tools), tool, '');
  return {
    ...{ server, policy: policyHere(known, page), tool: name, title: tool.title },
    description: tool.description ?? '',
    ...{ class: toolClass, risk, flows, tokens, related, questions },
    evidence: evidenceTold(judge(tool).reason, language),
    findings: findingsIn(tool),
    arguments: argumentsOf(tool.inputSchema),
    definition: JSON.stringify(tool, null, 2),
    others: tools.flatMap((each) => (each.name === name ? [] : [each.name])),
    rule: rule as JsonObject,
    change: pin === undefined ? undefined : changeHere(pin),
  };
}

/** Digest of what a person is shown: one that only came late has no other definition beside it. */
const shownHash = ({ changed, definition }: PinEntry): string => changed?.hash ?? sha256(definition);

function changeHere(pin: PinEntry): ChangeHere | undefined {
  const { changed, late, seenAt } = pin;
  if (!late && changed === undefined) return undefined;
  return {
    isNew: late,
    since: changed?.at ?? seenAt,
    lines: changeLines(pin),
    hash: shownHash(pin),
    isUnpinnable: changed?.unpinnable ?? false,
    isWhole: isShown(pin),
  };
}

function patterns(page: Page, { server, tool: name, file, text }: PatternsBody): Patterns {
  const { known, tools, tool } = found(page, server, name);
  const of = serverTools(known, tools);
  const loaded = loadWithLayers(text, file);
  const policy = loaded.kind === 'policy' ? stack(loaded.policy, loaded.extended) : undefined;
  return {
    patterns: openedBy(of, tool).map(({ threat, opening, needsYou }): PatternHere => {
      const { id, title, rule, leaves } = threat;
      const [row] = policy ? coverageOf([{ ...of, policy }], [{ ...threat, openings: () => [opening] }]) : [];
      const [coverage] = row?.openings ?? [];
      const tried = coverage?.tried ?? [];
      const stops = tried.flatMap(({ stop }) => (stop?.rule === undefined ? [] : [stop.rule]));
      return {
        ...{ id, title, rule, leaves, needsYou, why: opening.why },
        state: coverage?.state ?? 'not seen',
        by: [...new Set(stops)].slice(0, RULES),
        passes: [...new Set(tried.filter(({ stop }) => !stop).map(({ attack }) => attack.name))].slice(
          0,
          RULES,
        ),
        part: partOf(opening.fix, server),
      };
    }),
  };
}

/** Rules, and attacks, that are named of one pattern. */
const RULES = 6;

const serverTools = (known: KnownHere, tools: readonly ToolDefinition[]): ServerTools => ({
  server: known.server,
  tools,
  environment: environmentOf(catalogued(known)?.environment ?? [], [...(known.entry?.env.keys() ?? [])]),
});

const partOf = (fix: Fix, server: string): JsonObject | undefined => fix[server] as JsonObject | undefined;

/** Takes the definition that was shown for right, as `policy-wrap trust` does. */
function trust(page: Page, { server, tool, hash }: TrustBody): { readonly trusted: true } {
  const isMeant = (pin: PinEntry) => pin.kind === 'tool' && pin.tool === tool;
  const store = page.storeWith((each) => each.openPins(server).some(isMeant));
  const pin = store.openPins(server).find(isMeant);
  if (pin === undefined || shownHash(pin) !== hash)
    throw new PolicyWrapError('REFUSED', `${tool} changed again while you were reading`, {
      hint: 'Read what it says now.',
    });
  if (pin.changed?.unpinnable)
    throw new PolicyWrapError(
      'REFUSED',
      `${tool} cannot be trusted: two programs could read it differently`,
      {
        hint: 'Its server must be mended.',
      },
    );
  if (!isShown(pin))
    throw new PolicyWrapError('REFUSED', `the definition of ${tool} is too long to be shown`, {
      hint: `Read it where its server comes from; policy-wrap trust ${server} takes it by its digest.`,
    });
  if (written(store.trustTools([pin], 'page')) === undefined)
    throw new PolicyWrapError('REFUSED', `${tool} changed again while you were reading`, {
      hint: 'Read what it says now.',
    });
  page.changed('state');
  return { trusted: true };
}
