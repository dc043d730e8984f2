import { place } from '../policy/evaluate.js';
import type { Policy } from '../policy/policy.js';
import { nearest } from '../policy/problem.js';
import { printable } from '../printable.js';
import { readPreset } from '../settings.js';
import { type Check, type Context, type Finding, fail, info, ok, warn } from './check.js';
import { usablePolicies } from './policy.js';

/** The server as it is now, and how the policies go with its tools. */
export const SERVER_CHECKS: readonly Check[] = [
  { id: 'server', run: starts },
  { id: 'tools', run: toolsOfPolicy },
  { id: 'preset', run: stalePreset },
];

async function starts(context: Context): Promise<Finding[]> {
  if (!context.hasServer())
    return [info('no server was named; to look at one: policy-wrap doctor -- mcp-afip')];
  const tools = await context.list();
  return [ok(`${context.server} starts and lists ${tools.length} tools`)];
}

async function toolsOfPolicy(context: Context): Promise<Finding[]> {
  const names = (await context.tools())?.map(({ name }) => name);
  const [policy] = usablePolicies(context);
  if (names === undefined || policy === undefined) return [];
  const { absent, unplaced } = compare(policy, names);
  const findings: Finding[] = [];
  if (policy.default === 'deny' && names.length > 0 && unplaced.length === names.length) {
    findings.push(
      fail(
        `${policy.source} lists none of the ${names.length} tools of ${context.server}, so nothing can be called`,
        'check that it is the policy of this server',
      ),
    );
  }
  for (const name of absent.slice(0, SHOWN)) {
    const likely = nearest(name, names);
    const meant = likely === undefined ? '' : `; perhaps ${quoted(likely)} is meant`;
    findings.push(
      warn(
        `the policy names ${quoted(name)}, which the server does not have${meant}`,
        `remove or rename it in ${policy.source}`,
      ),
    );
  }
  if (absent.length > SHOWN) findings.push(info(`and ${absent.length - SHOWN} more names`));
  if (unplaced.length > 0) {
    findings.push(
      policy.default === 'deny'
        ? warn(
            `the policy does not list, and so refuses: ${listOf(unplaced)}`,
            `add what you need to ${policy.source}`,
          )
        : info(`the policy does not list, and so allows: ${listOf(unplaced)}`),
    );
  }
  return findings.length > 0 ? findings : [ok('policy and server name the same tools')];
}

/** A preset knows the tools of one version; the server may be another by now. */
async function stalePreset(context: Context): Promise<Finding[]> {
  const names = (await context.tools())?.map(({ name }) => name);
  if (names === undefined || context.known === undefined) return [];
  const { preset, command } = context.known;
  const found = readPreset(preset);
  if (found.kind !== 'policy') return [];
  const { absent, unplaced } = compare(found.policy, names);
  const fix = `update policy-wrap, or keep a policy of your own: policy-wrap init --no-preset -- ${command}`;
  const findings: Finding[] = [];
  if (absent.length > 0)
    findings.push(
      warn(`the preset ${preset} names tools that this ${command} does not have: ${listOf(absent)}`, fix),
    );
  if (unplaced.length > 0)
    findings.push(
      warn(
        `the preset ${preset} does not know tools of this ${command}, and refuses them: ${listOf(unplaced)}`,
        fix,
      ),
    );
  return findings.length > 0 ? findings : [ok(`the preset ${preset} fits this ${command}`)];
}

interface Comparison {
  /** Names and patterns of the policy that no tool has. */
  readonly absent: readonly string[];
  /** Tools that no entry and no name under `hide` speaks of. */
  readonly unplaced: readonly string[];
}

function compare(policy: Policy, names: readonly string[]): Comparison {
  const all = new Set(names);
  const absent = [...policy.tools.keys()].filter((name) => !all.has(name));
  for (const { text, plain, matches } of [...policy.hide, ...policy.patterns.map(({ name }) => name)])
    if (plain ? !all.has(text) : !names.some(matches)) absent.push(text);
  const unplaced = [...all].filter((name) => {
    const placed = place(policy, name);
    return placed.kind === 'refused' || (placed.kind === 'placed' && placed.entry === undefined);
  });
  return { absent, unplaced };
}

const SHOWN = 8;

const quoted = (name: string): string => `"${printable(name, 60)}"`;

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map(quoted).join(', ');
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}
