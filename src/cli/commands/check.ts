import * as z from 'zod';
import { readPolicy } from '../../config/policy-files.js';
import type { RemoteOptions } from '../../config/run-options.js';
import { findPolicy } from '../../config/shipped-policies.js';
import { type FoundDraft, findingsOf, unjudgedSections } from '../../draft/findings.js';
import { knownTools } from '../../draft/known-tools.js';
import { EXIT, PolicyWrapError } from '../../errors.js';
import { formatProblem, type Problem } from '../../policy/read/problem.js';
import type { Section } from '../../policy/sections.js';
import { count } from '../../text/count.js';
import { printable } from '../../text/escape.js';
import { liveServer } from '../../upstream/list-tools.js';
import type { LiveServer } from '../../upstream/live-server.js';
import { tellFindings } from '../findings.js';
import { printJson } from '../json-output.js';
import { type NamedServer, namedServer } from '../named-server.js';
import * as parts from '../output-parts.js';
import type { Terminal } from '../terminal.js';

export interface CheckOptions extends RemoteOptions {
  readonly preset?: string;
  readonly server?: string;
  /** Warnings count as errors. */
  readonly strict?: boolean;
  /** False with `--no-install`. */
  readonly install: boolean;
  readonly json?: boolean;
}

/** What `check --json` prints. */
export const OUTPUT = parts.result({
  source: parts.text('the policy'),
  tools: parts.count("of the server's, where one was started").optional(),
  problems: z.array(
    z.object({
      code: z.string(),
      severity: z.enum(['error', 'warning']),
      pointer: parts.text('JSON pointer of the place'),
      line: z.number().int().describe('from 1'),
      column: z.number().int().describe('from 1, in UTF-16 units'),
      message: parts.text('what is wrong, and why'),
      hint: parts.text('how to mend it'),
      likely: parts.text('the word that was probably meant').optional(),
    }),
  ),
  passes: z
    .array(z.string())
    .describe('keys of what passes without a look, since the policy does not have them'),
});

/**
 * Finds everything that is wrong with a policy, and, with a server, everything that does not fit its tools.
 *
 * @param file the policy; else it is found as a wrapper finds it
 * @param argv the server's command; it is started once
 * @returns 0, or 3 with errors, or with warnings under `--strict`
 */
export async function check(
  file: string | undefined,
  argv: readonly string[],
  options: CheckOptions,
  io: Terminal,
): Promise<number> {
  const server = namedServer(argv, options, io.cwd);
  const found = find(file, server, options);
  const source = found.kind === 'problems' ? found.source : found.policy.source;
  let live: LiveServer | undefined;
  // An invalid policy has no rules to compare with the server's tools.
  if (found.kind === 'policy' && server.source) {
    live = await liveServer(server.source, { install: options.install });
    await tellFindings(live, io);
  }
  const problems = findingsOf(found, live?.tools, live ? [] : knownTools(options.server, undefined));
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  // No fault, so no warning: most servers ask for nothing.
  const passes = found.kind === 'policy' ? unjudgedSections(found) : [];
  if (options.json)
    await printJson(io, OUTPUT, {
      source,
      tools: live?.tools.length,
      problems: problems.map(({ said, ...problem }) => problem),
      passes: passes.map((name) => PASSES[name].key),
    });
  else await io.out.write(textOf(source, problems, errors, live, passes));
  return errors > 0 || (options.strict && problems.length > 0) ? EXIT.policyInvalid : EXIT.done;
}

function find(file: string | undefined, { names, words }: NamedServer, options: CheckOptions): FoundDraft {
  if (file !== undefined && options.preset !== undefined) {
    throw new PolicyWrapError('USAGE', 'a policy file and --preset exclude each other');
  }
  const found = file === undefined ? findPolicy(options, names, words) : readPolicy(file);
  if (found.kind !== 'none') return found;
  throw new PolicyWrapError('POLICY_NOT_FOUND', 'there is no policy to check', {
    hint: 'Name one: policy-wrap check my-policy.json',
  });
}

/** What passes without a look, where a policy says nothing of it: what it is, and the key that says otherwise. */
const PASSES: Readonly<Record<Section, { readonly key: string; readonly what: string }>> = {
  serverRequests: {
    key: 'server_requests',
    what: 'requests of the server for sampling, elicitation and roots',
  },
  resources: { key: 'resources', what: 'resources' },
  prompts: { key: 'prompts', what: 'prompts' },
};

function textOf(
  source: string,
  problems: readonly Problem[],
  errors: number,
  live: LiveServer | undefined,
  passes: readonly Section[],
): string {
  const lines = problems.map((problem) => printable(formatProblem(problem, source)));
  if (passes.length > 0) {
    const whats = passes.map((name) => PASSES[name].what).join('; ');
    const keys = passes.map((name) => `"${PASSES[name].key}"`).join(', ');
    lines.push(`note: these pass: ${whats}; ${keys} ${passes.length === 1 ? 'says' : 'say'} otherwise`);
  }
  const warnings = problems.length - errors;
  const against = live ? `, against ${count(live.tools.length, 'tool')} of ${printable(live.name)}` : '';
  lines.push(`${printable(source)}: ${count(errors, 'error')}, ${count(warnings, 'warning')}${against}`);
  return `${lines.join('\n')}\n`;
}
