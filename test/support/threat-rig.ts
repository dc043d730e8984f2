import { expect } from 'vitest';
import type { ServerTools } from '../../src/catalog/threats/threat.js';
import { THREATS } from '../../src/catalog/threats/threats.js';
import type { ToolDefinition } from '../../src/catalog/tool-definition.js';
import { type Coverage, coverageOf } from '../../src/cli/threats/coverage.js';
import { fragmentsFor, pastedInto } from '../../src/cli/threats/fragment.js';
import type { Held } from '../../src/cli/threats/held.js';
import { isLeft } from '../../src/cli/threats/text.js';
import { readJsonc } from '../../src/json/relaxed.js';
import { stack } from '../../src/policy/evaluate/layers.js';
import { loadPolicy } from '../../src/policy/read/load.js';

/** A tool whose arguments are all texts, but for those that are given a schema. A name with `!` is required. */
export function tool(
  name: string,
  description: string,
  args: Readonly<Record<string, object>> = {},
): ToolDefinition {
  const names = Object.keys(args);
  return {
    name,
    description,
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(names.map((each) => [each.replace('!', ''), args[each]])),
      required: names.filter((each) => each.endsWith('!')).map((each) => each.slice(0, -1)),
    },
  };
}

export const TEXT = { type: 'string' };
export const NUMBER = { type: 'number' };
export const TEXTS = { type: 'array', items: TEXT };

/** Servers under policies, given as text or as members beside `default: allow`. */
export function held(of: ServerTools, policy: string | object): Held {
  const text =
    typeof policy === 'string' ? policy : JSON.stringify({ version: '1', default: 'allow', ...policy });
  const loaded = loadPolicy(text, `${of.server}.json`);
  expect(loaded.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return { ...of, policy: stack(loaded.policy!), document: readJsonc(text)!.doubles as Held['document'] };
}

const threatOf = (id: string) => THREATS.filter((threat) => threat.id === id);

export function coverage(servers: readonly Held[], id: string): Coverage {
  return coverageOf(servers, threatOf(id))[0]!;
}

/** Names of the attacks that come through. */
export const passing = ({ openings }: Coverage): string[] =>
  openings.flatMap(({ tried }) =>
    tried.flatMap(({ attack, stop }) => (stop === undefined ? [attack.name] : [])),
  );

/** The servers after a person has put what closes a pattern into their policies. */
export function pasted(servers: readonly Held[], { openings }: Coverage): Held[] {
  const fix = fragmentsFor(
    servers,
    openings.filter(isLeft).map(({ opening }) => opening),
  );
  return servers.map((each) => {
    const part = fix[each.server];
    if (part === undefined) return each;
    return held(each, JSON.stringify(pastedInto(each.document ?? {}, part)));
  });
}
