import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { lintPolicy } from '../../advice/lint.js';
import type { FoundPolicy } from '../../config/policy-files.js';
import { answerPredicate } from '../../policy/evaluate/condition.js';
import { stack } from '../../policy/evaluate/layers.js';
import { allChecks } from '../../policy/evaluate/resolve.js';
import type { Policy, Predicate } from '../../policy/model.js';
import { formatProblem } from '../../policy/read/problem.js';
import { count } from '../../text/count.js';
import { quotedCommand, shownCommand } from '../../text/masking.js';
import { upstreamEnv } from '../../upstream/environment.js';
import { type Check, type Context, type Finding, fail, info, ok, warn } from './runner.js';

/** The policy file, and how it goes with the environment. */
export const POLICY_CHECKS: readonly Check[] = [
  { id: 'policy', run: valid },
  { id: 'modes', run: modes },
  { id: 'environment', run: environment },
  { id: 'environment-policy', run: refusedByEnvironment },
];

function valid(context: Context): Finding[] {
  const found = context.policies();
  if (found.length === 0) {
    return [warn(`there is no policy in ${context.configFolder}`, 'policy-wrap init -- <server> writes one')];
  }
  return found.flatMap((each) => toldOf(each, context));
}

function toldOf(found: FoundPolicy, context: Context): Finding[] {
  switch (found.kind) {
    case 'none':
      return [fail(`${found.missing}, so every call is refused`, found.make)];
    case 'problems':
      return found.problems.map((problem) => fail(formatProblem(problem, found.source), CORRECT));
    case 'policy':
      return warningsOf(found, context);
  }
}

const CORRECT = 'correct the file there';

function warningsOf(found: UsablePolicy, context: Context): Finding[] {
  const { policy, loaded } = found;
  const { source } = policy;
  if (loaded.problems.length > 0)
    return loaded.problems.map((problem) => warn(formatProblem(problem, source), CORRECT));
  // What is meant and what is not only a person can tell: presets keep entries for tools that they hide.
  const remarks = lintPolicy(loaded).length;
  return [
    ok(source),
    ...(remarks > 0
      ? [info(`${count(remarks, 'remark')} on it: ${checkCommand(found, context)} shows them`)]
      : []),
  ];
}

/** The command that shows all that is odd about a policy, as it is typed. */
export function checkCommand({ files, policy }: UsablePolicy, { words }: Context): string {
  const [file] = files;
  const which = file === undefined ? policy.source.replace(/^preset /, '--preset ') : quotedCommand([file]);
  return `policy-wrap check ${which}${words.length > 0 ? ` ${shownCommand(words)}` : ''}`;
}

export type UsablePolicy = Extract<FoundPolicy, { readonly kind: 'policy' }>;

/** The policies that can be used; what is wrong with others is told by their own check. */
export function usablePolicies(context: Context): readonly UsablePolicy[] {
  let found: readonly FoundPolicy[];
  try {
    found = context.policies();
  } catch {
    return [];
  }
  return found.filter((each) => each.kind === 'policy');
}

const OTHERS_MAY_WRITE = 0o022;
const OTHERS_MAY_ANYTHING = 0o077;
const STICKY = 0o1000;

/** @returns undefined also behind a folder that may not be entered: the check of what lies there tells of that */
function seen(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Who can change the policy or the counters can do all that they forbid. */
function modes(context: Context): Finding[] {
  if (context.machine.platform === 'win32') return [];
  const policies = usablePolicies(context).flatMap(({ files }) => files);
  const findings: Finding[] = [];
  for (const path of new Set(policies.flatMap((file) => [file, dirname(file)]))) {
    const found = seen(path);
    if (found && othersMay(OTHERS_MAY_WRITE, found))
      findings.push(fail(`other accounts can change ${path}`, `chmod go-w ${path}`));
    if (found && found.uid !== 0 && found.uid !== context.account)
      findings.push(fail(`${path} belongs to another account`, `make it your own: chown ${path}`));
  }
  for (const [path, fix] of [
    [context.database, 'chmod 600'],
    [dirname(context.database), 'chmod 700'],
  ] as const) {
    const found = seen(path);
    if (!found) continue;
    if (othersMay(OTHERS_MAY_WRITE, found))
      findings.push(fail(`other accounts can change ${path}`, `${fix} ${path}`));
    else if (othersMay(OTHERS_MAY_ANYTHING, found))
      findings.push(warn(`other accounts can read ${path}`, `${fix} ${path}`));
  }
  return findings.length > 0 ? findings : [ok("files and folders are the owner's alone to change")];
}

/** In a sticky folder others can make files, but not change or replace ours. */
const othersMay = (bits: number, { mode }: { readonly mode: number }): boolean =>
  (mode & bits) !== 0 && (mode & STICKY) === 0;

/** Names of variables are shown, and what belongs there; their values never. */
function environment({ known, env }: Context): Finding[] {
  if (known === undefined) return [];
  const missing = known.environment.filter(({ name, required }) => required && !env[name]);
  const gone = known.environment.filter(({ name, isFile }) => isFile && env[name] && !seen(env[name]));
  const findings = [
    ...missing.map(({ name, what }) =>
      warn(`${name} is not set here, and ${known.command} needs it`, `in "env" of the client entry: ${what}`),
    ),
    ...gone.map(({ name, what }) => fail(`${name} names a file that does not exist`, what)),
  ];
  return findings.length > 0 ? findings : [ok(`${known.command} has the variables that it needs`)];
}

function refusedByEnvironment(context: Context): Finding[] {
  const policies = usablePolicies(context).flatMap(({ policy, extended }) => stack(policy, extended).all);
  return policies.flatMap((policy) => {
    const { require, denyIf } = policy.allTools;
    const call = { tool: '', args: {}, env: upstreamEnv(context.env) };
    const refusing = [
      ...require.filter(
        (each) => asksOfEnvironment(each) && answerPredicate(each, call, 'every').answer !== 'holds',
      ),
      ...denyIf.filter(
        (each) => asksOfEnvironment(each) && answerPredicate(each, call, 'any').answer !== 'fails',
      ),
    ];
    const findings = refusing.map(({ pointer, conditions, onDeny }) => {
      const names = [...new Set(conditions.map(({ path }) => path.text))].join(', ');
      const fix = onDeny ?? `set the variable in "env" of the client entry, or change ${pointer}`;
      return fail(`${policy.source} refuses every call because of ${names}, by ${pointer}`, fix);
    });
    for (const { name, real } of context.known?.environment ?? []) {
      if (real === undefined || context.env[name] !== real.value || readsEnvironment(policy, name)) continue;
      findings.push(
        warn(
          `${name} is ${real.value}, ${real.why}, and ${policy.source} never looks at it`,
          `add to "all_tools"."require": { "conditions": [{ "path": "env.${name}", "op": "eq", "value": "${real.value}" }] }, so that it is meant`,
        ),
      );
    }
    return findings.length > 0
      ? findings
      : [ok(`${policy.source} refuses nothing because of the environment`)];
  });
}

const asksOfEnvironment = ({ conditions }: Predicate): boolean =>
  conditions.length > 0 && conditions.every(({ path }) => path.root === 'env');

function readsEnvironment(policy: Policy, variable: string): boolean {
  return allChecks(policy)
    .flatMap(({ require, denyIf, approveIf }) => [...require, ...denyIf, ...approveIf])
    .some(({ conditions }) =>
      conditions.some(({ path }) => path.root === 'env' && path.steps[0] === variable),
    );
}
