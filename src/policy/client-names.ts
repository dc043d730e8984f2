import { nearest } from '../text/suggest.js';

/** What clients put between a server's name and a tool's, so that a policy's author may have copied it with both. */
const STRONG = /__|[./:]/g;
/** What some clients use as well, and many tools have in their own names. */
const WEAK = /[_-]/g;

/**
 * The server's own name in one that a client shows: `mcp__afip__create_invoice`, `afip__create_invoice`,
 * `afip.create_invoice`, `afip/create_invoice`.
 *
 * @param isTool whether the server has a tool of that name
 * @returns the longest that it can be; undefined when no tool's name stands at the end
 */
export function ownName(shown: string, isTool: (name: string) => boolean): string | undefined {
  return endOf(shown, STRONG, isTool);
}

/**
 * @param tools the tools of the server, that name not among them
 * @returns the tool that was probably meant: one that a client shows by that name, or one of nearly that name
 */
export function likelyTool(name: string, tools: readonly string[]): string | undefined {
  const known = new Set(tools);
  const isTool = (each: string) => known.has(each);
  return ownName(name, isTool) ?? nearest(name, tools) ?? endOf(name, WEAK, isTool);
}

/** @returns what is probably the tool's own name, where it is shown as no server names a tool: `mcp__server__tool` */
export function prefixedName(shown: string): string | undefined {
  return /^mcp__(?!_).+?__(.+)$/s.exec(shown)?.[1];
}

/** Longest name that is taken apart. */
const MAX_NAME = 512;

function endOf(shown: string, joint: RegExp, isTool: (name: string) => boolean): string | undefined {
  if (shown.length > MAX_NAME) return undefined;
  for (const { index, 0: between } of shown.matchAll(joint)) {
    const rest = shown.slice(index + between.length);
    if (index > 0 && rest !== '' && isTool(rest)) return rest;
  }
  return undefined;
}
