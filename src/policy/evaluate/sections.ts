import type { Call, Evaluation } from '../call.js';
import type { Policy } from '../model.js';
import { PROMPT, RESOURCE, type Section, sectionOf } from '../sections.js';
import { type ReadUri, readUri } from '../uri.js';
import type { TraceStep } from './evaluate.js';
import { evaluateLayers, isVisibleInLayers, type Layers } from './layers.js';
import { entryFor, resolveEntry } from './resolve.js';

/** Nothing judges it. */
const PASSES: Evaluation = { kind: 'open', charges: [], ask: undefined };

/**
 * Judges what is known by the name that the decision log has for it: a tool, `sampling/createMessage`,
 * `resource:file:///a`, `prompt:greet`. What the policy says nothing of passes.
 */
export function evaluateNamed(layers: Layers, call: Call, trace?: TraceStep[]): Evaluation {
  const section = sectionOf(call.tool);
  return section ? evaluateSection(layers, section, call, trace) : evaluateLayers(layers, call, trace);
}

/** Judges something else than a call of a tool. What the policy says nothing of passes. */
export function evaluateSection(
  layers: Layers,
  section: Section,
  call: Call,
  trace?: TraceStep[],
): Evaluation {
  const judging = layers.sections[section];
  if (!judging) return PASSES;
  return section === 'resources'
    ? evaluateResource(judging, call, trace)
    : evaluateLayers(judging, call, trace);
}

/** The name that the decision log has for what is called so. */
export function loggedName(name: string): string {
  return sectionOf(name) === 'resources' ? resourceName(name.slice(RESOURCE.length)) : name;
}

/** The name that the decision log has for a resource. */
export function resourceName(uri: string): string {
  const read = readUri(uri);
  return `${RESOURCE}${'fault' in read ? uri : read.uri}`;
}

/** By each way in which some program reads the URI: what one of them may not have, none gets. */
function evaluateResource(layers: Layers, call: Call, trace: TraceStep[] | undefined): Evaluation {
  const read = readUri(uriOf(call));
  if ('fault' in read) return unreadable(read.fault, trace);
  const callOf = (uri: string): Call => ({
    ...call,
    tool: `${RESOURCE}${uri}`,
    args: { ...call.args, uri },
  });
  const evaluation = evaluateLayers(layers, callOf(read.uri), trace);
  const others = read.others.map((uri) => evaluateLayers(layers, callOf(uri)));
  const hidden = [evaluation, ...others].find(({ kind }) => kind === 'hidden');
  if (hidden) return hidden;
  if (evaluation.kind === 'refused') return evaluation;
  const refused = others.find(({ kind }) => kind === 'refused');
  if (refused) return refused;
  const differing = differingReading(layers, read);
  if (differing === undefined) return evaluation;
  return unreadable(`the URI is ${read.uri} for some programs and ${differing} for others`, trace);
}

/** The URI as the client wrote it, where the call has it; conditions see the one by which the resource is known. */
function uriOf({ tool, args }: Call): string {
  const { uri } = args;
  return typeof uri === 'string' && resourceName(uri) === tool ? uri : tool.slice(RESOURCE.length);
}

/** @returns a reading that another entry judges */
function differingReading(layers: Layers, { uri, others }: ReadUri): string | undefined {
  const entryOf = (policy: Policy, reading: string) => entryFor(policy, `${RESOURCE}${reading}`);
  return others.find((other) => layers.all.some((policy) => entryOf(policy, uri) !== entryOf(policy, other)));
}

function unreadable(explanation: string, trace: TraceStep[] | undefined): Evaluation {
  const rule = '/resources';
  const said = { code: 'fault', fault: explanation } as const;
  trace?.push({ look: 'entry', rule, result: 'stops', answer: undefined, text: explanation, said });
  return { kind: 'refused', refusal: { code: 'NOT_LISTED', rule, authorText: undefined, explanation } };
}

/** Stands for whatever a template is filled with: no resource has it in its name. */
const ANY = '\uFFFF';

/**
 * @param what what the list says of it: a name, a URI or a template of URIs
 * @returns whether the client sees it in the list of prompts, resources or templates; undefined where that cannot be told
 */
export function isShownInSection(
  layers: Layers,
  kind: 'prompt' | 'resource' | 'template',
  what: string,
): boolean | undefined {
  if (kind === 'prompt') {
    const { prompts } = layers.sections;
    return !prompts || isVisibleInLayers(prompts, `${PROMPT}${what}`);
  }
  const { resources } = layers.sections;
  if (!resources) return true;
  if (kind === 'template') return isTemplateShown(resources, what);
  const read = readUri(what);
  if ('fault' in read) return undefined;
  return [read.uri, ...read.others].every((uri) => isVisibleInLayers(resources, `${RESOURCE}${uri}`));
}

/** A template stands for many resources: it is hidden where all of them are, or where its own text is. */
function isTemplateShown(resources: Layers, template: string): boolean | undefined {
  // {+path} and {/path} may hold slashes, {path} encodes them; {?a,b} is a query.
  const widest = template.replace(/\{([+#/?&]?)[^{}]*\}/g, (_, operator) => {
    if (operator === '?' || operator === '&') return `${operator}${ANY}`;
    return operator === '' ? ANY : `${ANY}/${ANY}`;
  });
  const read = [widest, template].map(readUri);
  if (read.some((each) => 'fault' in each)) return undefined;
  return read.every(
    (each) =>
      'uri' in each &&
      resources.all.every((policy) => resolveEntry(policy, `${RESOURCE}${each.uri}`).kind !== 'hidden'),
  );
}
