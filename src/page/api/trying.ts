import { setImmediate } from 'node:timers/promises';
import { effectOn, limitsOverAll } from '../../cli/effects.js';
import { serversSeen } from '../../cli/seen-names.js';
import { problemsError } from '../../config/policy-files.js';
import { freshDecision, type KeptCall, keepCase } from '../../draft/cases.js';
import { readDraft } from '../../draft/findings.js';
import { declaredArguments, knownDefinitions, knownTools } from '../../draft/known-tools.js';
import { hintAbout, traceCall } from '../../draft/outlook.js';
import { readPasted } from '../../draft/pasted.js';
import { Replay } from '../../draft/replay.js';
import { PolicyWrapError } from '../../errors.js';
import { canonicalJson } from '../../json/canonical.js';
import { parseJson } from '../../json/exact.js';
import { isObject, type JsonObject } from '../../json/value.js';
import { type Layers, stack } from '../../policy/evaluate/layers.js';
import type { Checks, Path, Policy } from '../../policy/model.js';
import type { Store } from '../../store/store.js';
import type { Language } from '../api-types/names.js';
import {
  type Impact,
  ImpactBody,
  KeepBody,
  type Kept,
  type Outline,
  type PasteAnswer,
  PasteBody,
  type RecordedCall,
  type Tried,
  TryBody,
} from '../api-types/trying.js';
import type { Page } from '../page.js';
import { editablePolicy, serversOfPolicy } from '../policies.js';
import { RecordedCalls } from '../recorded-calls.js';
import { get, post, type Route } from '../route.js';
import { stepTold, whyTold } from '../words/told.js';

/** What a draft would do: with a call, with the recorded calls; and what a pasted text becomes. */
export const TRYING: readonly Route[] = [
  post('/api/try', TryBody, ({ body, language }, page) => tried(page, body, language)),
  post('/api/try/keep', KeepBody, ({ body }, page): Kept => {
    editablePolicy(page, body.file);
    const layers = layersOf(body.text, body.file);
    const call = { ...keptCall(page, layers, body), name: body.name };
    return { file: keepCase(body.file, call, freshDecision(layers, call)) };
  }),
  get('/api/recorded', ({ query }, page) => recordedOf(page, query.get('server') ?? '')),
  post('/api/impact', ImpactBody, ({ body, signal }, page) => impact(page, body, signal)),
  post('/api/paste', PasteBody, ({ body: { file, text, tool } }, page): PasteAnswer => {
    serversOfPolicy(page, file);
    const pasted = readPasted(text, tool);
    return 'text' in pasted ? { ...pasted, outline: outlineOf(pasted.text, file) } : pasted;
  }),
];

/** @throws PolicyWrapError POLICY_INVALID */
function layersOf(text: string, file: string): Layers {
  const found = readDraft(text, file);
  if (found.kind === 'problems') throw problemsError(found);
  return stack(found.policy, found.extended);
}

function tried(page: Page, body: TryBody, language: Language): Tried {
  const { server, tool, file, text, env } = body;
  serversOfPolicy(page, file);
  const layers = layersOf(text, file);
  const kept = keptCall(page, layers, body);
  const undeclared = layers.declares ? declaredArguments(tool, server, page.options.db) : undefined;
  const call = {
    ...{ tool, args: kept.args, env },
    ...(undeclared && { undeclared: () => undeclared(kept.args) }),
  };
  const { outlook, trace } = traceCall(
    layers,
    call,
    { server, grant: 'default' },
    (look) => look(storeOf(page, server)),
    page.now(),
  );
  const { decision, code, rule, limit, retryAt } = outlook;
  return {
    ...{ decision, code, rule },
    why: whyTold(outlook, trace, language),
    trace: trace.map((step) => {
      const { look, rule: at, result } = step;
      return { look, rule: at, result, text: stepTold(step, language) };
    }),
    retryAt: retryAt ?? limit?.retryAt,
    hint: hintAbout(tool, layers.all, knownTools(server, page.options.db)),
    variables: variablesOf(layers),
    fresh: JSON.stringify(freshDecision(layers, kept)),
  };
}

/** @throws PolicyWrapError USAGE */
function keptCall(page: Page, layers: Layers, { server, tool, args, env }: TryBody): KeptCall {
  const definition = layers.declares
    ? knownDefinitions(server, page.options.db).find(({ name }) => name === tool)
    : undefined;
  return { name: '', tool, args: readArgs(args), env, inputSchema: definition?.inputSchema };
}

function readArgs(text: string): JsonObject {
  try {
    const args = parseJson(text.trim() === '' ? '{}' : text);
    if (isObject(args)) return args;
  } catch {
    // Said below, as for any other text that is no object.
  }
  throw new PolicyWrapError('USAGE', 'the arguments are no JSON object', {
    hint: 'Write them as {"amount_total": 500}.',
  });
}

/** The names of the variables of the server's environment that some rule reads. */
function variablesOf({ all }: Layers): string[] {
  const checks = all.flatMap((policy: Policy): Checks[] => [
    policy.allTools,
    ...policy.tools.values(),
    ...policy.patterns,
  ]);
  const paths = checks.flatMap(({ require, denyIf, approveIf, limits }): Path[] => [
    ...[...require, ...denyIf, ...approveIf].flatMap(({ conditions }) => conditions.map(({ path }) => path)),
    ...limits.flatMap(({ per }) => per),
  ]);
  const names = paths.filter(({ root }) => root === 'env').map(({ steps }) => String(steps[0] ?? ''));
  return [...new Set(names)].filter((name) => name !== '').sort();
}

/** The database that knows a server; undefined where there is none. */
function storeOf(page: Page, server: string): Store | undefined {
  const stores = page.stores().map(({ store }) => store);
  return stores.find((store) => serversSeen(store).includes(server)) ?? stores[0];
}

const RECORDED = 200;

/** The newest calls of a server, newest first. */
function recordedOf(page: Page, server: string): readonly RecordedCall[] {
  const rows = storeOf(page, server)?.log({ server, limit: RECORDED }) ?? [];
  return rows.reverse().map(({ auditId, at, tool, decision, arguments: kept }) => {
    const value = parsed(kept);
    const args = isObject(value) ? kept : undefined;
    const names = Array.isArray(value) ? value.map(String) : isObject(value) ? Object.keys(value) : [];
    return { auditId, at, tool, decision, args: names.length === 0 ? '{}' : args, names };
  });
}

function parsed(text: string) {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** What is kept of each database's log. */
const recordings = new WeakMap<Store, RecordedCalls>();
/** Longest piece of work before others have their turn, in milliseconds. */
const SLICE_MS = 40;

async function impact(page: Page, body: ImpactBody, signal: AbortSignal): Promise<Impact> {
  const { file, text, server, since } = body;
  serversOfPolicy(page, file);
  const layers = layersOf(text, file);
  const began = performance.now();
  const store = storeOf(page, server);
  const known = store && (recordings.get(store) ?? new RecordedCalls(store, () => page.now()));
  if (store && known) recordings.set(store, known);
  const declared = (tool: string) => declaredArguments(tool, server, page.options.db);
  const replay = new Replay(layers, { server, since, declared });
  try {
    let slice = began;
    for (const each of known?.calls() ?? []) {
      replay.add(each);
      if (performance.now() - slice < SLICE_MS) continue;
      await setImmediate();
      signal.throwIfAborted();
      slice = performance.now();
    }
    return answer(replay, performance.now() - began, known?.isCut ?? false);
  } finally {
    replay.close();
  }
}

function answer({ comparison, fates, stoppedBy }: Replay, took: number, isCut: boolean): Impact {
  const { calls, from, to, unchanged, changes, notJudged } = comparison;
  return {
    ...{ calls, from, to, unchanged, notJudged, took, isCut },
    ...fates,
    stoppedBy: Object.fromEntries(stoppedBy),
    changes: changes.map(({ examples, ...group }) => ({
      ...group,
      examples: examples.map(({ auditId, at, kept }) => ({
        ...{ auditId, at },
        args: kept.kind === 'values' ? canonicalJson(kept.args) : undefined,
      })),
    })),
  };
}

/** Undefined for what cannot be used: the check says why. */
function outlineOf(text: string, file: string): Outline | undefined {
  const found = readDraft(text, file);
  if (found.kind === 'problems') return undefined;
  const { policy } = found;
  const layers = stack(policy, found.extended);
  return {
    default: policy.default,
    hide: policy.hide.map((name) => name.text),
    overAll: limitsOverAll(layers),
    tools: [...policy.tools.values(), ...policy.patterns].map((entry) => ({
      name: entry.name.text,
      effect: effectOn(layers, entry.name.text),
      limits: entry.limits.map(({ max, windowText, counter }) => `${max} per ${windowText} (${counter})`),
      rules: entry.require.length + entry.denyIf.length + entry.approveIf.length,
    })),
  };
}
