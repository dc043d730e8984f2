import { isServerRequest } from './server-requests.js';

/** What a policy judges beside calls of tools, each by entries of its own under a key of its own. */
export const SECTIONS = ['serverRequests', 'resources', 'prompts'] as const;
export type Section = (typeof SECTIONS)[number];

/** Before the URI of a resource, and the name of a prompt: the log and commands tell them by it from tools. */
export const RESOURCE = 'resource:';
export const PROMPT = 'prompt:';

/** @returns which section judges what has this name in the decision log; undefined for a tool */
export function sectionOf(name: string): Section | undefined {
  if (name.startsWith(RESOURCE)) return 'resources';
  if (name.startsWith(PROMPT)) return 'prompts';
  return isServerRequest(name) ? 'serverRequests' : undefined;
}
