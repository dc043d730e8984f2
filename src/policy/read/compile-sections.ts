import { canonicalName } from '../../text/lookalike.js';
import { comparePatterns, namePattern } from '../evaluate/name-pattern.js';
import { CHECKED_BY_NOBODY } from '../evaluate/resolve.js';
import { canonicalResource, uriPattern } from '../evaluate/uri-pattern.js';
import type { Policy, ToolEntry } from '../model.js';
import { PROMPT, SECTIONS, type Section } from '../sections.js';
import { SERVER_REQUESTS, type ServerRequestName } from '../server-requests.js';
import type { CompileContext } from './compile-context.js';
import { compileEntry } from './compile-entry.js';
import type { Shape } from './validate.js';

/** The entries of each section that the file has. */
type Sections = { readonly [Name in Section]?: readonly ToolEntry[] };

/** What a policy says of something else than tools. */
export function compileSections(context: CompileContext, shape: Shape): Sections {
  const { document, resources, prompts } = shape;
  const requests = document.server_requests;
  return {
    ...(requests && {
      serverRequests: (Object.keys(SERVER_REQUESTS) as ServerRequestName[]).flatMap((name) => {
        const entry = requests[name];
        return entry ? compileEntry(context, SERVER_REQUESTS[name], entry, ['server_requests', name]) : [];
      }),
    }),
    ...(resources && { resources: compileResources(context, resources) }),
    ...(prompts && {
      prompts: [...prompts].map(([name, entry]) => {
        const path = ['prompts', name];
        if (name === '')
          context.report('NAME', path, 'A prompt has a name.', 'Write its name, or "*".', { spot: 'key' });
        return compileEntry(context, `${PROMPT}${name}`, entry, path, namePattern(`${PROMPT}${name}`));
      }),
    }),
  };
}

function compileResources(
  context: CompileContext,
  resources: NonNullable<Shape['resources']>,
): readonly ToolEntry[] {
  const seen = new Map<string, string>();
  return [...resources].flatMap(([uri, entry]) => {
    const path = ['resources', uri];
    const name = uriPattern(uri);
    if ('fault' in name) {
      const message = `"${uri}" names no resource: ${name.fault}.`;
      const hint =
        'Write a URI such as "file:///work/notes.txt", with * within a folder and ** across folders.';
      context.report('NAME', path, message, hint, { spot: 'key' });
      return [];
    }
    const other = seen.get(name.text);
    if (other !== undefined) {
      const message = `"${uri}" and "${other}" are one URI; one entry judges it.`;
      context.report('CONTRADICTION', path, message, 'Put them together.', { spot: 'key' });
    }
    seen.set(name.text, uri);
    return compileEntry(context, name.text, entry, path, name);
  });
}

/** Each section is judged like tools, by its own names, and by nothing that a policy says of tools. */
export function withSections(policy: Policy, sections: Sections): Policy {
  if (Object.keys(sections).length === 0) return policy;
  const whole = { ...policy, hash: policy.hash };
  const parts = SECTIONS.flatMap((name) => {
    const entries = sections[name];
    return entries ? [[name, sectionOf(whole, entries, name)]] : [];
  });
  return { ...whole, ...Object.fromEntries(parts) };
}

function sectionOf(policy: Policy, entries: readonly ToolEntry[], name: Section): Policy {
  const canonical = name === 'resources' ? canonicalResource : undefined;
  const exact = entries.filter((entry) => entry.name.plain);
  return {
    ...policy,
    hide: [],
    hides: () => false,
    allTools: CHECKED_BY_NOBODY,
    tools: new Map(exact.map((entry) => [entry.name.text, entry])),
    // A method of the protocol has one spelling.
    lookalikes: name === 'serverRequests' ? new Map() : byCanonicalName(exact, canonical),
    patterns: entries.filter((entry) => !entry.name.plain).sort((a, b) => comparePatterns(a.name, b.name)),
    canonical,
  };
}

/** Where several entries share a canonical name, the one that sorts first, so that the order in the file changes nothing. */
export function byCanonicalName(
  entries: readonly ToolEntry[],
  canonical: (name: string) => string = canonicalName,
): Map<string, ToolEntry> {
  const lookalikes = new Map<string, ToolEntry>();
  for (const entry of entries) {
    const name = canonical(entry.name.text);
    const other = lookalikes.get(name);
    if (!other || entry.name.text < other.name.text) lookalikes.set(name, entry);
  }
  return lookalikes;
}
