import { setImmediate } from 'node:timers/promises';
import { effectOn, limitsOverAll } from '../../cli/effects.js';
import { serversSeen } from '../../cli/seen-names.js';
import { type AnyStore, nowOf } from '../../cli/team-store.js';
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
import type { LoggedRow } from '../../store/history.js';
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
import { hintTold, notJudgedTold, stepTold, whyTold } from '../words/told.js';

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
  post('/api/impact', ImpactBody, ({ body, signal, language }, page) => impact(page, body, signal, language)),
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
  const meant = hintAbout(tool, layers.all, knownTools(server, page.options.db));
  return {
    ...{ decision, code, rule },
    why: whyTold(outlook, trace, language),
    trace: trace.map((step) => {
      const { look, rule: at, result } = step;
      return { look, rule: at, result, text: stepTold(step, language) };
    }),
    retryAt: retryAt ?? limit?.retryAt,
    hint: meant && hintTold(meant, language),
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

/** The newest calls of a server, newest first: the team's and this machine's. */
async function recordedOf(page: Page, server: string): Promise<readonly RecordedCall[]> {
  const { team } = page;
  const log = { server, limit: RECORDED };
  const shared = (await team?.read<readonly LoggedRow[]>((store) => store.log(log), [])) ?? [];
  const shift = team?.shift(page.now()) ?? 0;
  return [
    ...shared.map((row) => recordedCall(row, shift)),
    ...(storeOf(page, server)?.log(log) ?? []).map((row) => recordedCall(row, 0)),
  ]
    .sort((a, b) => b.at - a.at || Number(b.auditId) - Number(a.auditId))
    .slice(0, RECORDED);
}

/** @param shift what is added to its instant to have it by this machine's clock, in milliseconds */
function recordedCall(row: LoggedRow, shift: number): RecordedCall {
  const { auditId, at, tool, decision, arguments: kept, who, host } = row;
  const value = parsed(kept);
  const args = isObject(value) ? kept : undefined;
  const names = Array.isArray(value) ? value.map(String) : isObject(value) ? Object.keys(value) : [];
  return {
    ...{ auditId, at: at + shift, tool, decision, names },
    args: names.length === 0 ? '{}' : args,
    from: who === undefined ? undefined : { who, host: host ?? '' },
  };
}

function parsed(text: string) {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** What is kept of each log. */
const recordings = new WeakMap<AnyStore, RecordedCalls>();
/** Longest piece of work before others have their turn, in milliseconds. */
const SLICE_MS = 40;

async function impact(
  page: Page,
  body: ImpactBody,
  signal: AbortSignal,
  language: Language,
): Promise<Impact> {
  const { file, text, server } = body;
  serversOfPolicy(page, file);
  const layers = layersOf(text, file);
  const began = performance.now();
  const store = await logOf(page, server, body.place);
  const isShared = store !== undefined && 'shown' in store;
  const known =
    store && (recordings.get(store) ?? new RecordedCalls(store, () => nowOf(store, page), isShared));
  if (store && known) recordings.set(store, known);
  const calls = (await known?.calls()) ?? [];
  const shift = store === undefined ? 0 : page.shiftOf(store);
  const since = body.since === undefined ? undefined : body.since - shift;
  const declared = (tool: string) => declaredArguments(tool, server, page.options.db);
  const replay = new Replay(layers, { server, since, declared });
  try {
    let slice = began;
    for (const each of calls) {
      replay.add(each);
      if (performance.now() - slice < SLICE_MS) continue;
      await setImmediate();
      signal.throwIfAborted();
      slice = performance.now();
    }
    const took = performance.now() - began;
    const place = isShared ? 'team' : 'here';
    return { ...answer(replay, shift, language), place, took, isCut: known?.isCut ?? false };
  } finally {
    replay.close();
  }
}

/**
 * The log that a draft is tried on: that of the team where it has calls of the server.
 *
 * @throws PolicyWrapError NOT_FOUND where a team is asked for and none is shown, and what its store throws
 */
async function logOf(page: Page, server: string, place: ImpactBody['place']): Promise<AnyStore | undefined> {
  if (place === 'team') {
    const team = page.teamStore();
    await team.hello();
    return team;
  }
  const { team } = page;
  const has = await team?.read(
    (store) => store.log({ server, limit: 1 }).then(({ length }) => length > 0),
    false,
  );
  return place === undefined && team && has ? team.store : storeOf(page, server);
}

/** @param shift what is added to instants of the log to have them by this machine's clock, in milliseconds */
function answer(
  { comparison, fates, stoppedBy }: Replay,
  shift: number,
  language: Language,
): Omit<Impact, 'place' | 'took' | 'isCut'> {
  const { calls, from, to, unchanged, changes, notJudged } = comparison;
  return {
    ...{ calls, unchanged },
    notJudged: notJudged.map(({ why, calls: count }) => ({
      why: notJudgedTold(why, language),
      calls: count,
    })),
    from: from === undefined ? undefined : from + shift,
    to: to === undefined ? undefined : to + shift,
    ...fates,
    stoppedBy: Object.fromEntries(stoppedBy),
    changes: changes.map(({ examples, ...group }) => ({
      ...group,
      examples: examples.map(({ auditId, at, kept }) => ({
        ...{ auditId, at: at + shift },
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
